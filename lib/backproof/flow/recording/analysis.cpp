// From a recording to a record.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>

#include "backproof/base/limits.hpp"
#include "backproof/base/text.hpp"
#include "backproof/flow/measure/inspect.hpp"
#include "backproof/flow/recording/recording.hpp"
#include "backproof/flow/rules/rules.hpp"
#include "backproof/tensor/safetensors.hpp"

namespace backproof::flow {
namespace {

struct recorded_step {
  std::map<long, const recorded_tensor*> deltas;
  std::map<std::string, const recorded_tensor*> gradients, weights, jacobians;
};
using recorded_steps = std::map<long, recorded_step>;

void insert(recorded_step& s, const recorded_tensor& t, const std::string& path) {
  bool fresh = true;
  if (t.what == quantity::delta) fresh = s.deltas.emplace(t.index, &t).second;
  if (t.what == quantity::grad) fresh = s.gradients.emplace(t.name, &t).second;
  if (t.what == quantity::weight) fresh = s.weights.emplace(t.name, &t).second;
  if (t.what == quantity::jac) fresh = s.jacobians.emplace(t.name, &t).second;
  if (!fresh) throw format_error(fmt::format("{}: '{}' is recorded twice at step {}", path, quotable(t.name), t.step));
}

// Every step has the same layers, numbered without a hole: a layer that is missing now and then would otherwise shift
// the means, and nobody would see it.
void check_complete(const recorded_steps& steps, const std::string& path) {
  const recorded_step& first = steps.begin()->second;
  for (const auto& [number, s] : steps) {
    if (s.deltas.size() > limits::recorded_layers)
      throw format_error(fmt::format("{}: step {} has more than {} layers", path, number, limits::recorded_layers));
    long expected = s.deltas.empty() ? 0 : s.deltas.begin()->first;
    if (expected > 1)
      throw format_error(
          fmt::format("{}: step {}: the first layer is missing: indices begin with {}", path, number, expected));
    for (const auto& [index, t] : s.deltas) {
      if (index != expected++)
        throw format_error(fmt::format("{}: step {}: layer {} is missing", path, number, expected - 1));
      const auto there = first.deltas.find(index);
      if (there == first.deltas.end())
        throw format_error(
            fmt::format("{}: step {}: layer {} is not in step {}", path, number, index, steps.begin()->first));
      if (there->second->name != t->name)
        throw format_error(fmt::format("{}: step {}: layer {} is '{}', and was '{}'", path, number, index,
                                       quotable(t->name), quotable(there->second->name)));
    }
    if (s.deltas.size() != first.deltas.size())
      throw format_error(fmt::format("{}: step {} has {} layers, step {} has {}", path, number, s.deltas.size(),
                                     steps.begin()->first, first.deltas.size()));
  }
}

double unscaled(const recorded_tensor& t, const std::string& path) {
  if (t.loss_scale > 0 && std::isfinite(t.loss_scale)) return t.statistics.norm / t.loss_scale;
  throw format_error(fmt::format("{}: '{}': a loss scale of {}", path, quotable(t.name), t.loss_scale));
}

// Where parameters are named after their layer: "fc1.weight" belongs to "fc1".
// The first such layer; a record may have thousands of both.
class owners {
 public:
  explicit owners(flow_record& r) : r_(r) {
    for (std::size_t l = 0; l < r.layers.size(); ++l) first_.try_emplace(r.layers[l].name, l);
  }

  layer_record* called(const std::string& name) {
    const auto found = first_.find(name);
    return found == first_.end() ? nullptr : &r_.layers[found->second];
  }

  layer_record* of(const std::string& parameter) {
    layer_record* first = called(parameter);
    for (std::size_t k = 0; (k = parameter.find_first_of("./", k)) != std::string::npos; ++k)
      if (layer_record* l = called(parameter.substr(0, k)); l != nullptr && (first == nullptr || l < first)) first = l;
    return first;
  }

