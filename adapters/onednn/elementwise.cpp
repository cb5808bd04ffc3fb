// Elementwise functions of one input.
#include <functional>
#include <string>
#include <utility>

#include "memory.hpp"
#include "offer.hpp"

namespace onednn {
namespace {

// Elementwise functions see any tensor as a row of elements.
memory::desc row(const bp_tensor& t) { return plain({count_of(bp::shape_of(t))}, type_of(bp::dtype_of(t))); }

void forward(const eltwise& e, const bp::call& c) {
  const bp_tensor& x = c.input(0);
  const bp_tensor& y = c.output(0, bp::dtype_of(x), bp::shape_of(x));
  if (count_of(bp::shape_of(x)) == 0) return;
  run(dnnl::eltwise_forward(describe_eltwise(e, row(x))),
      {{DNNL_ARG_SRC, at(x, row(x))}, {DNNL_ARG_DST, at(y, row(y))}});
}

void vjp(const eltwise& e, const bp::call& c) {
  const bp_tensor& x = c.input(0);
  const bp_tensor& dx = c.gradient(0);
  if (count_of(bp::shape_of(x)) == 0) return;
  run(dnnl::eltwise_backward(describe_eltwise_backward(e, row(x))), {{DNNL_ARG_SRC, at(x, row(x))},
                                                                     {DNNL_ARG_DIFF_DST, at(c.cotangent(0), row(x))},
                                                                     {DNNL_ARG_DIFF_SRC, at(dx, row(x))}});
}

void offer(bp::adapter& a, const std::string& name, const std::function<eltwise(const bp::attributes&)>& settings) {
  onednn::offer(
      a, name, [settings](const bp::call& c) { forward(settings(c.attrs()), c); },
      [settings](const bp::call& c) { vjp(settings(c.attrs()), c); },
      [settings](memory::data_type t) { describe_eltwise_backward(settings(bp::attributes("")), plain({2}, t)); });
}

struct named {
  const char* name;
  eltwise function;
};

// The parameters of soft_relu and hardswish are fixed in oneDNN 2, which ignores these, and free in oneDNN 3.
constexpr named without_attributes[] = {
    {"Relu", {algorithm::eltwise_relu}},        {"Tanh", {algorithm::eltwise_tanh}},
    {"Sigmoid", {algorithm::eltwise_logistic}}, {"Exp", {algorithm::eltwise_exp}},
    {"Log", {algorithm::eltwise_log}},          {"Sqrt", {algorithm::eltwise_sqrt}},
    {"Abs", {algorithm::eltwise_abs}},          {"Softplus", {algorithm::eltwise_soft_relu, 1}},
    {"Mish", {algorithm::eltwise_mish}},        {"HardSwish", {algorithm::eltwise_hardswish, 1.f / 6, 0.5f}}};

struct with_alpha {
  const char* name;
  algorithm kind;
  double otherwise;
};

constexpr with_alpha with_attribute_alpha[] = {{"LeakyRelu", algorithm::eltwise_relu, 0.01},
                                               {"Elu", algorithm::eltwise_elu, 1},
                                               {"Swish", algorithm::eltwise_swish, 1}};

}  // namespace

void offer_elementwise(bp::adapter& a) {
  for (const named& n : without_attributes) offer(a, n.name, [n](const bp::attributes&) { return n.function; });
  for (const with_alpha& e : with_attribute_alpha)
    offer(a, e.name, [e](const bp::attributes& given) {
      return eltwise{e.kind, static_cast<float>(given.number("alpha", e.otherwise))};
    });
  offer(a, "Gelu", [](const bp::attributes& given) {
    return eltwise{given.text("approximate", "none") == "tanh" ? algorithm::eltwise_gelu_tanh
                                                               : algorithm::eltwise_gelu_erf};
  });
}

}  // namespace onednn
