// The audit of a recorded step.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <set>

#include "backproof/judge/check.hpp"
#include "backproof/network/audit/audit.hpp"
#include "backproof/network/audit/parts.hpp"
#include "backproof/network/audit/ranges.hpp"
#include "backproof/network/audit/step.hpp"

namespace backproof::networks {
namespace {

tensor stored(dtype type, const interval& v) {
  tensor t(type, v.dims());
  for (index_t i = 0; i < v.size(); ++i) t.set(i, static_cast<double>(v[i].value()));
  return t;
}

// What a step says, put as a subject's answers about one layer. Results that were not recorded are answered right.
class recorded : public subject {
 public:
  explicit recorded(reply r) : reply_(std::move(r)) {}
  std::string name() const override { return "step"; }
  std::string version() const override { return ""; }
  offer offers(const op&, dtype) const override { return {.forward = true, .vjp = true, .jvp = false, .why_not = ""}; }
  reply run(mode, const op&, const sample&) override { return reply_; }

 private:
  reply reply_;
};

// One layer, and what the oracle says of it. It stays where it is made, because the oracle refers to the sample.
struct layer_question {
  layer_question(const op& o, sample s, const format& accumulator) : x(std::move(s)), truth(o, x, accumulator) {}
  layer_question(const layer_question&) = delete;
  sample x;
  oracle truth;
};

finding judged(const oracle& truth, subject& s, mode m, const precision& p) {
  trial t(truth, s, p);
  try {
    return judge_results(t, m, m == mode::forward ? failure_kind::wrong_value : failure_kind::wrong_gradient);
  } catch (const no_answer& none) {
    return none.found;
  }
}

// What is known of one port while the audit walks through the graph.
struct known {
  std::optional<tensor> point;    // what the step has, or a leaf
  interval range;                 // that, or what follows from what the step has
  std::set<std::size_t> through;  // the layers that it has passed since
  bool present = false;           // of gradients: somebody has handed one down
  bool at_kinks = false;          // of gradients: by a layer that may choose among subgradients
};

class step_auditor {
 public:
  step_auditor(network n, const safetensors& step, bool lossy) : n_(std::move(n)), step_(step) {
    take_leaves(n_, step_);
    result_.type = type_of_step();
    how_ = {{result_.type, recorded({}).accumulator(result_.type)}, lossy};
    truth_ = evaluate(n_.g);
    for (const node& layer : n_.g.nodes()) {
      value_.emplace_back(layer.outputs.size());
      delta_.emplace_back(layer.outputs.size());
    }
  }

  audit run() {
    const bounded<real>::use in_force(rounding_model::of(how_.numbers.accumulator));
    for (std::size_t k = 0; k < n_.g.nodes().size(); ++k) forward(k);
    begin_backward();
    for (std::size_t k = n_.g.nodes().size(); k-- > 0;) backward(k);
    for (const port& p : n_.parameters)
      if (recorded_delta(p) == nullptr) result_.missing.push_back(n_.name_of(p));
    return std::move(result_);
  }

 private:
  dtype type_of_step() const {
    std::optional<dtype> type;
    bool gradients = false;
    for (const auto& [name, t] : step_.tensors) {
      if (t.type() == dtype::i64) continue;
      if (type && *type != t.type())
        throw format_error(fmt::format("{} is of another dtype than the tensors before", name));
      type = t.type();
      gradients = gradients || name.starts_with("grad/") || name.starts_with("delta/");
    }
    if (!gradients) throw format_error("the step has no gradients: nothing to audit");
    return *type;
  }

  const node& at(std::size_t k) const { return n_.g.nodes()[k]; }
  known& value(port p) { return value_[p.node][p.output]; }
  known& delta(port p) { return delta_[p.node][p.output]; }
  const tensor* recorded_value(port p) const { return value_in(step_, n_, p); }
  const tensor* recorded_delta(port p) const { return delta_in(step_, n_, p); }

  static interval points(const tensor& t, bool whole) {
    interval out(t.dims());
    for (index_t i = 0; i < t.count(); ++i)
      out[i] = whole ? bounded<real>(static_cast<int>(t.at(i))) : bounded<real>::input(real(t.at(i)));
    return out;
  }

  void settle(known& k, tensor t) {
    k.range = points(t, t.type() == dtype::i64);
    k.point = std::move(t);
    k.through.clear();
    k.present = true;
  }

  std::string names_of(const std::set<std::size_t>& layers) const {
    constexpr std::size_t readable = 4;
    std::vector<std::string> names;
    for (const std::size_t k : layers) names.push_back(at(k).name);
    if (names.size() <= readable) return fmt::format("{}", fmt::join(names, ", "));
    return fmt::format("{} .. {} ({} layers)", names.front(), names.back(), names.size());
  }

