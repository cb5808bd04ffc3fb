// oneDNN behind one interface, whichever of its versions is there: 2 (from 2.6 on) or 3. The ops are written against
// the names below; api_v2.hpp and api_v3.hpp, of which one is included, give them their meaning.
//
//   describe<P>(p...)                     the descriptor of primitive P. Its parameters p are in the library's order
//   describe_backward<P>(forward, p...)   the same, of a backward pass: goes with the descriptor of its forward pass
//   describe_scaled<P>(scaling, p...)     the same, with a factor
//   describe_eltwise(e, x)                the same, of elementwise functions, whose parameters have two orders
//   describe_eltwise_backward(e, x)
//   softmax_forward, softmax_backward, pooling_forward, pooling_backward    primitives whose names have changed
//   extents_of(m), element_of(m)          of a memory descriptor
//   scaled_product(f), scaled_second(f)   how a matrix product, or the second operand of a binary primitive, gets a
//                                         factor
#pragma once

#include <oneapi/dnnl/dnnl_version.h>

#include <oneapi/dnnl/dnnl.hpp>
#include <unordered_map>

namespace onednn {

using dnnl::algorithm;
using dnnl::memory;
using dims = memory::dims;
using args = std::unordered_map<int, memory>;
constexpr auto training = dnnl::prop_kind::forward_training;

inline const dnnl::engine& cpu() {
  static const dnnl::engine the(dnnl::engine::kind::cpu, 0);
  return the;
}

// An elementwise function of the library, with its parameters.
struct eltwise {
  algorithm kind;
  float alpha = 0, beta = 0;
};

// A factor: what the descriptor has to know of it, and what the primitive must be given when it runs.
struct scaling {
  dnnl::primitive_attr attribute;
  args arguments;
};

}  // namespace onednn

#if DNNL_VERSION_MAJOR >= 3
#include "api_v3.hpp"
#else
#include "api_v2.hpp"
#endif