 private:
  flow_record& r_;
  std::map<std::string, std::size_t> first_;
};

void add_parameters(flow_record& r, const recorded_steps& steps) {
  std::map<std::string, std::vector<tensor_statistics>> gradients;
  std::map<std::string, bool> absent;
  for (const auto& [number, s] : steps)
    for (const auto& [name, t] : s.gradients) {
      gradients[name].push_back(t->statistics);
      absent[name] = absent[name] || t->absent;
    }
  owners layers(r);
  for (const auto& [name, parts] : gradients) {
    parameter_record p{name, merged(parts), std::nullopt, absent[name]};
    const auto& weights = steps.begin()->second.weights;
    if (const auto w = weights.find(name); w != weights.end()) p.weight_rms = w->second->statistics.rms;
    layer_record* owner = layers.of(name);
    if (owner == nullptr && r.layers.empty()) continue;
    (owner != nullptr ? *owner : r.layers.back()).parameters.push_back(std::move(p));
  }
}

// Jacobians of the first step that has any, one per layer; empty where a layer has none.
std::vector<matrix> jacobians_of(flow_record& r, const recorded_step& s, const std::string& path) {
  std::vector<matrix> list(r.layers.size());
  owners layers(r);
  for (const auto& [key, t] : s.jacobians) {
    const std::string& name = key;
    const layer_record* owner = layers.called(name);
    if (owner == nullptr)
      throw format_error(fmt::format("{}: 'jac/{}': no delta has this layer", path, quotable(name)));
    if (static_cast<std::size_t>(t->elements.rows()) != owner->width)
      throw format_error(fmt::format("{}: 'jac/{}' has {} outputs, its delta {}", path, quotable(name),
                                     t->elements.rows(), owner->width));
    if (t->statistics.nonfinite > 0)
      throw format_error(fmt::format("{}: 'jac/{}' is not finite", path, quotable(name)));
    const std::size_t at = static_cast<std::size_t>(owner - r.layers.data());
    if (at > 0 && static_cast<std::size_t>(t->elements.cols()) != r.layers[at - 1].width)
      throw format_error(fmt::format("{}: 'jac/{}' has {} inputs, the layer before it {} outputs", path, quotable(name),
                                     t->elements.cols(), r.layers[at - 1].width));
    list[at] = t->elements;
  }
  return list;
}

// Of one sample, delta_(l-1) = J_l' delta_l: the largest deviation of an element, over the sum of its terms' sizes. In
// 16-bit types what rounding alone makes of n terms, (n + 3) u of that sum (Higham, section 3.1, with each factor and
// the result rounded), may exceed the limit; there it counts in units of that.
double mismatch_of(const recorded_step& s, const std::vector<matrix>& jacobians) {
  double worst = 0;
  std::size_t l = 0;
  const recorded_tensor* before = nullptr;
  for (const auto& [index, t] : s.deltas) {
    const matrix& j = jacobians[l++];
    if (before != nullptr && j.size() != 0 && before->elements.size() == j.cols() && t->elements.size() == j.rows()) {
      const matrix expected = j.transpose() * t->elements.transpose();
      const matrix terms = j.cwiseAbs().transpose() * t->elements.cwiseAbs().transpose();
      const auto type = dtype_named(t->dtype);
      const double rounding =
          static_cast<double>(j.rows() + 3) * format_of(type && is_float(*type) ? *type : dtype::f32).unit();
      const matrix off = (expected - before->elements.transpose()).cwiseAbs();
      for (Index i = 0; i < off.rows(); ++i)
        if (off(i, 0) > 0) worst = std::max(worst, off(i, 0) / terms(i, 0) * std::min(1.0, gradient_limit / rounding));
    }
    before = t;
  }
  return worst;
}

// Without gradients at layers' outputs, those of weights stand in for them: each matrix is a layer, in the order of the
// file.
std::vector<recorded_tensor> stand_ins(const recording& r) {
  std::vector<recorded_tensor> more;
  if (std::any_of(r.tensors.begin(), r.tensors.end(),
                  [](const recorded_tensor& t) { return t.what == quantity::delta; }))
    return more;
  std::map<long, long> index;
  for (const recorded_tensor& t : r.tensors) {
    if (t.what != quantity::grad || !t.name.ends_with("weight")) continue;
    recorded_tensor d = t;
    d.what = quantity::delta;
    d.index = ++index[t.step];
    more.push_back(std::move(d));
  }
  return more;
}

void describe(flow_record& r, const recorded_steps& steps, const std::string& path) {
  const recorded_step& first = steps.begin()->second;
  std::vector<double> drifts;
  for (const auto& [index, t] : first.deltas) {
    layer_record l;
    l.name = t->name;
    l.kind = "recorded";
    std::vector<tensor_statistics> parts;
    std::vector<double> logs;
    for (const auto& [number, s] : steps) {
      const recorded_tensor& d = *s.deltas.at(index);
      parts.push_back(d.statistics);
      if (const double norm = unscaled(d, path); norm > 0) logs.push_back(std::log10(norm));
    }
    if (logs.size() < parts.size())
      r.remarks.push_back(
          fmt::format("{}: the gradient is exactly zero or not finite in {} of {} steps, which its median leaves out",
                      quotable(t->name), parts.size() - logs.size(), parts.size()));
    l.gradient = merged(parts);
    l.absent =
        std::all_of(steps.begin(), steps.end(), [&, at = index](auto& s) { return s.second.deltas.at(at)->absent; });
    l.width = t->width;
    l.log10_norm = median(logs);
    double squares = 0;
    for (const double x : logs) squares += (x - l.log10_norm) * (x - l.log10_norm);
    const double n = static_cast<double>(logs.size());
    l.log10_error = n > 1 ? std::sqrt(squares / (n - 1) / n) : 0;
    r.layers.push_back(std::move(l));
  }
  for (const auto& [number, s] : steps) {
    step_record one{number, {}};
    for (const auto& [index, t] : s.deltas) {
      const double norm = unscaled(*t, path);
      one.log10_norms.push_back(norm > 0 ? std::optional(std::log10(norm)) : std::nullopt);
    }
    if (!one.log10_norms.empty() && one.log10_norms.front() && one.log10_norms.back())
      drifts.push_back(*one.log10_norms.front() - *one.log10_norms.back());
    r.steps.push_back(std::move(one));
  }
  const double middle = median(drifts), n = static_cast<double>(drifts.size());
  double squares = 0;
  for (const double d : drifts) squares += (d - middle) * (d - middle);
  if (n > 1 && r.gaps() > 0) r.error95 = 1.96 * std::sqrt(squares / (n - 1) / n) / static_cast<double>(r.gaps());
}

}  // namespace

flow_record analyze(const recording& given, const settings& s) {
  flow_record r;
  if (std::none_of(given.tensors.begin(), given.tensors.end(),
                   [](const recorded_tensor& t) { return t.what == quantity::delta; }))
    r.remarks.emplace_back(
        "no gradients at layers' outputs: those of weights stand in for them, whose sizes depend on the layers' inputs "
        "too");
  const std::vector<recorded_tensor> in_their_place = stand_ins(given);
  recorded_steps steps;
  for (const auto* list : {&given.tensors, &in_their_place})
    for (const recorded_tensor& t : *list) insert(steps[t.step], t, given.path);
  r.subject = given.path;
  r.from = flow_record::origin::recording;
  r.config = s;
  r.inputs.push_back({given.path, sha256_of(given.path)});
  if (steps.empty()) return r;
  check_complete(steps, given.path);
  describe(r, steps, given.path);
  add_parameters(r, steps);
  r.samples = steps.size();
  for (std::size_t l = 0; l + 1 < r.layers.size(); ++l)
    if (r.layers[l].width > 0) r.beta += 1 / static_cast<double>(r.layers[l].width);
  if (r.config.dtype.empty() && !given.tensors.empty()) r.config.dtype = given.tensors.front().dtype;
  if (std::any_of(given.tensors.begin(), given.tensors.end(), [](const recorded_tensor& t) { return t.clipped; }))
    r.remarks.emplace_back("recorded after clipping: sizes are the clip's, only their ratios are the network's");
  summarize(r);
  const auto with =
      std::find_if(steps.begin(), steps.end(), [](const auto& one) { return !one.second.jacobians.empty(); });
  if (with != steps.end()) {
    const std::vector<matrix> jacobians = jacobians_of(r, with->second, given.path);
    inspect_jacobians(r, jacobians);
    r.gradient_mismatch = mismatch_of(with->second, jacobians);
  }
  return r;
}

}  // namespace backproof::flow
