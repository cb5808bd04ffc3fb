#include "backproof/flow/measure/analyze.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "backproof/flow/measure/inspect.hpp"
#include "backproof/flow/theory/laws.hpp"

namespace backproof::flow {
namespace {

std::string kinds_of(const chain& c) {
  std::string text;
  for (const block_pointer& b : c) text += (text.empty() ? "" : " + ") + b->kind();
  return text;
}

std::optional<double> kappa_of(const recipe& r) {
  const bool independent = r.shape == wrap::plain && r.init.how != initialization::orthogonal;
  if (independent && r.activation == "relu") return relu_kappa;
  if (independent && r.activation == "identity") return linear_kappa;
  return std::nullopt;
}

std::optional<double> edge_of(const recipe& r) {
  const int layers = r.depth - 1;
  if (r.shape != wrap::plain || layers < 2) return std::nullopt;
  const double scale = std::pow(weight_variance(r.init) / (r.activation == "relu" ? 2 : 1), layers);
  const bool orthogonal = r.init.how == initialization::orthogonal;
  if (r.activation == "identity") return std::sqrt(scale * (orthogonal ? 1 : linear_edge(layers)));
  if (r.activation == "relu")
    return std::sqrt(scale * (orthogonal ? relu_orthogonal_edge(layers) : relu_gaussian_edge(layers)));
  return std::nullopt;
}

matrix random_output_gradient(const trace& t, std::uint64_t seed) {
  const matrix& y = t.at.back();
  const matrix v = source(seed, "output").gaussian(y.rows(), y.cols(), 1);
  return v / v.norm();
}

// log10 of the gradient's norm at each layer's output, per sample.
using log_norms = std::vector<std::vector<double>>;

void take_means(flow_record& r, const log_norms& samples) {
  if (samples.empty()) return;
  const double n = static_cast<double>(samples.size());
  for (std::size_t l = 0; l < r.layers.size(); ++l) {
    double sum = 0, squares = 0;
    for (const auto& s : samples) sum += s[l] / n;
    for (const auto& s : samples) squares += (s[l] - sum) * (s[l] - sum);
    r.layers[l].log10_norm = sum;
    r.layers[l].log10_error = n > 1 ? std::sqrt(squares / (n - 1) / n) : 0;
  }
}

// How far the drift fluctuates from sample to sample: ln q has the variance kappa beta.
void take_fluctuation(flow_record& r, const log_norms& samples, const ensemble& f) {
  std::vector<double> drifts;
  for (const auto& s : samples) drifts.push_back(s.front() - s.back());
  const double n = static_cast<double>(drifts.size());
  double mean = 0, squares = 0;
  for (const double d : drifts) mean += d / n;
  for (const double d : drifts) squares += (d - mean) * (d - mean);
  const double variance = n > 1 ? squares / (n - 1) : 0;
  const bool still = n > 1 && variance < 1e-16;  // isometries at every draw: they fluctuate not at all
  r.kappa = f.kappa.value_or(relu_kappa);
  if (!f.kappa && f.redrawn && (n >= 10 || still) && r.beta > 0) {
    r.kappa = variance * std::pow(2 * std::numbers::ln10, 2) / r.beta;
    r.kappa_measured = true;
  }
  if (r.gaps() > 0 && n > 0) r.error95 = 1.96 * std::sqrt(variance / n) / static_cast<double>(r.gaps());
}

void describe_layers(flow_record& r, const model& m, const std::vector<matrix>& delta) {
  const std::vector<Index> sizes = widths(m);
  for (std::size_t l = 0; l < m.layers.size(); ++l) {
    layer_record record;
    record.name = m.layers[l].name;
    record.kind = kinds_of(m.layers[l].blocks);
    record.width = static_cast<std::size_t>(sizes[l + 1]);
    const matrix& d = delta[l + 1];
    record.gradient = statistics_of({d.data(), static_cast<std::size_t>(d.size())});
    r.layers.push_back(std::move(record));
    if (l + 1 < m.layers.size()) r.beta += 1 / static_cast<double>(sizes[l + 1]);
  }
}

struct first_sample {
  model m;
  trace t;
  std::vector<matrix> delta;
};

// Of all layers, for one sample. Where some norm is zero or not finite there is no logarithm, and nothing to take a
// mean of: such samples are counted, not averaged.
void add_sample(flow_record& r, log_norms& samples, const std::vector<matrix>& delta) {
  std::vector<double> logs;
  bool zero = false;
  for (std::size_t l = 1; l < delta.size(); ++l) {
    const double norm = delta[l].stableNorm();
    if (!std::isfinite(norm)) {
      ++r.broken;
      return;
    }
    zero = zero || norm == 0;
    logs.push_back(std::log10(norm));
  }
  if (zero)
    ++r.silent;
  else
    samples.push_back(std::move(logs));
}

// Another seed shares no sample with this one: they are far apart, by the golden ratio of 2^64.
std::uint64_t seed_of_sample(std::uint64_t seed, int k) {
  return seed + static_cast<std::uint64_t>(k) * 0x9E3779B97F4A7C15ULL;
}

first_sample measure_profile(flow_record& r, const ensemble& f, const settings& s) {
  first_sample first;
  log_norms samples;
  r.subject = f.name;
  r.from = f.redrawn ? flow_record::origin::ensemble : flow_record::origin::network;
  r.config = s;
  r.samples = static_cast<std::size_t>(s.samples);
  for (int k = 0; k < s.samples; ++k) {
    const std::uint64_t seed = seed_of_sample(s.seed, k);
    model m = f.make(seed);
    trace t = forward(m, f.input(seed));
    std::vector<matrix> delta = backward(m, t, random_output_gradient(t, seed));
    if (k == 0) describe_layers(r, m, delta);
    add_sample(r, samples, delta);
    if (k == 0) first = {std::move(m), std::move(t), std::move(delta)};
  }
  take_means(r, samples);
  take_fluctuation(r, samples, f);
  summarize(r);
  if (f.factor && *f.factor > 0) r.predicted = std::log10(*f.factor) / 2;
  r.phase = f.phase;
  return first;
}

}  // namespace

ensemble ensemble_of(const recipe& r) {
  ensemble f;
  f.name = fmt::format("{}, depth {}, width {}", r.name, r.depth, r.width);
  f.make = [r](std::uint64_t seed) { return make(r, seed); };
  f.input = [r](std::uint64_t seed) { return input_for(r, seed); };
  f.factor = predicted_factor(r);
  f.kappa = kappa_of(r);
  f.edge = edge_of(r);
  if (r.shape == wrap::plain && r.activation == "identity" && r.init.how == initialization::gaussian &&
      weight_variance(r.init) == 1)
    f.gaussian_factors = r.depth - 1;
  if (r.shape == wrap::plain)
    f.phase = phase_point{std::string(r.activation), std::sqrt(weight_variance(r.init)), r.init.bias_deviation};
  return f;
}

ensemble ensemble_of(std::string name, model m) {
  ensemble f;
  const Index n = m.inputs;
  f.name = std::move(name);
  f.make = [m = std::move(m)](std::uint64_t) { return m; };
  f.input = [n](std::uint64_t seed) { return source(seed, "input").gaussian(n, 1, 1); };
  f.redrawn = false;
  return f;
}

ensemble ensemble_of(const networks::network& n, const std::string& name) {
  ensemble f = ensemble_of(name, model_of(n));
  const auto& x = n.g.nodes()[n.inputs[0].node].value;
  double sum = 0;
  for (backproof::index_t i = 0; i < x.size(); ++i) sum += std::pow(static_cast<double>(x[i]), 2);
  const double size = std::sqrt(sum / static_cast<double>(std::max<backproof::index_t>(1, x.size())));
  const model m = f.make(0);
  const Index samples = couples_samples(m) ? n.g.shape_of(n.inputs[0])[0] : 1;
  f.input = [size, samples, inputs = m.inputs](std::uint64_t seed) {
    return source(seed, "input").gaussian(inputs, samples, size);
  };
  return f;
}

flow_record profile(const ensemble& f, const settings& s) {
  flow_record r;
  measure_profile(r, f, s);
  return r;
}

flow_record analyze(const ensemble& f, const settings& s) {
  flow_record r;
  const first_sample first = measure_profile(r, f, s);
  for (std::size_t l = 0; l < first.t.at.size(); ++l)
    if (!first.t.at[l].allFinite() || !first.delta[l].allFinite()) {
      if (l > 0) r.layers[l - 1].gradient.nonfinite = std::max<std::size_t>(1, r.layers[l - 1].gradient.nonfinite);
      r.remarks = {"values or gradients are not finite: nothing more is looked at"};
    }
  if (!r.remarks.empty()) return r;
  inspect_parameters(r, first.m, first.t, first.delta);
  inspect_slopes(r, first.m, f.input, s);
  inspect_jacobians(r, first.m, first.t);
  if (r.whole) r.whole->edge = f.edge, r.whole->gaussian_factors = f.gaussian_factors;
  r.gradient_mismatch = mismatch_of_gradients(first.m, first.t, s.seed);
  return r;
}

}  // namespace backproof::flow
