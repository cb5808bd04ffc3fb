// The container: whatever is written is read back bit for bit, and whatever is malformed is refused in one line before
// anything large is allocated.
#include "backproof/tensor/safetensors.hpp"

#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "backproof/base/whole_file.hpp"
#include "support.hpp"

namespace backproof::tests::in_safetensors {

BOOST_AUTO_TEST_SUITE(safetensors)

using backproof::safetensors;

namespace {

using bytes = std::vector<std::byte>;

bytes file(const std::string& header, std::size_t payload = 0, std::uint64_t claimed = ~std::uint64_t{0}) {
  const std::uint64_t n = claimed == ~std::uint64_t{0} ? header.size() : claimed;
  bytes out;
  for (int i = 0; i < 8; ++i) out.push_back(static_cast<std::byte>(n >> (8 * i) & 0xff));
  for (const char c : header) out.push_back(static_cast<std::byte>(c));
  out.resize(out.size() + payload);
  return out;
}

// One tensor's header entry with some parts as given.
std::string tensor_entry(const std::string& name, const std::string& type, const std::string& dims,
                         const std::string& offsets) {
  return "\"" + name + "\":{\"dtype\":" + type + ",\"shape\":" + dims + ",\"data_offsets\":" + offsets + "}";
}

bool one_line(const format_error& e) {
  const std::string text = e.what();
  return !text.empty() && text.size() < 300 && text.find_first_of("\r\n\x1b") == std::string::npos;
}

safetensors one(tensor t) {
  safetensors s;
  s.tensors.emplace_back("x", std::move(t));
  return s;
}

struct folder {
  folder() : path(std::filesystem::temp_directory_path() / ("backproof-unit-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(path);
  }
  ~folder() { std::filesystem::remove_all(path); }
  std::size_t files() const {
    std::size_t n = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(path)) ++n;
    return n;
  }
  std::filesystem::path path;
};

}  // namespace

BOOST_AUTO_TEST_CASE(tensors_of_every_dtype_come_back_bit_for_bit) {
  draw random(1, "safetensors", 0);
  safetensors s;
  s.metadata = {{"op", "Sigmoid"}, {"empty", ""}, {"odd", "\"quotes\", \\ and\nlines, ü"}};
  for (const dtype t : {dtype::f64, dtype::f32, dtype::f16, dtype::bf16, dtype::i64})
    for (const auto& dims : std::vector<backproof::shape>{{}, {0}, {5}, {2, 3}, {2, 0, 3}, {1, 1, 1, 1}}) {
      tensor x(t, dims);
      // Random bytes hold NaNs with payloads, subnormals and everything else.
      for (std::byte& b : x.bytes()) b = static_cast<std::byte>(random.below(256));
      s.tensors.emplace_back(std::string(name_of(t)) + to_string(dims), std::move(x));
    }
  const safetensors back = decode(encode(s));
  BOOST_TEST((back.metadata == s.metadata));
  BOOST_TEST((back.tensors == s.tensors));
}

BOOST_AUTO_TEST_CASE(special_values_come_back_bit_for_bit) {
  std::vector<double> special = {0.0, -0.0, infinity, -infinity, 0x1p-1074, -0x1p-1074, 0x1.fffffffffffffp1023};
  tensor t = vector_of(dtype::f64, special);
  const std::uint64_t payload = 0x7ff4dead0000beef;  // a signalling NaN with something in it
  tensor nan(dtype::f64, {1});
  std::memcpy(nan.bytes().data(), &payload, sizeof payload);
  safetensors s;
  s.tensors = {{"special", t}, {"nan", nan}};
  const safetensors back = decode(encode(s));
  BOOST_TEST((*back.find("special") == t));
  BOOST_TEST((*back.find("nan") == nan));
  BOOST_TEST((back.find("none") == nullptr));
}

BOOST_AUTO_TEST_CASE(nothing_at_all_comes_back_as_nothing) {
  const safetensors back = decode(encode({}));
  BOOST_TEST((back.metadata.empty() && back.tensors.empty()));
}

BOOST_AUTO_TEST_CASE(the_header_is_padded_so_that_the_tensors_are_aligned) {
  for (const char* name : {"x", "xy", "xyz", "xyzz", "xyzzy", "xyzzyx", "xyzzyxy", "xyzzyxyz"}) {
    safetensors s;
    s.tensors.emplace_back(name, vector_of(dtype::f64, {1}));
    const bytes b = encode(s);
    const std::size_t n = header_bytes(std::span(b).first<8>());
    BOOST_TEST(n % 8 == 0);
    BOOST_TEST(b.size() == 8 + n + 8);
    BOOST_TEST(payload_bytes({reinterpret_cast<const char*>(b.data()) + 8, n}) == 8);
  }
}

BOOST_AUTO_TEST_CASE(a_file_by_hand_as_other_programs_write_it_is_read) {
  bytes b = file("{\"__metadata__\":{\"a\":\"b\"},\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8);
  const float x[2] = {1.5f, -2.0f};
  std::memcpy(b.data() + b.size() - 8, x, 8);
  const safetensors s = decode(b);
  BOOST_TEST((s.metadata == std::map<std::string, std::string>{{"a", "b"}}));
  BOOST_TEST((s.find("x")->at(0) == 1.5 && s.find("x")->at(1) == -2));
}

BOOST_AUTO_TEST_CASE(tensors_may_be_listed_in_another_order_than_their_bytes) {
  const safetensors s = decode(file(
      "{" + tensor_entry("b", "\"BF16\"", "[1]", "[2,4]") + "," + tensor_entry("a", "\"F16\"", "[1]", "[0,2]") + "}",
      4));
  BOOST_TEST(s.tensors.size() == 2);
  BOOST_TEST(s.tensors[0].first == "a");
}

BOOST_AUTO_TEST_CASE(every_malformed_file_is_refused_in_one_line) {
  const std::string f64 = "\"F64\"";
  const auto header = [](const std::string& entry) { return "{" + entry + "}"; };
  const std::vector<std::pair<std::string, bytes>> cases = {
      {"empty", {}},
      {"truncated prefix", bytes(7)},
      {"huge header claim", file("{}", 0, std::uint64_t{1} << 62)},
      {"largest header claim", file("{}", 0, ~std::uint64_t{0} - 1)},
      {"truncated header", file("{}", 0, 100)},
      {"no header", file("")},
      {"not JSON", file("{x}")},
      {"cut JSON", file("{\"x\":")},
      {"bytes behind the JSON", file("{}{}")},
      {"not an object", file("[1,2]")},
      {"deep nesting", file(header("\"x\":" + std::string(10000, '[') + std::string(10000, ']')))},
      {"deep nesting in metadata",
       file(header("\"__metadata__\":{\"a\":" + std::string(50, '[') + std::string(50, ']') + "}"))},
      {"entry is no object", file(header("\"x\":1"))},
      {"dtype missing", file(header("\"x\":{\"shape\":[1],\"data_offsets\":[0,8]}"), 8)},
      {"shape missing", file(header("\"x\":{\"dtype\":\"F64\",\"data_offsets\":[0,8]}"), 8)},
      {"offsets missing", file(header("\"x\":{\"dtype\":\"F64\",\"shape\":[1]}"), 8)},
      {"bad dtype", file(header(tensor_entry("x", "\"F65\"", "[1]", "[0,8]")), 8)},
      {"dtype is no text", file(header(tensor_entry("x", "64", "[1]", "[0,8]")), 8)},
      {"shape is no list", file(header(tensor_entry("x", f64, "1", "[0,8]")), 8)},
      {"negative extent", file(header(tensor_entry("x", f64, "[-1]", "[0,8]")), 8)},
      {"fractional extent", file(header(tensor_entry("x", f64, "[1.5]", "[0,8]")), 8)},
      {"rank too high", file(header(tensor_entry("x", f64, "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]", "[0,8]")), 8)},
      {"product overflows", file(header(tensor_entry("x", f64, "[4294967296,4294967296]", "[0,0]")))},
      {"product overflows to the right size",
       file(header(tensor_entry("x", f64, "[9223372036854775809,2]", "[0,16]")), 16)},
      {"larger than any file", file(header(tensor_entry("x", f64, "[134217729]", "[0,1073741832]")))},
      {"one offset", file(header(tensor_entry("x", f64, "[1]", "[8]")), 8)},
      {"negative offset", file(header(tensor_entry("x", f64, "[1]", "[-8,0]")), 8)},
      {"offsets reversed", file(header(tensor_entry("x", f64, "[1]", "[8,0]")), 8)},
      {"offsets do not fit the shape", file(header(tensor_entry("x", f64, "[2]", "[0,8]")), 8)},
      {"offsets beyond the file", file(header(tensor_entry("x", f64, "[2]", "[0,16]")), 8)},
      {"hole before the first", file(header(tensor_entry("x", f64, "[1]", "[8,16]")), 16)},
      {"hole",
       file(header(tensor_entry("x", f64, "[1]", "[0,8]") + "," + tensor_entry("y", f64, "[1]", "[16,24]")), 24)},
      {"overlap",
       file(header(tensor_entry("x", f64, "[1]", "[0,8]") + "," + tensor_entry("y", f64, "[1]", "[4,12]")), 12)},
      {"same bytes twice",
       file(header(tensor_entry("x", f64, "[1]", "[0,8]") + "," + tensor_entry("y", f64, "[1]", "[0,8]")), 8)},
      {"trailing bytes", file(header(tensor_entry("x", f64, "[1]", "[0,8]")), 9)},
      {"trailing bytes and no tensor", file("{}", 1)},
      {"metadata is no object", file(header("\"__metadata__\":[]"))},
      {"metadata value is no text", file(header("\"__metadata__\":{\"a\":1}"))},
  };
  for (const auto& [what, whole] : cases)
    BOOST_TEST_CONTEXT(what) BOOST_CHECK_EXCEPTION(decode(whole), format_error, one_line);
}

BOOST_AUTO_TEST_CASE(hostile_names_do_not_break_the_one_line) {
  for (const std::string name : {"two\\nlines", "\\u001b[31mred", "long"}) {
    const std::string text = name == "long" ? std::string(10000, 'x') : name;
    BOOST_TEST_CONTEXT(name)
    BOOST_CHECK_EXCEPTION(decode(file("{" + tensor_entry(text, "\"F64\"", "[1]", "[8,16]") + "}", 16)), format_error,
                          one_line);
  }
}

BOOST_AUTO_TEST_CASE(streams_learn_sizes_before_any_tensor_is_read) {
  const std::string header = "{" + tensor_entry("x", "\"F32\"", "[1000]", "[0,4000]") + "}";
  BOOST_TEST(payload_bytes(header) == 4000);
  BOOST_TEST(payload_bytes("{}") == 0);
  // Hundreds of gigabytes are refused from the header alone.
  BOOST_CHECK_EXCEPTION(payload_bytes("{" + tensor_entry("x", "\"F64\"", "[100000000000]", "[0,800000000000]") + "}"),
                        format_error, one_line);
  bytes prefix = file("", 0, max_header_bytes + 1);
  BOOST_CHECK_THROW(header_bytes(std::span(prefix).first<8>()), format_error);
  prefix = file("", 0, max_header_bytes);
  BOOST_TEST(header_bytes(std::span(prefix).first<8>()) == max_header_bytes);
}

BOOST_AUTO_TEST_CASE(any_flipped_byte_of_the_header_is_refused_or_still_a_valid_file) {
  // Whatever a byte becomes, decoding ends in a result or in format_error: never in another exception, nor a crash.
  safetensors s = one(vector_of(dtype::f32, {1, 2, 3}));
  s.metadata = {{"op", "Add"}};
  const bytes whole = encode(s);
  for (std::size_t i = 0; i < whole.size(); ++i)
    for (const int flip : {0x01, 0x02, 0x10, 0x80, 0xff}) {
      bytes b = whole;
      b[i] ^= static_cast<std::byte>(flip);
      try {
        decode(b);
      } catch (const format_error&) {
        continue;
      }
    }
  for (std::size_t n = 0; n < whole.size(); ++n) BOOST_CHECK_THROW(decode(std::span(whole).first(n)), format_error);
}

BOOST_AUTO_TEST_CASE(a_written_file_is_read_back_and_leaves_no_other_behind) {
  const folder f;
  const std::string path = (f.path / "x.safetensors").string();
  const safetensors s = one(vector_of(dtype::f32, {1, -0.0}));
  write_file(path, s);
  write_file(path, s);  // over the first
  BOOST_TEST((read_file(path).tensors == s.tensors));
  BOOST_TEST(f.files() == 1);
  write_whole_file((f.path / "x.txt").string(), "text\n");
  std::ifstream in(f.path / "x.txt");
  std::string text;
  std::getline(in, text);
  BOOST_TEST(text == "text");
}

BOOST_AUTO_TEST_CASE(a_file_that_cannot_be_written_or_read_is_named) {
  const folder f;
  const auto names = [](const error& e) { return std::string(e.what()).find("nowhere") != std::string::npos; };
  const std::string path = (f.path / "nowhere" / "x").string();
  BOOST_CHECK_EXCEPTION(write_file(path, {}), file_error, names);
  BOOST_CHECK_EXCEPTION(read_file(path), file_error, names);
  BOOST_TEST(f.files() == 0);
  write_whole_file((f.path / "nowhere.safetensors").string(), "no such format");
  BOOST_CHECK_EXCEPTION(read_file((f.path / "nowhere.safetensors").string()), format_error, names);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::tests::in_safetensors
