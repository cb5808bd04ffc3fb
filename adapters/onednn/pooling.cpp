// Pooling. The backward primitive of a maximum wants to know where it was: the forward one is run anew.
#include <utility>

#include "memory.hpp"
#include "offer.hpp"
#include "window.hpp"

namespace onednn {
namespace {

struct pooling {
  algorithm kind;
  window w;
  memory::desc x, y;
};

pooling pooling_of(const bp::call& c, bool max, bool global) {
  const bp_tensor& x = c.input(0);
  refuse_empty(c);
  const bp::shape s = bp::shape_of(x);
  if (s.size() < 3) throw bp::unimplemented("not one to three spatial axes");
  const dims kernel = global ? dims(s.begin() + 2, s.end()) : c.attrs().integers("kernel_shape");
  const bool include = c.attrs().integer("count_include_pad", 0) != 0;
  pooling p;
  p.kind = max       ? algorithm::pooling_max
           : include ? algorithm::pooling_avg_include_padding
                     : algorithm::pooling_avg_exclude_padding;
  p.w = window_of(c.attrs(), s, kernel);
  if (!max && include && p.w.overhangs)
    throw bp::unimplemented("count_include_pad with a window beyond the padding: oneDNN would count what lies there");
  p.x = plain(x);
  p.y = plain(joined({s[0], s[1]}, p.w.out), type_of(bp::dtype_of(x)));
  return p;
}

pooling_forward::primitive_desc forward_of(const pooling& p) {
  return describe<pooling_forward>(training, p.kind, p.x, p.y, p.w.strides, p.w.kernel, p.w.skipped, p.w.before,
                                   p.w.after);
}
pooling_backward::primitive_desc backward_of(const pooling& p) {
  return describe_backward<pooling_backward>(forward_of(p), p.kind, p.x, p.y, p.w.strides, p.w.kernel, p.w.skipped,
                                             p.w.before, p.w.after);
}

// Runs the forward pass into y. Only the max keeps a workspace: where each maximum was.
args pool(const pooling& p, const memory& x, const memory& y) {
  const auto d = forward_of(p);
  args a = {{DNNL_ARG_SRC, x}, {DNNL_ARG_DST, y}};
  if (p.kind == algorithm::pooling_max) a[DNNL_ARG_WORKSPACE] = scratch(d.workspace_desc());
  run(pooling_forward(d), a);
  return a;
}

void forward(bool max, bool global, const bp::call& c) {
  const pooling p = pooling_of(c, max, global);
  pool(p, at(c.input(0)), at(c.output(0, bp::dtype_of(c.input(0)), extents_of(p.y))));
}

void vjp(bool max, bool global, const bp::call& c) {
  const pooling p = pooling_of(c, max, global);
  args a = {{DNNL_ARG_DIFF_DST, at(c.cotangent(0))}, {DNNL_ARG_DIFF_SRC, at(c.gradient(0))}};
  if (max) a[DNNL_ARG_WORKSPACE] = pool(p, at(c.input(0)), scratch(p.y)).at(DNNL_ARG_WORKSPACE);
  run(pooling_backward(backward_of(p)), a);
}

}  // namespace

void offer_pooling(bp::adapter& a) {
  struct kind {
    const char* name;
    bool max, global;
  };
  for (const kind& k : {kind{"MaxPool", true, false}, kind{"AveragePool", false, false},
                        kind{"GlobalMaxPool", true, true}, kind{"GlobalAveragePool", false, true}}) {
    const probe try_out = [k](memory::data_type t) {
      const algorithm how = k.max ? algorithm::pooling_max : algorithm::pooling_avg_exclude_padding;
      backward_of(pooling{how, {{2}, {1}, {0}, {0}, {0}, {4}}, plain({2, 3, 5}, t), plain({2, 3, 4}, t)});
    };
    offer(
        a, k.name, [k](const bp::call& c) { forward(k.max, k.global, c); },
        [k](const bp::call& c) { vjp(k.max, k.global, c); }, try_out,
        k.global ? "" : "one output; ceil_mode not with count_include_pad where a window leaves the padding");
  }
}

}  // namespace onednn
