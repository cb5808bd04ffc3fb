#include "backproof/network/format/tensor_files.hpp"

#include <fmt/format.h>
#include <zip.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "backproof/base/file.hpp"
#include "backproof/base/limits.hpp"
#include "backproof/base/text.hpp"

namespace backproof::networks {
namespace {

// Bytes in their order, from a file or a member of an archive: as many as there are, fewer only at the end.
using source = std::function<std::size_t(std::span<std::byte>)>;

// Of a NumPy header: {'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }
struct npy_header {
  char kind = 0;
  std::size_t width = 0;
  shape dims;
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The header is a literal of Python. It holds the three members in any order, each once, and nothing else.
class npy_header_reader {
 public:
  explicit npy_header_reader(std::string_view text) : text_(text) {}

  npy_header read() {
    require(take('{'));
    bool ended = take('}');
    while (!ended) {
      const std::string_view key = quoted();
      require(take(':') && seen_.insert(key).second);
      member(key);
      const bool more = take(',');
      ended = take('}');
      require(more || ended);
    }
    blanks();
    require(at_ == text_.size() && seen_.size() == 3);
    return header_;
  }

 private:
  static void require(bool sound) {
    if (!sound) throw format_error("has a header that is none of NumPy's");
  }

  void member(std::string_view key) {
    if (key == "descr")
      type();
    else if (key == "shape")
      extents();
    else if (key == "fortran_order")
      order();
    else
      require(false);
  }

  void type() {
    blanks();
    const bool plain = at_ < text_.size() && (text_[at_] == '\'' || text_[at_] == '"');
    const std::string_view d = plain ? quoted() : std::string_view{};  // <f8
    const bool known = d.size() == 3 && std::string_view("<|=").find(d[0]) != std::string_view::npos &&
                       std::string_view("fiub").find(d[1]) != std::string_view::npos && is_digit(d[2]);
    if (!known) throw format_error("is of a type that is not read: little-endian numbers are");
    header_.kind = d[1];
    header_.width = static_cast<std::size_t>(d[2] - '0');
  }

  void order() {
    if (take("True")) throw format_error("is in Fortran's order");
    require(take("False"));
  }

  // (), (2,), (2, 3): one extent alone needs its comma.
  void extents() {
    require(take('('));
    bool comma = true;
    while (!take(')')) {
      require(comma);
      header_.dims.push_back(extent());
      if (header_.dims.size() > limits::axes) throw format_error("has a shape that is too large");
      comma = take(',');
      require(comma || header_.dims.size() > 1);
    }
  }

  index_t extent() {
    blanks();
    const std::size_t begin = at_;
    while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
    require(at_ > begin);
    constexpr std::size_t most_digits = 18;  // more do not fit
    if (at_ - begin > most_digits) throw format_error("has a shape that is too large");
    return std::stoll(std::string(text_.substr(begin, at_ - begin)));
  }

  std::string_view quoted() {
    blanks();
    require(at_ < text_.size() && (text_[at_] == '\'' || text_[at_] == '"'));
    const std::size_t end = text_.find(text_[at_], at_ + 1);
    require(end != std::string_view::npos);
    const std::string_view inside = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    return inside;
  }

