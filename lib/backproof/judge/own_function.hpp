// What a subject's own forward function says about its VJP: evidence where there is no reference.
//
// Along a direction d, with steps h = 2^-3, 2^-4, ... 2^-18 and the step that the format really took, a = x+ - x,
// b = x - x-, the residuals of a VJP V of the cotangent v are
//     r+(h) = (<v, f(x+) - f(x)> - <V, a>) / h,   r-(h) = (<v, f(x) - f(x-)> - <V, b>) / h.
// For the right V and a smooth f both vanish like h, and their mean vanishes like h^2. Extrapolation to h = 0
// eliminates the powers of h one by one (Richardson 1911; Ridders, Advances in Engineering Software 4, 1982); the
// difference between neighbouring extrapolations says how far to trust them. If the subject offers f in a wider format
// than the VJP, the differences are taken there, and are much finer than the VJP that they judge.
//
// Rounding is measured, not derived: the function and the VJP are evaluated again at inputs moved by an ulp at random,
// and the largest change is multiplied by eight (the idea of stochastic arithmetic: Vignes, Math. Comput. Simul. 35,
// 1993). A few roundings of the terms of the sums are added. So a verdict from here is evidence and not a proof, and
// the finding says to how many bits.
#pragma once

#include <optional>

#include "backproof/judge/check.hpp"

namespace backproof {

// The least step first taken; each is half of the one before.
constexpr int own_steps = 16;
constexpr double own_first_step = 0x1p-3;

// Of one-sided differences (order 1: the remainder of Taylor's theorem) or central ones (order 2); or of one-sided ones
// that end at points which need have none behind them.
enum class sidedness { forward, central, inward };

struct own_residual {
  real gradient = 0;  // <V, d> as the VJP has it
  real residual = 0;  // of the VJP against the differences, extrapolated to h = 0
  real difference_error = 0, gradient_error = 0;
  real lossy_error = 0;   // what formulas may lose that are right, but compute a small result from larger numbers
  real signal = 0;        // of what is compared: the sum of its terms' magnitudes
  bool kink = false;      // the slopes on both sides differ however small the step, and the VJP's is between or one
  bool confirmed = true;  // by all finer steps that can tell
  double knee = 0;        // the step at which the estimate was best
  // Errors that are estimated may be underestimated; four of them are taken for proof.
  real bound() const { return real(4) * (difference_error + gradient_error); }
  double bits() const;  // of the signal that the bound leaves
  real lossy_bound() const { return bound() + real(4) * lossy_error; }
};

class own_function {
 public:
  // Throws no_answer if the subject cannot be asked, or its outputs are not of the shapes that its signature says.
  explicit own_function(trial& t);

  dtype evaluated_in() const { return wide_; }
  // None if too few steps are possible: the function is not finite nearby, or the format too coarse.
  std::optional<own_residual> along(const value_list<double>& direction, sidedness s);
  // Where a function has no gradient, a right VJP need not be the slope along every direction. Whether it has one: the
  // slopes of the gradients around this point, asked of the subject too, approach each other as the points come closer,
  // and then differ by less than a quarter of `from`, if it is not 0.
  bool slopes_meet(const value_list<double>& direction, const real& from);
  // Whether the outputs follow the direction as those of a function with a slope there do: by half as much at half the
  // step. Jumps, which have no gradient, do not.
  bool follows(const value_list<double>& direction);

 private:
  using answers = trial::answers;
  struct point {
    sample x;
    std::optional<answers> y;
  };
  point at(const value_list<double>& direction, double step);
  struct measured_step;
  std::optional<measured_step> measure(const value_list<double>& direction, double h, sidedness s);
  void require_finite_gradients();
  using mask = std::vector<std::vector<bool>>;  // of the outputs' elements
  real magnitude_of_outputs(const mask* affected);
  real lossy_error(const value_list<double>& direction, double step);
  real noise_of_function(const mask& affected);
  real noise_of_gradient(const value_list<double>& direction, const mask& affected);
  void ask_nearby();
  static bool has_kink(const std::vector<measured_step>& steps, const real& noise);

  trial& t_;
  dtype wide_;
  point here_;
  std::vector<point> nearby_;                         // an ulp away, in the wide format
  std::vector<answers> nearby_gradients_;             // an ulp away, in the sample's own
  value_list<double> terms_;                          // of the sums in the gradient, estimated
  double largest_output_ = 0, largest_gradient_ = 0;  // here, and where the inputs are an eighth
};

// The verdict on what was found along a direction: a failure only if neither a kink, nor detail finer than the steps,
// nor a lossy formula explains it. The slopes are told per `unit` of the direction.
finding verdict_on(const own_residual& r, const std::string& where, failure_kind kind, double unit = 1);
// So many bits must differences and VJP agree in before that is called agreement.
constexpr int own_least_bits = 1;

// Directions in which to look: along `number` of the input's own magnitudes with random signs, or of 1.
value_list<double> own_direction(const sample& x, bool relative);
// Element i of input k alone.
value_list<double> own_coordinate(const sample& x, std::size_t k, index_t i);
// An element of input k to look at: another one in each case; one that is zero, or has an equal, comes first.
index_t own_element(const sample& x, std::size_t k);

// How far each element of a right VJP may be from the subject's own: see above. The other is for formulas that compute
// a small result from larger numbers (p - 1 where p is nearly 1): their errors are of the size that gradients have
// elsewhere, at an eighth of the inputs, say, where nothing is saturated.
value_list<double> own_spread(trial& t);
value_list<double> own_lossy_spread(trial& t);

// The sample with differentiable inputs moved by an ulp or two of their type, or not, up or down at random; one at an
// edge leaves it.
sample moved_by_ulps(const sample& x, std::uint64_t which);

}  // namespace backproof
