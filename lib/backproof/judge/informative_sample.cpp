#include "backproof/judge/informative_sample.hpp"

#include "backproof/judge/oracle.hpp"

namespace backproof {
namespace {

// Whether some element of the true gradient is a normal number of the dtype. Zeros and numbers that underflow leave
// next to nothing to get wrong.
bool tells(const value_list<real>& gradient, dtype t) {
  const real smallest(format_of(t).smallest());
  for (const values<real>& x : gradient)
    for (index_t i = 0; i < x.size(); ++i)
      if (abs(x[i]) >= smallest) return true;
  return false;
}

// Inside of a scope, where most samples may be outside.
std::optional<sample> drawn(const op& o, dtype t, std::uint64_t seed, std::uint64_t number, profile p,
                            const scope& inside, int attempt) {
  constexpr int redraws = 300;
  for (int redraw = 0; redraw < (inside.everything() ? 1 : redraws); ++redraw)
    if (auto x = inside.admit(o, draw_sample(o, t, seed, number, no_limit, attempt, p, redraw))) return x;
  return std::nullopt;
}

}  // namespace

std::optional<sample> draw_informative_sample(const op& o, dtype t, std::uint64_t seed, std::uint64_t number, profile p,
                                              const scope& inside) {
  // Kinks and special values are worth asking about whatever comes out.
  const int attempts = p == profile::smooth && !o.info.zero_gradient && o.has_reference() ? 8 : 1;
  for (int attempt = 0;; ++attempt) {
    std::optional<sample> x = drawn(o, t, seed, number, p, inside, attempt);
    if (!x || attempt + 1 == attempts) return x;
    const oracle truth(o, *x, format_of(t));
    if (truth.kinks().empty() && tells(truth.gradient(), t)) return x;
  }
}

sample draw_informative_sample(const op& o, dtype t, std::uint64_t seed, std::uint64_t number, profile p) {
  return *draw_informative_sample(o, t, seed, number, p, scope());
}

}  // namespace backproof
