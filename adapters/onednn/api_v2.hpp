// The interface of oneDNN 2, for api.hpp: an operation is described first, and then its implementation on an engine.
#pragma once

namespace onednn {

static_assert(DNNL_VERSION_MAJOR == 2 && DNNL_VERSION_MINOR >= 6, "oneDNN 2.6 brought the softmax that is used here");

using softmax_forward = dnnl::softmax_v2_forward;
using softmax_backward = dnnl::softmax_v2_backward;
using pooling_forward = dnnl::pooling_v2_forward;
using pooling_backward = dnnl::pooling_v2_backward;

inline dims extents_of(const memory::desc& m) { return m.dims(); }
inline memory::data_type element_of(const memory::desc& m) { return m.data_type(); }

template <class Primitive, class... Parameters>
typename Primitive::primitive_desc describe(const Parameters&... p) {
  return {typename Primitive::desc(p...), cpu()};
}

template <class Primitive, class Forward, class... Parameters>
typename Primitive::primitive_desc describe_backward(const Forward& forward, const Parameters&... p) {
  return {typename Primitive::desc(p...), cpu(), forward};
}

template <class Primitive, class... Parameters>
typename Primitive::primitive_desc describe_scaled(const scaling& s, const Parameters&... p) {
  return {typename Primitive::desc(p...), s.attribute, cpu()};
}

inline dnnl::eltwise_forward::primitive_desc describe_eltwise(const eltwise& e, const memory::desc& x) {
  return describe<dnnl::eltwise_forward>(training, e.kind, x, e.alpha, e.beta);
}
inline dnnl::eltwise_backward::primitive_desc describe_eltwise_backward(const eltwise& e, const memory::desc& x) {
  return describe_backward<dnnl::eltwise_backward>(describe_eltwise(e, x), e.kind, x, x, e.alpha, e.beta);
}

// Factors are part of the descriptor.
inline scaling scaled_product(float factor) {
  scaling s;
  s.attribute.set_output_scales(0, {factor});
  return s;
}
inline scaling scaled_second(float factor) {
  scaling s;
  if (factor != 1) s.attribute.set_scales(DNNL_ARG_SRC_1, 0, {factor});
  return s;
}

}  // namespace onednn
