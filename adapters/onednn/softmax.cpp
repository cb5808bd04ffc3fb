// Softmax and LogSoftmax. The backward primitives want the output: it is computed anew.
#include <algorithm>
#include <stdexcept>
#include <utility>

#include "memory.hpp"
#include "offer.hpp"

namespace onednn {
namespace {

softmax_forward::primitive_desc forward_of(algorithm kind, const memory::desc& x, int axis) {
  return describe<softmax_forward>(training, kind, x, x, axis);
}
softmax_backward::primitive_desc backward_of(algorithm kind, const memory::desc& x, int axis) {
  return describe_backward<softmax_backward>(forward_of(kind, x, axis), kind, x, x, x, axis);
}

int axis_of(const bp::call& c) {
  if (c.opset() != 0 && c.opset() < 13) throw bp::unimplemented("softmax over several axes, as before opset 13");
  const std::int64_t rank = std::max(c.input(0).ndim, 1), axis = c.attrs().integer("axis", -1);
  if (axis < -rank || axis >= rank) throw std::invalid_argument("axis is out of range");
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

void forward(algorithm kind, const bp::call& c) {
  const bp_tensor& x = c.input(0);
  const bp_tensor& y = c.output(0, bp::dtype_of(x), bp::shape_of(x));
  if (count_of(bp::shape_of(x)) == 0) return;
  run(softmax_forward(forward_of(kind, plain(x), axis_of(c))), {{DNNL_ARG_SRC, at(x)}, {DNNL_ARG_DST, at(y)}});
}

void vjp(algorithm kind, const bp::call& c) {
  const bp_tensor& x = c.input(0);
  const bp_tensor& dx = c.gradient(0);
  if (count_of(bp::shape_of(x)) == 0) return;
  const int axis = axis_of(c);
  const memory y = scratch(plain(x));
  run(softmax_forward(forward_of(kind, plain(x), axis)), {{DNNL_ARG_SRC, at(x)}, {DNNL_ARG_DST, y}});
  run(softmax_backward(backward_of(kind, plain(x), axis)),
      {{DNNL_ARG_DST, y}, {DNNL_ARG_DIFF_DST, at(c.cotangent(0))}, {DNNL_ARG_DIFF_SRC, at(dx)}});
}

}  // namespace

void offer_softmax(bp::adapter& a) {
  const std::pair<const char*, algorithm> kinds[] = {{"Softmax", algorithm::softmax_accurate},
                                                     {"LogSoftmax", algorithm::softmax_log}};
  for (const auto& [name, kind] : kinds)
    offer(
        a, name, [k = kind](const bp::call& c) { forward(k, c); }, [k = kind](const bp::call& c) { vjp(k, c); },
        [k = kind](memory::data_type t) {
          backward_of(k, plain({2, 3}, t), 1);
        },
        "opset 13 and later");
}

}  // namespace onednn
