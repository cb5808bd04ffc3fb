#include "backproof/tensor/safetensors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <nlohmann/json.hpp>

#include "backproof/base/file.hpp"
#include "backproof/base/text.hpp"
#include "backproof/base/untrusted_json.hpp"
#include "backproof/base/whole_file.hpp"

namespace backproof {
namespace {

using json = nlohmann::ordered_json;

struct stored_type {
  std::string_view name;
  dtype type;
};
constexpr std::array<stored_type, 5> stored_types = {{
    {"F64", dtype::f64},
    {"F32", dtype::f32},
    {"F16", dtype::f16},
    {"BF16", dtype::bf16},
    {"I64", dtype::i64},
}};

std::string_view stored_name(dtype t) {
  return std::find_if(stored_types.begin(), stored_types.end(), [t](auto& s) { return s.type == t; })->name;
}

json parse_header(std::string_view text) {
  json header = parse_untrusted<format_error>(text, "safetensors header: ");
  if (!header.is_object()) throw format_error("safetensors header: not a JSON object");
  return header;
}

struct entry {
  std::string name;
  dtype type;
  shape dims;
  std::size_t begin, end;
};

std::size_t unsigned_of(const json& j, const std::string& what) {
  if (!j.is_number_unsigned()) throw format_error(what + " is not a non-negative integer");
  return j.get<std::size_t>();
}

entry parse_entry(const std::string& name, const json& j) {
  const std::string where = "safetensors tensor '" + quotable(name) + "': ";
  if (!j.is_object() || !j.contains("dtype") || !j.contains("shape") || !j.contains("data_offsets"))
    throw format_error(where + "needs dtype, shape and data_offsets");
  const auto found = std::find_if(stored_types.begin(), stored_types.end(),
                                  [&](auto& s) { return j["dtype"].is_string() && j["dtype"] == s.name; });
  if (found == stored_types.end()) throw format_error(where + "unsupported dtype " + j["dtype"].dump().substr(0, 40));
  if (!j["shape"].is_array() || j["shape"].size() > limits::axes) throw format_error(where + "bad shape");
  shape dims;
  std::size_t room = max_payload_bytes;  // an empty tensor's other extents are limited too: their product is its stride
  for (const json& e : j["shape"]) {
    const std::size_t extent = unsigned_of(e, where + "an extent");
    if (extent > room) throw format_error(where + "shape is too large");
    room /= std::max<std::size_t>(extent, 1);
    dims.push_back(static_cast<index_t>(extent));
  }
  const std::size_t count = static_cast<std::size_t>(size_of(dims));
  const json& offsets = j["data_offsets"];
  if (!offsets.is_array() || offsets.size() != 2) throw format_error(where + "data_offsets needs two numbers");
  const std::size_t begin = unsigned_of(offsets[0], where + "an offset"),
                    end = unsigned_of(offsets[1], where + "an offset");
  if (end < begin || end > max_payload_bytes || end - begin != count * bytes_of(found->type))
    throw format_error(where + "data_offsets do not fit its shape");
  return {name, found->type, std::move(dims), begin, end};
}

std::vector<entry> parse_entries(const json& header) {
  std::vector<entry> entries;
  for (const auto& [name, j] : header.items())
    if (name != "__metadata__") entries.push_back(parse_entry(name, j));
  std::stable_sort(entries.begin(), entries.end(), [](auto& a, auto& b) { return a.begin < b.begin; });
  std::size_t at = 0;
  for (const entry& e : entries) {
    if (e.begin != at) throw format_error("safetensors tensor '" + quotable(e.name) + "': overlaps or leaves a hole");
    at = e.end;
  }
  return entries;
}

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

const tensor* safetensors::find(const std::string& name) const {
  const auto found = std::find_if(tensors.begin(), tensors.end(), [&](auto& t) { return t.first == name; });
  return found == tensors.end() ? nullptr : &found->second;
}

std::vector<std::byte> encode(const safetensors& s) {
  json header = json::object();
  if (!s.metadata.empty()) {
    json& metadata = append_member<json>(header, "__metadata__", json::object());
    for (const auto& [key, value] : s.metadata) append_member<json>(metadata, key, value);
  }
  std::size_t at = 0;
  for (const auto& [name, t] : s.tensors) {
    const std::size_t end = at + t.bytes().size();
    append_member<json>(header, name,
                        {{"dtype", stored_name(t.type())}, {"shape", t.dims()}, {"data_offsets", {at, end}}});
    at = end;
  }
  std::string text = header.dump(-1, ' ', false, json::error_handler_t::replace);
  text.append((8 - text.size() % 8) % 8, ' ');

  std::vector<std::byte> out(8 + text.size() + at);
  for (std::size_t i = 0; i < 8; ++i) out[i] = static_cast<std::byte>(text.size() >> (8 * i) & 0xff);
  std::memcpy(out.data() + 8, text.data(), text.size());
  std::byte* p = out.data() + 8 + text.size();
  for (const auto& [name, t] : s.tensors) p = std::copy(t.bytes().begin(), t.bytes().end(), p);
  return out;
}

std::size_t header_bytes(std::span<const std::byte, 8> prefix, std::size_t most) {
  std::uint64_t n = 0;
  for (std::size_t i = 8; i-- > 0;) n = n << 8 | std::to_integer<std::uint64_t>(prefix[i]);
  if (n > most) throw format_error(fmt::format("safetensors header claims {} bytes; at most {} are read", n, most));
  return n;
}

std::size_t payload_bytes(std::string_view header) {
  const std::vector<entry> entries = parse_entries(parse_header(header));
  return entries.empty() ? 0 : entries.back().end;
}

safetensors decode(std::span<const std::byte> whole, std::size_t most_header_bytes) {
  if (whole.size() < 8) throw format_error("safetensors: shorter than its 8-byte prefix");
  const std::size_t n = header_bytes(whole.first<8>(), most_header_bytes);
  if (whole.size() - 8 < n) throw format_error("safetensors: shorter than its header");
  const json header = parse_header(text_of(whole.subspan(8, n)));
  const std::span<const std::byte> data = whole.subspan(8 + n);

  safetensors out;
  if (header.contains("__metadata__")) {
    if (!header["__metadata__"].is_object()) throw format_error("safetensors __metadata__: not an object");
    if (header["__metadata__"].size() > limits::metadata_keys)
      throw format_error(fmt::format("safetensors __metadata__: more than {} keys", limits::metadata_keys));
    for (const auto& [key, value] : header["__metadata__"].items()) {
      if (!value.is_string()) throw format_error("safetensors __metadata__: '" + quotable(key) + "' is not a string");
      out.metadata[key] = value.get<std::string>();
    }
  }
  std::size_t end = 0;
  for (const entry& e : parse_entries(header)) {
    if (e.end > data.size())
      throw format_error("safetensors tensor '" + quotable(e.name) + "': too few bytes in the file");
    tensor t(e.type, e.dims);
    std::copy(data.begin() + static_cast<std::ptrdiff_t>(e.begin), data.begin() + static_cast<std::ptrdiff_t>(e.end),
              t.bytes().begin());
    out.tensors.emplace_back(e.name, std::move(t));
    end = e.end;
  }
  if (end != data.size()) throw format_error("safetensors: bytes after the last tensor");
  return out;
}

void write_file(const std::string& path, const safetensors& s) { write_whole_file(path, text_of(encode(s))); }

safetensors read_file(const std::string& path) {
  try {
    return decode(read_bytes(path, 8 + max_header_bytes + max_payload_bytes));
  } catch (const invalid_input& e) {
    const std::string what = e.what();
    throw format_error(what.starts_with(path) ? what : path + ": " + what);
  }
}

}  // namespace backproof
