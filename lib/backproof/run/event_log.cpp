#include "backproof/run/event_log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "backproof/base/error.hpp"
#include "backproof/base/file.hpp"
#include "backproof/base/limits.hpp"
#include "backproof/base/text.hpp"
#include "backproof/base/untrusted_json.hpp"
#include "backproof/tensor/json_values.hpp"
#include "backproof/tensor/safetensors.hpp"

namespace backproof {
namespace {

using json = nlohmann::ordered_json;

json object_in(std::string_view line) {
  json j = parse_untrusted<format_error>(line);
  if (!j.is_object()) throw format_error("not a JSON object");
  return j;
}

[[noreturn]] void wrong(const char* name) {
  throw format_error(fmt::format("{} is missing, or of the wrong type", name));
}

// Sets `to` if there is such a member; it must then be of that type.
template <class T>
void take(const json& j, const char* name, T& to) {
  const auto at = j.find(name);
  if (at == j.end()) return;
  try {
    to = at->get<T>();
  } catch (const json::exception&) {
    wrong(name);
  }
}

void take_number(const json& j, const char* name, double& to) {
  const auto at = j.find(name);
  if (at == j.end()) return;
  if (at->is_number())
    to = at->get<double>();
  else if (*at == "NaN")
    to = std::numeric_limits<double>::quiet_NaN();
  else if (*at == "Infinity")
    to = std::numeric_limits<double>::infinity();
  else if (*at == "-Infinity")
    to = -std::numeric_limits<double>::infinity();
  else
    wrong(name);
}

template <class T>
T taken(const json& j, const char* name) {
  if (!j.contains(name)) wrong(name);
  T value{};
  take(j, name, value);
  return value;
}

histogram counts_in(const json& j, const char* name) {
  std::vector<std::uint64_t> counts;
  take(j, name, counts);
  return histogram(std::move(counts));
}

void take_worst(const json& j, finding& f) {
  const auto at = j.find("worst");
  if (at == j.end()) return;
  if (!at->is_object()) wrong("worst");
  element w;
  w.where = taken<std::string>(*at, "where");
  w.expected = taken<std::string>(*at, "expected");
  w.actual = taken<std::string>(*at, "actual");
  w.ulps = std::numeric_limits<double>::quiet_NaN();
  take_number(*at, "error", w.error);
  take_number(*at, "bound", w.bound);
  take_number(*at, "ulps", w.ulps);
  f.worst = std::move(w);
}

finding finding_in(const json& j) {
  finding f;
  const auto outcome = verdict_named(taken<std::string>(j, "verdict"));
  if (!outcome) wrong("verdict");
  f.outcome = *outcome;
  if (j.contains("kind")) {
    const auto kind = failure_kind_named(taken<std::string>(j, "kind"));
    if (!kind) wrong("kind");
    f.kind = *kind;
  }
  take(j, "reason", f.reason);
  take(j, "variant", f.variant);
  take(j, "convention", f.convention);
  take(j, "note", f.note);
  take_number(j, "measured", f.measured);
  take(j, "unproved", f.unproved);
  take(j, "bound", f.bound);
  take(j, "elements", f.elements);
  take(j, "resolved", f.resolved);
  take_number(j, "max_ulps", f.max_ulps);
  take_worst(j, f);
  f.ulps = counts_in(j, "ulps");
  f.slack = counts_in(j, "slack");
  return f;
}

result result_in(const json& j) {
  result r;
  r.op = taken<std::string>(j, "op");
  r.domain = taken<std::string>(j, "domain");
  r.subject = taken<std::string>(j, "subject");
  r.dtype = taken<std::string>(j, "dtype");
  r.check = taken<std::string>(j, "check");
  r.claim = taken<std::string>(j, "claim");
  r.sample = taken<std::string>(j, "case");
  r.found = finding_in(j);
  take(j, "attributes", r.attributes);
  take(j, "sample", r.tensors);
  take(j, "told", r.told);
  take(j, "shrunk_from", r.shrunk_from);
  take(j, "file", r.file);
  take(j, "not_stored", r.not_stored);
  take(j, "hint", r.hint);
  take(j, "replay", r.replay);
  take(j, "internal", r.internal);
  return r;
}

run_info run_in(const json& j) {
  if (taken<std::string>(j, "schema") != "backproof.result/1")
    throw format_error("not of the schema backproof.result/1");
  run_info i;
  i.version = taken<std::string>(j, "backproof");
  i.subject = taken<std::string>(j, "subject");
  i.subject_version = taken<std::string>(j, "subject_version");
  i.seed = taken<std::uint64_t>(j, "seed");
  i.samples = taken<std::uint64_t>(j, "samples");
  take(j, "shard", i.shard);
  take(j, "ops", i.ops);
  take(j, "checks", i.checks);
  take(j, "dtypes", i.dtypes);
  take(j, "exhaustive", i.exhaustive);
  take(j, "out", i.out);
  take(j, "adapter", i.adapter);
  return i;
}

std::string unit_of(const result& r) { return r.op + "/" + r.dtype; }

// Reads line after line, and keeps where each unit ended.
class reading {
 public:
  explicit reading(std::string path) : path_(std::move(path)) {}