  void note(port p, bool is_value, std::size_t made_in, const std::set<std::size_t>& layers, finding f) {
    const tensor& t = is_value ? *recorded_value(p) : *recorded_delta(p);
    const values<real>& truth = is_value ? truth_.value[p.node][p.output] : truth_.upstream[p.node][p.output];
    f.elements = t.count();
    result_.tensors.push_back({is_value ? value_name(n_, p) : delta_name(n_, p), names_of(layers),
                               layers.size() == 1 ? std::string(at(made_in).what->wire_name()) : "", std::move(f),
                               distance(t, truth)});
  }

  bool all_points(const node& layer) {
    return std::all_of(layer.in.begin(), layer.in.end(), [&](port p) { return p == no_port || value(p).point; });
  }

  sample question(const node& layer) {
    return question_of(layer, result_.type, [this](port p) { return value(p).point; });
  }

  intervals ranges_in(const node& layer) {
    intervals in;
    for (const port& p : layer.in) in.push_back(p == no_port ? interval{} : value(p).range);
    return in;
  }

  void forward(std::size_t k) {
    const node& layer = at(k);
    if (layer.what == nullptr) {
      const dtype type = holds_indices(n_.g, {k, 0}) ? dtype::i64 : result_.type;
      settle(value({k, 0}), rounded_to(type, layer.value));
      return;
    }
    std::set<std::size_t> through = {k};
    for (const port& p : layer.in)
      if (p != no_port) through.insert(value(p).through.begin(), value(p).through.end());
    const intervals y = forward_range(layer, ranges_in(layer), how_);
    for (std::size_t o = 0; o < y.size(); ++o) {
      known& mine = value({k, o});
      mine.range = y[o];
      mine.through = through;
      const tensor* t = recorded_value({k, o});
      if (t == nullptr && is_exact_range(y[o])) settle(mine, stored(result_.type, y[o]));
      if (t == nullptr) continue;
      note({k, o}, true, k, through,
           all_points(layer) ? value_found(layer, o, *t) : range_found(y[o], *t, {k, o}, true));
      settle(mine, *t);
    }
  }

  finding value_found(const node& layer, std::size_t o, const tensor& t) {
    const layer_question q(*layer.what, question(layer), how_.numbers.accumulator);
    reply r;
    for (const values<real>& y : q.truth.output()) r.tensors.emplace_back(rounded_to(result_.type, y));
    r.tensors[o] = t;
    recorded answers(std::move(r));
    return judged(q.truth, answers, mode::forward, how_.numbers);
  }

  finding range_found(const interval& expected, const tensor& t, port p, bool is_value) {
    const std::string name = is_value ? value_name(n_, p) : delta_name(n_, p);
    const value_list<bounded<real>> one = {expected};
    const std::vector<std::optional<tensor>> actual = {t};
    const std::vector<std::string> names = {name};
    return compare(one, actual, names, how_.numbers,
                   is_value ? failure_kind::wrong_value : failure_kind::wrong_gradient);
  }

  void begin_backward() {
    const port out = n_.g.output();
    if (const tensor* t = recorded_delta(out)) {
      settle(delta(out), *t);
      return;
    }
    if (size_of(n_.g.shape_of(out)) != 1)
      throw format_error(fmt::format("the output is no single number, so {} is needed", delta_name(n_, out)));
    tensor one(result_.type, n_.g.shape_of(out));
    one.set(0, 1);
    settle(delta(out), one);
  }

  // When a node's turn comes, all that uses it has handed down its share.
  void backward(std::size_t k) {
    const node& layer = at(k);
    for (std::size_t o = 0; o < layer.outputs.size(); ++o) arrive({k, o});
    if (layer.what == nullptr) return;
    const bool any = std::any_of(delta_[k].begin(), delta_[k].end(), [](const known& d) { return d.present; });
    if (any) hand_down(k);
  }

  // The gradient that has come together at a port, against what the step says of it.
  void arrive(port p) {
    known& d = delta(p);
    const tensor* t = recorded_delta(p);
    if (t == nullptr && d.present && !d.point && !d.at_kinks && is_exact_range(d.range))
      settle(d, stored(result_.type, d.range));
    if (p == n_.g.output() || t == nullptr) return;
    if (!d.present) d.range = interval(n_.g.shape_of(p));  // nobody uses it: its gradient is zero
    const std::set<std::size_t> layers = d.through.empty() ? std::set{p.node} : d.through;
    const std::size_t user = d.through.empty() ? p.node : *layers.begin();
    if (at(user).what != nullptr)
      note(p, false, user, layers, exact_user(p) ? gradient_found(p, *t) : range_found(d.range, *t, p, false));
    settle(d, *t);
  }

