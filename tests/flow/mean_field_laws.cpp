// Wide random networks: predicted by quadrature, and measured.
#include <algorithm>

#include "backproof/flow/theory/mean_field.hpp"
#include "law.hpp"
#include "sampling.hpp"

namespace backproof::flow::tests {
namespace {

const activation& tanh_ = activation_named("tanh");

double chi(double sw2, double sb2) { return fixed_point(tanh_, sw2, sb2).chi; }

// The worst distance of sw from the critical line's points, for given sb.
double critical_line_deviation() {
  constexpr double points[][3] = {{1.0421, 0.0100, .0457},   {1.1225, 0.0500, .1537},   {1.1934, 0.1000, .2733},
                                  {1.3270, 0.223607, .5700}, {1.4093, 0.316228, .8058}, {1.5828, 0.547723, 1.4612}};
  double worst = 0;
  for (const auto& [sw, sb, q] : points) {
    const mean_field m = critical_for_bias(tanh_, sb * sb);
    worst = std::max({worst, std::fabs(std::sqrt(m.sw2) - sw), std::fabs(m.q - q)});
  }
  return worst;
}

recipe tanh_network(double sw2, double sb2, int width, int depth) {
  recipe r = preset("tanh-chaotic", width, depth);
  r.init.gain = std::sqrt(sw2), r.init.bias_deviation = std::sqrt(sb2);
  return r;
}

// The slope, by least squares, of ln mean ||delta||^2 over layers 10..50 of 60, towards the input.
double measured_slope(double sw2, double sb2) {
  const std::vector<double> q = mean_squared_gradients(tanh_network(sw2, sb2, 256, 60), 100);
  double sum_x = 0, sum_y = 0, sum_xx = 0, sum_xy = 0, n = 0;
  for (int l = 10; l <= 50; ++l) {
    const double x = -l, y = std::log(q[static_cast<std::size_t>(l)]);
    sum_x += x, sum_y += y, sum_xx += x * x, sum_xy += x * y, ++n;
  }
  return (n * sum_xy - sum_x * sum_y) / (n * sum_xx - sum_x * sum_x);
}

double polynomial_product(int layers) {  // from the output of layer 1 on, where the variance is 1
  return mean_squared_gradients(tanh_network(1, 0, 512, layers + 1), 20)[1];
}

}  // namespace

std::vector<law> mean_field_laws() {
  const auto simulated = [](double sw2, double sb2) {
    return law{"χ slope",
               "tanh, N=256, L=60, 100 networks: slope of ln E‖δ‖², σw²=" + std::to_string(sw2).substr(0, 4),
               std::log(chi(sw2, sb2)),
               0.02,
               [=] { return measured_slope(sw2, sb2); },
               effort::medium};
  };
  return {
      {"critical line", "tanh: six points (σw, σb, q\\*), worst deviation", 0, 6e-5, critical_line_deviation},
      {"critical line", "tanh at σb²=0.05: σw²", 1.760955, 1e-6, [] { return critical_for_bias(tanh_, 0.05).sw2; }},
      {"critical line", "GELU at q\\*=3.561553: σw²", 1.98305826, 1e-6,
       [] { return critical_at(activation_named("gelu"), 3.561553).sw2; }},
      {"critical line", "and σb²", 0.17292239, 1e-6,
       [] { return critical_at(activation_named("gelu"), 3.561553).sb2; }},
      {"critical line", "ReLU: σw² (√2, 0)", 2, 1e-5, [] { return critical_at(activation_named("relu"), 1).sw2; }},
      {"χ", "tanh, σb²=0.05, σw²=1.0", .75903, 1e-5, [] { return chi(1.0, 0.05); }},
      {"χ", "σw²=1.3", .88016, 1e-5, [] { return chi(1.3, 0.05); }},
      {"χ", "σw²=1.7", .98674, 1e-5, [] { return chi(1.7, 0.05); }},
      {"χ", "σw²=2.0", 1.04767, 1e-5, [] { return chi(2.0, 0.05); }},
      {"χ", "σw²=2.5", 1.13352, 1e-5, [] { return chi(2.5, 0.05); }},
      {"χ", "σw²=4.0", 1.34240, 1e-5, [] { return chi(4.0, 0.05); }},
      {"χ", "tanh, σb=0, σw²=0.5: exactly", 0.5, 1e-12, [] { return chi(0.5, 0); }},
      {"ξ", "tanh, σb²=0.05, σw²=1.0: layers per factor e", 3.63, 0.005, [] { return fixed_point(tanh_, 1, 0.05).xi; }},
      {"ξ", "σw²=1.7", 74.9, 0.05, [] { return fixed_point(tanh_, 1.7, 0.05).xi; }},
      {"ξ", "σw²=4.0: negative, it explodes", -3.40, 0.005, [] { return fixed_point(tanh_, 4, 0.05).xi; }},
      {"χ", "sigmoid, σb=0, σw²=1 (its bound is σw²/16 = 0.0625)", .055721, 1e-6,
       [] { return fixed_point(activation_named("sigmoid"), 1, 0).chi; }},
      {"χ", "sigmoid, σw²=16", .39888, 1e-5, [] { return fixed_point(activation_named("sigmoid"), 16, 0).chi; }},
      // The first two layers are on their way to the fixed point.
      {"χ measured", "sigmoid-Glorot, N=256, L=10, 100 networks: squared gradient per layer", .055721, 0.0015,
       [] { return factor_per_layer(preset("sigmoid-glorot", 256, 11), 100, 3, 11); }},
      simulated(1.3, 0.05),
      simulated(1.760955, 0.05),
      simulated(2.5, 0.05),
      simulated(4.0, 0.05),
      {"χ slope", "tanh, σb=0, σw²=0.5", std::log(0.5), 0.02, [] { return measured_slope(0.5, 0); }, effort::medium},
      {"(1,0)", "tanh at the end of the critical line: Πχ over 16 layers", .0449, 5e-5,
       [] { return product_of_chi(tanh_, 1, 0, 1, 16); }},
      {"(1,0)", "over 64 layers: 1/L, not exponential", .0112, 5e-5, [] { return product_of_chi(tanh_, 1, 0, 1, 64); }},
      // At N=512 the measured products lie 11 % below and 15 % above the theory of infinite width.
      {"(1,0)", "measured, N=512, 16 layers, 20 networks", .0449, 0.015, [] { return polynomial_product(16); },
       effort::medium},
      {"(1,0)", "64 layers", .0112, 0.006, [] { return polynomial_product(64); }, effort::medium},
  };
}

}  // namespace backproof::flow::tests
