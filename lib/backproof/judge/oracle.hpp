// The oracle: the reference op evaluated on one sample, in wide precision. Each part is evaluated on first use.
//
// Shapes: lists for outputs have one entry for each output, of the shape that the op infers; lists for inputs have one
// for each input, of its shape, and an absent entry where an optional input is not given or has no gradient.
// Lifetimes: it refers to the op and the sample, which have to outlive it; references that it returns live as long as
// it does.
// Threads: evaluation on first use is not guarded, so an oracle belongs to one thread at a time.
// Throws: invalid_input where the op cannot infer its shapes from the sample, or an attribute is missing or of
// another type; invalid_input where an index input points outside. Ops without a reference (op.hpp) cannot be
// evaluated: ask has_reference() first.
#pragma once

#include <any>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "backproof/op/op.hpp"
#include "backproof/op/sample.hpp"

namespace backproof {

template <class S>
using value_list = std::vector<values<S>>;

class oracle {
 public:
  // `accumulator` is the format of the subject's arithmetic; the error bounds are for it.
  oracle(const op& o, const sample& s, const format& accumulator);

  const op& of() const { return op_; }
  const sample& on() const { return sample_; }

  const value_list<real>& inputs() const { return inputs_; }  // promoted exactly
  const value_list<real>& tangents() const { return tangents_; }
  const value_list<real>& cotangents() const { return cotangents_; }

  const value_list<real>& output() const;    // y
  const value_list<real>& gradient() const;  // J^T v by the hand-written VJP, absent where there is none
  const value_list<real>& jvp() const;       // J u by dual numbers through the forward function
  const subdifferential& kinks() const;      // the kinks that the sample hits; empty for most

  // Why the gradient here is not the derivative: a kink, or a convention of the op. Empty if it is.
  std::string why_no_derivative() const;

  // The same with error bounds for the accumulator's arithmetic, kept; or for another arithmetic or other formulas (of
  // a lossy variant), computed anew. Empty if the formulas do not define that function.
  const value_list<bounded<real>>& bounded_output() const;
  const value_list<bounded<real>>& bounded_gradient() const;
  using formulas = kernels<bounded<real>>;
  value_list<bounded<real>> output_under(const rounding_model& m, const formulas& f) const;
  value_list<bounded<real>> gradient_under(const rounding_model& m, const formulas& f) const;
  const format& accumulator() const { return accumulator_; }
  const rounding_model& model() const { return model_; }
  // J^T v where v is itself the result of another op.
  value_list<bounded<real>> bounded_gradient_of(const value_list<bounded<real>>& cotangents) const;

  value_list<real> output_at(const value_list<real>& inputs) const;  // y at other inputs
  value_list<real> jvp_along(const value_list<real>& tangents) const;
  value_list<real> gradient_at(const value_list<real>& inputs, const value_list<real>& cotangents) const;
  bool differentiable(std::size_t input) const;  // given, of a kind that has a gradient, and this is asked for
  bool asks_for_all() const;                     // the gradients that there are

  // The oracle on another sample, or of another op, for the same arithmetic. It lives as long as this one, and is made
  // once however many checks and subjects ask for it: evaluating is what takes time.
  const oracle& about(const sample& x) const { return about(op_, x); }
  const oracle& about(const op& o, const sample& x) const;
  // Anything else that depends on op and sample alone: make() is called once for each key, an address of the caller's.
  template <class T, class Make>
  const T& once(const void* key, Make make) const {
    std::any& kept = kept_[key];
    if (!kept.has_value()) kept = T(make());
    return *std::any_cast<T>(&kept);
  }

 private:
  template <class S>
  value_list<S> results_for_outputs() const;
  template <class S, class Vjp>
  value_list<S> gradients_by(Vjp vjp) const;
  bool has_gradient(std::size_t input) const { return inputs_[input].present() && op_.sig.input(input).differentiable; }
  value_list<bounded<real>> bounded_inputs() const;

  const op& op_;
  const sample& sample_;
  format accumulator_;
  rounding_model model_;
  value_list<real> inputs_, tangents_, cotangents_;
  std::vector<shape> output_shapes_;
  mutable std::optional<value_list<real>> output_, gradient_, jvp_;
  mutable std::optional<subdifferential> kinks_;
  mutable std::optional<value_list<bounded<real>>> bounded_output_, bounded_gradient_;
  struct other;
  mutable std::vector<std::shared_ptr<const other>> others_;
  mutable std::map<const void*, std::any> kept_;
};

}  // namespace backproof
