#include "offer.hpp"

#include <utility>
#include <vector>

#include "memory.hpp"

namespace onednn {
namespace {

// What oneDNN refuses is a limit of oneDNN. The rest is trouble.
bp::error translated(const dnnl::error& e) {
  if (e.status == dnnl_unimplemented) return bp::unimplemented(std::string("oneDNN has no kernel: ") + e.what());
  if (e.status == dnnl_invalid_arguments) return bp::unimplemented(std::string("oneDNN refuses: ") + e.what());
  if (e.status == dnnl_out_of_memory) return {BP_RESOURCE_EXHAUSTED, e.what()};
  return {BP_INTERNAL, e.what()};
}

bp::function translating(bp::function f) {
  return [f = std::move(f)](const bp::call& c) {
    try {
      f(c);
    } catch (const dnnl::error& e) {
      throw translated(e);
    }
  };
}

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

}  // namespace

void offer(bp::adapter& a, const std::string& name, bp::function forward, bp::function vjp, const probe& try_out,
           const std::string& limits) {
  const std::vector<bp::dtype> types = types_for(try_out);
  if (types.empty()) return;
  bp::op& o = a.add(name, types).forward(translating(std::move(forward))).vjp(translating(std::move(vjp)));
  for (const bp::dtype t : types)
    if (t != bp::f32) o.accumulator(t, bp::f32);
  o.limits(limits);
}

}  // namespace onednn