  void blanks() { at_ = std::min(text_.find_first_not_of(" \n", at_), text_.size()); }
  bool take(char c) {
    blanks();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool take(std::string_view word) {
    blanks();
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::set<std::string_view> seen_;
  npy_header header_;
};

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

void fill(const source& read, std::span<std::byte> into) {
  if (read(into) < into.size()) throw format_error("is cut off");
}

// What stands before the data, and how many bytes that is.
std::pair<npy_header, std::size_t> header_from(const source& read) {
  std::array<std::byte, 12> start{};
  fill(read, std::span(start).first(10));
  const auto at = [&](std::size_t k) { return static_cast<std::size_t>(start[k]); };
  if (std::memcmp(start.data(), "\x93NUMPY", 6) != 0 || at(6) < 1 || at(6) > 3) throw format_error("is no NumPy array");
  const bool first = at(6) == 1;
  if (!first) fill(read, std::span(start).last(2));
  const std::size_t length = at(8) | at(9) << 8 | (first ? 0 : at(10) << 16 | at(11) << 24);
  if (length > limits::npy_header_bytes)
    throw format_error(
        fmt::format("claims a header of {} bytes, and at most {} are read", length, limits::npy_header_bytes));
  std::string text(length, ' ');
  fill(read, std::as_writable_bytes(std::span(text)));
  return {npy_header_reader(text).read(), (first ? 10 : 12) + length};
}

// How many elements; what they take in memory is limited, because bytes become integers of 64 bits.
std::size_t count_of(const npy_header& h, dtype type) {
  std::size_t room = max_payload_bytes / std::max(h.width, bytes_of(type));
  for (const index_t n : h.dims) {
    if (static_cast<std::size_t>(n) > room) throw format_error("claims too many elements");
    room /= std::max<std::size_t>(static_cast<std::size_t>(n), 1);
  }
  return static_cast<std::size_t>(size_of(h.dims));
}

void read_integers(const source& read, const npy_header& h, tensor& into) {
  std::vector<std::byte> block(std::size_t{1} << 16);
  const std::size_t count = static_cast<std::size_t>(into.count());
  for (std::size_t done = 0; done < count;) {
    const std::size_t n = std::min(block.size() / h.width, count - done);
    fill(read, std::span(block).first(n * h.width));
    for (std::size_t k = 0; k < n; ++k)
      into.set(static_cast<index_t>(done + k), integer_at(block.data() + k * h.width, h.width, h.kind == 'i'));
    done += n;
  }
}

// `whole`: how many bytes there are, as the file's or the archive's directory says.
tensor array_from(const source& read, std::uint64_t whole) {
  static_assert(std::endian::native == std::endian::little);
  const auto [h, before] = header_from(read);
  const std::optional<dtype> type = type_of(h);
  if (!type) throw format_error("is of a type that is not read");
  const std::size_t claimed = count_of(h, *type) * h.width;
  if (whole < before || whole - before != claimed)
    throw format_error(
        fmt::format("holds {} bytes where {} are claimed", whole - std::min<std::uint64_t>(whole, before), claimed));
  tensor t(*type, h.dims);
  if (*type == dtype::i64)
    read_integers(read, h, t);
  else
    fill(read, t.bytes());
  std::array<std::byte, 1> more{};
  if (read(more) != 0) throw format_error("holds more than it claims");
  return t;
}

// With the file's name before it, once.
format_error about(const std::string& path, const invalid_input& e) {
  const std::string what = e.what();
  return format_error(what.starts_with(path) ? what : fmt::format("{}: {}", path, what));
}

}  // namespace

// A file of an archive, closed at the end. What its directory claims may be a lie: no more than that is read.
class zip_archive {
 public:
  explicit zip_archive(const std::string& path) {
    open_file file(path);
    int reason = 0;
    zip_.reset(zip_fdopen(file.descriptor(), ZIP_CHECKCONS, &reason));
    if (!zip_) throw format_error("is no sound zip archive");
    file.release();  // the archive closes it
    const zip_int64_t n = zip_get_num_entries(zip_.get(), 0);
    if (n > static_cast<zip_int64_t>(limits::archive_members))
      throw format_error(fmt::format("holds {} files, and at most {} are read", n, limits::archive_members));
    std::uint64_t expanded = 0;
    for (zip_int64_t k = 0; k < n; ++k) {
      const std::uint64_t size = size_of_member(static_cast<zip_uint64_t>(k));
      if (size > limits::archive_bytes || (expanded += size) > limits::archive_bytes)
        throw format_error(fmt::format("expands to more than {} bytes", limits::archive_bytes));
    }
  }

  std::vector<std::string> names() const {
    std::vector<std::string> out;
    const zip_int64_t n = zip_get_num_entries(zip_.get(), 0);
    for (zip_int64_t k = 0; k < n; ++k)
      if (const char* name = zip_get_name(zip_.get(), static_cast<zip_uint64_t>(k), 0)) out.emplace_back(name);
    return out;
  }

  bool has(const std::string& name) const { return zip_name_locate(zip_.get(), name.c_str(), 0) >= 0; }

