// Convolution.
#include <stdexcept>

#include "memory.hpp"
#include "offer.hpp"
#include "window.hpp"

namespace onednn {
namespace {

struct convolution {
  window w;
  memory::desc x, weights, bias, y;  // bias is empty if there is none
};

convolution convolution_of(const bp::shape& x, const bp::shape& weights, bool has_bias, const bp::attributes& a,
                           memory::data_type t) {
  if (weights.size() < 3) throw bp::unimplemented("not one to three spatial axes");
  const std::int64_t group = a.integer("group", 1), maps = weights[0];
  const dims kernel(weights.begin() + 2, weights.end());
  if (group < 1 || maps % group != 0 || x.size() < 3 || weights[1] * group != x[1])
    throw std::invalid_argument("the channels do not fit the groups");
  convolution v;
  v.w = window_of(a, x, kernel);
  v.x = plain(x, t);
  v.weights = plain(group == 1 ? weights : joined({group, maps / group, weights[1]}, kernel), t);
  if (has_bias) v.bias = plain({maps}, t);
  v.y = plain(joined({x[0], maps}, v.w.out), t);
  return v;
}

convolution convolution_of(const bp::call& c) {
  refuse_empty(c);
  return convolution_of(bp::shape_of(c.input(0)), bp::shape_of(c.input(1)), c.has_input(2), c.attrs(),
                        type_of(bp::dtype_of(c.input(0))));
}

dnnl::convolution_forward::primitive_desc forward_of(const convolution& v) {
  return describe<dnnl::convolution_forward>(training, algorithm::convolution_direct, v.x, v.weights, v.bias, v.y,
                                             v.w.strides, v.w.skipped, v.w.before, v.w.after);
}
dnnl::convolution_backward_data::primitive_desc data_backward_of(const convolution& v) {
  return describe_backward<dnnl::convolution_backward_data>(forward_of(v), algorithm::convolution_direct, v.x,
                                                            v.weights, v.y, v.w.strides, v.w.skipped, v.w.before,
                                                            v.w.after);
}
dnnl::convolution_backward_weights::primitive_desc weights_backward_of(const convolution& v) {
  return describe_backward<dnnl::convolution_backward_weights>(forward_of(v), algorithm::convolution_direct, v.x,
                                                               v.weights, v.bias, v.y, v.w.strides, v.w.skipped,
                                                               v.w.before, v.w.after);
}

void forward(const bp::call& c) {
  const convolution v = convolution_of(c);
  args a = {{DNNL_ARG_SRC, at(c.input(0), v.x)},
            {DNNL_ARG_WEIGHTS, at(c.input(1), v.weights)},
            {DNNL_ARG_DST, at(c.output(0, bp::dtype_of(c.input(0)), extents_of(v.y)), v.y)}};
  if (c.has_input(2)) a[DNNL_ARG_BIAS] = at(c.input(2), v.bias);
  run(dnnl::convolution_forward(forward_of(v)), a);
}

void vjp(const bp::call& c) {
  const convolution v = convolution_of(c);
  const memory g = at(c.cotangent(0), v.y);
  if (c.needs_gradient(0))
    run(dnnl::convolution_backward_data(data_backward_of(v)), {{DNNL_ARG_DIFF_DST, g},
                                                               {DNNL_ARG_WEIGHTS, at(c.input(1), v.weights)},
                                                               {DNNL_ARG_DIFF_SRC, at(c.gradient(0), v.x)}});
  if (!c.needs_gradient(1) && !c.needs_gradient(2)) return;
  args a = {{DNNL_ARG_DIFF_DST, g},
            {DNNL_ARG_SRC, at(c.input(0), v.x)},
            {DNNL_ARG_DIFF_WEIGHTS, at(c.gradient(1), v.weights)}};
  if (c.has_input(2)) a[DNNL_ARG_DIFF_BIAS] = at(c.gradient(2), v.bias);
  run(dnnl::convolution_backward_weights(weights_backward_of(v)), a);
}

}  // namespace

void offer_convolution(bp::adapter& a) {
  const probe try_out = [](memory::data_type t) {
    const convolution v = convolution_of({2, 2, 5, 4}, {3, 2, 3, 2}, true, bp::attributes(""), t);
    data_backward_of(v);
    weights_backward_of(v);
  };
  offer(a, "Conv", forward, vjp, try_out, "one to three spatial axes, no empty tensors");
}

}  // namespace onednn
