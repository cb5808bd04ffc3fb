// Tensors on both sides of the C interface: as a plugin sees them, and the memory in which they lie.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "backproof/adapter.h"
#include "backproof/tensor/tensor.hpp"

namespace backproof::worker {

struct format_code {
  dtype type;
  bp_dtype code;
  std::uint64_t filling;  // a quiet NaN with a payload that no arithmetic makes; for indices, a number out of any range
};
const format_code& format_code_of(dtype t);
const format_code* format_with(bp_dtype code);  // null if it is none that backproof carries

// A bp_tensor, with the arrays that it points to.
struct borrowed {
  borrowed(dtype t, const shape& s, std::byte* data) : borrowed(t, s, strides_of(s), data) {}
  borrowed(dtype t, shape s, shape steps, std::byte* data) : dims(std::move(s)), strides(std::move(steps)) {
    view.data = data;
    view.device = {BP_DEVICE_CPU, 0};
    view.ndim = static_cast<std::int32_t>(dims.size());
    view.dtype = format_code_of(t).code;
    view.shape = dims.data();
    view.strides = strides.data();
  }
  borrowed(const borrowed&) = delete;

  shape dims, strides;
  bp_tensor view{};
};

// The memory for one result, between two guards whose bytes are known.
class guarded_result {
 public:
  guarded_result(dtype t, const shape& dims);

  bp_tensor* view() { return &view_->view; }
  const char* damage() const;  // what happened to the guards; empty if nothing did
  tensor take() const;

 private:
  static constexpr std::size_t guard = 1024;
  static std::byte guard_byte(std::size_t i) { return static_cast<std::byte>(0xa5 ^ (i & 0xff)); }
  std::byte* elements() { return memory_.data() + guard; }

  dtype type_;
  std::size_t bytes_;
  std::vector<std::byte> memory_;
  std::optional<borrowed> view_;
};

// How operands lie in memory, as the request has it.
enum class layout { plain, strided, expanded, unaligned, aliased };

// An operand's elements in memory, in the layout that is asked for; what lies between them is as NaN as results are.
class operand_memory {
 public:
  operand_memory(const tensor& t, layout how);

  std::byte* elements() { return bytes_.data() + offset_; }
  const shape& strides() const { return strides_; }
  bool changed() const { return bytes_ != before_; }

 private:
  void stretch(const shape& dims);
  index_t place(const shape& dims, index_t i) const;

  shape strides_;
  std::size_t offset_ = 0;
  std::vector<std::byte> bytes_, before_;
};

}  // namespace backproof::worker
