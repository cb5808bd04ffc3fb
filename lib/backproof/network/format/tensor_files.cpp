#include "backproof/network/format/tensor_files.hpp"

#include <fmt/format.h>
#include <zip.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>

#include "backproof/base/text.hpp"

namespace backproof::networks {
namespace {

using bytes = std::vector<std::byte>;

bytes whole_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in || !std::filesystem::is_regular_file(path)) throw format_error("cannot be read, or is no file");
  const std::uintmax_t size = std::filesystem::file_size(path);
  if (size > max_payload_bytes) throw format_error("is larger than 1 GiB");
  bytes out(static_cast<std::size_t>(size));
  in.read(reinterpret_cast<char*>(out.data()), static_cast<std::streamsize>(size));
  if (!in) throw format_error("cannot be read");
  return out;
}

// A file of an archive, closed at the end.
class archive {
 public:
  explicit archive(const std::string& path) : zip_(zip_open(path.c_str(), ZIP_RDONLY | ZIP_CHECKCONS, nullptr)) {
    if (!zip_) throw format_error("is no sound zip archive");
  }

  std::vector<std::string> names() const {
    std::vector<std::string> out;
    const zip_int64_t n = zip_get_num_entries(zip_.get(), 0);
    if (n > 100'000) throw format_error("holds too many files");
    for (zip_int64_t k = 0; k < n; ++k)
      if (const char* name = zip_get_name(zip_.get(), static_cast<zip_uint64_t>(k), 0)) out.emplace_back(name);
    return out;
  }

  // What the directory claims may be a lie, so that no more than that is read, and less is refused.
  bytes read(const std::string& name) const {
    zip_stat_t stat;
    zip_stat_init(&stat);
    if (zip_stat(zip_.get(), name.c_str(), 0, &stat) != 0 || (stat.valid & ZIP_STAT_SIZE) == 0)
      throw format_error(fmt::format("has no '{}'", quotable(name)));
    if (stat.size > max_payload_bytes) throw format_error(fmt::format("{} claims {} bytes", quotable(name), stat.size));
    const std::unique_ptr<zip_file_t, int (*)(zip_file_t*)> file(zip_fopen(zip_.get(), name.c_str(), 0), zip_fclose);
    if (!file) throw format_error(fmt::format("{} cannot be opened", quotable(name)));
    bytes out;
    std::array<std::byte, 65536> block;
    while (out.size() < stat.size) {
      const zip_int64_t n = zip_fread(file.get(), block.data(), block.size());
      if (n <= 0) throw format_error(fmt::format("{} is damaged", quotable(name)));
      out.insert(out.end(), block.begin(), block.begin() + n);
    }
    // At the end of the data the checksum is compared.
    if (zip_fread(file.get(), block.data(), 1) != 0) throw format_error(fmt::format("{} is damaged", quotable(name)));
    if (out.size() != stat.size) throw format_error(fmt::format("{} holds more than it claims", quotable(name)));
    return out;
  }

 private:
  struct close {
    void operator()(zip_t* z) const { zip_discard(z); }
  };
  std::unique_ptr<zip_t, close> zip_;
};

// Of a NumPy header: {'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }
struct npy_header {
  char kind;
  std::size_t width;
  shape dims;
};

// What follows 'key': in the text, without blanks; empty if there is no such key.
std::string_view after(std::string_view text, std::string_view key) {
  const std::size_t at = text.find(fmt::format("'{}'", key));
  if (at == std::string_view::npos) return {};
  const std::size_t begin = text.find_first_not_of(" :", at + key.size() + 2);
  return begin == std::string_view::npos ? std::string_view{} : text.substr(begin);
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// "(2, 3)"
shape extents_of(std::string_view text) {
  constexpr std::size_t most_axes = 16, most_digits = 12;
  shape dims;
  if (text.empty() || text[0] != '(') throw format_error("has no shape");
  text = text.substr(1, text.find(')') == std::string_view::npos ? 0 : text.find(')') - 1);
  for (std::size_t k = 0; k < text.size();) {
    std::size_t end = k;
    while (end < text.size() && is_digit(text[end])) ++end;
    if (end - k > most_digits || dims.size() == most_axes) throw format_error("has a shape that is too large");
    if (end > k)
      dims.push_back(std::stoll(std::string(text.substr(k, end - k))));
    else if (text[k] != ',' && text[k] != ' ')
      throw format_error("has a shape that is none");
    k = std::max(end, k + 1);
  }
  return dims;
}

npy_header parse_npy(std::string_view text) {
  const std::string_view descr = after(text, "descr");  // '<f8'
  const bool known =
      descr.size() > 4 && descr[0] == '\'' && std::string_view("<|=").find(descr[1]) != std::string_view::npos &&
      std::string_view("fiub").find(descr[2]) != std::string_view::npos && is_digit(descr[3]) && descr[4] == '\'';
  if (!known) throw format_error("is of a type that is not read: little-endian numbers are");
  if (!after(text, "fortran_order").starts_with("False")) throw format_error("is in Fortran's order");
  return {descr[2], static_cast<std::size_t>(descr[3] - '0'), extents_of(after(text, "shape"))};
}

std::optional<dtype> type_of(const npy_header& h) {
  if (h.kind == 'f' && h.width == 8) return dtype::f64;
  if (h.kind == 'f' && h.width == 4) return dtype::f32;
  if (h.kind == 'f' && h.width == 2) return dtype::f16;
  if (h.kind != 'f' && (h.width == 1 || h.width == 2 || h.width == 4 || h.width == 8)) return dtype::i64;
  return std::nullopt;
}

double integer_at(const std::byte* at, std::size_t width, bool is_signed) {
  std::uint64_t raw = 0;
  std::memcpy(&raw, at, width);
  const unsigned unused = static_cast<unsigned>(64 - 8 * width);
  if (is_signed) return static_cast<double>(static_cast<std::int64_t>(raw << unused) >> unused);
  return static_cast<double>(raw);
}

}  // namespace

tensor decode_npy(std::span<const std::byte> all) {
  static_assert(std::endian::native == std::endian::little);
  const auto at = [&](std::size_t k) { return static_cast<std::size_t>(all[k]); };
  if (all.size() < 12 || std::memcmp(all.data(), "\x93NUMPY", 6) != 0) throw format_error("is no NumPy array");
  const bool first = at(6) == 1;
  const std::size_t begin = first ? 10 : 12, length = at(8) | at(9) << 8 | (first ? 0 : at(10) << 16 | at(11) << 24);
  if (length > max_header_bytes || begin + length > all.size()) throw format_error("is cut off in its header");
  const npy_header h = parse_npy(std::string(reinterpret_cast<const char*>(all.data()) + begin, length));
  const std::optional<dtype> type = type_of(h);
  if (!type) throw format_error("is of a type that is not read");
  std::size_t count = 1;
  for (const index_t n : h.dims) {
    if (n > 0 && count > max_payload_bytes / static_cast<std::size_t>(n))
      throw format_error("claims too many elements");
    count *= static_cast<std::size_t>(n);
  }
  const std::span<const std::byte> data = all.subspan(begin + length);
  if (data.size() != count * h.width)
    throw format_error(fmt::format("holds {} bytes where {} are claimed", data.size(), count * h.width));
  tensor t(*type, h.dims);
  if (*type != dtype::i64)
    std::memcpy(t.bytes().data(), data.data(), data.size());
  else
    for (std::size_t k = 0; k < count; ++k)
      t.set(static_cast<index_t>(k), integer_at(data.data() + k * h.width, h.width, h.kind == 'i'));
  return t;
}

class tensor_file::contents {
 public:
  virtual ~contents() = default;
  virtual tensor at(const std::string& name) const = 0;
  virtual std::vector<std::string> names() const = 0;
};

class tensor_file::of_zip : public contents {
 public:
  explicit of_zip(const std::string& path) : zip_(path) {}
  tensor at(const std::string& name) const override { return decode_npy(zip_.read(name + ".npy")); }
  std::vector<std::string> names() const override {
    std::vector<std::string> out;
    for (const std::string& name : zip_.names())
      if (name.ends_with(".npy")) out.push_back(name.substr(0, name.size() - 4));
    return out;
  }

