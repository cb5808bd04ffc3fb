// What several suites need: comparisons of wide numbers that print what they saw, and small samples made by hand.
//
// A suite is a namespace of its file's name, and most files are named after the type that they test. Everything is
// therefore inside backproof::tests, and each suite brings its type back with a using-declaration.
#pragma once

#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstdio>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backproof/judge/check.hpp"
#include "backproof/number/dtype.hpp"
#include "backproof/number/real.hpp"
#include "backproof/op/draw.hpp"
#include "backproof/op/sample.hpp"
#include "backproof/tensor/tensor.hpp"

namespace backproof::tests {

using boost::test_tools::assertion_result;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr std::array<dtype, 4> float_types = {dtype::f64, dtype::f32, dtype::f16, dtype::bf16};

// |actual - expected| <= bound, false for NaN.
inline assertion_result within(const real& actual, const real& expected, const real& bound) {
  assertion_result r(abs(actual - expected) <= bound);
  if (!r)
    r.message() << actual.decimal(25) << " is not " << expected.decimal(25) << ": off by "
                << abs(actual - expected).decimal(3) << ", allowed " << bound.decimal(3);
  return r;
}

// The same bits, or both NaN: tells 0 from -0.
inline assertion_result identical(double actual, double expected) {
  const bool same = (std::isnan(actual) && std::isnan(expected)) ||
                    (actual == expected && std::signbit(actual) == std::signbit(expected));
  assertion_result r(same);
  if (!r) r.message() << std::hexfloat << actual << " is not " << expected;
  return r;
}

// What holds for every element is asserted once: Boost.Test takes longer to note a success than most elements to
// compute. The first element that breaks the claim is named.
class claim {
 public:
  explicit claim(std::string about) : about_(std::move(about)) {}
  ~claim() {
    BOOST_TEST(failure_.empty(), about_ << ": " << failure_);
    BOOST_TEST(checked_ > 0, about_ << ": nothing was checked");
  }
  claim(const claim&) = delete;
  claim& operator=(const claim&) = delete;

  // `what` is called only to describe a failure.
  template <class Describe>
  void require(bool holds, Describe what) {
    ++checked_;
    if (!holds && failure_.empty()) failure_ = what();
  }

 private:
  std::string about_, failure_;
  long checked_ = 0;
};

// The registry, for files that include ops and checks as well: namespace backproof::ops and function backproof::ops do
// not go together in one translation unit.
const std::vector<op>& registered_ops();
const std::vector<check>& registered_checks();
const op& op_called(std::string_view name);
const check& check_called(std::string_view name);

inline std::string hex(double x) {
  char text[40];
  std::snprintf(text, sizeof text, "%a", x);
  return text;
}

// A double of any exponent in low .. high, either sign.
inline double any_exponent(draw& random, int low, int high) {
  const double magnitude = std::ldexp(1 + random.uniform(), static_cast<int>(random.between(low, high)));
  return random.chance(0.5) ? magnitude : -magnitude;
}

inline tensor vector_of(dtype t, const std::vector<double>& elements) {
  return tensor(t, {static_cast<index_t>(elements.size())}, elements);
}

// A sample of an op that takes vectors and attributes none: one list of numbers per input, one for the cotangent, and
// tangents all one.
inline sample sample_of(dtype t, const std::vector<std::vector<double>>& inputs, const std::vector<double>& cotangent) {
  sample x;
  x.type = t;
  for (const std::vector<double>& elements : inputs) {
    x.inputs.emplace_back(vector_of(t, elements));
    x.tangents.emplace_back(vector_of(t, std::vector<double>(elements.size(), 1)));
  }
  x.cotangents.push_back(vector_of(t, cotangent));
  return x;
}

}  // namespace backproof::tests
