#include "arithmetic.hpp"

namespace onednn {
namespace {

void run_scaled(const dnnl::primitive& p, const scaling& s, args a) {
  a.insert(s.arguments.begin(), s.arguments.end());
  run(p, a);
}

}  // namespace

dnnl::matmul::primitive_desc product_of(const memory::desc& a, const memory::desc& b, const memory::desc& y,
                                        const scaling& s) {
  return describe_scaled<dnnl::matmul>(s, a, b, y);
}

dnnl::binary::primitive_desc combination_of(algorithm kind, const memory::desc& a, const memory::desc& b,
                                            const memory::desc& y, const scaling& s) {
  return describe_scaled<dnnl::binary>(s, kind, a, b, y);
}

dnnl::reduction::primitive_desc sum_of(const memory::desc& from, const memory::desc& to) {
  return describe<dnnl::reduction>(algorithm::reduction_sum, from, to, 0.f, 0.f);
}

void multiply(const memory& a, const memory& b, const memory& y, float scale) {
  const scaling s = scaled_product(scale);
  run_scaled(dnnl::matmul(product_of(a.get_desc(), b.get_desc(), y.get_desc(), s)), s,
             {{DNNL_ARG_SRC, a}, {DNNL_ARG_WEIGHTS, b}, {DNNL_ARG_DST, y}});
}

memory turned(const memory& m, bool yes) {
  return yes ? memory(transposed(m.get_desc()), cpu(), m.get_data_handle()) : m;
}

void combine(algorithm kind, const memory& a, const memory& b, const memory& y, float scale_b) {
  const scaling s = scaled_second(scale_b);
  run_scaled(dnnl::binary(combination_of(kind, a.get_desc(), b.get_desc(), y.get_desc(), s)), s,
             {{DNNL_ARG_SRC_0, a}, {DNNL_ARG_SRC_1, b}, {DNNL_ARG_DST, y}});
}

void reduce(const memory& from, const memory& to, float scale) {
  const memory::desc d = plain(extents_of(to.get_desc()), memory::data_type::f32);
  const memory sums = scratch(d);
  if (extents_of(from.get_desc()) == extents_of(d))
    copy(from, sums);
  else
    run(dnnl::reduction(sum_of(from.get_desc(), d)), {{DNNL_ARG_SRC, from}, {DNNL_ARG_DST, sums}});
  if (scale != 1)
    run(dnnl::eltwise_forward(describe_eltwise({algorithm::eltwise_linear, scale}, d)),
        {{DNNL_ARG_SRC, sums}, {DNNL_ARG_DST, sums}});
  copy(sums, to);
}

}  // namespace onednn
