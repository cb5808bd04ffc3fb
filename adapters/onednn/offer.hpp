// How ops get into the adapter: for the element types that oneDNN can do on this processor, its refusals translated.
#pragma once

#include <functional>
#include <string>

#include "api.hpp"
#include "backproof/adapter.hpp"

namespace onednn {

// Makes primitive descriptors for a tiny problem of the given element type; throws dnnl::error if the library cannot.
using probe = std::function<void(memory::data_type)>;

// Adds an op for the element types for which both of its passes can be had.
void offer(bp::adapter& a, const std::string& name, bp::function forward, bp::function vjp, const probe& try_out,
           const std::string& limits = "");

// The families of ops, each in the file of its name.
void offer_elementwise(bp::adapter& a);
void offer_softmax(bp::adapter& a);
void offer_convolution(bp::adapter& a);
void offer_pooling(bp::adapter& a);
void offer_gemm(bp::adapter& a);
void offer_binary(bp::adapter& a);

}  // namespace onednn
