// An op: one operation, its forward function and its derivative, as data that the rest of backproof works on.
//
// An op is written as a struct in a file of the same name (reference/sigmoid.hpp holds ops::sigmoid):
//
//   struct sigmoid {
//     static constexpr op_info info{.name = "sigmoid", .onnx = "Sigmoid", .opset = 13, .signature = "X -> Y",
//                                   .formula = "y = 1 / (1 + exp(-x))", .vjp = "dx = g s(x) s(-x)", .source = "..."};
//     static void draw(sampler& s);                                             // attributes, shapes and domains
//     static std::vector<shape> infer(const attributes&, std::span<const shape> inputs);    // shapes of the outputs
//     template <scalar S> static void forward(const call<S>& c, results<S> y);
//     template <scalar S> static void vjp(const call<S>& c, cotangents<S> g, results<S> d);
//     using variants = variant_list<...>;                                       // optional: known lossy formulas
//     static void kinks(const call<real>&, cotangents<real> g, subdifferential&);   // optional: see that header
//     static constexpr law laws[] = {law::linear()};                            // optional: see law.hpp
//     static bool gradient_is_convention(const attributes&);   // optional: whether dx is no derivative there
//     static double jacobian_norm_bound(const call<real>&, std::size_t k);   // optional: >= ||J_k||_2 = ||dY/dx_k||_2
//   };
//
// Outputs y and gradients d arrive allocated and zero. Gradients exist for differentiable inputs only: d[k].present()
// is false for index inputs and for optional inputs that were not given. Ops keep no state: a VJP recomputes what it
// needs, because saved state hides bugs. Reductions use sum<S> (see number/sum.hpp). Outputs that hold indices
// (MaxPool's second) are left out, because they have no gradient. Frames for ops that share their loops are in
// reference/frames: elementwise.hpp, loss.hpp.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "backproof/number/bounded.hpp"
#include "backproof/number/dual.hpp"
#include "backproof/number/math.hpp"
#include "backproof/number/real.hpp"
#include "backproof/number/rounded.hpp"
#include "backproof/number/sum.hpp"
#include "backproof/op/law.hpp"
#include "backproof/op/subdifferential.hpp"
#include "backproof/tensor/attributes.hpp"
#include "backproof/tensor/tensor.hpp"

namespace backproof {

class sampler;

struct op_info {
  std::string_view name;       // snake_case; the file, the struct and this agree
  std::string_view onnx = "";  // ONNX operator name, empty if ONNX has none
  int opset = 0;               // opset version whose semantics are meant
  // Inputs and outputs: "X, W, B? -> Y". A mark follows the name: ? optional, ... variadic, # indices (i64, with
  // no gradient), ~ given but not differentiable.
  std::string_view signature;
  std::string_view formula;
  std::string_view vjp;
  std::string_view source;
  bool zero_gradient = false;    // the gradient is zero everywhere, so that a zero proves something
  std::string_view domain = "";  // of an op that a subject brings along; others are ai.onnx's or backproof's
};

struct operand {
  std::string name;
  bool optional = false, variadic = false, indices = false, differentiable = true;
};

struct signature {
  std::vector<operand> inputs, outputs;
  const operand& input(std::size_t k) const;  // the last one stands for all that a variadic one takes
  const operand& output(std::size_t k) const;
  std::string input_name(std::size_t k) const;  // numbered if variadic: "data_2"
  std::string output_name(std::size_t k) const;
  bool may_have_twins() const;  // two inputs with a gradient, which may be of one shape
};
signature parse_signature(std::string_view text);  // throws invalid_input

template <class S>
struct call {
  const attributes& attrs;
  std::span<const values<S>> in;

  bool has(std::size_t k) const { return k < in.size() && in[k].present(); }
  index_t at(std::size_t k, index_t i) const {
    return static_cast<index_t>(static_cast<double>(in[k][i]));
  }  // an index input
};
template <class S>
using results = std::span<values<S>>;
template <class S>
using cotangents = std::span<const values<S>>;

// Sums for every element of one result, stored when all terms are in.
template <class S>
class sums {
 public:
  explicit sums(values<S>& into) : into_(into), parts_(static_cast<std::size_t>(into.size())) {}
  sum<S>& operator[](index_t i) { return parts_.at(static_cast<std::size_t>(i)); }
  void store() {
    for (index_t i = 0; i < into_.size(); ++i) into_[i] = (*this)[i].value();
  }

 private:
  values<S>& into_;
  std::vector<sum<S>> parts_;
};

// Those of every result; one that is absent has none.
template <class S>
class all_sums {
 public:
  explicit all_sums(results<S> into) : each_(into.begin(), into.end()) {}
  sums<S>& operator[](std::size_t k) { return each_[k]; }
  void store() {
    for (sums<S>& one : each_) one.store();
  }

