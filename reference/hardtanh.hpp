// hardtanh, elementwise: x cut off at two constants.
//
//   y  = min_val for x < min_val, max_val for x > max_val, else x
//   dx = g for min_val < x < max_val, else 0
//
// Kinks at min_val and max_val: any slope in [0, 1] is a subgradient, and the reference takes 0. Data is selected,
// never multiplied. The constants of samples are numbers of every dtype, so that all subjects compare alike. Source:
// torch.nn.functional.hardtanh; THNN HardTanh.
#pragma once

#include "backproof/op/sample.hpp"
#include "frames/elementwise.hpp"

namespace backproof::ops {

struct hardtanh : elementwise::unary<hardtanh> {
  static constexpr op_info info{.name = "hardtanh",
                                .signature = "x -> y",
                                .formula = "y = min_val for x < min_val, max_val for x > max_val, else x",
                                .vjp = "dx = g for min_val < x < max_val, else 0",
                                .source = "torch.nn.functional.hardtanh"};
  static constexpr law laws[] = {law::norm(1)};

  static void draw(sampler& s) {
    const index_t kind = s.pick(3);
    constexpr double lows[] = {-1, -0.75, 0}, highs[] = {1, 0.875, 0.125};
    const double low = s.attribute("min_val", lows[kind]), high = s.attribute("max_val", highs[kind]);
    // Half of the width beyond either end, for where no element lies between them there is no gradient.
    const double margin = (high - low) / 4;
    s.input(s.dims(1, 3), {.low = low - margin, .high = high + margin, .kinks = {low, high}});
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    if (!(a.number("min_val") <= a.number("max_val"))) throw invalid_input("min_val is larger than max_val");
    return {in[0]};
  }

  template <scalar S>
  static S value(const S& x, const attributes& a) {
    const S low(a.number("min_val")), high(a.number("max_val"));
    return x < low ? low : high < x ? high : x;
  }

  template <scalar S>
  static S pull(const S& x, const S& g, const attributes& a) {
    return S(a.number("min_val")) < x && x < S(a.number("max_val")) ? g : S(0);
  }

  static std::optional<elementwise::slopes> kink(const real& x, const attributes& a, const subdifferential&) {
    if (x == real(a.number("min_val")) || x == real(a.number("max_val"))) return elementwise::slopes{0, 1};
    return std::nullopt;
  }
};

}  // namespace backproof::ops
