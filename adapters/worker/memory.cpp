#include "worker/memory.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>

namespace backproof::worker {
namespace {

constexpr format_code formats[] = {{dtype::f64, {BP_CODE_FLOAT, 64, 1}, 0x7ff8badbadbadbad},
                                   {dtype::f32, {BP_CODE_FLOAT, 32, 1}, 0x7fcbadba},
                                   {dtype::f16, {BP_CODE_FLOAT, 16, 1}, 0x7ebd},
                                   {dtype::bf16, {BP_CODE_BFLOAT, 16, 1}, 0x7feb},
                                   {dtype::i64, {BP_CODE_INT, 64, 1}, 0x8badbadbadbadbad}};

bool uniform(const tensor& t) {
  for (index_t i = 1; i < t.count(); ++i)
    if (t.at(i) != t.at(0)) return false;
  return true;
}

}  // namespace

const format_code& format_code_of(dtype t) {
  return *std::find_if(std::begin(formats), std::end(formats), [t](auto& f) { return f.type == t; });
}

const format_code* format_with(bp_dtype code) {
  const auto known = std::find_if(std::begin(formats), std::end(formats), [&](auto& f) {
    return f.code.code == code.code && f.code.bits == code.bits && f.code.lanes == code.lanes;
  });
  return known == std::end(formats) ? nullptr : known;
}

guarded_result::guarded_result(dtype t, const shape& dims)
    : type_(t), bytes_(static_cast<std::size_t>(size_of(dims)) * bytes_of(t)), memory_(bytes_ + 2 * guard) {
  for (std::size_t i = 0; i < guard; ++i) memory_[i] = memory_[guard + bytes_ + i] = guard_byte(i);
  const std::uint64_t filling = format_code_of(t).filling;
  for (std::size_t i = 0; i < bytes_; i += bytes_of(t)) std::memcpy(elements() + i, &filling, bytes_of(t));
  view_.emplace(t, dims, elements());
}

const char* guarded_result::damage() const {
  for (std::size_t i = 0; i < guard; ++i) {
    if (memory_[i] != guard_byte(i)) return "wrote in front of";
    if (memory_[guard + bytes_ + i] != guard_byte(i)) return "wrote past the end of";
  }
  return "";
}

tensor guarded_result::take() const {
  tensor t(type_, view_->dims);
  std::copy_n(memory_.begin() + guard, bytes_, t.bytes().begin());
  return t;
}

operand_memory::operand_memory(const tensor& t, layout how) : strides_(strides_of(t.dims())) {
  const std::size_t width = bytes_of(t.type());
  if (how == layout::expanded && uniform(t)) std::fill(strides_.begin(), strides_.end(), index_t{0});
  if (how == layout::strided) stretch(t.dims());
  // Vectors of the standard library begin at multiples of 16 or more.
  offset_ = how == layout::unaligned ? width : 0;
  index_t last = 0;
  for (std::size_t k = 0; k < strides_.size(); ++k) last += std::max<index_t>(t.dims()[k] - 1, 0) * strides_[k];
  bytes_.resize(offset_ + (static_cast<std::size_t>(last) + 1) * width);
  for (std::size_t i = 0; i < bytes_.size(); i += width)
    std::memcpy(bytes_.data() + i, &format_code_of(t.type()).filling, std::min(width, bytes_.size() - i));
  for (index_t i = 0; i < t.count(); ++i)
    std::memcpy(elements() + static_cast<std::size_t>(place(t.dims(), i)) * width,
                t.bytes().data() + static_cast<std::size_t>(i) * width, width);
  before_ = bytes_;
}

// The axes in the opposite order, and room for a second element behind each.
void operand_memory::stretch(const shape& dims) {
  index_t step = 2;
  for (std::size_t k = 0; k < dims.size(); ++k) {
    strides_[k] = step;
    step *= std::max<index_t>(dims[k], 1);
  }
}

index_t operand_memory::place(const shape& dims, index_t i) const {
  index_t at = 0;
  for (std::size_t k = dims.size(); k-- > 0; i /= dims[k]) at += i % dims[k] * strides_[k];
  return at;
}

}  // namespace backproof::worker
