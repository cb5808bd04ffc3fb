#include "backproof/op/draw.hpp"

namespace backproof {
namespace {

std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> c, std::array<std::uint32_t, 2> k) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = 0xD2511F53ull * c[0], p1 = 0xCD9E8D57ull * c[2];
    c = {static_cast<std::uint32_t>(p1 >> 32) ^ c[1] ^ k[0], static_cast<std::uint32_t>(p1),
         static_cast<std::uint32_t>(p0 >> 32) ^ c[3] ^ k[1], static_cast<std::uint32_t>(p0)};
    k[0] += 0x9E3779B9u;
    k[1] += 0xBB67AE85u;
  }
  return c;
}

std::array<std::uint32_t, 2> halves(std::uint64_t x) {
  return {static_cast<std::uint32_t>(x), static_cast<std::uint32_t>(x >> 32)};
}

}  // namespace

std::uint64_t hash_of(std::string_view text) {
  std::uint64_t h = 14695981039346656037ull;
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  return h;
}

draw::draw(std::uint64_t seed, std::string_view id, std::uint64_t case_number)
    : key_(halves(seed ^ hash_of(id))), counter_{0, 0, halves(case_number)[0], halves(case_number)[1]} {}

std::uint64_t draw::bits() {
  if (left_ == 0) {
    block_ = philox(counter_, key_);
    if (++counter_[0] == 0) ++counter_[1];
    left_ = 2;
  }
  --left_;
  const std::size_t k = static_cast<std::size_t>(2 * left_);
  return static_cast<std::uint64_t>(block_[k]) << 32 | block_[k + 1];
}

std::int64_t draw::below(std::int64_t n) {
  // Multiply-shift on the upper 32 bits: the bias, n / 2^32, is far below anything a test could see.
  return static_cast<std::int64_t>((bits() >> 32) * static_cast<std::uint64_t>(n) >> 32);
}

std::int64_t draw::between(std::int64_t low, std::int64_t high) { return low + below(high - low + 1); }

double draw::uniform() { return (static_cast<double>(bits() >> 12) + 0.5) * 0x1p-52; }

double draw::uniform(double low, double high) { return low + (high - low) * uniform(); }

double draw::normal() {
  double total = -6;
  for (int i = 0; i < 12; ++i) total += uniform();
  return total;
}

}  // namespace backproof
