// The interface of oneDNN 3, for api.hpp: an operation and its implementation on an engine are described in one.
#pragma once

namespace onednn {

using dnnl::pooling_backward;
using dnnl::pooling_forward;
using dnnl::softmax_backward;
using dnnl::softmax_forward;

inline dims extents_of(const memory::desc& m) { return m.get_dims(); }
inline memory::data_type element_of(const memory::desc& m) { return m.get_data_type(); }

template <class Primitive, class... Parameters>
typename Primitive::primitive_desc describe(const Parameters&... p) {
  return {cpu(), p...};
}

template <class Primitive, class Forward, class... Parameters>
typename Primitive::primitive_desc describe_backward(const Forward& forward, const Parameters&... p) {
  return {cpu(), p..., forward};
}

template <class Primitive, class... Parameters>
typename Primitive::primitive_desc describe_scaled(const scaling& s, const Parameters&... p) {
  return {cpu(), p..., s.attribute};
}

inline dnnl::eltwise_forward::primitive_desc describe_eltwise(const eltwise& e, const memory::desc& x) {
  return describe<dnnl::eltwise_forward>(training, e.kind, x, x, e.alpha, e.beta);
}
inline dnnl::eltwise_backward::primitive_desc describe_eltwise_backward(const eltwise& e, const memory::desc& x) {
  return describe_backward<dnnl::eltwise_backward>(describe_eltwise(e, x), e.kind, x, x, x, e.alpha, e.beta);
}

// The descriptor knows that there is a factor; the factor itself is an argument of the primitive.
inline scaling scaled(int operand, float factor) {
  scaling s;
  if (factor == 1) return s;
  s.attribute.set_scales_mask(operand, 0);
  const memory held({{1}, memory::data_type::f32, dims{1}}, cpu());
  *static_cast<float*>(held.get_data_handle()) = factor;
  s.arguments[DNNL_ARG_ATTR_SCALES | operand] = held;
  return s;
}
inline scaling scaled_product(float factor) { return scaled(DNNL_ARG_SRC, factor); }
inline scaling scaled_second(float factor) { return scaled(DNNL_ARG_SRC_1, factor); }

}  // namespace onednn
