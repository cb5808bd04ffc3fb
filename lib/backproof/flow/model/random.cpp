#include "backproof/flow/model/random.hpp"

#include <boost/random/normal_distribution.hpp>

#include "backproof/number/decomposition.hpp"

namespace backproof::flow {

source::source(std::uint64_t seed, std::string_view name, std::uint64_t number) : bits_(seed, name, number) {}

namespace {

// A stream of bits as the standard library and Boost want generators.
struct generator {
  using result_type = std::uint64_t;
  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return ~result_type{0}; }
  result_type operator()() { return from.bits(); }
  draw& from;
};

}  // namespace

double source::normal() {
  generator bits{bits_};
  return boost::random::normal_distribution<double>()(bits);
}

double source::uniform(double low, double high) {
  return low + (high - low) * 0x1p-53 * static_cast<double>(bits_.bits() >> 11);
}

matrix source::gaussian(Index rows, Index columns, double deviation) {
  return matrix::NullaryExpr(rows, columns, [&] { return deviation * normal(); });
}

matrix source::uniform(Index rows, Index columns, double limit) {
  return matrix::NullaryExpr(rows, columns, [&] { return uniform(-limit, limit); });
}

matrix source::signs(Index rows, Index columns) {
  return matrix::NullaryExpr(rows, columns, [&] { return bits_.bits() >> 63 != 0 ? 1.0 : -1.0; });
}

matrix source::orthogonal(Index rows, Index columns) {
  return haar_orthogonal(rows, columns, [&] { return normal(); });
}

vector source::unit(Index n) {
  const vector v = gaussian(n, 1, 1);
  return v / v.norm();
}

}  // namespace backproof::flow
