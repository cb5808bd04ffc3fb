// Tensors of the two worlds: `tensor` holds bytes of a dtype, as subjects and files see it; `values<S>` holds scalars
// of the oracle's choice, as ops see it. Both are row-major and own their elements.
#pragma once

#include <cassert>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "backproof/number/dtype.hpp"
#include "backproof/tensor/shape.hpp"

namespace backproof {

class tensor {
 public:
  tensor() = default;
  tensor(dtype t, shape s) : type_(t), dims_(std::move(s)), bytes_(static_cast<std::size_t>(count()) * bytes_of(t)) {}
  // Elements must be representable in t; otherwise they are rounded to nearest.
  tensor(dtype t, shape s, std::span<const double> elements);

  dtype type() const { return type_; }
  const shape& dims() const { return dims_; }
  index_t count() const { return size_of(dims_); }
  std::span<const std::byte> bytes() const { return bytes_; }
  std::span<std::byte> bytes() { return bytes_; }

  double at(index_t i) const;                      // exact, except for i64 beyond 2^53
  void set(index_t i, double value);               // rounded to nearest
  bool operator==(const tensor&) const = default;  // bit for bit

 private:
  dtype type_ = dtype::f64;
  shape dims_ = {0};
  std::vector<std::byte> bytes_;
};

// A borrowed tensor that may be strided, as adapters receive it. Strides count elements, may be 0 or negative.
struct tensor_view {
  dtype type = dtype::f64;
  shape dims;
  shape strides;
  const std::byte* data = nullptr;

  tensor_view() = default;
  explicit tensor_view(const tensor& t)
      : type(t.type()), dims(t.dims()), strides(strides_of(t.dims())), data(t.bytes().data()) {}
  tensor copy() const;  // gathered into row-major order
};

[[noreturn]] void out_of_range(index_t at, index_t size);  // throws invalid_input

template <class S>
class values {
 public:
  values() = default;  // absent: an optional input that is not given, or a gradient that nobody needs
  explicit values(shape s)
      : dims_(std::move(s)), elements_(static_cast<std::size_t>(size_of(dims_)), S(0)), present_(true) {}

  bool present() const { return present_; }
  const shape& dims() const { return dims_; }
  index_t rank() const { return static_cast<index_t>(dims_.size()); }
  index_t extent(index_t axis) const { return dims_[static_cast<std::size_t>(axis < 0 ? axis + rank() : axis)]; }
  index_t size() const { return static_cast<index_t>(elements_.size()); }

  S& operator[](index_t i) { return elements_[check(i)]; }
  const S& operator[](index_t i) const { return elements_[check(i)]; }

  // By coordinates, one per axis.
  template <class... I>
  requires(sizeof...(I) > 1) S& operator()(I... i) { return elements_[check(flat({static_cast<index_t>(i)...}))]; }
  template <class... I>
  requires(sizeof...(I) > 1) const S& operator()(I... i) const {
    return elements_[check(flat({static_cast<index_t>(i)...}))];
  }

 private:
  index_t flat(std::initializer_list<index_t> i) const {
    assert(static_cast<index_t>(i.size()) == rank());
    index_t at = 0, k = 0;
    for (const index_t c : i) at = at * dims_[static_cast<std::size_t>(k++)] + c;
    return at;
  }
  // Always on: files and adapters bring shapes that no op has foreseen, and wide arithmetic dwarfs the cost.
  std::size_t check(index_t i) const {
    if (i < 0 || i >= size()) out_of_range(i, size());
    return static_cast<std::size_t>(i);
  }

  shape dims_;
  std::vector<S> elements_;
  bool present_ = false;
};

values<real> promote(const tensor& t);  // exact: every dtype is within `real`

}  // namespace backproof
