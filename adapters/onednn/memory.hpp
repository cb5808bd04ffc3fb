// The host's tensors as memory of oneDNN, and what is done with memory as a whole. Tensors stay in the plain row-major
// layouts in which they come.
#pragma once

#include "api.hpp"
#include "backproof/adapter.hpp"

namespace onednn {

// Other types than f32, f16 and bf16 are declined.
memory::data_type type_of(bp::dtype t);

std::int64_t count_of(const bp::shape& s);
dims joined(dims head, const dims& tail);
// A shape with ones put in front, as numpy broadcasts.
dims of_rank(const bp::shape& s, std::size_t rank);

// Row-major. oneDNN knows no scalars, so rank 0 becomes rank 1.
memory::desc plain(dims d, memory::data_type t);
memory::desc plain(const bp_tensor& t);
// A matrix seen the other way round, without touching its elements.
memory::desc transposed(const memory::desc& m);

memory at(const bp_tensor& t, const memory::desc& as);
memory at(const bp_tensor& t);
memory scratch(const memory::desc& as);

void run(const dnnl::primitive& p, const args& a);
void copy(memory from, memory to);

void refuse_empty(const bp::call& c);

}  // namespace onednn
