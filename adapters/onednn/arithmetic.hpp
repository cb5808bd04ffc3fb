// Products, sums and broadcasting, of which Gemm, Add and Mul are made. The descriptors are for their probes.
#pragma once

#include "memory.hpp"

namespace onednn {

dnnl::matmul::primitive_desc product_of(const memory::desc& a, const memory::desc& b, const memory::desc& y,
                                        const scaling& s);
dnnl::binary::primitive_desc combination_of(algorithm kind, const memory::desc& a, const memory::desc& b,
                                            const memory::desc& y, const scaling& s = {});
dnnl::reduction::primitive_desc sum_of(const memory::desc& from, const memory::desc& to);

// y = scale a b
void multiply(const memory& a, const memory& b, const memory& y, float scale);
// The same memory as the transposed matrix, if `yes`.
memory turned(const memory& m, bool yes);
// y = a op (scale_b b), where b may be broadcast
void combine(algorithm kind, const memory& a, const memory& b, const memory& y, float scale_b = 1);
// to = scale * (from, summed over the axes along which `to` has extent 1). Both have one rank.
void reduce(const memory& from, const memory& to, float scale);

}  // namespace onednn
