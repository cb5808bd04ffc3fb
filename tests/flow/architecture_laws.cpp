// Recurrent, residual and normalised networks.
#include <algorithm>

#include "backproof/flow/measure/analyze.hpp"
#include "backproof/flow/measure/spectrum.hpp"
#include "backproof/flow/model/dense.hpp"
#include "backproof/flow/model/normalization.hpp"
#include "backproof/flow/model/residual.hpp"
#include "backproof/flow/rules/rules.hpp"
#include "backproof/flow/theory/laws.hpp"
#include "backproof/flow/theory/mean_field.hpp"
#include "law.hpp"
#include "sampling.hpp"

namespace backproof::flow::tests {
namespace {

// Pascanu et al. 2013: ||dh_T/dh_0|| <= (gamma s_max)^T. How many of 50 networks exceed it.
double recurrence_violations(std::string_view function) {
  const activation& a = activation_named(function);
  int violations = 0;
  for (std::uint64_t k = 0; k < 50; ++k) {
    source random(k, "recurrence");
    matrix w = random.gaussian(64, 64, 1);
    w *= 0.95 / (a.steepest * singular_values(w)(0));
    const dense step(w);
    const activation_block f(a);
    matrix h = random.gaussian(64, 1, 1), j = matrix::Identity(64, 64);
    for (int t = 0; t < 50; ++t) {
      const matrix z = step.forward(h);
      j = f.jvp(z, step.jvp(h, j));
      h = f.forward(z);
    }
    if (singular_values(j)(0) > std::pow(0.95, 50)) ++violations;
  }
  return violations;
}

double batch_norm_factor(std::string_view function, int batch, int width, int networks) {
  recipe r = preset("batch-norm-relu", width, 30);
  r.batch = batch, r.activation = function;
  return factor_per_layer(r, networks, 5, 25);
}

double log_gain(const recipe& r, int networks) { return std::log(mean_squared_gradients(r, networks)[0]); }

recipe residual_network(double branch_variance, int layers) {
  recipe r = preset("residual-unit", 256, layers);
  r.branch_scale = std::sqrt(branch_variance);
  return r;
}

// x + W tanh(x), from inputs of variance 1.
double tanh_residual_log_gain(int layers, int networks) {
  double sum = 0;
  for (int k = 0; k < networks; ++k) {
    source random(static_cast<std::uint64_t>(k), "tanh residual");
    model m{256, {}};
    for (int l = 0; l < layers; ++l) {
      chain branch = {std::make_shared<activation_block>(activation_named("tanh")),
                      std::make_shared<dense>(random.gaussian(256, 256, 1.0 / 16))};
      m.layers.push_back({"", {std::make_shared<residual>(std::move(branch))}});
    }
    const matrix x = random.gaussian(256, 1, 1);
    sum += backward(m, forward(m, x), random.unit(256))[0].squaredNorm() / networks;
  }
  return std::log(sum);
}

// The norm of the gradient with respect to the last block's second weight, over the square root of the width; root mean
// square over networks.
double last_block_gradient(std::string_view name, int layers, int networks) {
  const recipe r = preset(name, 256, layers);
  double sum = 0;
  for (int k = 0; k < networks; ++k) {
    const auto seed = static_cast<std::uint64_t>(k);
    const model m = make(r, seed);
    const trace t = forward(m, input_for(r, seed));
    const std::vector<matrix> delta = backward(m, t, source(seed, "output").unit(r.width));
    const auto last = static_cast<std::size_t>(layers) - 1;
    const chain& blocks = m.layers[last].blocks;
    const matrix v =
        blocks.size() == 1 ? delta[last + 1] : blocks[1]->vjp(blocks[0]->forward(t.at[last]), delta[last + 1]);
    sum += blocks[0]->parameter_gradients(t.at[last], v).back().squaredNorm() / (r.width * networks);
  }
  return std::sqrt(sum);
}

// The verdict on a tanh network a thousand layers deep, with variance 1 and no biases: 0 healthy, 1 warned of, 2
// failed.
flow_record thousand_layers() {
  settings s;
  s.samples = 2;
  return profile(ensemble_of(preset("tanh-glorot", 256, 1001)), s);
}

double thousand_layers_alarms() {
  flow_record r = thousand_layers();
  judge(r);
  double alarms = 0;
  for (const flow_finding& f : r.findings) alarms += f.rule == rule_id::vanishing || f.rule == rule_id::exploding;
  return alarms;
}

// The mean over networks of log10 of the first over the last gradient. The networks are nearly linear, so that of
// each it is off by chance with a standard deviation of 0.6: sqrt(2 L / N) / (2 ln 10).
double thousand_layers_drift() {
  constexpr int networks = 60;
  double sum = 0;
  for (int k = 0; k < networks; ++k) {
    const std::vector<double> q = squared_gradients(preset("tanh-glorot", 256, 1001), static_cast<std::uint64_t>(k));
    sum += std::log10(q[1] / q.back()) / 2 / networks;
  }
  return sum;
}

// Of the mean square that is Π χ; and the mean logarithm lies below the logarithm of the mean, as of linear networks.
double thousand_layers_theory() {
  return (std::log10(product_of_chi(activation_named("tanh"), 1, 0, 1, 1000)) +
          1000 * linear_log_law(256).mean / std::log(10)) /
         2;
}

}  // namespace

std::vector<law> architecture_laws() {
  const activation& tanh = activation_named("tanh");
  return {
      {"RNN", "tanh, N=64, T=50, γs=0.95, 50 networks: violations of (γ s_max)^T", 0, 0,
       [] { return recurrence_violations("tanh"); }, effort::medium},
      {"RNN", "sigmoid, the same with γ=1/4", 0, 0, [] { return recurrence_violations("sigmoid"); }, effort::medium},
      {"residual", "x+W2 relu(W1 x), L=16, branch variance 1/16, 60 networks: ln E q", 16 * std::log1p(1.0 / 16), 0.2,
       [] { return log_gain(residual_network(1.0 / 16, 16), 60); }, effort::medium},
      {"residual", "L=16, variance 1", 16 * std::log(2.0), 0.35, [] { return log_gain(residual_network(1, 16), 60); },
       effort::medium},
      {"residual", "L=64, variance 1/64, 30 networks", 64 * std::log1p(1.0 / 64), 0.2,
       [] { return log_gain(residual_network(1.0 / 64, 64), 30); }, effort::medium},
      {"residual", "x+W tanh(x), N=256, L=16, 60 networks: ln E q", log_product_of_residual_chi(tanh, 1, 16), 0.18,
       [] { return tanh_residual_log_gain(16, 60); }, effort::medium},
      {"residual", "L=64: grows like √L", log_product_of_residual_chi(tanh, 1, 64), 0.53,
       [] { return tanh_residual_log_gain(64, 40); }, effort::medium},
      {"batch norm", "ReLU, batch 128, N=512, L=30, 8 networks: squared gradient per layer, π/(π−1)",
       batch_norm_relu_factor(), 0.03, [] { return batch_norm_factor("relu", 128, 512, 8); }, effort::slow},
      {"batch norm", "ReLU, batch 8: much more", 1.785, 0.09, [] { return batch_norm_factor("relu", 8, 512, 8); },
       effort::slow},
      {"batch norm", "linear, batch 8: (B−2)/(B−3)", 1.2, 0.04, [] { return batch_norm_factor("identity", 8, 512, 8); },
       effort::slow},
      {"batch norm", "linear, batch 32", 30.0 / 29, 0.03, [] { return batch_norm_factor("identity", 32, 512, 8); },
       effort::slow},
      {"pre-norm", "N=256, L=8, 400 networks: squared gradient to the input", 1, 0.06,
       [] { return mean_squared_gradients(preset("pre-norm", 256, 8), 400)[0]; }, effort::slow},
      {"pre-norm", "last block's gradient, L=8 over L=32: √(33/9)", std::sqrt(33.0 / 9), 0.115,
       [] { return last_block_gradient("pre-norm", 8, 40) / last_block_gradient("pre-norm", 32, 40); }, effort::slow},
      {"acceptance", "tanh (1,0), N=256, 1000 layers, 60 networks: mean log10 of first over last gradient",
       thousand_layers_theory(), 0.4, thousand_layers_drift, effort::slow},
      {"acceptance", "and how often it is called vanishing or exploding", 0, 0, thousand_layers_alarms, effort::slow},
      {"post-norm", "the same: it does not fall with depth", 1, 0.06,
       [] { return last_block_gradient("post-norm", 8, 40) / last_block_gradient("post-norm", 32, 40); }, effort::slow},
  };
}

}  // namespace backproof::flow::tests
