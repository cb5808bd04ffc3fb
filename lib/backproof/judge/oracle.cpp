#include "backproof/judge/oracle.hpp"

#include <algorithm>

namespace backproof {
namespace {

template <class S>
values<S> lift(const values<real>& x) {
  if (!x.present()) return {};
  values<S> out(x.dims());
  for (index_t i = 0; i < x.size(); ++i) {
    if constexpr (std::is_same_v<S, bounded<real>>)
      out[i] = bounded<real>::input(x[i]);
    else
      out[i] = S{x[i], real(0)};
  }
  return out;
}

template <class S>
value_list<S> lift(const value_list<real>& list) {
  value_list<S> out;
  for (const values<real>& x : list) out.push_back(lift<S>(x));
  return out;
}

value_list<real> promote(const std::vector<std::optional<tensor>>& list) {
  value_list<real> out;
  for (const auto& t : list) out.push_back(t ? promote(*t) : values<real>{});
  return out;
}

value_list<real> promote(const std::vector<tensor>& list) {
  value_list<real> out;
  for (const tensor& t : list) out.push_back(promote(t));
  return out;
}

bool same_question(const sample& a, const sample& b) {
  return a.type == b.type && a.made_for == b.made_for && a.number == b.number && a.attrs == b.attrs &&
         a.inputs == b.inputs && a.cotangents == b.cotangents && a.tangents == b.tangents;
}

}  // namespace

struct oracle::other {
  other(const op& o, sample own, const format& accumulator) : x(std::move(own)), truth(o, x, accumulator) {}
  sample x;
  oracle truth;
};

oracle::oracle(const op& o, const sample& s, const format& accumulator)
    : op_(o),
      sample_(s),
      accumulator_(accumulator),
      model_(rounding_model::of(accumulator)),
      inputs_(promote(s.inputs)),
      tangents_(promote(s.tangents)),
      cotangents_(promote(s.cotangents)),
      output_shapes_(o.infer(s.attrs, s.input_shapes())) {}

bool oracle::differentiable(std::size_t k) const { return has_gradient(k) && tangents_[k].present(); }

bool oracle::asks_for_all() const {
  for (std::size_t k = 0; k < inputs_.size(); ++k)
    if (has_gradient(k) != differentiable(k)) return false;
  return true;
}

const oracle& oracle::about(const op& o, const sample& x) const {
  const auto asks = [&](const oracle& one) { return &one.op_ == &o && same_question(one.sample_, x); };
  if (asks(*this)) return *this;
  for (const auto& one : others_)
    if (asks(one->truth)) return one->truth;
  others_.push_back(std::make_shared<const other>(o, x, accumulator_));
  return others_.back()->truth;
}

template <class S>
value_list<S> oracle::results_for_outputs() const {
  value_list<S> out;
  for (const shape& s : output_shapes_) out.emplace_back(s);
  return out;
}

// A VJP gives every gradient that there is; those that are not asked for are dropped.
template <class S, class Vjp>
value_list<S> oracle::gradients_by(Vjp vjp) const {
  value_list<S> out;
  for (std::size_t k = 0; k < inputs_.size(); ++k)
    out.push_back(has_gradient(k) ? values<S>(inputs_[k].dims()) : values<S>{});
  vjp(out);
  for (std::size_t k = 0; k < out.size(); ++k)
    if (!differentiable(k)) out[k] = {};
  return out;
}

value_list<bounded<real>> oracle::bounded_inputs() const {
  value_list<bounded<real>> in = lift<bounded<real>>(inputs_);
  for (std::size_t k = 0; k < in.size(); ++k)
    if (op_.sig.input(k).indices)  // indices are no measurements: nothing perturbs them
      for (index_t i = 0; i < in[k].size(); ++i) in[k][i] = static_cast<int>(static_cast<double>(inputs_[k][i]));
  return in;
}

value_list<real> oracle::output_at(const value_list<real>& inputs) const {
  value_list<real> y = results_for_outputs<real>();
  op_.real_kernels.forward({sample_.attrs, inputs}, y);
  return y;
}

const value_list<real>& oracle::output() const {
  if (!output_) output_ = output_at(inputs_);
  return *output_;
}

value_list<real> oracle::gradient_at(const value_list<real>& inputs, const value_list<real>& cotangents) const {
  return gradients_by<real>([&](value_list<real>& d) { op_.real_kernels.vjp({sample_.attrs, inputs}, cotangents, d); });
}

const value_list<real>& oracle::gradient() const {
  if (!gradient_) gradient_ = gradient_at(inputs_, cotangents_);
  return *gradient_;
}

std::string oracle::why_no_derivative() const {
  if (op_.gradient_is_convention != nullptr && op_.gradient_is_convention(sample_.attrs))
    return "the gradient is a convention here, and no derivative";
  return kinks().empty() ? "" : "the sample hits a kink, where there is no derivative";
}

const subdifferential& oracle::kinks() const {
  if (!kinks_) {
    // Who computes in the storage format throughout is lossy, but meets the kink where it meets it.
    kinks_.emplace(std::max(model_.unit, format_of(sample_.type).unit()));
    if (op_.kinks != nullptr) op_.kinks({sample_.attrs, inputs_}, cotangents_, *kinks_);
  }
  return *kinks_;
}

value_list<real> oracle::jvp_along(const value_list<real>& tangents) const {
  value_list<dual<real>> in = lift<dual<real>>(inputs_), y = results_for_outputs<dual<real>>();
  for (std::size_t k = 0; k < in.size(); ++k)
    if (tangents[k].present())
      for (index_t i = 0; i < in[k].size(); ++i) in[k][i].tangent = tangents[k][i];
  op_.dual_forward({sample_.attrs, in}, y);
  value_list<real> out;
  for (const values<dual<real>>& one : y) {
    out.emplace_back(one.dims());
    for (index_t i = 0; i < one.size(); ++i) out.back()[i] = one[i].tangent;
  }
  return out;
}

const value_list<real>& oracle::jvp() const {
  if (!jvp_) jvp_ = jvp_along(tangents_);
  return *jvp_;
}

value_list<bounded<real>> oracle::output_under(const rounding_model& m, const formulas& f) const {
  if (f.forward == nullptr) return {};
  const bounded<real>::use in_force(m);
  value_list<bounded<real>> y = results_for_outputs<bounded<real>>();
  f.forward({sample_.attrs, bounded_inputs()}, y);
  return y;
}

value_list<bounded<real>> oracle::gradient_under(const rounding_model& m, const formulas& f) const {
  if (f.vjp == nullptr) return {};
  const bounded<real>::use in_force(m);
  return gradients_by<bounded<real>>([&](value_list<bounded<real>>& d) {
    f.vjp({sample_.attrs, bounded_inputs()}, lift<bounded<real>>(cotangents_), d);
  });
}

value_list<bounded<real>> oracle::bounded_gradient_of(const value_list<bounded<real>>& cotangents) const {
  const bounded<real>::use in_force(model_);
  return gradients_by<bounded<real>>([&](value_list<bounded<real>>& d) {
    op_.bounded_kernels.vjp({sample_.attrs, bounded_inputs()}, cotangents, d);
  });
}

const value_list<bounded<real>>& oracle::bounded_output() const {
  if (!bounded_output_) bounded_output_ = output_under(model_, op_.bounded_kernels);
  return *bounded_output_;
}

const value_list<bounded<real>>& oracle::bounded_gradient() const {
  if (!bounded_gradient_) bounded_gradient_ = gradient_under(model_, op_.bounded_kernels);
  return *bounded_gradient_;
}

}  // namespace backproof