 private:
  std::vector<sums<S>> each_;
};

// A known way to compute an op, mathematically equal to the reference but losing digits somewhere. A subject whose
// error is too large for a stable evaluation but fits the variant's own bound is `inaccurate`, not wrong.
struct variant_info {
  std::string_view name;       // the formula, as people write it: "s*(1-s)"
  std::string_view loss = "";  // where the digits go
  bool keeps_sign = false;     // however many digits it loses, the result is zero or of the right sign
};
template <class... V>
struct variant_list {};

template <class S>
struct kernels {
  void (*forward)(const call<S>&, results<S>) = nullptr;
  void (*vjp)(const call<S>&, cotangents<S>, results<S>) = nullptr;
};

struct op {
  struct variant {
    variant_info info;
    kernels<bounded<real>> bounded_kernels;  // either function may be null: then the variant does not touch it
    kernels<rounded> rounded_kernels;        // the same functions in emulated arithmetic
  };

  op_info info;
  signature sig;
  bool unary = false;  // y[i] depends on x[i] alone (elementwise.hpp): every number of a 16-bit format can be tried
  std::function<void(sampler&)> draw;
  std::function<std::vector<shape>(const attributes&, std::span<const shape>)> infer;
  kernels<real> real_kernels;
  kernels<bounded<real>> bounded_kernels;
  kernels<rounded> rounded_kernels;
  void (*dual_forward)(const call<dual<real>>&, results<dual<real>>) = nullptr;
  void (*kinks)(const call<real>&, cotangents<real>, subdifferential&) = nullptr;  // null for ops without kinks
  std::vector<variant> variants;
  std::span<const law> laws;
  bool (*gradient_is_convention)(const attributes&) = nullptr;  // null for ops whose gradient is the derivative always
  double (*jacobian_norm_bound)(const call<real>&, std::size_t) = nullptr;  // null if nothing is known but the laws
  std::shared_ptr<const void> text;  // what info and laws point into, if it is not the program's own

  // Ops that a subject brings along (own_op.hpp) can be drawn, and asked for, but not computed here.
  bool has_reference() const { return real_kernels.forward != nullptr; }
  std::string_view wire_name() const { return info.onnx.empty() ? info.name : info.onnx; }
  std::string_view domain() const {
    return !info.domain.empty() ? info.domain : info.onnx.empty() ? "backproof" : "ai.onnx";
  }
};

namespace detail {

template <class V>
op::variant make_variant() {
  op::variant v{.info = V::info, .bounded_kernels = {}, .rounded_kernels = {}};
  using S = bounded<real>;
  if constexpr (requires(const call<S>& c, results<S> y) { V::template forward<S>(c, y); }) {
    v.bounded_kernels.forward = &V::template forward<S>;
    v.rounded_kernels.forward = &V::template forward<rounded>;
  }
  if constexpr (requires(const call<S>& c, cotangents<S> g, results<S> d) { V::template vjp<S>(c, g, d); }) {
    v.bounded_kernels.vjp = &V::template vjp<S>;
    v.rounded_kernels.vjp = &V::template vjp<rounded>;
  }
  return v;
}

template <class... V>
std::vector<op::variant> make_variants(variant_list<V...>) {
  return {make_variant<V>()...};
}

template <class Op, class S>
kernels<S> make_kernels() {
  return {&Op::template forward<S>, &Op::template vjp<S>};
}

}  // namespace detail

// The op record of a struct as described above.
template <class Op>
op make_op() {
  op o{.info = Op::info,
       .sig = parse_signature(Op::info.signature),
       .draw = &Op::draw,
       .infer = &Op::infer,
       .real_kernels = detail::make_kernels<Op, real>(),
       .bounded_kernels = detail::make_kernels<Op, bounded<real>>(),
       .rounded_kernels = detail::make_kernels<Op, rounded>(),
       .dual_forward = &Op::template forward<dual<real>>,
       .kinks = nullptr,
       .variants = {},
       .laws = {},
       .text = {}};
  if constexpr (requires { Op::of_one_number; }) o.unary = Op::of_one_number;
  if constexpr (requires(const call<real>& c, cotangents<real> g, subdifferential& s) { Op::kinks(c, g, s); })
    o.kinks = &Op::kinks;
  if constexpr (requires { Op::laws; }) o.laws = Op::laws;
  if constexpr (requires { &Op::gradient_is_convention; }) o.gradient_is_convention = &Op::gradient_is_convention;
  if constexpr (requires { &Op::jacobian_norm_bound; }) o.jacobian_norm_bound = &Op::jacobian_norm_bound;
  if constexpr (requires { typename Op::variants; }) o.variants = detail::make_variants(typename Op::variants{});
  return o;
}

}  // namespace backproof
