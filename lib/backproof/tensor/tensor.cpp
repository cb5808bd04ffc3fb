#include "backproof/tensor/tensor.hpp"

#include <cmath>
#include <cstring>

namespace backproof {
namespace {

template <class T>
T load(const std::byte* p) {
  T v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
template <class T>
void store(std::byte* p, T v) {
  std::memcpy(p, &v, sizeof v);
}

}  // namespace

tensor::tensor(dtype t, shape s, std::span<const double> elements) : tensor(t, std::move(s)) {
  assert(static_cast<index_t>(elements.size()) == count());
  for (std::size_t i = 0; i < elements.size(); ++i) set(static_cast<index_t>(i), elements[i]);
}

double tensor::at(index_t i) const {
  assert(i >= 0 && i < count());
  const std::byte* p = bytes_.data() + static_cast<std::size_t>(i) * bytes_of(type_);
  switch (type_) {
    case dtype::f64:
      return load<double>(p);
    case dtype::f32:
      return load<float>(p);
    case dtype::i64:
      return static_cast<double>(load<std::int64_t>(p));
    case dtype::f16:
    case dtype::bf16:
      return from_bits(type_, load<std::uint16_t>(p));
  }
  return 0;
}

void tensor::set(index_t i, double value) {
  assert(i >= 0 && i < count());
  std::byte* p = bytes_.data() + static_cast<std::size_t>(i) * bytes_of(type_);
  switch (type_) {
    case dtype::f64:
      return store(p, value);
    case dtype::f32:
      return store(p, static_cast<float>(round_to(format_of(type_), value)));
    case dtype::i64:
      return store(p, static_cast<std::int64_t>(value));
    case dtype::f16:
    case dtype::bf16:
      return store(p, to_bits(type_, round_to(format_of(type_), value)));
  }
}

void out_of_range(index_t at, index_t size) {
  throw invalid_input("element " + std::to_string(at) + " of a tensor that has " + std::to_string(size));
}

tensor tensor_view::copy() const {
  tensor out(type, dims);
  const std::size_t width = bytes_of(type);
  const shape steps = strides_of(dims);
  for (index_t i = 0; i < out.count(); ++i) {
    index_t rest = i, at = 0;
    for (std::size_t k = 0; k < dims.size(); ++k) {
      at += rest / steps[k] * strides[k];
      rest %= steps[k];
    }
    std::memcpy(out.bytes().data() + static_cast<std::size_t>(i) * width, data + at * static_cast<index_t>(width),
                width);
  }
  return out;
}

values<real> promote(const tensor& t) {
  values<real> out(t.dims());
  for (index_t i = 0; i < t.count(); ++i) out[i] = real(t.at(i));
  return out;
}

}  // namespace backproof