  tensor array(const std::string& name) const {
    const zip_int64_t at = zip_name_locate(zip_.get(), name.c_str(), 0);
    if (at < 0) throw format_error(fmt::format("has no '{}'", quotable(name)));
    const zip_uint64_t index = static_cast<zip_uint64_t>(at);
    const std::unique_ptr<zip_file_t, int (*)(zip_file_t*)> file(zip_fopen_index(zip_.get(), index, 0), zip_fclose);
    if (!file) throw format_error(fmt::format("{} cannot be opened", quotable(name)));
    // At the end of the data the checksum is compared.
    const source read = [&](std::span<std::byte> into) {
      std::size_t got = 0;
      while (got < into.size()) {
        const zip_int64_t n = zip_fread(file.get(), into.data() + got, into.size() - got);
        if (n < 0) throw format_error(fmt::format("{} is damaged", quotable(name)));
        if (n == 0) break;
        got += static_cast<std::size_t>(n);
      }
      return got;
    };
    return array_from(read, size_of_member(index));
  }

 private:
  std::uint64_t size_of_member(zip_uint64_t index) const {
    zip_stat_t stat;
    zip_stat_init(&stat);
    if (zip_stat_index(zip_.get(), index, 0, &stat) != 0 || (stat.valid & ZIP_STAT_SIZE) == 0)
      throw format_error("is no sound zip archive");
    return stat.size;
  }

  struct close {
    void operator()(zip_t* z) const { zip_discard(z); }
  };
  std::unique_ptr<zip_t, close> zip_;
};

tensor decode_npy(std::span<const std::byte> all) {
  std::span<const std::byte> rest = all;
  return array_from(
      [&rest](std::span<std::byte> into) {
        const std::size_t n = std::min(into.size(), rest.size());
        std::copy_n(rest.begin(), n, into.begin());
        rest = rest.subspan(n);
        return n;
      },
      all.size());
}

class tensor_file::contents {
 public:
  virtual ~contents() = default;
  virtual bool has(const std::string& name) const = 0;
  virtual tensor at(const std::string& name) const = 0;
  virtual std::vector<std::string> names() const = 0;
};

class tensor_file::of_zip : public contents {
 public:
  explicit of_zip(const std::string& path) : zip_(path) {}
  bool has(const std::string& name) const override { return zip_.has(name + ".npy"); }
  tensor at(const std::string& name) const override { return zip_.array(name + ".npy"); }
  std::vector<std::string> names() const override {
    std::vector<std::string> out;
    for (const std::string& name : zip_.names())
      if (name.ends_with(".npy")) out.push_back(name.substr(0, name.size() - 4));
    return out;
  }

 private:
  zip_archive zip_;
};

class tensor_file::of_safetensors : public contents {
 public:
  explicit of_safetensors(const std::string& path) : file_(read_file(path)) {
    for (const auto& [name, t] : file_.tensors) by_name_.emplace(name, &t);
  }
  bool has(const std::string& name) const override { return by_name_.contains(name); }
  tensor at(const std::string& name) const override {
    const auto found = by_name_.find(name);
    if (found == by_name_.end()) throw format_error(fmt::format("has no '{}'", quotable(name)));
    return *found->second;
  }
  std::vector<std::string> names() const override {
    std::vector<std::string> out;
    for (const auto& [name, t] : file_.tensors) out.push_back(name);
    return out;
  }

 private:
  safetensors file_;
  std::map<std::string_view, const tensor*> by_name_;
};

// One array, whatever it is called.
class tensor_file::of_npy : public contents {
 public:
  explicit of_npy(const std::string& path) {
    open_file file(path);
    array_ = array_from([&file](std::span<std::byte> into) { return file.read(into); }, file.size());
  }
  bool has(const std::string& name) const override { return name == "array"; }
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
  } catch (const invalid_input& e) {
    throw about(path, e);
  }
}
tensor_file::~tensor_file() = default;
tensor_file::tensor_file(tensor_file&&) noexcept = default;

bool tensor_file::has(const std::string& name) const { return contents_->has(name); }

tensor tensor_file::at(const std::string& name) const {
  try {
    return contents_->at(name);
  } catch (const invalid_input& e) {
    throw about(path_, e);
  }
}

std::vector<std::string> tensor_file::names() const { return contents_->names(); }

}  // namespace backproof::networks
