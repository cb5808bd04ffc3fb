// Ops that backproof does not know, where formulas break: at zeros and ties, at the ends of a range, far from 1. A VJP
// that is wrong there alone is caught; one that is right is not accused, whether there is a gradient or not.
#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

#include "backproof/op/own_op.hpp"
#include "backproof/run/registry.hpp"
#include "backproof/run/run.hpp"
#include "mutant_subject.hpp"
#include "support.hpp"

namespace backproof::tests::in_own_edges {

BOOST_AUTO_TEST_SUITE(own_edges)

namespace {

using numbers = std::vector<double>;

// Of a row of numbers to one.
struct function {
  const char* what;
  double (*of)(const numbers& x);
  numbers (*gradient)(const numbers& x);
  std::pair<double, double> range = {-HUGE_VAL, HUGE_VAL};
};

// Rounds once, when it stores; differences are taken in f64.
class row_subject : public test_subject {
 public:
  explicit row_subject(const function& f) : f_(f) {}
  offer offers(const op&, dtype t) const override {
    return {.forward = is_float(t), .vjp = is_float(t), .jvp = false, .why_not = ""};
  }
  reply run(mode m, const op&, const sample& s) override {
    const tensor& x = *s.inputs[0];
    const index_t rows = x.dims()[0], columns = x.dims()[1];
    tensor y(s.type, {rows}), d(s.type, x.dims());
    for (index_t r = 0; r < rows; ++r) {
      numbers row;
      for (index_t c = 0; c < columns; ++c) row.push_back(x.at(r * columns + c));
      if (m == mode::forward) {
        y.set(r, f_.of(row));
        continue;
      }
      const numbers slopes = f_.gradient(row);
      for (index_t c = 0; c < columns; ++c)
        d.set(r * columns + c, s.cotangents[0].at(r) * slopes[static_cast<std::size_t>(c)]);
    }
    reply answer;
    answer.tensors.emplace_back(m == mode::forward ? std::move(y) : std::move(d));
    return answer;
  }

