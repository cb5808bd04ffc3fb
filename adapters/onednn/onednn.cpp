// oneDNN's CPU kernels, forward and backward, as a backproof adapter. Written against oneDNN 2.6.
//
// An op here is two functions over primitives of the library: all arithmetic, scaling and summation included, is done
// by oneDNN. Tensors stay in the plain row-major layouts in which they come. What a kernel needs saved (a softmax's
// output, a pooling's workspace) is computed anew by oneDNN's own forward primitive.
//
// What the library can do depends on the processor, so each op comes with a probe that makes the primitive descriptors
// of a tiny problem, and is offered for the element types for which that works. Beyond the probe, what oneDNN refuses
// is answered as unimplemented, with its reason.
#include <algorithm>
#include <memory>
#include <oneapi/dnnl/dnnl.hpp>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "backproof/adapter.hpp"

namespace {

using dnnl::algorithm;
using dnnl::memory;
using dims = memory::dims;
using args = std::unordered_map<int, memory>;
constexpr auto training = dnnl::prop_kind::forward_training;

// ---- Memory and execution ---------------------------------------------------------------------------------------

memory::data_type type_of(bp::dtype t) {
  switch (t) {
    case bp::f32:
      return memory::data_type::f32;
    case bp::f16:
      return memory::data_type::f16;
    case bp::bf16:
      return memory::data_type::bf16;
    default:
      throw bp::unimplemented(std::string("element type ") + bp::name_of(t));
  }
}

std::int64_t count_of(const bp::shape& s) {
  std::int64_t n = 1;
  for (const std::int64_t extent : s) n *= extent;
  return n;
}

// Row-major. oneDNN knows no scalars, so rank 0 becomes rank 1.
memory::desc plain(dims d, memory::data_type t) {
  if (d.empty()) d = {1};
  dims strides(d.size(), 1);
  for (std::size_t k = d.size() - 1; k > 0; --k) strides[k - 1] = strides[k] * d[k];
  return {d, t, strides};
}
memory::desc plain(const bp_tensor& t) { return plain(bp::shape_of(t), type_of(bp::dtype_of(t))); }

// A matrix seen the other way round, without touching its elements.
memory::desc transposed(const memory::desc& m) { return m.permute_axes({1, 0}); }

const dnnl::engine& cpu() {
  static const dnnl::engine the(dnnl::engine::kind::cpu, 0);
  return the;
}

// The library takes its inputs through pointers to mutable memory, but does not write to them.
memory at(const bp_tensor& t, const memory::desc& as) { return {as, cpu(), bp::data_of(t)}; }
memory at(const bp_tensor& t) { return at(t, plain(t)); }
memory scratch(const memory::desc& as) { return {as, cpu()}; }

void run(const dnnl::primitive& p, const args& a) {
  dnnl::stream s(cpu());
  p.execute(s, a);
  s.wait();
}

void copy(memory from, memory to) {
  dnnl::stream s(cpu());
  dnnl::reorder(from, to).execute(s, from, to);
  s.wait();
}

void refuse_empty(const bp::call& c) {
  for (std::size_t k = 0; k < c.inputs(); ++k)
    if (c.has_input(k) && count_of(bp::shape_of(c.input(k))) == 0) throw bp::unimplemented("a tensor without elements");
}

// ---- Elementwise functions of one input ------------------------------------------------------------------------

struct eltwise {
  algorithm kind;
  float alpha = 0, beta = 0;
};

dnnl::eltwise_forward::primitive_desc forward_of(const eltwise& e, const memory::desc& x) {
  return {{training, e.kind, x, e.alpha, e.beta}, cpu()};
}
dnnl::eltwise_backward::primitive_desc backward_of(const eltwise& e, const memory::desc& x) {
  return {{e.kind, x, x, e.alpha, e.beta}, cpu(), forward_of(e, x)};
}

// Elementwise functions see any tensor as a row of elements.
memory::desc row(const bp_tensor& t) { return plain({count_of(bp::shape_of(t))}, type_of(bp::dtype_of(t))); }

void eltwise_forward(const eltwise& e, const bp::call& c) {
  const bp_tensor& x = c.input(0);
  const bp_tensor& y = c.output(0, bp::dtype_of(x), bp::shape_of(x));
  if (count_of(bp::shape_of(x)) == 0) return;
  run(dnnl::eltwise_forward(forward_of(e, row(x))), {{DNNL_ARG_SRC, at(x, row(x))}, {DNNL_ARG_DST, at(y, row(y))}});
}

void eltwise_vjp(const eltwise& e, const bp::call& c) {
  const bp_tensor& x = c.input(0);
  const bp_tensor& dx = c.gradient(0);
  if (count_of(bp::shape_of(x)) == 0) return;
  run(dnnl::eltwise_backward(backward_of(e, row(x))), {{DNNL_ARG_SRC, at(x, row(x))},
                                                       {DNNL_ARG_DIFF_DST, at(c.cotangent(0), row(x))},
                                                       {DNNL_ARG_DIFF_SRC, at(dx, row(x))}});
}

// ---- Softmax and LogSoftmax ------------------------------------------------------------------------------------

dnnl::softmax_v2_forward::primitive_desc softmax_of(algorithm kind, const memory::desc& x, int axis) {
  return {{training, kind, x, x, axis}, cpu()};
}
dnnl::softmax_v2_backward::primitive_desc softmax_backward_of(algorithm kind, const memory::desc& x, int axis) {
  return {{kind, x, x, x, axis}, cpu(), softmax_of(kind, x, axis)};
}

int softmax_axis(const bp::call& c) {
  if (c.opset() != 0 && c.opset() < 13) throw bp::unimplemented("softmax over several axes, as before opset 13");
  const std::int64_t rank = std::max(c.input(0).ndim, 1), axis = c.attrs().integer("axis", -1);
  if (axis < -rank || axis >= rank) throw std::invalid_argument("axis is out of range");
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

void softmax_forward(algorithm kind, const bp::call& c) {
  const bp_tensor& x = c.input(0);
  const bp_tensor& y = c.output(0, bp::dtype_of(x), bp::shape_of(x));
  if (count_of(bp::shape_of(x)) == 0) return;
  run(dnnl::softmax_v2_forward(softmax_of(kind, plain(x), softmax_axis(c))),
      {{DNNL_ARG_SRC, at(x)}, {DNNL_ARG_DST, at(y)}});
}

void softmax_vjp(algorithm kind, const bp::call& c) {
  const bp_tensor& x = c.input(0);
  const bp_tensor& dx = c.gradient(0);
  if (count_of(bp::shape_of(x)) == 0) return;
  const int axis = softmax_axis(c);
  const memory y = scratch(plain(x));
  run(dnnl::softmax_v2_forward(softmax_of(kind, plain(x), axis)), {{DNNL_ARG_SRC, at(x)}, {DNNL_ARG_DST, y}});
  run(dnnl::softmax_v2_backward(softmax_backward_of(kind, plain(x), axis)),
      {{DNNL_ARG_DST, y}, {DNNL_ARG_DIFF_DST, at(c.cotangent(0))}, {DNNL_ARG_DIFF_SRC, at(dx)}});
}

// ---- Windows, for convolution and pooling ----------------------------------------------------------------------

// How a window slides over the spatial axes. oneDNN counts the elements that a dilation skips: ONNX's number minus one.
struct window {
  dims kernel, strides, skipped, before, after, out;
  bool overhangs = false;  // with ceil_mode: some window reaches beyond the padding
};

// Padding and output extent of axis k, once kernel, strides and dilations are known.
void place(window& w, std::size_t k, std::int64_t n, const std::string& auto_pad, bool ceil_mode) {
  const std::int64_t reach = (w.kernel[k] - 1) * (w.skipped[k] + 1) + 1, stride = w.strides[k];
  if (auto_pad == "VALID") w.before[k] = w.after[k] = 0;
  if (auto_pad == "SAME_UPPER" || auto_pad == "SAME_LOWER") {
    const std::int64_t total = std::max<std::int64_t>(0, ((n + stride - 1) / stride - 1) * stride + reach - n);
    w.before[k] = auto_pad == "SAME_UPPER" ? total / 2 : total - total / 2;
    w.after[k] = total - w.before[k];
  }
  const std::int64_t room = n + w.before[k] + w.after[k] - reach;
  if (room < 0) throw bp::unimplemented("an output without elements");
  w.out[k] = room / stride + 1;
  // Rounding up adds a window, unless it would begin behind the input. To oneDNN that is more padding.
  if (ceil_mode && room % stride != 0 && w.out[k] * stride < n + w.before[k]) {
    ++w.out[k];
    w.overhangs = true;
    w.after[k] += stride - room % stride;
  }
}

// `x` is the shape of the input (N, C, spatial axes). Attributes that the op does not have are at their defaults.
window window_of(const bp::attributes& a, const bp::shape& x, dims kernel) {
  const std::size_t axes = kernel.size();
  if (x.size() != axes + 2 || axes == 0 || axes > 3) throw bp::unimplemented("not one to three spatial axes");
  window w;
  w.kernel = std::move(kernel);
  w.strides = a.integers("strides", dims(axes, 1));
  w.skipped = a.integers("dilations", dims(axes, 1));
  for (std::int64_t& d : w.skipped) --d;
  dims pads = a.integers("pads", dims(2 * axes, 0));
  if (pads.empty()) pads.assign(2 * axes, 0);
  if (w.strides.size() != axes || w.skipped.size() != axes || pads.size() != 2 * axes)
    throw std::invalid_argument("strides, dilations and pads need one entry, or two, for each spatial axis");
  w.before.assign(pads.begin(), pads.begin() + static_cast<std::ptrdiff_t>(axes));
  w.after.assign(pads.begin() + static_cast<std::ptrdiff_t>(axes), pads.end());
  w.out.resize(axes);
  for (std::size_t k = 0; k < axes; ++k)
    place(w, k, x[k + 2], a.text("auto_pad", "NOTSET"), a.integer("ceil_mode", 0) != 0);
  return w;
}

dims joined(dims head, const dims& tail) {
  head.insert(head.end(), tail.begin(), tail.end());
  return head;
}

// ---- Convolution -----------------------------------------------------------------------------------------------

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
  return {{training, algorithm::convolution_direct, v.x, v.weights, v.bias, v.y, v.w.strides, v.w.skipped, v.w.before,
           v.w.after},
          cpu()};
}
dnnl::convolution_backward_data::primitive_desc data_backward_of(const convolution& v) {
  return {{algorithm::convolution_direct, v.x, v.weights, v.y, v.w.strides, v.w.skipped, v.w.before, v.w.after},
          cpu(),
          forward_of(v)};
}
dnnl::convolution_backward_weights::primitive_desc weights_backward_of(const convolution& v) {
  return {{algorithm::convolution_direct, v.x, v.weights, v.bias, v.y, v.w.strides, v.w.skipped, v.w.before, v.w.after},
          cpu(),
          forward_of(v)};
}

void conv_forward(const bp::call& c) {
  const convolution v = convolution_of(c);
  args a = {{DNNL_ARG_SRC, at(c.input(0), v.x)},
            {DNNL_ARG_WEIGHTS, at(c.input(1), v.weights)},
            {DNNL_ARG_DST, at(c.output(0, bp::dtype_of(c.input(0)), v.y.dims()), v.y)}};
  if (c.has_input(2)) a[DNNL_ARG_BIAS] = at(c.input(2), v.bias);
  run(dnnl::convolution_forward(forward_of(v)), a);
}

void conv_vjp(const bp::call& c) {
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

// ---- Pooling ---------------------------------------------------------------------------------------------------

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

dnnl::pooling_v2_forward::primitive_desc forward_of(const pooling& p) {
  return {{training, p.kind, p.x, p.y, p.w.strides, p.w.kernel, p.w.skipped, p.w.before, p.w.after}, cpu()};
}
dnnl::pooling_v2_backward::primitive_desc backward_of(const pooling& p) {
  return {{p.kind, p.x, p.y, p.w.strides, p.w.kernel, p.w.skipped, p.w.before, p.w.after}, cpu(), forward_of(p)};
}

// Runs the forward pass into y. Only the max keeps a workspace: where each maximum was.
args pool(const pooling& p, const memory& x, const memory& y) {
  const auto d = forward_of(p);
  args a = {{DNNL_ARG_SRC, x}, {DNNL_ARG_DST, y}};
  if (p.kind == algorithm::pooling_max) a[DNNL_ARG_WORKSPACE] = scratch(d.workspace_desc());
  run(dnnl::pooling_v2_forward(d), a);
  return a;
}

void pool_forward(bool max, bool global, const bp::call& c) {
  const pooling p = pooling_of(c, max, global);
  pool(p, at(c.input(0)), at(c.output(0, bp::dtype_of(c.input(0)), p.y.dims())));
}

void pool_vjp(bool max, bool global, const bp::call& c) {
  const pooling p = pooling_of(c, max, global);
  args a = {{DNNL_ARG_DIFF_DST, at(c.cotangent(0))}, {DNNL_ARG_DIFF_SRC, at(c.gradient(0))}};
  if (max) a[DNNL_ARG_WORKSPACE] = pool(p, at(c.input(0)), scratch(p.y)).at(DNNL_ARG_WORKSPACE);
  run(dnnl::pooling_v2_backward(backward_of(p)), a);
}

// ---- Products, sums, broadcasting ------------------------------------------------------------------------------

dnnl::matmul::primitive_desc matmul_of(const memory::desc& a, const memory::desc& b, const memory::desc& y,
                                       float scale) {
  dnnl::primitive_attr scaled;
  scaled.set_output_scales(0, {scale});
  return {{a, b, y}, scaled, cpu()};
}

// y = scale a b
void multiply(const memory& a, const memory& b, const memory& y, float scale) {
  run(dnnl::matmul(matmul_of(a.get_desc(), b.get_desc(), y.get_desc(), scale)),
      {{DNNL_ARG_SRC, a}, {DNNL_ARG_WEIGHTS, b}, {DNNL_ARG_DST, y}});
}

// The same memory as the transposed matrix, if `yes`.
memory turned(const memory& m, bool yes) {
  return yes ? memory(transposed(m.get_desc()), cpu(), m.get_data_handle()) : m;
}

dnnl::binary::primitive_desc binary_of(algorithm kind, const memory::desc& a, const memory::desc& b,
                                       const memory::desc& y, float scale_b) {
  dnnl::primitive_attr scaled;
  if (scale_b != 1) scaled.set_scales(DNNL_ARG_SRC_1, 0, {scale_b});
  return {{kind, a, b, y}, scaled, cpu()};
}

void combine(algorithm kind, const memory& a, const memory& b, const memory& y, float scale_b = 1) {
  run(dnnl::binary(binary_of(kind, a.get_desc(), b.get_desc(), y.get_desc(), scale_b)),
      {{DNNL_ARG_SRC_0, a}, {DNNL_ARG_SRC_1, b}, {DNNL_ARG_DST, y}});
}

dnnl::reduction::primitive_desc reduction_of(const memory::desc& from, const memory::desc& to) {
  return {{algorithm::reduction_sum, from, to, 0, 0}, cpu()};
}

// to = scale * (from, summed over the axes along which `to` has extent 1). Both have one rank.
void reduce(const memory& from, const memory& to, float scale) {
  const memory::desc d = plain(to.get_desc().dims(), memory::data_type::f32);
  const memory sums = scratch(d);
  if (from.get_desc().dims() == d.dims())
    copy(from, sums);
  else
    run(dnnl::reduction(reduction_of(from.get_desc(), d)), {{DNNL_ARG_SRC, from}, {DNNL_ARG_DST, sums}});
  if (scale != 1)
    run(dnnl::eltwise_forward(forward_of(eltwise{algorithm::eltwise_linear, scale}, d)),
        {{DNNL_ARG_SRC, sums}, {DNNL_ARG_DST, sums}});
  copy(sums, to);
}

// A shape with ones put in front, as numpy broadcasts.
dims of_rank(const bp::shape& s, std::size_t rank) {
  if (s.size() > rank) throw std::invalid_argument("the shapes do not broadcast");
  return joined(dims(rank - s.size(), 1), s);
}

// ---- Gemm: Y = alpha A' B' + beta C ----------------------------------------------------------------------------

struct gemm {
  explicit gemm(const bp::call& c)
      : alpha(static_cast<float>(c.attrs().number("alpha", 1))),
        beta(static_cast<float>(c.attrs().number("beta", 1))),
        turn_a(c.attrs().integer("transA", 0) != 0),
        turn_b(c.attrs().integer("transB", 0) != 0),
        a(at(matrix(c.input(0)))),
        b(at(matrix(c.input(1)))) {
    refuse_empty(c);
    y = {turned(a, turn_a).get_desc().dims()[0], turned(b, turn_b).get_desc().dims()[1]};
  }

  static const bp_tensor& matrix(const bp_tensor& t) {
    if (t.ndim != 2) throw std::invalid_argument("Gemm takes matrices");
    return t;
  }

  float alpha, beta;
  bool turn_a, turn_b;
  memory a, b;
  dims y;
};

void gemm_forward(const bp::call& c) {
  const gemm m(c);
  const memory y = at(c.output(0, bp::dtype_of(c.input(0)), m.y));
  const memory a = turned(m.a, m.turn_a), b = turned(m.b, m.turn_b);
  // As in BLAS, a C that counts for nothing is not read.
  if (!c.has_input(2) || m.beta == 0) return multiply(a, b, y, m.alpha);
  const memory::desc wide = plain(m.y, memory::data_type::f32);
  const memory product = scratch(wide), sum = scratch(wide);
  multiply(a, b, product, m.alpha);
  const dims shape_c = of_rank(bp::shape_of(c.input(2)), 2);
  const memory c32 = scratch(plain(shape_c, memory::data_type::f32));
  copy(at(c.input(2), plain(shape_c, type_of(bp::dtype_of(c.input(2))))), c32);
  combine(algorithm::binary_add, product, c32, sum, m.beta);
  copy(sum, y);
}

// With G the cotangent: dA' = alpha G B'^T, dB' = alpha A'^T G, dC = beta G, summed where C was broadcast.
void gemm_vjp(const bp::call& c) {
  const gemm m(c);
  const memory g = at(c.cotangent(0));
  if (c.needs_gradient(0)) {
    const memory da = at(c.gradient(0)), b = turned(m.b, !m.turn_b);
    m.turn_a ? multiply(turned(b, true), turned(g, true), da, m.alpha) : multiply(g, b, da, m.alpha);
  }
  if (c.needs_gradient(1)) {
    const memory db = at(c.gradient(1)), a = turned(m.a, !m.turn_a);
    m.turn_b ? multiply(turned(g, true), turned(a, true), db, m.alpha) : multiply(a, g, db, m.alpha);
  }
  if (c.needs_gradient(2)) {
    const bp_tensor& dc = c.gradient(2);
    reduce(g, at(dc, plain(of_rank(bp::shape_of(dc), 2), g.get_desc().data_type())), m.beta);
  }
}

// ---- Add and Mul -----------------------------------------------------------------------------------------------

// The operands of a binary op and its result, brought to one rank. Each operand may be broadcast, but oneDNN broadcasts
// only the second one of a primitive, so that they are swapped where it helps.
struct pair {
  explicit pair(const bp::call& c) {
    const bp::shape a = bp::shape_of(c.input(0)), b = bp::shape_of(c.input(1));
    const std::size_t rank = std::max<std::size_t>({a.size(), b.size(), 1});
    const auto t = type_of(bp::dtype_of(c.input(0)));
    in[0] = plain(of_rank(a, rank), t);
    in[1] = plain(of_rank(b, rank), t);
    dims y(rank);
    for (std::size_t k = 0; k < rank; ++k) {
      const std::int64_t n = in[0].dims()[k], m = in[1].dims()[k];
      if (n != m && n != 1 && m != 1) throw std::invalid_argument("the shapes do not broadcast");
      y[k] = n == 1 ? m : n;
    }
    out = plain(y, t);
    result.assign(y.end() - static_cast<std::ptrdiff_t>(std::max(a.size(), b.size())), y.end());
  }

  memory::desc in[2], out;
  bp::shape result;  // of the rank that the op promises
};

// y = a op b for a commutative op.
void combine_either(algorithm kind, const memory& a, const memory& b, const memory& y) {
  if (a.get_desc().dims() == y.get_desc().dims()) return combine(kind, a, b, y);
  if (b.get_desc().dims() == y.get_desc().dims()) return combine(kind, b, a, y);
  throw bp::unimplemented("both operands are broadcast: oneDNN broadcasts only one");
}

void binary_forward(algorithm kind, const bp::call& c) {
  refuse_empty(c);
  const pair p(c);
  const memory y = at(c.output(0, bp::dtype_of(c.input(0)), p.result), p.out);
  combine_either(kind, at(c.input(0), p.in[0]), at(c.input(1), p.in[1]), y);
}

// The cotangent (for Mul: times the other operand), summed over the axes along which the operand was broadcast.
void binary_vjp(algorithm kind, const bp::call& c) {
  refuse_empty(c);
  const pair p(c);
  const memory g = at(c.cotangent(0), p.out);
  for (std::size_t k = 0; k < 2; ++k) {
    if (!c.needs_gradient(k)) continue;
    memory term = g;
    if (kind == algorithm::binary_mul) {
      term = scratch(plain(p.out.dims(), memory::data_type::f32));
      combine(kind, g, at(c.input(1 - k), p.in[1 - k]), term);
    }
    reduce(term, at(c.gradient(k), p.in[k]), 1);
  }
}

// ---- The table -------------------------------------------------------------------------------------------------

// What oneDNN refuses is a limit of oneDNN. The rest is trouble.
bp::error translated(const dnnl::error& e) {
  if (e.status == dnnl_unimplemented) return bp::unimplemented(std::string("oneDNN has no kernel: ") + e.what());
  if (e.status == dnnl_invalid_arguments) return bp::unimplemented(std::string("oneDNN refuses: ") + e.what());
  if (e.status == dnnl_out_of_memory) return {BP_RESOURCE_EXHAUSTED, e.what()};
  return {BP_INTERNAL, e.what()};
}

bp::function translating(bp::function f) {
  return [f](const bp::call& c) {
    try {
      f(c);
    } catch (const dnnl::error& e) {
      throw translated(e);
    }
  };
}

// Makes primitive descriptors for a tiny problem of the given element type; throws dnnl::error if the library cannot.
using probe = std::function<void(memory::data_type)>;

std::vector<bp::dtype> types_for(const probe& try_out) {
  std::vector<bp::dtype> able;
  for (const bp::dtype t : {bp::f32, bp::f16, bp::bf16}) {
    try {
      try_out(type_of(t));
      able.push_back(t);
    } catch (const dnnl::error&) {
    }
  }
  return able;
}

// Adds an op for the element types for which both of its passes can be had.
void offer(bp::adapter& a, const std::string& name, bp::function forward, bp::function vjp, const probe& try_out,
           const std::string& limits = "") {
  const std::vector<bp::dtype> types = types_for(try_out);
  if (types.empty()) return;
  bp::op& o = a.add(name, types).forward(translating(std::move(forward))).vjp(translating(std::move(vjp)));
  for (const bp::dtype t : types)
    if (t != bp::f32) o.accumulator(t, bp::f32);
  o.limits(limits);
}

void offer_eltwise(bp::adapter& a, const std::string& name, std::function<eltwise(const bp::attributes&)> settings) {
  offer(
      a, name, [settings](const bp::call& c) { eltwise_forward(settings(c.attrs()), c); },
      [settings](const bp::call& c) { eltwise_vjp(settings(c.attrs()), c); },
      [settings](memory::data_type t) { backward_of(settings(bp::attributes("")), plain({2}, t)); });
}

// Functions without attributes, then those that take their parameter from one.
void offer_eltwise_ops(bp::adapter& a) {
  const std::pair<const char*, algorithm> bare[] = {
      {"Relu", algorithm::eltwise_relu},        {"Tanh", algorithm::eltwise_tanh},
      {"Sigmoid", algorithm::eltwise_logistic}, {"Exp", algorithm::eltwise_exp},
      {"Log", algorithm::eltwise_log},          {"Sqrt", algorithm::eltwise_sqrt},
      {"Abs", algorithm::eltwise_abs},          {"Softplus", algorithm::eltwise_soft_relu},
      {"Mish", algorithm::eltwise_mish},        {"HardSwish", algorithm::eltwise_hardswish}};
  for (const auto& [name, kind] : bare)
    offer_eltwise(a, name, [k = kind](const bp::attributes&) { return eltwise{k}; });

  struct with_alpha {
    const char* name;
    algorithm kind;
    double otherwise;
  };
  for (const with_alpha& e :
       {with_alpha{"LeakyRelu", algorithm::eltwise_relu, 0.01}, with_alpha{"Elu", algorithm::eltwise_elu, 1},
        with_alpha{"Swish", algorithm::eltwise_swish, 1}})
    offer_eltwise(a, e.name, [e](const bp::attributes& given) {
      return eltwise{e.kind, static_cast<float>(given.number("alpha", e.otherwise))};
    });
  offer_eltwise(a, "Gelu", [](const bp::attributes& given) {
    return eltwise{given.text("approximate", "none") == "tanh" ? algorithm::eltwise_gelu_tanh
                                                               : algorithm::eltwise_gelu_erf};
  });
}

void offer_softmax_ops(bp::adapter& a) {
  const std::pair<const char*, algorithm> kinds[] = {{"Softmax", algorithm::softmax_accurate},
                                                     {"LogSoftmax", algorithm::softmax_log}};
  for (const auto& [name, kind] : kinds)
    offer(
        a, name, [k = kind](const bp::call& c) { softmax_forward(k, c); },
        [k = kind](const bp::call& c) { softmax_vjp(k, c); },
        [k = kind](memory::data_type t) {
          softmax_backward_of(k, plain({2, 3}, t), 1);
        },
        "opset 13 and later");
}

void offer_conv(bp::adapter& a) {
  const probe try_out = [](memory::data_type t) {
    const convolution v = convolution_of({2, 2, 5, 4}, {3, 2, 3, 2}, true, bp::attributes(""), t);
    data_backward_of(v);
    weights_backward_of(v);
  };
  offer(a, "Conv", conv_forward, conv_vjp, try_out, "one to three spatial axes, no empty tensors");
}

void offer_pooling_ops(bp::adapter& a) {
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
        a, k.name, [k](const bp::call& c) { pool_forward(k.max, k.global, c); },
        [k](const bp::call& c) { pool_vjp(k.max, k.global, c); }, try_out,
        k.global ? "" : "one output; ceil_mode not with count_include_pad where a window leaves the padding");
  }
}