 private:
  archive zip_;
};

class tensor_file::of_safetensors : public contents {
 public:
  explicit of_safetensors(const std::string& path) : file_(decode(whole_file(path))) {}
  tensor at(const std::string& name) const override {
    if (const tensor* t = file_.find(name)) return *t;
    throw format_error(fmt::format("has no '{}'", quotable(name)));
  }
  std::vector<std::string> names() const override {
    std::vector<std::string> out;
    for (const auto& [name, t] : file_.tensors) out.push_back(name);
    return out;
  }

 private:
  safetensors file_;
};

// One array, whatever it is called.
class tensor_file::of_npy : public contents {
 public:
  explicit of_npy(const std::string& path) : array_(decode_npy(whole_file(path))) {}
  tensor at(const std::string&) const override { return array_; }
  std::vector<std::string> names() const override { return {"array"}; }

 private:
  tensor array_;
};

tensor_file::tensor_file(const std::string& path) : path_(path) {
  try {
    if (path.ends_with(".npz"))
      contents_ = std::make_unique<of_zip>(path);
    else if (path.ends_with(".npy"))
      contents_ = std::make_unique<of_npy>(path);
    else
      contents_ = std::make_unique<of_safetensors>(path);
  } catch (const std::exception& e) {
    throw format_error(fmt::format("{}: {}", path, e.what()));
  }
}
tensor_file::~tensor_file() = default;
tensor_file::tensor_file(tensor_file&&) noexcept = default;

bool tensor_file::has(const std::string& name) const {
  const std::vector<std::string> all = names();
  return std::find(all.begin(), all.end(), name) != all.end();
}

tensor tensor_file::at(const std::string& name) const {
  try {
    return contents_->at(name);
  } catch (const std::exception& e) {
    throw format_error(fmt::format("{}: {}", path_, e.what()));
  }
}

std::vector<std::string> tensor_file::names() const { return contents_->names(); }

}  // namespace backproof::networks
