// npz: a ZIP archive of .npy arrays, read member by member, so that a small file cannot unpack into all of memory.
#include <fmt/format.h>
#include <zip.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <memory>
#include <regex>

#include "backproof/dtype.hpp"
#include "backproof/safetensors.hpp"
#include "backproof/tensor.hpp"
#include "backproof/text.hpp"
#include "flow/recording.hpp"

namespace backproof::flow {
namespace {

constexpr std::size_t most_header = 4096;

struct array_header {
  std::string type;                    // "<f4"
  std::size_t elements = 1, each = 0;  // and bytes of each
  std::size_t samples = 1;             // its first extent, where there are more
};

// {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
array_header parsed_header(const std::string& text, const std::string& name) {
  const auto refuse = [&](const std::string& why) { return format_error("array '" + quotable(name) + "': " + why); };
  static const std::regex form(
      R"(\s*\{'descr': '([<|=][a-z]\d)', 'fortran_order': (?:True|False), 'shape': \(([\d, ]*)\),? *\}\s*)");
  std::smatch found;
  if (!std::regex_match(text, found, form)) throw refuse("its header is not that of a plain little-endian array");
  array_header h;
  h.type = found[1].str().substr(1);
  if (h.type != "f2" && h.type != "f4" && h.type != "f8") throw refuse("dtype " + h.type + " is none of f2, f4 and f8");
  h.each = static_cast<std::size_t>(h.type[1] - '0');
  const std::string shape = found[2].str();
  std::size_t rank = 0, first = 1;
  for (const char* p = shape.data(); p < shape.data() + shape.size();) {
    if (*p == ',' || *p == ' ') {
      ++p;
      continue;
    }
    std::size_t extent = 0;
    p = std::from_chars(p, shape.data() + shape.size(), extent).ptr;
    if (extent > most_elements || (extent > 0 && h.elements > most_elements / extent))
      throw refuse("its shape is too large");
    if (++rank == 1) first = extent;
    h.elements *= extent;
  }
  if (rank > 1 && first > 0) h.samples = first;
  return h;
}

class member {
 public:
  member(zip_t* archive, zip_uint64_t index, std::string name)
      : name_(std::move(name)), file_(zip_fopen_index(archive, index, 0), zip_fclose) {
    if (!file_)
      throw format_error("array '" + quotable(name_) + "': cannot be opened (encrypted, or packed in an unknown way)");
  }
  void read(void* to, std::size_t bytes) {
    if (zip_fread(file_.get(), to, bytes) != static_cast<zip_int64_t>(bytes))
      throw format_error("array '" + quotable(name_) + "': ends too early, or is damaged");
  }
  bool at_end() {
    char one = 0;
    return zip_fread(file_.get(), &one, 1) == 0;
  }

 private:
  std::string name_;
  std::unique_ptr<zip_file_t, int (*)(zip_file_t*)> file_;
};

array_header read_header(member& m, const std::string& name) {
  unsigned char start[8];
  m.read(start, sizeof start);
  if (std::memcmp(start, "\x93NUMPY", 6) != 0 || start[6] < 1 || start[6] > 3)
    throw format_error("array '" + quotable(name) + "': not an .npy array");
  unsigned char size[4] = {};
  m.read(size, start[6] == 1 ? 2 : 4);
  const std::size_t length = size[0] + 256u * size[1] + 65536u * size[2] + 16777216u * size[3];
  if (length > most_header) throw format_error("array '" + quotable(name) + "': its header is too long");
  std::string text(length, ' ');
  m.read(text.data(), length);
  return parsed_header(text, name);
}

double value_at(const std::vector<char>& bytes, std::size_t i, std::size_t each) {
  static_assert(std::endian::native == std::endian::little);
  if (each == 8) return std::bit_cast<double>(*reinterpret_cast<const std::array<char, 8>*>(bytes.data() + 8 * i));
  if (each == 4)
    return static_cast<double>(
        std::bit_cast<float>(*reinterpret_cast<const std::array<char, 4>*>(bytes.data() + 4 * i)));
  tensor half(dtype::f16, {1});
  std::memcpy(half.bytes().data(), bytes.data() + 2 * i, 2);
  return half.at(0);
}

tensor_statistics read_array(member& m, const array_header& h, const std::string& name) {
  // By parts: what the header claims is believed only as it arrives.
  constexpr std::size_t part = 65536;
  std::vector<tensor_statistics> parts;
  std::vector<char> bytes;
  std::vector<double> x;
  for (std::size_t at = 0; at < h.elements; at += part) {
    const std::size_t count = std::min(part, h.elements - at);
    bytes.resize(count * h.each), x.resize(count);
    m.read(bytes.data(), bytes.size());
    for (std::size_t i = 0; i < count; ++i) x[i] = value_at(bytes, i, h.each);
    parts.push_back(statistics_of(x));
  }
  if (!m.at_end()) throw format_error("array '" + quotable(name) + "': holds more than its shape says");
  return merged(parts);
}

// What the archive says it unpacks into; read_array takes no more than that from any member.
void check_sizes(zip_t* archive, zip_uint64_t count) {
  std::size_t total = 0;
  for (zip_uint64_t k = 0; k < count; ++k) {
    zip_stat_t s;
    zip_stat_init(&s);
    if (zip_stat_index(archive, k, 0, &s) != 0 || (s.valid & ZIP_STAT_SIZE) == 0)
      throw format_error("a damaged directory");
    if (s.size > most_total_bytes || (total += s.size) > most_total_bytes)
      throw format_error(fmt::format("its arrays would unpack into more than {} bytes", most_total_bytes));
  }
}

}  // namespace

recording read_npz(const std::string& path) {
  int trouble = 0;
  const std::unique_ptr<zip_t, void (*)(zip_t*)> archive(zip_open(path.c_str(), ZIP_RDONLY | ZIP_CHECKCONS, &trouble),
                                                         zip_discard);
  if (!archive) {
    if (trouble == ZIP_ER_NOENT || trouble == ZIP_ER_OPEN || trouble == ZIP_ER_READ)
      throw std::runtime_error("cannot read " + path);
    throw format_error("not a ZIP archive, or a truncated one");
  }
  const zip_int64_t count = zip_get_num_entries(archive.get(), 0);
  if (count > static_cast<zip_int64_t>(most_recorded_tensors)) throw format_error("too many arrays");
  check_sizes(archive.get(), static_cast<zip_uint64_t>(count));
  recording r{path, {}};
  for (zip_uint64_t k = 0; k < static_cast<zip_uint64_t>(count); ++k) {
    std::string name = zip_get_name(archive.get(), k, 0);
    if (name.ends_with(".npy")) name.resize(name.size() - 4);
    recorded_tensor t = parsed_name(name);
    member m(archive.get(), k, name);
    const array_header h = read_header(m, name);
    t.dtype = h.type == "f2" ? "f16" : h.type == "f4" ? "f32" : "f64";
    t.width = h.elements / h.samples;
    t.statistics = read_array(m, h, name);
    r.tensors.push_back(std::move(t));
  }
  return r;
}

}  // namespace backproof::flow
