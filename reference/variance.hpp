// Variance over any axes.
//
//   y    = sum (x_i - m)^2 / (n - c),   m the mean of the group, c the correction
//   dx_i = 2 g (x_i - m) / (n - c)
//
// Smooth everywhere; dx adds up to 0. In two passes: E[x^2] - m^2 cancels where the mean exceeds the deviation. There
// is no value for n <= c. Called var in torch; the op's name is spelled out, as is standard_deviation's, because a
// struct named std would hide the namespace. Source: torch.var, with ONNX's axes and keepdims.
#pragma once

#include "frames/moments.hpp"
#include "frames/reduction.hpp"

namespace backproof::ops {

struct variance : reduction::frame<variance> {
  static constexpr op_info info{.name = "variance",
                                .signature = "data -> reduced",
                                .formula = "y = sum (x_i - m)^2 / (n - c), m the mean",
                                .vjp = "dx_i = 2 g (x_i - m) / (n - c)",
                                .source = "torch.var"};
  static constexpr law laws[] = {law::homogeneous(2), law::shift(0)};

  static void draw(sampler& s) {
    s.attribute("correction", s.choose<index_t>({1, 0}));
    const domain where = s.choose({domain{}, domain{.low = 96, .high = 104}, domain{}});
    s.input(reduction::draw(s, {.noop = false, .least_length = 2}), where);
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    moments::check_correction(a);
    return frame::infer(a, in);
  }

  template <scalar S>
  static S value(const std::vector<S>& x, const attributes& a) {
    return moments::variance(x, a);
  }

  template <scalar S>
  static std::vector<S> pull(const std::vector<S>& x, const S& g, const attributes& a) {
    std::vector<S> dx = moments::centred(x);
    for (S& one : dx) one = S(2) * g * one / moments::degrees_of_freedom(x, a);
    return dx;
  }

  struct one_pass : reduction::frame_forward<one_pass> {
    static constexpr variant_info info{.name = "E[x^2]-E[x]^2",
                                       .loss = "cancels where the mean is large compared with the deviation"};
    template <scalar S>
    static S value(const std::vector<S>& x, const attributes& a) {
      return moments::one_pass_variance(x, a);
    }
  };
  using variants = variant_list<one_pass>;
};

}  // namespace backproof::ops
