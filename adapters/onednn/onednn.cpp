// oneDNN's CPU kernels, forward and backward, as a backproof adapter. Builds with oneDNN 2.6 and later, and with 3.
//
// An op here is two functions over primitives of the library: all arithmetic, scaling and summation included, is done
// by oneDNN. What a kernel needs saved (a softmax's output, a pooling's workspace) is computed anew by oneDNN's own
// forward primitive.
//
// What the library can do depends on the processor, so each op comes with a probe that makes the primitive descriptors
// of a tiny problem, and is offered for the element types for which that works. Beyond the probe, what oneDNN refuses
// is answered as unimplemented, with its reason.
#include <string>

#include "backproof/adapter.hpp"
#include "offer.hpp"

namespace {

bp::adapter make() {
  const dnnl_version_t* v = dnnl_version();
  const std::string version =
      std::to_string(v->major) + '.' + std::to_string(v->minor) + '.' + std::to_string(v->patch);
  bp::adapter a("onednn", version);
  a.framework("oneDNN", version);
  onednn::offer_elementwise(a);
  onednn::offer_softmax(a);
  onednn::offer_convolution(a);
  onednn::offer_pooling(a);
  onednn::offer_gemm(a);
  onednn::offer_binary(a);
  return a;
}

}  // namespace

BACKPROOF_ADAPTER(make)
