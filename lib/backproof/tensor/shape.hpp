// Shapes, and numpy-style broadcasting.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "backproof/base/error.hpp"

namespace backproof {

using index_t = std::int64_t;
using shape = std::vector<index_t>;  // extents, outermost first; empty for a scalar

// What an op infers from in the place of an optional input that is not given: no tensor has it.
inline const shape absent_shape = {-1};
inline bool given(std::span<const shape> in, std::size_t k) { return k < in.size() && in[k] != absent_shape; }

index_t size_of(const shape& s);                  // number of elements; 1 for a scalar
std::string to_string(const shape& s);            // "[2,3]"
shape strides_of(const shape& s);                 // row-major, in elements
shape broadcast(const shape& a, const shape& b);  // throws invalid_input when they do not fit

// Which element of an operand of shape `from` stands at flat position i of the broadcast result `to`.
class broadcasting {
 public:
  broadcasting(const shape& from, const shape& to);
  index_t operator()(index_t i) const { return source_[static_cast<std::size_t>(i)]; }

 private:
  std::vector<index_t> source_;
};

// A tensor seen as [outer, length, inner] around one axis: element k of slice (o, i) stands at start(o, i) + k * inner.
// A negative axis counts from the end.
struct slices {
  slices(const shape& s, index_t axis);
  index_t outer, length, inner;
  index_t start(index_t o, index_t i) const { return o * length * inner + i; }
};

}  // namespace backproof