 private:
  function f_;
};

op op_of(const function& f) {
  own_op_description d{.name = "Row",
                       .domain = "tests",
                       .signature = "X[N,C] -> Y[N]",
                       .opset = 0,
                       .batch = "N",
                       .attributes = {},
                       .ranges = {}};
  if (std::isfinite(f.range.first)) d.ranges = {{"X", f.range}};
  return own_op(d);
}

struct outcome {
  std::vector<unit_result> units;
  std::string first;  // failure
};

outcome judged(const function& f, dtype t) {
  const op o = op_of(f);
  plan p;
  p.ops = {&o};
  p.dtypes = {t};
  p.samples = 48;
  for (const check& c : all_checks())
    if (c.info.judges == check_target::subject) p.checks.push_back(&c);
  outcome all;
  run(p, [&] { return std::make_unique<row_subject>(f); },
      {.on_result =
           [&](const result& r) {
             if (r.found.outcome == verdict::fail && all.first.empty())
               all.first = std::string(r.check) + " " + r.sample + ": " + r.found.reason;
           },
       .on_unit = [&](const unit_result& u) { all.units.push_back(u); }});
  return all;
}

// ---- Functions -----------------------------------------------------------------------------------------------------

double each(const numbers& x, double (*f)(double)) {
  double sum = 0;
  for (const double e : x) sum += f(e);
  return sum;
}
numbers slopes(const numbers& x, double (*f)(double)) {
  numbers d;
  for (const double e : x) d.push_back(f(e));
  return d;
}

template <double (*F)(double)>
double sum_of(const numbers& x) {
  return each(x, F);
}
template <double (*F)(double)>
numbers each_of(const numbers& x) {
  return slopes(x, F);
}

double cubed(double x) { return x + x * x * x / 8; }
double cubed_slope(double x) { return 1 + 3 * x * x / 8; }
double silu(double x) { return x / (1 + std::exp(-x)); }
double silu_slope(double x) {
  const double s = 1 / (1 + std::exp(-x));
  return s * (1 + x * (1 - s));
}
double relu(double x) { return x > 0 ? x : 0; }
double relu_slope(double x) { return x > 0 ? 1 : 0; }
double size(double x) { return std::fabs(x); }
double size_slope(double x) { return x > 0 ? 1 : x < 0 ? -1 : 0; }
double root(double x) { return std::sqrt(x); }
double root_slope(double x) { return 0.5 / std::sqrt(x); }
double same(double x) { return x; }
double one(double) { return 1; }

double largest(const numbers& x) { return *std::max_element(x.begin(), x.end()); }
numbers to_the_first_largest(const numbers& x) {
  numbers d(x.size(), 0);
  d[static_cast<std::size_t>(std::max_element(x.begin(), x.end()) - x.begin())] = 1;
  return d;
}

std::vector<std::size_t> ranks(const numbers& x) {
  std::vector<std::size_t> at(x.size());
  std::iota(at.begin(), at.end(), 0);
  std::stable_sort(at.begin(), at.end(), [&](std::size_t a, std::size_t b) { return x[a] < x[b]; });
  return at;
}
double median(const numbers& x) { return x[ranks(x)[x.size() / 2]]; }
numbers to_the_median(const numbers& x) {
  numbers d(x.size(), 0);
  d[ranks(x)[x.size() / 2]] = 1;
  return d;
}

double norm(const numbers& x) { return std::sqrt(std::inner_product(x.begin(), x.end(), x.begin(), 0.0)); }
numbers over_the_norm(const numbers& x) {  // not a number where all are 0
  numbers d = x;
  for (double& e : d) e /= norm(x);
  return d;
}
numbers over_the_norm_or_zero(const numbers& x) { return norm(x) > 0 ? over_the_norm(x) : numbers(x.size(), 0); }

double log_sum_exp(const numbers& x) {
  double sum = 0;
  for (const double e : x) sum += std::exp(e - largest(x));
  return largest(x) + std::log(sum);
}
numbers softmax(const numbers& x) {
  numbers d;
  for (const double e : x) d.push_back(std::exp(e - log_sum_exp(x)));
  return d;
}

const std::array right = {
    function{"x + x^3/8", sum_of<cubed>, each_of<cubed_slope>},
    function{"silu", sum_of<silu>, each_of<silu_slope>},
    function{"relu", sum_of<relu>, each_of<relu_slope>},
    function{"|x|", sum_of<size>, each_of<size_slope>},
    function{"sqrt", sum_of<root>, each_of<root_slope>, {0, 4}},
    function{"x on [-1, 1]", sum_of<same>, each_of<one>, {-1, 1}},
    function{"max", largest, to_the_first_largest},
    function{"median", median, to_the_median},
    function{"norm", norm, over_the_norm},
    function{"norm with 0 at 0", norm, over_the_norm_or_zero},
    function{"log sum exp", log_sum_exp, softmax},
};

// ---- The same with slips -------------------------------------------------------------------------------------------

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

const std::array wrong = {
    function{"not a number at 0", sum_of<silu>,
             [](const numbers& x) { return slopes(x, [](double e) { return e == 0 ? nan : silu_slope(e); }); }},
    function{"half at 0", sum_of<silu>,
             [](const numbers& x) { return slopes(x, [](double e) { return (e == 0 ? 0.5 : 1) * silu_slope(e); }); }},
    function{"nothing at 0", sum_of<cubed>,
             [](const numbers& x) { return slopes(x, [](double e) { return e == 0 ? 0 : cubed_slope(e); }); }},
    function{"half near 1e-170", sum_of<cubed>,
             [](const numbers& x) {
               return slopes(x, [](double e) { return (e != 0 && std::fabs(e) < 1e-150 ? 0.5 : 1) * cubed_slope(e); });
             }},
    function{"the first of equal ones gets all", log_sum_exp,
             [](const numbers& x) {
               numbers d = softmax(x);
               for (std::size_t i = 0; i < x.size(); ++i)
                 for (std::size_t j = 0; j < i; ++j)
                   if (x[j] == x[i]) d[i] = 0;
               return d;
             }},
    function{"nothing at the end of the range",
             sum_of<same>,
             [](const numbers& x) { return slopes(x, [](double e) { return e == 1 ? 0.0 : 1.0; }); },
             {-1, 1}},
};

}  // namespace

BOOST_AUTO_TEST_CASE(what_is_right_is_not_accused) {
  for (const function& f : right)
    for (const dtype t : {dtype::f64, dtype::f32, dtype::f16, dtype::bf16}) {
      const outcome o = judged(f, t);
      BOOST_TEST(o.first.empty(), f.what << " in " << name_of(t) << ": " << o.first);
      BOOST_TEST((o.units[0].outcome == verdict::pass),
                 f.what << " in " << name_of(t) << ": " << name_of(o.units[0].outcome) << ", " << o.units[0].reason);
    }
}

BOOST_AUTO_TEST_CASE(what_is_wrong_at_an_edge_alone_is_caught) {
  for (const function& f : wrong) BOOST_TEST(!judged(f, dtype::f64).first.empty(), f.what);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::tests::in_own_edges
