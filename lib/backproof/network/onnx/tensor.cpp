#include "backproof/network/onnx/tensor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <optional>

#include "backproof/base/file.hpp"
#include "backproof/base/text.hpp"
#include "backproof/judge/oracle.hpp"
#include "backproof/network/graph/network.hpp"

namespace backproof::networks {
namespace {

namespace fs = std::filesystem;

std::size_t width_of(onnx_type t) {
  switch (t) {
    case onnx_type::u8:
    case onnx_type::i8:
    case onnx_type::boolean:
      return 1;
    case onnx_type::f16:
    case onnx_type::bf16:
      return 2;
    case onnx_type::f32:
    case onnx_type::i32:
      return 4;
    default:
      return 8;
  }
}

std::optional<dtype> float_of(onnx_type t) {
  switch (t) {
    case onnx_type::f64:
      return dtype::f64;
    case onnx_type::f32:
      return dtype::f32;
    case onnx_type::f16:
      return dtype::f16;
    case onnx_type::bf16:
      return dtype::bf16;
    default:
      return std::nullopt;
  }
}

shape dims_of(const onnx::TensorProto& t) {
  if (t.dims_size() > static_cast<int>(limits::axes))
    throw invalid_input(fmt::format("it has more than {} axes", limits::axes));
  shape s(t.dims().begin(), t.dims().end());
  double n = 1;
  for (const index_t e : s) {
    if (e < 0) throw invalid_input(fmt::format("its shape is {}", to_string(s)));
    n *= static_cast<double>(std::max<index_t>(e, 1));  // none of them overflows, empty or not
  }
  if (n > static_cast<double>(most_numbers))
    throw invalid_input(fmt::format("its shape {} is too large", to_string(s)));
  return s;
}

// How a tensor says where its data is.
struct place {
  std::string location;
  std::uint64_t offset = 0;
  std::optional<std::uint64_t> length;
};

std::uint64_t count_in(const std::string& text, const std::string& key) {
  std::uint64_t n = 0;
  const auto [end, trouble] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (trouble != std::errc() || end != text.data() + text.size())
    throw invalid_input(fmt::format("the {} of its data is '{}'", key, shown(text)));
  return n;
}

place place_of(const onnx::TensorProto& t) {
  place p;
  for (const onnx::StringStringEntryProto& e : t.external_data()) {
    if (e.key() == "location") p.location = e.value();
    if (e.key() == "offset") p.offset = count_in(e.value(), e.key());
    if (e.key() == "length") p.length = count_in(e.value(), e.key());
  }
  return p;
}

// A path below the folder, without a step up, as ONNX asks, and also after links have been followed.
std::string path_below(const std::string& folder, const std::string& location) {
  const fs::path relative(location);
  bool below = !relative.empty() && relative.is_relative();
  for (const fs::path& step : relative) below = below && step != "..";
  try {
    if (below) return path_inside(folder, location);
  } catch (const invalid_input&) {
    // Said below.
  }
  throw invalid_input(fmt::format("its data is in '{}', outside of the model's folder", shown(location)));
}

std::string external_data(const onnx::TensorProto& t, const std::string& folder, std::size_t bytes) {
  const place p = place_of(t);
  open_file file(path_below(folder, p.location));
  if (p.length.value_or(bytes) != bytes)
    throw invalid_input(fmt::format("its data is {} bytes long where its shape needs {}", *p.length, bytes));
  if (p.offset > file.size() || file.size() - p.offset < bytes)
    throw invalid_input(
        fmt::format("'{}' ends before its data does: {} bytes at {}", shown(p.location), bytes, p.offset));
  std::string data(bytes, '\0');
  file.seek(p.offset);
  if (file.read(std::as_writable_bytes(std::span(data))) < bytes)
    throw invalid_input(fmt::format("'{}' ends before its data does: it was cut while it was read", shown(p.location)));
  return data;
}

// Typed fields as raw data would have it: each number cut to its width, little-endian.
template <class List>
std::string raw_of(const List& list, std::size_t width) {
  std::string out;
  for (const auto& x : list) {
    char bytes[sizeof x];
    std::memcpy(bytes, &x, sizeof x);
    out.append(bytes, width);
  }
  return out;
}

std::string raw_of_fields(const onnx::TensorProto& t, onnx_type type, std::size_t count) {
  const auto checked = [count](const auto& list, std::size_t width) {
    if (static_cast<std::size_t>(list.size()) != count)
      throw invalid_input(fmt::format("it holds {} numbers where its shape needs {}", list.size(), count));
    return raw_of(list, width);
  };
  switch (type) {
    case onnx_type::f32:
      return checked(t.float_data(), 4);
    case onnx_type::f64:
      return checked(t.double_data(), 8);
    case onnx_type::i64:
      return checked(t.int64_data(), 8);
    default:
      return checked(t.int32_data(), width_of(type));
  }
}

std::int64_t integer_at(const char* at, onnx_type type) {
  const std::size_t width = width_of(type);
  std::uint64_t raw = 0;
  std::memcpy(&raw, at, width);
  if (type == onnx_type::boolean) return raw != 0;
  const int unused = static_cast<int>(64 - 8 * width);
  if (type == onnx_type::u8) return static_cast<std::int64_t>(raw);
  return static_cast<std::int64_t>(raw << unused) >> unused;
}

// Integers beyond the type's range come back in at its other end.
real wrapped(const real& x, onnx_type type) {
  const real all = std::ldexp(1.0, static_cast<int>(8 * width_of(type)));
  const real least = type == onnx_type::u8 ? real(0) : -all / real(2);
  return x - all * floor((x - least) / all);
}

}  // namespace

std::string shown(std::string_view text, std::size_t most) {
  std::string out = quotable(text, most);
  const auto byte = [&out](std::size_t k) { return k < out.size() ? static_cast<unsigned char>(out[k]) : 0U; };
  for (std::size_t k = 0; k < out.size();) {
    const unsigned first = byte(k);
    const std::size_t more = first < 0x80                                     ? 0
                             : first >= 0xc2 && first < 0xe0                  ? 1
                             : first >= 0xe1 && first < 0xf0 && first != 0xed ? 2
                                                                              : 9;
    bool sound = more < 9;
    for (std::size_t j = 1; sound && j <= more; ++j) sound = (byte(k + j) & 0xc0U) == 0x80U;
    if (!sound) out[k] = '?';
    k += sound ? more + 1 : 1;
  }
  return out;
}

bool is_read(int type) { return name_of(static_cast<onnx_type>(type)) != "?"; }

bool is_float(onnx_type t) { return float_of(t).has_value(); }

std::string_view name_of(onnx_type t) {
  switch (t) {
    case onnx_type::f32:
      return "float";
    case onnx_type::u8:
      return "uint8";
    case onnx_type::i8:
      return "int8";
    case onnx_type::i32:
      return "int32";
    case onnx_type::i64:
      return "int64";
    case onnx_type::boolean:
      return "bool";
    case onnx_type::f16:
      return "float16";
    case onnx_type::f64:
      return "double";
    case onnx_type::bf16:
      return "bfloat16";
  }
  return "?";
}

index_t numbers_claimed(const onnx::TensorProto& t) { return size_of(dims_of(t)); }

onnx_constant constant_of(const onnx::TensorProto& t, const std::string& folder) {
  static_assert(std::endian::native == std::endian::little);
  if (!is_read(t.data_type()))
    throw invalid_input(fmt::format("its elements are of type {}, which is not read", t.data_type()));
  onnx_constant c{static_cast<onnx_type>(t.data_type()), {}};
  const shape dims = dims_of(t);
  const std::size_t count = static_cast<std::size_t>(size_of(dims)), width = width_of(c.type);
  const bool external = t.data_location() == 1, here = !external && t.has_raw_data();
  const std::string made = external ? external_data(t, folder, count * width)
                           : here   ? std::string()
                                    : raw_of_fields(t, c.type, count);
  const std::string_view raw = here ? std::string_view(t.raw_data()) : made;
  if (raw.size() != count * width)
    throw invalid_input(
        fmt::format("it holds {} bytes where its shape {} needs {}", raw.size(), to_string(dims), count * width));
  if (const std::optional<dtype> type = float_of(c.type)) {
    tensor numbers(*type, dims);
    if (count > 0) std::memcpy(numbers.bytes().data(), raw.data(), raw.size());
    c.numbers = promote(numbers);
    return c;
  }
  c.numbers = values<real>(dims);
  for (std::size_t k = 0; k < count; ++k)
    c.numbers[static_cast<index_t>(k)] = real(static_cast<long>(integer_at(raw.data() + k * width, c.type)));
  return c;
}

void store(onnx_constant& c) {
  const std::optional<dtype> type = float_of(c.type);
  for (index_t i = 0; i < c.numbers.size(); ++i) {
    real& x = c.numbers[i];
    if (type)
      x = round_to(format_of(*type), x);
    else if (c.type == onnx_type::boolean)
      x = x == real(0) ? 0 : 1;
    else
      x = wrapped(x < real(0) ? -floor(-x) : floor(x), c.type);
  }
}

}  // namespace backproof::networks
