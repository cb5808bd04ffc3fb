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
  std::vector<std::uint64_t> bins;
  take(j, name, bins);
  return histogram(std::move(bins));
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

verdict verdict_in(const json& j) {
  const auto outcome = verdict_named(taken<std::string>(j, "verdict"));
  if (!outcome) wrong("verdict");
  return *outcome;
}

finding finding_in(const json& j) {
  finding f;
  f.outcome = verdict_in(j);
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
  return r;
}

unit_result unit_in(const json& j) {
  unit_result u;
  u.op = taken<std::string>(j, "op");
  u.domain = taken<std::string>(j, "domain");
  u.subject = taken<std::string>(j, "subject");
  u.dtype = taken<std::string>(j, "dtype");
  u.outcome = verdict_in(j);
  take(j, "reason", u.reason);
  take(j, "declared", u.declared);
  u.executed = taken<bool>(j, "executed");
  u.gradients = taken<bool>(j, "gradients");
  take(j, "internal", u.internal);
  take(j, "cut_short", u.cut_short);
  u.samples = taken<std::uint64_t>(j, "samples");
  u.answered = taken<std::uint64_t>(j, "answered");
  take(j, "elements", u.elements);
  take(j, "resolved", u.resolved);
  return u;
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

  event_log finish() { return std::move(log_); }

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
      open_.push_back(result_in(j));
    } else if (event == "unit") {
      close(unit_in(j));
    } else if (event == "summary") {
      summed_up_ = true;
    } else {
      throw format_error(fmt::format("unknown event '{}'", quotable(event, 40)));
    }
  }

  void close(unit_result u) {
    for (const result& r : open_)
      if (r.op != u.op || r.dtype != u.dtype) throw format_error(u.id() + " is not the unit of the lines before it");
    cut_ |= u.cut_short;
    if (!cut_) {
      log_.whole.push_back({std::move(open_), std::move(u)});
      log_.bytes = bytes_;
    }
    open_.clear();
  }

  std::string path_;
  std::size_t number_ = 0;
  std::uint64_t bytes_ = 0;
  event_log log_;
  std::vector<result> open_;  // of a unit that has not been closed yet
  bool begun_ = false, cut_ = false, summed_up_ = false;
};

}  // namespace

result result_from_json(std::string_view line) { return result_in(object_in(line)); }

unit_result unit_from_json(std::string_view line) { return unit_in(object_in(line)); }

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