void offer_products(bp::adapter& a) {
  constexpr auto f32 = memory::data_type::f32;
  offer(
      a, "Gemm", gemm_forward, gemm_vjp,
      [](memory::data_type t) {
        matmul_of(plain({2, 3}, t), transposed(plain({4, 3}, t)), plain({2, 4}, t), 2);
        matmul_of(transposed(plain({3, 2}, t)), plain({3, 4}, t), plain({2, 4}, f32), 2);
        binary_of(algorithm::binary_add, plain({2, 4}, f32), plain({1, 4}, f32), plain({2, 4}, f32), 2);
        reduction_of(plain({2, 4}, t), plain({1, 4}, f32));
      },
      "no empty tensors");
  const std::pair<const char*, algorithm> kinds[] = {{"Add", algorithm::binary_add}, {"Mul", algorithm::binary_mul}};
  for (const auto& [name, kind] : kinds)
    offer(
        a, name, [k = kind](const bp::call& c) { binary_forward(k, c); },
        [k = kind](const bp::call& c) { binary_vjp(k, c); },
        [k = kind](memory::data_type t) {
          binary_of(k, plain({2, 4}, t), plain({1, 4}, t), plain({2, 4}, t), 1);
          binary_of(k, plain({2, 4}, t), plain({1, 4}, t), plain({2, 4}, f32), 1);
          reduction_of(plain({2, 4}, f32), plain({1, 4}, f32));
        },
        "no empty tensors, not both operands broadcast");
}

bp::adapter make() {
  const dnnl_version_t* v = dnnl_version();
  const std::string version =
      std::to_string(v->major) + '.' + std::to_string(v->minor) + '.' + std::to_string(v->patch);
  bp::adapter a("onednn", version);
  a.framework("oneDNN", version);
  offer_eltwise_ops(a);
  offer_softmax_ops(a);
  offer_conv(a);
  offer_pooling_ops(a);
  offer_products(a);
  return a;
}

}  // namespace

BACKPROOF_ADAPTER(make)
