#include "memory.hpp"

#include <stdexcept>
#include <string>

namespace onednn {

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

dims joined(dims head, const dims& tail) {
  head.insert(head.end(), tail.begin(), tail.end());
  return head;
}

dims of_rank(const bp::shape& s, std::size_t rank) {
  if (s.size() > rank) throw std::invalid_argument("the shapes do not broadcast");
  return joined(dims(rank - s.size(), 1), s);
}

memory::desc plain(dims d, memory::data_type t) {
  if (d.empty()) d = {1};
  dims strides(d.size(), 1);
  for (std::size_t k = d.size() - 1; k > 0; --k) strides[k - 1] = strides[k] * d[k];
  return {d, t, strides};
}
memory::desc plain(const bp_tensor& t) { return plain(bp::shape_of(t), type_of(bp::dtype_of(t))); }

memory::desc transposed(const memory::desc& m) { return m.permute_axes({1, 0}); }

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

}  // namespace onednn
