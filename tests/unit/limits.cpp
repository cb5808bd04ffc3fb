// What comes from outside: files that are none, JSON that is hostile, paths that lead astray. The answer is a result,
// or one line of invalid_input or file_error.
#include "backproof/base/limits.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>

#include "backproof/base/file.hpp"
#include "backproof/base/untrusted_json.hpp"
#include "backproof/flow/measure/record.hpp"
#include "backproof/flow/measure/statistics.hpp"
#include "backproof/flow/recording/recording.hpp"
#include "backproof/flow/rules/baseline.hpp"
#include "backproof/network/format/tensor_files.hpp"
#include "backproof/network/graph/network.hpp"
#include "backproof/run/baseline.hpp"
#include "backproof/tensor/json_values.hpp"
#include "backproof/tensor/safetensors.hpp"
#include "support.hpp"

namespace backproof::tests::in_limits {

BOOST_AUTO_TEST_SUITE(limits)

namespace limits = backproof::limits;  // the suite has their name

namespace {

namespace fs = std::filesystem;
using json = nlohmann::ordered_json;

// A folder of its own, gone at the end.
class folder {
 public:
  folder() {
    std::string name = (fs::temp_directory_path() / "backproof-limits-XXXXXX").string();
    BOOST_REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~folder() { fs::remove_all(path_); }
  folder(const folder&) = delete;
  folder& operator=(const folder&) = delete;

  std::string at(const std::string& name) const { return (path_ / name).string(); }
  std::string holding(const std::string& name, const std::string& text) const {
    std::ofstream(at(name), std::ios::binary) << text;
    return at(name);
  }
  std::string fifo(const std::string& name) const {
    BOOST_REQUIRE(::mkfifo(at(name).c_str(), 0600) == 0);
    return at(name);
  }

 private:
  fs::path path_;
};

// One line that holds these words.
auto says(const std::string& words) {
  return [words](const std::exception& e) {
    const std::string what = e.what();
    const bool right = what.find(words) != std::string::npos && what.find_first_of("\r\n\x1b") == std::string::npos;
    if (!right) BOOST_TEST_MESSAGE(what);
    return right;
  };
}

std::string members(std::size_t n) {
  std::string text = "{";
  for (std::size_t k = 0; k < n; ++k) text += fmt::format("{}\"key{}\":\"value\"", k == 0 ? "" : ",", k);
  return text + "}";
}

std::string repeated(const std::string& text, std::size_t n) {
  std::string all;
  for (std::size_t k = 0; k < n; ++k) all += text;
  return all;
}

template <class Json>
Json parsed(const std::string& text, const json_limits& most = {}) {
  return parse_untrusted<invalid_input, Json>(text, "here: ", most);
}

// Of both kinds of objects.
void refused(const std::string& text, const std::string& words, const json_limits& most = {}) {
  BOOST_CHECK_EXCEPTION(parsed<json>(text, most), invalid_input, says("here: " + words));
  BOOST_CHECK_EXCEPTION(parsed<nlohmann::json>(text, most), invalid_input, says("here: " + words));
}

std::string npy(const std::string& header, const std::string& data) {
  const std::string text = header + "\n";
  return std::string("\x93NUMPY\x01\x00", 8) + static_cast<char>(text.size() & 0xff) +
         static_cast<char>(text.size() >> 8) + text + data;
}

tensor decoded(const std::string& text) { return networks::decode_npy(std::as_bytes(std::span(text))); }

std::string shaped(const std::string& shape, const std::string& descr = "'<f8'") {
  return "{'descr': " + descr + ", 'fortran_order': False, 'shape': " + shape + ", }";
}

// Every text that begins it, and 1000 in which some bytes are others.
template <class Read>
void damage(const std::string& whole, Read read) {
  draw random(1, "damage", whole.size());
  std::vector<std::string> all;
  for (std::size_t n = 0; n < whole.size(); n += 1 + whole.size() / 500) all.push_back(whole.substr(0, n));
  for (int k = 0; k < 1000; ++k) {
    std::string text = whole;
    for (index_t n = random.between(1, 4); n > 0; --n)
      text[static_cast<std::size_t>(random.below(static_cast<index_t>(text.size())))] =
          random.chance(0.5) ? "{}[]\",:'()0123456789-eE \\"[random.below(25)] : static_cast<char>(random.below(256));
    all.push_back(std::move(text));
  }
  claim only_ours("damage");
  for (const std::string& text : all) {
    std::string what;
    try {
      read(text);
    } catch (const invalid_input& e) {
      what = e.what();
      only_ours.require(what.find_first_of("\r\n\x1b") == std::string::npos, [&] { return what; });
      continue;
    } catch (const std::exception& e) {
      what = std::string("another exception: ") + e.what();
    }
    only_ours.require(what.empty(), [&] { return what; });
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(files_are_read_whole_and_within_their_limit) {
  const folder f;
  const std::string text(200'000, 'x');
  BOOST_TEST((read_text(f.holding("x", text), text.size()) == text));
  BOOST_TEST(read_bytes(f.at("x"), text.size()).size() == text.size());
  BOOST_TEST(read_text(f.holding("empty", ""), 0).empty());
  BOOST_CHECK_EXCEPTION(read_text(f.at("x"), text.size() - 1), invalid_input, says("larger than 199999 bytes"));
  fs::create_symlink(f.at("x"), f.at("link"));
  BOOST_TEST(read_text(f.at("link"), text.size()).size() == text.size());
  BOOST_TEST(!read_text("/proc/self/status", limits::mib).empty());  // its size is said to be 0
}

BOOST_AUTO_TEST_CASE(what_is_no_regular_file_is_refused_at_once) {
  const folder f;
  fs::create_directory(f.at("folder"));
  fs::create_symlink(f.fifo("fifo"), f.at("link"));
  for (const std::string& path :
       {f.at("fifo"), f.at("link"), f.at("folder"), std::string("/dev/zero"), std::string("/dev/null")})
    BOOST_CHECK_EXCEPTION(read_text(path, 1000), file_error, says(path + ": not a regular file"));
  BOOST_CHECK_EXCEPTION(read_text(f.at("none"), 1000), file_error, says(f.at("none") + ": No such file or directory"));
  BOOST_CHECK_EXCEPTION(read_text(f.holding("x", "") + "/y", 1000), file_error, says("cannot read"));
}

BOOST_AUTO_TEST_CASE(every_reader_refuses_a_fifo) {
  const folder f;
  const auto refuses = [&](const std::string& name, auto read) {
    const std::string path = f.fifo(name);
    BOOST_CHECK_EXCEPTION(read(path), file_error, says(path + ": not a regular file"));
    BOOST_CHECK_EXCEPTION(read(f.at("no-" + name)), file_error, says("cannot read " + f.at("no-" + name)));
  };
  refuses("a.safetensors", [](const std::string& p) { read_file(p); });
  for (const char* name : {"b.safetensors", "b.npz", "b.npy"})
    refuses(name, [](const std::string& p) { networks::tensor_file{p}; });
  for (const char* name : {"c.json", "c.onnx"}) refuses(name, [](const std::string& p) { networks::read_network(p); });
  for (const char* name : {"d.npz", "d.safetensors", "d.jsonl"})
    refuses(name, [](const std::string& p) { flow::read_recording(p); });
  refuses("e", [](const std::string& p) { flow::sha256_of(p); });
  refuses("f", [](const std::string& p) { grades::read(p); });
  refuses("g", [](const std::string& p) {
    flow::flow_record r;
    flow::compare_with_baseline(r, p, 1);
  });
}

BOOST_AUTO_TEST_CASE(lines_are_given_one_by_one) {
  const folder f;
  const auto all = [&](const std::string& text, std::size_t longest) {
    std::vector<std::string> list;
    file_lines lines(f.holding("x", text), longest);
    for (std::string_view line; lines.next(line);) list.emplace_back(line);
    BOOST_TEST(lines.number() == list.size());
    return list;
  };
  using lines = std::vector<std::string>;
  BOOST_TEST(all("", 9).empty());
  BOOST_TEST((all("\n", 9) == lines{""}));
  BOOST_TEST((all("a\n\nbc", 9) == lines{"a", "", "bc"}));
  BOOST_TEST((all("a\nbc\n", 2) == lines{"a", "bc"}));
  const std::string wide(100'000, 'y');  // more than is read at a time
  BOOST_TEST((all("a\n" + wide + "\nb\n" + wide, wide.size()) == lines{"a", wide, "b", wide}));
  BOOST_CHECK_EXCEPTION(all("a\nabc\n", 2), invalid_input, says("line 2: longer than 2 bytes"));
  BOOST_CHECK_EXCEPTION(all("a\n" + wide, wide.size() - 1), invalid_input, says("line 2: longer than 99999 bytes"));
}

BOOST_AUTO_TEST_CASE(a_path_leads_out_of_its_folder_or_not) {
  const folder f;
  fs::create_directories(f.at("inside/deeper"));
  f.holding("secret", "x");
  f.holding("inside/plain", "x");
  fs::create_symlink(f.at("secret"), f.at("inside/link"));
  fs::create_symlink(f.at("inside/plain"), f.at("inside/good"));
  fs::create_symlink("..", f.at("inside/deeper/up"));
  fs::create_symlink(f.at("inside"), f.at("alias"));
  const std::string inside = f.at("inside"), plain = fs::canonical(f.at("inside/plain")).string();
  for (const std::string& good : {std::string("plain"), std::string("good"), std::string("deeper/../plain"),
                                  std::string("deeper/up/plain"), f.at("inside/plain"), f.at("alias/plain")})
    BOOST_TEST(path_inside(inside, good) == plain, good);
  BOOST_TEST(path_inside(f.at("alias"), "plain") == plain);
  BOOST_TEST(path_inside(inside, "none") == (fs::canonical(inside) / "none").string());
  for (const std::string& bad :
       {std::string("link"), std::string("../secret"), f.at("secret"), std::string("../inside2/x"),
        std::string("deeper/up/../secret"), std::string("/etc/passwd")})
    BOOST_CHECK_EXCEPTION(path_inside(inside, bad), invalid_input, says("outside"));
}

BOOST_AUTO_TEST_CASE(networks_read_tensors_from_their_own_folder) {
  const folder f;
  fs::create_directories(f.at("net"));
  const backproof::safetensors w{.metadata = {}, .tensors = {{"x", vector_of(dtype::f32, {1, 2})}}};
  write_file(f.at("w.safetensors"), w);
  write_file(f.at("net/w.safetensors"), w);
  fs::create_symlink(f.at("w.safetensors"), f.at("net/link.safetensors"));
  const auto read = [&](const std::string& file, bool allow) {
    const std::string text =
        R"({"format":"backproof.net/1","inputs":{"x":{"file":")" + file + R"("}},"layers":[{"op":"Relu"}]})";
    return networks::network_of(text, f.at("net"), {.extents = {}, .allow_outside = allow});
  };
  for (const std::string& good : {std::string("w.safetensors"), f.at("net/w.safetensors")})
    BOOST_CHECK_NO_THROW(read(good, false));
  for (const std::string& bad :
       {std::string("../w.safetensors"), std::string("link.safetensors"), f.at("w.safetensors")}) {
    BOOST_CHECK_EXCEPTION(read(bad, false), invalid_input, says("inputs x: '" + bad.substr(0, 5)));
    BOOST_CHECK_EXCEPTION(read(bad, false), invalid_input, says("--allow-outside"));
    BOOST_CHECK_NO_THROW(read(bad, true));
  }
}

BOOST_AUTO_TEST_CASE(json_of_many_keys_takes_no_longer_for_each_of_them) {
  // With a search for each key this would take minutes.
  const std::string text = members(300'000);
  BOOST_TEST(parsed<json>(text).size() == 300'000u);
  BOOST_TEST(parsed<nlohmann::json>(text).size() == 300'000u);
  BOOST_TEST(parsed<json>(text).begin().key() == "key0");  // in their order
}

BOOST_AUTO_TEST_CASE(json_is_read_as_it_is) {
  for (const std::string text : {"{}", "[]", "null", "-1", "18446744073709551615", "1.5e300", R"("a\u00e9\n")",
                                 R"({"b":[1,-2,3.5,true,false,null,"t"],"a":{"b":{},"c":[[],[{}]]}})"}) {
    BOOST_TEST((parsed<json>(text) == json::parse(text)), text);
    BOOST_TEST((parsed<nlohmann::json>(text) == nlohmann::json::parse(text)), text);
    BOOST_TEST(parsed<json>(text).dump() == json::parse(text).dump());
  }
  BOOST_CHECK_NO_THROW(parsed<json>(R"([{"a":1},{"a":1},{"a":{"a":1}}])"));  // the same key in other objects
}

BOOST_AUTO_TEST_CASE(hostile_json_is_refused_in_one_line) {
  for (const std::string text : {"", "{", "[1,]", "1 2", "\xff", "\"\xff\"", "{\"a\"}", "nul", "[1}", "\"\n\""})
    refused(text, "not valid JSON, at byte");
  refused("[1e999]", "a number is too large");
  refused(R"({"a":1,"b":2,"a":3})", "there are two values for 'a'");
  refused(R"([{"b":{"x":1,"x":1}}])", "there are two values for 'x'");
  refused(R"({"a":1,"\u0061":3})", "there are two values for 'a'");
  refused(R"({"\u001b[31m":1,"\u001b[31m":3})", "there are two values for '\\u{1B}[31m'");
  BOOST_CHECK_NO_THROW(parsed<json>(repeated("[", limits::json_levels) + repeated("]", limits::json_levels)));
  refused(repeated("[", limits::json_levels + 1), "nested too deeply");
  refused(repeated("{\"a\":", 100'000), "nested too deeply");
  BOOST_CHECK_NO_THROW(parsed<json>("[1,2,3]", {.values = 4}));
  refused("[1,2,3]", "more than 3 values", {.values = 3});
  refused("[" + repeated("[],", limits::json_values), "more than 4194304 values");
}

BOOST_AUTO_TEST_CASE(headers_of_many_keys_are_read_or_refused) {
  const auto with = [](const std::string& header) {
    std::string all(8, '\0');
    const std::uint64_t n = header.size();
    std::memcpy(all.data(), &n, 8);
    all += header;
    return decode(std::as_bytes(std::span(all)));
  };
  BOOST_TEST(with("{\"__metadata__\":" + members(limits::metadata_keys) + "}").metadata.size() ==
             limits::metadata_keys);
  BOOST_CHECK_EXCEPTION(with("{\"__metadata__\":" + members(80'000) + "}"), format_error, says("more than 4096 keys"));
  // As many tensors come back as were written, and none of them is looked for among the others.
  backproof::safetensors s;
  for (int k = 0; k < 60'000; ++k) s.tensors.emplace_back("step/" + std::to_string(k), vector_of(dtype::f32, {1}));
  BOOST_TEST(decode(encode(s)).tensors.size() == 60'000u);
  BOOST_CHECK_EXCEPTION(with(R"({"x":{"dtype":"F32","shape":[0,1073741824,1073741824],"data_offsets":[0,0]}})"),
                        format_error, says("too large"));
  BOOST_CHECK_NO_THROW(with(R"({"x":{"dtype":"F32","shape":[0,7],"data_offsets":[0,0]}})"));
}

BOOST_AUTO_TEST_CASE(a_stream_may_have_a_smaller_header) {
  const std::vector<std::byte> whole = encode({.metadata = {{"a", std::string(2000, 'x')}}, .tensors = {}});
  BOOST_CHECK_NO_THROW(decode(whole));
  BOOST_CHECK_THROW(decode(whole, 1000), format_error);
  BOOST_CHECK_NO_THROW(header_bytes(std::span(whole).first<8>(), 4000));
  BOOST_CHECK_THROW(header_bytes(std::span(whole).first<8>(), 1000), format_error);
}

BOOST_AUTO_TEST_CASE(headers_of_numpy_are_read_strictly) {
  const std::string eight(8, '\0'), four(4, '\0');
  BOOST_TEST((decoded(npy(shaped("(1,)"), eight)).dims() == shape{1}));
  BOOST_TEST(decoded(npy(shaped("()"), eight)).dims().empty());
  BOOST_TEST((decoded(npy(shaped("(0, 7)"), "")).dims() == shape{0, 7}));
  BOOST_TEST((decoded(npy(R"({"shape":(1,1,),"descr":"<f4","fortran_order":False})", four)).dims() == shape{1, 1}));
  BOOST_TEST((decoded(npy(shaped("(1, 1)") + std::string(50, ' '), eight)).dims() == shape{1, 1}));
  for (const std::string& text :
       {shaped("(1, "), shaped("(1"), shaped("(1)"), shaped("(,)"), shaped("(1,,1)"), shaped("(1 1)"), shaped("1"),
        shaped("[1]"), shaped("(-1,)"), shaped("(1.0,)"), shaped("(1,)") + "x", shaped("(1,), 'shape': (1,)"),
        shaped("(1,), 'more': 1"), std::string("{'descr': '<f8', 'fortran_order': False, 'shape': (1, "),
        std::string("{'descr': '<f8', 'shape': (1,), }"), std::string("'shape': (1,)"), std::string("{}"),
        std::string("{'descr': '<f8' 'fortran_order': False, 'shape': (1,)}"),
        std::string("{'descr': '<f8', 'fortran_order': 0, 'shape': (1,)}")})
    BOOST_CHECK_EXCEPTION(decoded(npy(text, eight)), format_error, says("header that is none"));
  BOOST_CHECK_EXCEPTION(decoded(npy(shaped("(1,)", "[('a', '<f8')]"), eight)), format_error, says("type"));
  for (const std::string extent : {"999999999999999999", "9999999999999999999999999", "1073741824"})
    BOOST_CHECK_EXCEPTION(decoded(npy(shaped("(" + extent + ", 4)", "'|u1'"), "")), format_error, says("to"));
  BOOST_CHECK_THROW(decoded(npy(shaped("(0, 9999999999, 9999999999)"), "")), format_error);
  BOOST_CHECK_THROW(decoded(npy(shaped("(" + repeated("1,", 17) + ")"), eight)), format_error);
  // What a byte becomes takes eight: it is counted as it will be.
  BOOST_CHECK_EXCEPTION(decoded(npy(shaped("(134217729,)", "'|u1'"), "")), format_error, says("too many"));
  BOOST_CHECK_EXCEPTION(decoded(npy(shaped("(134217728,)", "'|u1'"), "")), format_error, says("holds 0 bytes"));
  BOOST_CHECK_EXCEPTION(decoded(npy(shaped("(1,)"), eight + "x")), format_error, says("holds 9 bytes where 8"));
}

BOOST_AUTO_TEST_CASE(large_arrays_of_integers_are_read_in_blocks) {
  std::string data;
  for (int k = 0; k < 40'000; ++k) data += {static_cast<char>(k & 0xff), static_cast<char>(k >> 8 & 0xff), 0, 0};
  const tensor t = decoded(npy(shaped("(200, 200)", "'<i4'"), data));
  claim all("integers");
  for (index_t k = 0; k < t.count(); ++k)
    all.require(t.at(k) == static_cast<double>(k), [&] { return std::to_string(k); });
}

BOOST_AUTO_TEST_CASE(the_slope_of_many_layers_is_the_median_all_the_same) {
  // More than a thousand points: their slopes are counted, not stored.
  draw random(1, "slopes", 0);
  const auto even = [](index_t k) { return static_cast<double>(k % 3); };
  const auto line = [](index_t k) { return 0.25 * static_cast<double>(k); };
  const auto noise = [&](index_t) { return random.normal(); };
  const auto wild = [&](index_t) { return std::exp2(random.uniform(-300, 300)); };
  double at = 0;
  const auto walk = [&](index_t) { return at += random.normal(); };
  for (const std::function<double(index_t)>& f :
       {std::function<double(index_t)>(even), {line}, {noise}, {wild}, {walk}})
    for (const index_t n : {1001, 1002, 1503}) {
      std::vector<double> y, slopes;
      for (index_t k = 0; k < n; ++k) y.push_back(f(k));
      for (std::size_t a = 0; a < y.size(); ++a)
        for (std::size_t b = a + 1; b < y.size(); ++b) slopes.push_back((y[b] - y[a]) / static_cast<double>(b - a));
      BOOST_TEST(flow::theil_sen_slope(y) == flow::median(slopes));
    }
}

BOOST_AUTO_TEST_CASE(damaged_inputs_are_read_or_refused) {
  const std::string network =
      R"({"format":"backproof.net/1","seed":3,"inputs":{"x":{"shape":[2,3]},"y":{"values":[[1,2],[3,4]]}},)"
      R"("layers":[{"name":"fc","op":"Linear","units":2,"init":"he"},{"repeat":2,"layers":[{"op":"Relu"}]},)"
      R"({"op":"mse_loss","inputs":["fc","y"]}],"penalty":{"l2":0.1}})";
  damage(network, [](const std::string& text) { networks::network_of(text); });
  attributes a;
  a.set("axis", std::int64_t{1}), a.set("scales", std::vector<double>{1, 2.5}), a.set("mode", std::string("linear"));
  damage(to_json(a), [](const std::string& text) { attributes_from_json(text); });
  damage(npy(shaped("(2, 1)"), std::string(16, '\1')), [](const std::string& text) { decoded(text); });
  const folder f;
  const std::string line =
      R"({"kind":"delta","step":1,"index":1,"layer":"a","n":4,"norm":1.5,"exp_hist":[[0,2],[-1,1]],"dtype":"f32"})";
  damage(line + "\n" + line, [&](const std::string& text) { flow::read_jsonl(f.holding("x.jsonl", text)); });
  const std::string log = R"({"event":"run","seed":1,"samples":2})"
                          "\n"
                          R"({"event":"case","op":"Relu","dtype":"f32","check":"c","verdict":"pass","max_ulps":0.5})";
  damage(log, [&](const std::string& text) { grades::read(f.holding("log", text)); });
  const std::string report =
      R"({"schema":"backproof.flow-report/1","layers":[{"name":"a","gain_decades":0.5},{"name":"b","gain_decades":null}]})";
  damage(report, [&](const std::string& text) {
    flow::flow_record r;
    flow::compare_with_baseline(r, f.holding("report", text), 1);
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::tests::in_limits
