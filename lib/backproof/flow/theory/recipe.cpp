#include "backproof/flow/theory/recipe.hpp"

#include <array>
#include <cmath>

#include "backproof/flow/model/dense.hpp"
#include "backproof/flow/model/normalization.hpp"
#include "backproof/flow/model/residual.hpp"
#include "backproof/flow/theory/laws.hpp"
#include "backproof/flow/theory/mean_field.hpp"

namespace backproof::flow {
namespace {

block_pointer dense_of(const drawing& d, Index out, Index in, source& random) {
  drawn w = draw_weights(d, out, in, in, out, random);
  return std::make_shared<dense>(std::move(w.weight), std::move(w.bias));
}

block_pointer activation_of(const recipe& r) {
  return std::make_shared<activation_block>(activation_named(r.activation));
}

chain branch_of(const recipe& r, source& random) {
  drawing second = r.init;
  second.how = initialization::gaussian;
  second.gain = r.branch_scale / (r.scaled_by_depth ? std::sqrt(static_cast<double>(r.depth)) : 1);
  chain c;
  if (r.shape == wrap::pre_norm) c.push_back(std::make_shared<layer_norm>());
  c.push_back(dense_of(r.init, r.width, r.width, random));
  c.push_back(activation_of(r));
  c.push_back(dense_of(second, r.width, r.width, random));
  return c;
}

layer plain_layer(const recipe& r, int k, source& random) {
  layer l{"layer " + std::to_string(k), {}};
  if (k > 1) l.blocks.push_back(activation_of(r));
  l.blocks.push_back(dense_of(r.init, r.width, r.width, random));
  if (r.shape == wrap::batch_norm) l.blocks.push_back(std::make_shared<batch_norm>());
  return l;
}

layer residual_layer(const recipe& r, int k, source& random) {
  layer l{"block " + std::to_string(k), {std::make_shared<residual>(branch_of(r, random))}};
  if (r.shape == wrap::post_norm) l.blocks.push_back(std::make_shared<layer_norm>());
  return l;
}

model recurrent_model(const recipe& r, source& random) {
  const chain step = {dense_of(r.init, r.width, r.width, random), activation_of(r)};
  model m{r.width, {}};
  for (int k = 1; k <= r.depth; ++k) m.layers.push_back({"step " + std::to_string(k), step});
  return m;
}

}  // namespace

model make(const recipe& r, std::uint64_t seed) {
  source random(seed, "weights");
  if (r.shape == wrap::recurrent) return recurrent_model(r, random);
  const bool plain = r.shape == wrap::plain || r.shape == wrap::batch_norm;
  model m{r.width, {}};
  for (int k = 1; k <= r.depth; ++k)
    m.layers.push_back(plain ? plain_layer(r, k, random) : residual_layer(r, k, random));
  if (r.shape == wrap::pre_norm) m.layers.push_back({"norm", {std::make_shared<layer_norm>()}});
  return m;
}

matrix input_for(const recipe& r, std::uint64_t seed) {
  return source(seed, "input").gaussian(r.width, r.batch, r.input_deviation);
}

double weight_variance(const drawing& d) {
  switch (d.how) {
    case initialization::gaussian:
    case initialization::orthogonal:
      return d.gain * d.gain;
    case initialization::he:
      return 2;
    case initialization::glorot:
      return 1;
    case initialization::torch_default:
      return 1.0 / 3;
  }
  return 1;
}

std::optional<double> predicted_factor(const recipe& r) {
  const activation& a = activation_named(r.activation);
  const double sw2 = weight_variance(r.init);
  switch (r.shape) {
    case wrap::plain:
      if (r.activation == "relu") return sw2 / 2;
      if (r.activation == "identity") return sw2;
      // The default's biases have the variance 1 / (3 fan-in), which is 0 at large width.
      return fixed_point(a, sw2, r.init.bias_deviation * r.init.bias_deviation).chi;
    case wrap::residual:
      if (r.activation != "relu") return std::nullopt;
      return 1 + sw2 / 2 * r.branch_scale * r.branch_scale / (r.scaled_by_depth ? r.depth : 1);
    case wrap::batch_norm:
      if (r.activation == "relu" && r.batch >= 64) return batch_norm_relu_factor();
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

namespace {

constexpr drawing he{initialization::he, 1, 0};
constexpr drawing gaussian{initialization::gaussian, 1, 0};
constexpr drawing orthogonal{initialization::orthogonal, 1, 0};
constexpr drawing glorot{initialization::glorot, 1, 0};
constexpr drawing torch{initialization::torch_default, 1, 0};

constexpr std::array all = {
    recipe{.name = "relu-he", .what = "ReLU, He initialisation", .init = he},
    recipe{.name = "relu-torch-default", .what = "ReLU, what nn.Linear draws by default", .init = torch},
    recipe{.name = "linear-torch-default",
           .what = "linear, what nn.Linear draws by default",
           .activation = "identity",
           .init = torch},
    recipe{.name = "linear-gaussian", .what = "linear, variance 1/fan-in", .activation = "identity", .init = gaussian},
    recipe{.name = "linear-orthogonal", .what = "linear, orthogonal", .activation = "identity", .init = orthogonal},
    recipe{.name = "relu-orthogonal",
           .what = "ReLU, orthogonal times sqrt 2",
           .init = {initialization::orthogonal, 1.4142135623730951, 0}},
    recipe{.name = "sigmoid-glorot", .what = "sigmoid, Glorot initialisation", .activation = "sigmoid", .init = glorot},
    recipe{.name = "tanh-glorot",
           .what = "tanh, Glorot initialisation: the end of the critical line",
           .activation = "tanh",
           .init = glorot},
    recipe{.name = "tanh-ordered",
           .what = "tanh, weight variance 1 and bias variance 0.05: vanishing",
           .activation = "tanh",
           .init = {initialization::gaussian, 1, 0.22360679774997896}},
    recipe{.name = "tanh-critical",
           .what = "tanh on the critical line, bias variance 0.05",
           .activation = "tanh",
           .init = {initialization::gaussian, 1.3270101, 0.22360679774997896}},
    recipe{.name = "tanh-chaotic",
           .what = "tanh, weight variance 4 and bias variance 0.05: exploding",
           .activation = "tanh",
           .init = {initialization::gaussian, 2, 0.22360679774997896}},
    recipe{.name = "tanh-orthogonal",
           .what = "tanh, orthogonal, nearly isometric",
           .activation = "tanh",
           .init = {initialization::orthogonal, 1.0457662, 0.011327},
           .input_deviation = 0.21354},
    recipe{.name = "gelu-critical",
           .what = "GELU on its critical point",
           .activation = "gelu",
           .init = {initialization::gaussian, 1.4082110, 0.4158399}},
    recipe{.name = "residual-unit",
           .what = "x + W2 relu(W1 x) with branches of variance 1",
           .init = he,
           .shape = wrap::residual},
    recipe{.name = "residual-scaled",
           .what = "the same with branches of variance 1/depth",
           .init = he,
           .shape = wrap::residual,
           .scaled_by_depth = true},
    recipe{.name = "pre-norm", .what = "x + W2 relu(W1 LN(x))", .init = he, .shape = wrap::pre_norm},
    recipe{.name = "post-norm", .what = "LN(x + W2 relu(W1 x))", .init = he, .shape = wrap::post_norm},
    recipe{.name = "batch-norm-relu",
           .what = "ReLU with batch normalisation, batches of 128",
           .init = gaussian,
           .shape = wrap::batch_norm,
           .batch = 128},
    recipe{.name = "rnn-tanh",
           .what = "a tanh recurrence, orthogonal times 0.95, over time steps",
           .activation = "tanh",
           .init = {initialization::orthogonal, 0.95, 0},
           .shape = wrap::recurrent},
};

}  // namespace

std::span<const recipe> presets() { return all; }

const recipe* find_preset(std::string_view name) {
  for (const recipe& r : all)
    if (r.name == name) return &r;
  return nullptr;
}

}  // namespace backproof::flow
