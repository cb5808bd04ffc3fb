// JSON lines: one object per tensor and step.
#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "backproof/base/file.hpp"
#include "backproof/base/text.hpp"
#include "backproof/base/untrusted_json.hpp"
#include "backproof/flow/recording/recording.hpp"
#include "backproof/tensor/safetensors.hpp"

namespace backproof::flow {
namespace {

using nlohmann::json;

class line_reader {
 public:
  line_reader(const json& j, std::size_t line) : j_(j), line_(line) {}

  [[noreturn]] void refuse(const std::string& why) const { throw format_error(fmt::format("line {}: {}", line_, why)); }

  // NaN and infinities are strings, because JSON has none.
  double number(const char* key) const {
    const json& v = at(key);
    if (v.is_number()) return v.get<double>();
    if (v.is_string()) {
      const std::string text = v.get<std::string>();
      if (text == "NaN" || text == "nan") return std::nan("");
      if (text == "Infinity" || text == "inf") return INFINITY;
      if (text == "-Infinity" || text == "-inf") return -INFINITY;
    }
    refuse(fmt::format("'{}' is no number", key));
  }
  std::size_t count(const char* key) const {
    const json& v = at(key);
    if (!v.is_number_integer() || v < 0 || v > 1'000'000'000'000) refuse(fmt::format("'{}' is no whole number", key));
    return v.get<std::size_t>();
  }
  std::string text(const char* key) const {
    if (!at(key).is_string()) refuse(fmt::format("'{}' is no text", key));
    return at(key).get<std::string>();
  }
  bool has(const char* key) const { return j_.contains(key) && !j_[key].is_null(); }
  bool flag(const char* key) const { return has(key) && j_[key].is_boolean() && j_[key].get<bool>(); }

  // [[exponent, count], ...]
  std::map<int, std::size_t> exponents() const {
    std::map<int, std::size_t> list;
    if (!has("exp_hist")) return list;
    if (!j_["exp_hist"].is_array() || j_["exp_hist"].size() > 4096)
      refuse("'exp_hist' is no list of [exponent, count]");
    for (const json& pair : j_["exp_hist"]) {
      const bool sound =
          pair.is_array() && pair.size() == 2 && pair[0].is_number_integer() && pair[1].is_number_unsigned();
      if (!sound || std::abs(pair[0].get<long>()) > 2000) refuse("'exp_hist' is no list of [exponent, count]");
      list[pair[0].get<int>()] = pair[1].get<std::size_t>();
    }
    return list;
  }

 private:
  const json& at(const char* key) const {
    if (!has(key)) refuse(fmt::format("has no '{}'", key));
    return j_[key];
  }
  const json& j_;
  std::size_t line_;
};

quantity kind_of(const line_reader& l) {
  const std::string kind = l.text("kind");
  if (kind == "delta") return quantity::delta;
  if (kind == "grad") return quantity::grad;
  if (kind == "weight") return quantity::weight;
  l.refuse("kind '" + quotable(kind, 20) + "' is none of delta, grad and weight");
}

// A norm that is not finite although no element is said to be so is one all the same: never averaged away.
tensor_statistics statistics_in(const line_reader& l) {
  tensor_statistics s;
  s.n = l.count("n");
  s.norm = l.number("norm");
  s.rms = l.has("rms") ? l.number("rms") : s.n > 0 ? s.norm / std::sqrt(static_cast<double>(s.n)) : 0;
  s.absmax = l.has("absmax") ? l.number("absmax") : 0;
  s.zeros = l.has("zeros") ? l.count("zeros") : s.norm == 0 ? s.n : 0;
  s.nonfinite = l.has("nonfinite") ? l.count("nonfinite") : 0;
  if (s.zeros + s.nonfinite > s.n) l.refuse("more zeros and nonfinite elements than elements");
  if (!std::isfinite(s.norm) && s.nonfinite == 0) s.nonfinite = 1;
  if (std::isfinite(s.norm) && s.norm < 0) l.refuse("a negative norm");
  if (!std::isfinite(s.norm)) s.norm = 0;
  if (!std::isfinite(s.rms)) s.rms = 0;
  if (!std::isfinite(s.absmax)) s.absmax = 0;
  s.exponents = l.exponents();
  if (s.n == 0) l.refuse("'n' is 0");
  // Half a percent for norms that were taken in 16 bits; more is a contradiction.
  constexpr double room = 1.005;
  if (s.absmax > room * s.norm && s.nonfinite == 0) l.refuse("'absmax' is larger than the norm");
  std::size_t counted = 0;
  for (const auto& [e, count] : s.exponents) counted += count;
  if (counted > s.n) l.refuse("'exp_hist' counts more elements than there are");
  return s;
}

recorded_tensor parsed_line(std::string_view text, std::size_t line) {
  const json j = parse_untrusted<format_error, json>(text, fmt::format("line {}: ", line));
  if (!j.is_object()) throw format_error(fmt::format("line {}: not a JSON object", line));
  const line_reader l(j, line);
  recorded_tensor t;
  t.what = kind_of(l);
  t.step = l.has("step") ? static_cast<long>(l.count("step")) : 0;
  t.name = l.text("layer");
  if (t.what == quantity::delta) t.index = static_cast<long>(l.count("index"));
  t.dtype = l.has("dtype") ? l.text("dtype") : "";
  t.clipped = l.flag("clipped");
  t.loss_scale = l.has("loss_scale") ? l.number("loss_scale") : 1;
  t.absent = l.flag("absent");
  if (!t.absent) t.statistics = statistics_in(l);
  if (!t.dtype.empty() && limits_of(t.dtype) == nullptr)
    l.refuse("dtype '" + quotable(t.dtype, 20) + "' is none of f16, bf16, f32, f64");
  t.width = l.has("width") ? l.count("width") : t.statistics.n;
  if (t.width == 0 && !t.absent) l.refuse("'width' is 0");
  return t;
}

}  // namespace

recording read_jsonl(const std::string& path) {
  file_lines lines(path, limits::recorded_line_bytes);
  recording r{path, {}};
  std::size_t exponents = 0;
  for (std::string_view line; lines.next(line);) {
    if (line.empty()) continue;
    if (r.tensors.size() == limits::recorded_tensors)
      throw format_error(fmt::format("more than {} lines", limits::recorded_tensors));
    r.tensors.push_back(parsed_line(line, lines.number()));
    if ((exponents += r.tensors.back().statistics.exponents.size()) > limits::recorded_exponents)
      throw format_error(fmt::format("more than {} exponents in its histograms", limits::recorded_exponents));
  }
  return r;
}

}  // namespace backproof::flow
