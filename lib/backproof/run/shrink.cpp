#include "backproof/run/shrink.hpp"

#include <cmath>

#include "backproof/judge/oracle.hpp"

namespace backproof {
namespace {

class shrinker {
 public:
  shrinker(const op& o, sample x, const scope& inside, const std::function<bool(const sample&)>& fails, int tries)
      : op_(o), best_(std::move(x)), inside_(inside), fails_(fails), left_(tries), at_kink_(at_kink(best_)) {}

  sample run() {
    if (best_.made_for != profile::exhaustive) lower_the_limit();
    for (std::size_t k = 0; k < best_.inputs.size(); ++k)
      if (best_.inputs[k] && is_float(best_.inputs[k]->type()))
        shorten([k](sample& s) -> tensor& { return *s.inputs[k]; });
    for (std::size_t k = 0; k < best_.cotangents.size(); ++k) {
      thin_out(k);
      shorten([k](sample& s) -> tensor& { return s.cotangents[k]; });
    }
    return best_;
  }

 private:
  bool keep_if_failing(sample s) {
    if (left_ <= 0) return false;
    std::optional<sample> admitted = inside_.admit(op_, std::move(s));
    if (!admitted) return false;
    --left_;
    if (!still_fails(*admitted)) return false;
    best_ = *std::move(admitted);
    return true;
  }

  // A sample must not slide onto a kink: what a gradient may be there is another question.
  bool at_kink(const sample& s) const { return !oracle(op_, s, format_of(s.type)).kinks().empty(); }

  // Whether a simpler sample is still one of the op's: numbers that it takes for probabilities, say, do not round to 1.
  bool still_fails(const sample& s) const {
    try {
      return at_kink(s) == at_kink_ && fails_(s);
    } catch (const invalid_input&) {
      return false;
    }
  }

  void lower_the_limit() {
    constexpr std::uint64_t draws_per_limit = 16;
    for (index_t limit = 1; limit < largest_extent(); ++limit)
      for (std::uint64_t n = 0; n < draws_per_limit; ++n)
        if (keep_if_failing(draw_sample(op_, best_.type, best_.seed, best_.number + n, limit, 0, best_.made_for)))
          return;
  }

  index_t largest_extent() const {
    index_t largest = 0;
    for (const auto& t : best_.inputs)
      for (const index_t e : t ? t->dims() : shape{}) largest = std::max(largest, e);
    return largest;
  }

  // Fewer significant bits: the whole tensor at once, else element by element. Signs stay, and nothing becomes zero.
  void shorten(const std::function<tensor&(sample&)>& part) {
    for (const int bits : {1, 2, 3}) {
      sample s = best_;
      tensor& t = part(s);
      for (index_t i = 0; i < t.count(); ++i) t.set(i, shortened(t.at(i), bits));
      if (keep_if_failing(std::move(s))) return;
    }
    for (index_t i = 0; i < part(best_).count(); ++i)
      for (const int bits : {1, 2, 4}) {
        sample s = best_;
        tensor& t = part(s);
        t.set(i, shortened(t.at(i), bits));
        if (t == part(best_) || keep_if_failing(std::move(s))) break;
      }
  }

  static double shortened(double x, int bits) {
    if (x == 0 || !std::isfinite(x)) return x;
    const int shift = bits - 1 - std::ilogb(x);
    return std::ldexp(std::nearbyint(std::ldexp(x, shift)), -shift);
  }

  // Zeroes entries of the cotangent: all but one if possible, else one after the other.
  void thin_out(std::size_t k) {
    const index_t n = best_.cotangents[k].count();
    for (index_t keep = 0; keep < n; ++keep) {
      sample s = best_;
      for (index_t i = 0; i < n; ++i)
        if (i != keep) s.cotangents[k].set(i, 0);
      if (keep_if_failing(std::move(s))) return;
    }
    for (index_t drop = 0; drop < n; ++drop) {
      sample s = best_;
      s.cotangents[k].set(drop, 0);
      keep_if_failing(std::move(s));
    }
  }

  const op& op_;
  sample best_;
  const scope& inside_;
  const std::function<bool(const sample&)>& fails_;
  int left_;
  bool at_kink_;
};

}  // namespace

sample shrink(const op& o, const sample& x, const std::function<bool(const sample&)>& fails, const scope& inside,
              int tries) {
  return shrinker(o, x, inside, fails, tries).run();
}

}  // namespace backproof
