#include "backproof/flow/rules/intervention.hpp"

#include <cmath>
#include <map>

#include "backproof/flow/model/convolution.hpp"
#include "backproof/flow/model/dense.hpp"
#include "backproof/flow/model/normalization.hpp"
#include "backproof/flow/model/residual.hpp"
#include "backproof/flow/rules/rules.hpp"
#include "backproof/flow/theory/mean_field.hpp"

namespace backproof::flow {
namespace {

// Rebuilds blocks under a change. A block that is shared stays shared, as a recurrence's is.
class rebuilder {
 public:
  rebuilder(const change& c, std::uint64_t seed) : change_(c), random_(seed, "change") {}

  chain rebuilt(const chain& c) {
    chain out;
    for (const block_pointer& b : c) {
      block_pointer& known = known_[b.get()];
      if (!known) known = rebuilt(b);
      out.push_back(known);
    }
    return out;
  }

 private:
  block_pointer rebuilt(const block_pointer& b) {
    if (const auto* r = dynamic_cast<const residual*>(b.get()))
      return std::make_shared<residual>(rebuilt(r->branch()), r->scale());
    if (change_.function != nullptr && dynamic_cast<const activation_block*>(b.get()) != nullptr)
      return std::make_shared<activation_block>(*change_.function);
    if (!change_.weights) return b;
    if (const auto* d = dynamic_cast<const dense*>(b.get())) {
      const matrix& w = d->weight();
      drawn fresh = draw_weights(*change_.weights, w.rows(), w.cols(), w.cols(), w.rows(), random_);
      return std::make_shared<dense>(std::move(fresh.weight), std::move(fresh.bias));
    }
    if (const auto* c = dynamic_cast<const convolution*>(b.get())) {
      const convolution_shape& s = c->shape();
      drawn fresh = draw_weights(*change_.weights, c->kernel().rows(), c->kernel().cols(), c->kernel().cols(),
                                 s.outputs * s.taps(), random_);
      return std::make_shared<convolution>(s, std::move(fresh.weight), std::move(fresh.bias));
    }
    return b;
  }

