// Counts by powers of two: [0], (0, 1], (1, 2], (2, 4], (4, 8] and so on. Enough to say how errors are distributed, and
// to add up over samples in any order.
#pragma once

#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

namespace backproof {

class histogram {
 public:
  histogram() = default;
  explicit histogram(std::vector<std::uint64_t> counts) : counts_(std::move(counts)) {
    if (counts_.size() > last + 1) counts_.resize(last + 1);
  }

  void add(double x) {
    const std::size_t bucket = bucket_of(x);
    if (counts_.size() <= bucket) counts_.resize(bucket + 1);
    ++counts_[bucket];
  }

  void add(const histogram& other) {
    if (counts_.size() < other.counts_.size()) counts_.resize(other.counts_.size());
    for (std::size_t k = 0; k < other.counts_.size(); ++k) counts_[k] += other.counts_[k];
  }

  std::uint64_t total() const {
    std::uint64_t n = 0;
    for (const std::uint64_t c : counts_) n += c;
    return n;
  }

  // Upper end of the bucket that holds the median; 0 for an empty histogram.
  double median() const {
    std::uint64_t below = 0;
    for (std::size_t k = 0; k < counts_.size(); ++k)
      if ((below += counts_[k]) * 2 >= total()) return upper(k);
    return 0;
  }

  static double upper(std::size_t bucket) { return bucket == 0 ? 0 : std::ldexp(1.0, static_cast<int>(bucket) - 1); }
  const std::vector<std::uint64_t>& counts() const { return counts_; }

 private:
  static constexpr std::size_t last = 64;  // everything from 2^62 on, infinities included

  static std::size_t bucket_of(double x) {
    if (!(x > 0)) return x == 0 ? 0 : last;
    for (std::size_t k = 1; k < last; ++k)
      if (x <= upper(k)) return k;
    return last;
  }

  std::vector<std::uint64_t> counts_;
};

}  // namespace backproof