  // A whole one, without its end.
  void line(std::string_view text) {
    ++number_;
    bytes_ += text.size() + 1;
    try {
      take_event(object_in(text));
    } catch (const format_error& e) {
      throw format_error(fmt::format("{}:{}: not an event log: {}", path_, number_, e.what()));
    }
  }

  event_log finish() {
    if (!summed_up_ && !log_.whole.empty()) cut_short_.push_back(unit_of(log_.whole.back()));
    const auto is_cut = [&](const result& r) {
      return std::find(cut_short_.begin(), cut_short_.end(), unit_of(r)) != cut_short_.end();
    };
    const auto cut = std::find_if(log_.whole.begin(), log_.whole.end(), is_cut);
    const auto kept = static_cast<std::size_t>(cut - log_.whole.begin());
    if (kept > 0) log_.bytes = ends_[kept - 1];
    log_.whole.erase(cut, log_.whole.end());
    return std::move(log_);
  }

 private:
  void take_event(const json& j) {
    const auto event = taken<std::string>(j, "event");
    if (begun_ != (event != "run")) throw format_error("an event log begins with its run, and has one");
    if (summed_up_) throw format_error("there is something behind the summary");
    if (event == "run") {
      log_.run = run_in(j);
      log_.bytes = bytes_;
      begun_ = true;
    } else if (event == "case") {
      add(result_in(j));
    } else if (event == "summary") {
      take(j, "cut_short", cut_short_);
      summed_up_ = true;
    } else {
      throw format_error(fmt::format("unknown event '{}'", quotable(event, 40)));
    }
  }

  void add(result r) {
    log_.whole.push_back(std::move(r));
    ends_.push_back(bytes_);
  }

  std::string path_;
  std::size_t number_ = 0;
  std::uint64_t bytes_ = 0;
  event_log log_;
  std::vector<std::uint64_t> ends_;  // of the records, in bytes from the beginning
  std::vector<std::string> cut_short_;
  bool begun_ = false, summed_up_ = false;
};

}  // namespace

result result_from_json(std::string_view line) { return result_in(object_in(line)); }

run_info run_info_from_json(std::string_view line) { return run_in(object_in(line)); }

event_log parse_event_log(std::string_view text, const std::string& path) {
  reading r(path);
  for (std::size_t begin = 0, end; (end = text.find('\n', begin)) != std::string_view::npos; begin = end + 1)
    r.line(text.substr(begin, end - begin));
  return r.finish();
}

event_log read_event_log(const std::string& path) {
  file_lines lines(path, limits::event_bytes);
  reading r(path);
  for (std::string_view line; lines.next(line) && lines.whole();) r.line(line);
  return r.finish();
}

}  // namespace backproof