  const change& change_;
  source random_;
  std::map<const block*, block_pointer> known_;
};

// x + layer(x) / sqrt(depth); of a layer that is residual already, its branch is scaled so.
void make_residual(layer& l, Index in, Index out, double depth) {
  for (block_pointer& b : l.blocks)
    if (const auto* r = dynamic_cast<const residual*>(b.get())) {
      b = std::make_shared<residual>(r->branch(), r->scale() / std::sqrt(depth));
      return;
    }
  if (in == out && !l.blocks.empty()) l.blocks = {std::make_shared<residual>(l.blocks, 1 / std::sqrt(depth))};
}

bool is_residual(const model& m) {
  for (const layer& l : m.layers)
    for (const block_pointer& b : l.blocks)
      if (dynamic_cast<const residual*>(b.get()) != nullptr) return true;
  return false;
}

model applied(const change& c, model m, std::uint64_t seed) {
  rebuilder again(c, seed);
  const std::vector<Index> sizes = widths(m);
  for (std::size_t l = 0; l < m.layers.size(); ++l) {
    m.layers[l].blocks = again.rebuilt(m.layers[l].blocks);
    if (c.residual && l > 0) make_residual(m.layers[l], sizes[l], sizes[l + 1], static_cast<double>(m.layers.size()));
    if (c.normalized && l + 1 < m.layers.size()) m.layers[l].blocks.push_back(std::make_shared<layer_norm>());
  }
  return m;
}

const activation* activation_of(const model& m) {
  for (const layer& l : m.layers)
    for (const block_pointer& b : l.blocks) {
      if (const auto* a = dynamic_cast<const activation_block*>(b.get())) return &a->function();
      if (const auto* r = dynamic_cast<const residual*>(b.get()))
        for (const block_pointer& inner : r->branch())
          if (const auto* a = dynamic_cast<const activation_block*>(inner.get())) return &a->function();
    }
  return nullptr;
}

// Affine layers and activations, and nothing else: what mean-field theory is about.
bool is_plain(const model& m) {
  for (const layer& l : m.layers)
    for (const block_pointer& b : l.blocks)
      if (dynamic_cast<const dense*>(b.get()) == nullptr && dynamic_cast<const convolution*>(b.get()) == nullptr &&
          dynamic_cast<const activation_block*>(b.get()) == nullptr)
        return false;
  return true;
}

// By theory, decades per layer of a plain network under the change.
std::optional<double> prediction(const change& c, const model& m) {
  const activation* old = activation_of(m);
  const activation* a = c.function != nullptr ? c.function : old;
  if (!is_plain(m) || a == nullptr) return std::nullopt;
  const auto decades = [](double factor) { return std::log10(factor) / 2; };
  // Normalised to variance 1 before each activation: E phi'^2 / E phi^2, whatever the weights' scale.
  if (c.normalized) return decades(slope_moment(*a, 1, 1) / next_variance(*a, 1, 0, 1));
  if (!c.weights) return std::nullopt;
  const double sw2 = weight_variance(*c.weights);
  const bool rectified = a->name == "relu";
  if (c.residual) {
    if (!rectified) return std::nullopt;
    return decades(1 + sw2 / 2 / static_cast<double>(m.layers.size()));
  }
  return decades(rectified ? sw2 / 2 : fixed_point(*a, sw2, 0).chi);
}

constexpr drawing he{initialization::he, 1, 0}, glorot{initialization::glorot, 1, 0};

drawing orthogonal_for(const activation* a) {
  return {initialization::orthogonal, a != nullptr && a->name == "relu" ? std::sqrt(2.0) : 1.0, 0};
}

}  // namespace

std::vector<change> changes_for(const model& m) {
  const activation* a = activation_of(m);
  const activation& relu = activation_named("relu");
  const activation& tanh = activation_named("tanh");
  std::vector<change> list = {{"He initialisation", he}, {"Glorot initialisation", glorot}};
  list.push_back(
      {a == &relu ? "orthogonal initialisation, times sqrt 2" : "orthogonal initialisation", orthogonal_for(a)});
  if (a != nullptr && a != &relu) list.push_back({"ReLU and He initialisation", he, &relu});
  if (a != nullptr && a != &tanh) list.push_back({"tanh and orthogonal initialisation", orthogonal_for(&tanh), &tanh});
  if (is_residual(m))
    list.push_back({"branches / sqrt(depth)", std::nullopt, nullptr, true});
  else
    list.push_back({"residual connections, branches / sqrt(depth)", a == &relu ? he : glorot, nullptr, true});
  list.push_back({"layer normalisation", std::nullopt, nullptr, false, true});
  if (a != nullptr && a != &relu)
    list.push_back({"ReLU, He initialisation and layer normalisation", he, &relu, false, true});
  return list;
}

ensemble changed(const ensemble& f, const change& c) {
  ensemble g;
  g.name = f.name + ", " + c.what;
  g.make = [f, c](std::uint64_t seed) { return applied(c, f.make(seed), seed); };
  g.input = f.input;
  g.redrawn = f.redrawn || c.weights;
  return g;
}

void propose(flow_record& r, const ensemble& f) {
  bool needed = false;
  for (const flow_finding& x : r.findings)
    needed = needed || x.rule == rule_id::vanishing || x.rule == rule_id::exploding;
  if (!needed) return;
  const model first = f.make(r.config.seed);
  settings s = r.config;
  s.samples = std::min(s.samples, 10);
  for (const change& c : changes_for(first)) {
    flow_record other = profile(changed(f, c), s);
    judge(other);
    bool healthy = other.silent + other.broken < other.samples;
    for (const flow_finding& x : other.findings)
      healthy = healthy && x.rule != rule_id::vanishing && x.rule != rule_id::exploding && x.level != level::fail;
    r.alternatives.push_back(
        {c.what, prediction(c, first), other.decades_per_layer, other.drift, other.error95, healthy});
  }
}

}  // namespace backproof::flow
