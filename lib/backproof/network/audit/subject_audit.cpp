// The audit of a subject that runs the network op by op.
#include <fmt/format.h>

#include <algorithm>

#include "backproof/judge/check.hpp"
#include "backproof/network/audit/audit.hpp"
#include "backproof/network/audit/parts.hpp"
#include "backproof/network/audit/step.hpp"

namespace backproof::networks {
namespace {

class subject_auditor {
 public:
  subject_auditor(network n, subject& s, dtype type) : n_(std::move(n)), subject_(s), type_(type) {
    result_.type = type;
    precision_ = {type, s.accumulator(type)};
  }

  audit run() {
    round_leaves();
    truth_ = evaluate(n_.g);
    for (std::size_t k = 0; k < n_.g.nodes().size(); ++k) forward(k);
    tensor seed(type_, n_.g.shape_of(n_.g.output()));
    for (index_t i = 0; i < seed.count(); ++i) seed.set(i, 1);
    for (const node& layer : n_.g.nodes()) delta_.emplace_back(layer.outputs.size());
    delta_[n_.g.output().node][n_.g.output().output] = seed;
    for (std::size_t k = n_.g.nodes().size(); k-- > 0;) backward(k);
    return std::move(result_);
  }

 private:
  void round_leaves() {
    for (std::size_t k = 0; k < n_.g.nodes().size(); ++k) {
      const node& leaf = n_.g.nodes()[k];
      value_.emplace_back();
      if (leaf.what != nullptr) continue;
      value_[k].push_back(rounded_to(holds_indices(n_.g, {k, 0}) ? dtype::i64 : type_, leaf.value));
      n_.g.set_value({k, 0}, promote(value_[k][0]));
    }
  }

  sample question(std::size_t k) const {
    return question_of(n_.g.nodes()[k], type_, [this](port p) { return std::optional(value_[p.node][p.output]); });
  }

  // The subject's answer, judged; what it does not give, or not in the right shape, is replaced by the reference's, so
  // that the layers after it can be judged too.
  std::vector<std::optional<tensor>> ask(std::size_t k, const sample& x, mode m, finding& f) {
    const node& layer = n_.g.nodes()[k];
    const oracle truth(*layer.what, x, precision_.accumulator);
    trial t(truth, subject_, precision_);
    const value_list<real>& right = m == mode::forward ? truth.output() : truth.gradient();
    std::vector<std::optional<tensor>> given;
    try {
      f = judge_results(t, m, m == mode::forward ? failure_kind::wrong_value : failure_kind::wrong_gradient);
      given = m == mode::forward ? t.forward() : t.vjp();
    } catch (const no_answer& none) {
      f = none.found;
    }
    given.resize(right.size());
    for (std::size_t i = 0; i < right.size(); ++i)
      if (right[i].present() && (!given[i] || given[i]->dims() != right[i].dims() || given[i]->type() != type_))
        given[i] = rounded_to(type_, right[i]);
    return given;
  }

  void forward(std::size_t k) {
    const node& layer = n_.g.nodes()[k];
    if (layer.what == nullptr) return;
    finding f;
    for (auto& t : ask(k, question(k), mode::forward, f)) value_[k].push_back(*t);
    result_.tensors.push_back({value_name(n_, {k, 0}), layer.name, std::string(layer.what->wire_name()), std::move(f),
                               distance(value_[k][0], truth_.value[k][0])});
  }

  void backward(std::size_t k) {
    const node& layer = n_.g.nodes()[k];
    if (layer.what == nullptr) return;
    sample x = question(k);
    bool any = false;
    for (std::size_t o = 0; o < layer.outputs.size(); ++o)
      if (delta_[k][o]) x.cotangents[o] = *delta_[k][o], any = true;
    if (!any) return;
    finding f;
    const std::vector<std::optional<tensor>> d = ask(k, x, mode::vjp, f);
    double off = 0;
    for (std::size_t i = 0; i < d.size(); ++i) {
      if (!d[i] || layer.in[i] == no_port) continue;
      if (truth_.downstream[k][i].present()) off = std::max(off, distance(*d[i], truth_.downstream[k][i]));
      add(delta_[layer.in[i].node][layer.in[i].output], *d[i]);
    }
    result_.tensors.push_back(
        {fmt::format("vjp/{}", layer.name), layer.name, std::string(layer.what->wire_name()), std::move(f), off});
  }

  // Branches meet: the sum, rounded as the dtype rounds it.
  void add(std::optional<tensor>& to, const tensor& d) const {
    if (!to) {
      to = d;
      return;
    }
    for (index_t i = 0; i < d.count(); ++i) to->set(i, to->at(i) + d.at(i));
  }

  network n_;
  subject& subject_;
  dtype type_;
  precision precision_;
  evaluation truth_;
  audit result_;
  std::vector<std::vector<tensor>> value_;
  std::vector<std::vector<std::optional<tensor>>> delta_;
};

}  // namespace

audit audited(network n, subject& s, dtype type) { return subject_auditor(std::move(n), s, type).run(); }

}  // namespace backproof::networks