  struct use {
    std::size_t node = 0, input = 0;
  };
  std::vector<use> uses_of(port p) const {
    std::vector<use> all;
    for (std::size_t k = p.node + 1; k < n_.g.nodes().size(); ++k)
      for (std::size_t i = 0; i < at(k).in.size(); ++i)
        if (at(k).in[i] == p) all.push_back({k, i});
    return all;
  }

  // The layer that alone uses it, if all that went into that layer and came back to it is on record.
  std::optional<use> exact_user(port p) const {
    const std::vector<use> all = uses_of(p);
    return all.size() == 1 && questions_.contains(all[0].node) ? std::optional(all[0]) : std::nullopt;
  }

  finding gradient_found(port p, const tensor& t) const {
    const use u = *exact_user(p);
    const layer_question& q = *questions_.at(u.node);
    reply r;
    for (const interval& d : q.truth.bounded_gradient())
      r.tensors.push_back(d.present() ? std::optional(stored(result_.type, d)) : std::nullopt);
    r.tensors[u.input] = t;
    recorded answers(std::move(r));
    return judged(q.truth, answers, mode::vjp, how_.numbers);
  }

  bool is_exact(std::size_t k) {
    return all_points(at(k)) &&
           std::all_of(delta_[k].begin(), delta_[k].end(), [](const known& d) { return d.point || !d.present; });
  }

  std::unique_ptr<layer_question> asked(const node& layer) {
    sample x = question(layer);
    const auto& back = delta_[static_cast<std::size_t>(&layer - n_.g.nodes().data())];
    for (std::size_t o = 0; o < back.size(); ++o)
      if (back[o].point) x.cotangents[o] = *back[o].point;
    return std::make_unique<layer_question>(*layer.what, std::move(x), how_.numbers.accumulator);
  }

  void hand_down(std::size_t k) {
    const node& layer = at(k);
    std::set<std::size_t> through = {k};
    intervals g;
    for (std::size_t o = 0; o < layer.outputs.size(); ++o) {
      const known& d = delta({k, o});
      g.push_back(d.present ? d.range : interval(layer.outputs[o]));
      through.insert(d.through.begin(), d.through.end());
    }
    for (const port& p : layer.in)
      if (p != no_port) through.insert(value(p).through.begin(), value(p).through.end());
    const intervals in = ranges_in(layer);
    if (is_exact(k)) questions_[k] = asked(layer);
    const intervals d = backward_range(layer, in, g, how_);
    for (std::size_t i = 0; i < d.size(); ++i)
      if (d[i].present()) {
        add(delta(layer.in[i]), d[i], through);
        delta(layer.in[i]).at_kinks |= layer.what->kinks != nullptr;
      }
  }

  static void add(known& to, const interval& d, const std::set<std::size_t>& through) {
    if (!to.present) to.range = interval(d.dims());
    for (index_t i = 0; i < d.size(); ++i) to.range[i] = to.present ? to.range[i] + d[i] : d[i];
    to.present = true;
    to.through.insert(through.begin(), through.end());
  }

  network n_;
  const safetensors& step_;
  arithmetic how_;
  evaluation truth_;
  audit result_;
  std::vector<std::vector<known>> value_, delta_;
  std::map<std::size_t, std::unique_ptr<layer_question>>
      questions_;  // of layers all of whose surroundings are on record
};

}  // namespace

// Where several layers are judged as one, a lossy formula of any of them may explain what is off.
audit audited(network n, const safetensors& step) {
  audit a = step_auditor(n, step, false).run();
  const auto unexplained = [](const judged_tensor& t) { return t.op.empty() && t.found.outcome == verdict::fail; };
  if (std::none_of(a.tensors.begin(), a.tensors.end(), unexplained)) return a;
  const audit lossy = step_auditor(std::move(n), step, true).run();
  for (std::size_t k = 0; k < a.tensors.size(); ++k) {
    if (!unexplained(a.tensors[k]) || lossy.tensors[k].found.outcome == verdict::fail) continue;
    finding& f = a.tensors[k].found;
    f.outcome = verdict::inaccurate;
    f.kind = failure_kind::none;
    f.variant = "lossy formulas on the way";
    f.reason += "; consistent with " + f.variant;
  }
  return a;
}

}  // namespace backproof::networks
