#include "backproof/run/result.hpp"

#include <fmt/format.h>

#include <cmath>

#include "backproof/base/report_json.hpp"
#include "backproof/tensor/json_values.hpp"

namespace backproof {
namespace {

using json = nlohmann::ordered_json;

constexpr int schema_version = 1;

}  // namespace

std::string result::id() const { return fmt::format("{}/{}/{}/{}", op, dtype, check, sample); }

std::string unit_result::id() const { return fmt::format("{}/{}", op, dtype); }

bool unit_result::fails() const {
  return outcome == verdict::vacuous || (outcome == verdict::forward_only && !declared);
}

bool unit_result::thin() const { return answered > 0 && 5 * answered < samples; }

int summary::exit_code() const {
  const summary& s = *this;
  if (interrupted) return 2;
  if (internal) return 3;
  if (s[verdict::fail] > 0 || s[verdict::vacuous] > 0 || unit_fails || !worse.empty()) return 1;
  if (strict && s[verdict::inaccurate] > 0) return 1;
  if (s[verdict::error] + s[verdict::crash] + s[verdict::timeout] + units_that(verdict::error) > 0) return 6;
  return units_assigned > 0 && ops_executed == 0 ? 1 : 0;  // nothing executed is never green
}

std::string to_json(const result& r) {
  json j = {{"v", schema_version}, {"event", "case"},
            {"id", r.id()},        {"op", r.op},
            {"domain", r.domain},  {"subject", r.subject},
            {"dtype", r.dtype},    {"check", r.check},
            {"case", r.sample},    {"verdict", name_of(r.found.outcome)}};
  if (r.found.kind != failure_kind::none) j["kind"] = name_of(r.found.kind);
  if (!r.found.reason.empty()) j["reason"] = r.found.reason;
  if (!r.found.variant.empty()) j["variant"] = r.found.variant;
  if (!r.found.convention.empty()) j["convention"] = r.found.convention;
  if (!r.found.note.empty()) j["note"] = r.found.note, j["measured"] = json_of(r.found.measured);
  if (!r.found.unproved.empty()) j["unproved"] = r.found.unproved;
  j["elements"] = r.found.elements;
  j["resolved"] = r.found.resolved;
  if (const auto& w = r.found.worst)
    j["worst"] = {{"where", w->where},
                  {"expected", w->expected},
                  {"actual", w->actual},
                  {"error", json_of(w->error)},
                  {"bound", json_of(w->bound)}};
  if (r.found.worst && !std::isnan(r.found.worst->ulps)) j["worst"]["ulps"] = json_of(r.found.worst->ulps);
  if (!r.found.bound.empty()) j["bound"] = r.found.bound;
  if (r.found.ulps.total() > 0) j["max_ulps"] = json_of(r.found.max_ulps), j["ulps"] = r.found.ulps.counts();
  if (r.found.slack.total() > 0) j["slack"] = r.found.slack.counts();
  j["claim"] = r.claim;
  if (!r.attributes.empty()) j["attributes"] = r.attributes;
  if (!r.tensors.empty()) j["sample"] = r.tensors;
  if (!r.shrunk_from.empty()) j["shrunk_from"] = r.shrunk_from;
  if (!r.hint.empty()) j["hint"] = r.hint;
  if (r.told) j["told"] = true;
  if (!r.file.empty()) j["file"] = r.file;
  if (!r.not_stored.empty()) j["not_stored"] = r.not_stored;
  if (!r.replay.empty()) j["replay"] = r.replay;
  return report_json(j);
}

std::string to_json(const unit_result& u) {
  json j = {{"v", schema_version}, {"event", "unit"},      {"id", u.id()},     {"op", u.op},
            {"domain", u.domain},  {"subject", u.subject}, {"dtype", u.dtype}, {"verdict", name_of(u.outcome)}};
  if (!u.reason.empty()) j["reason"] = u.reason;
  if (u.outcome == verdict::forward_only) j["declared"] = u.declared;
  j["executed"] = u.executed;
  j["gradients"] = u.gradients;
  j["samples"] = u.samples;
  j["answered"] = u.answered;
  j["elements"] = u.elements;
  j["resolved"] = u.resolved;
  if (u.internal) j["internal"] = true;
  if (u.cut_short) j["cut_short"] = true;
  return report_json(j);
}

std::string to_json(const run_info& i) {
  json j = {{"v", schema_version},    {"event", "run"},       {"schema", "backproof.result/1"},
            {"backproof", i.version}, {"subject", i.subject}, {"subject_version", i.subject_version},
            {"seed", i.seed},         {"samples", i.samples}};
  if (!i.shard.empty()) j["shard"] = i.shard;
  j["ops"] = i.ops;
  j["checks"] = i.checks;
  j["dtypes"] = i.dtypes;
  j["exhaustive"] = i.exhaustive;
  j["out"] = i.out;
  j["adapter"] = i.adapter;
  return report_json(j);
}

std::string to_json(const summary& s) {
  json counts = json::object(), units = json::object();
  for (const verdict v : all_verdicts) {
    if (v != verdict::forward_only) counts[std::string(name_of(v))] = s[v];  // which no single record is
    units[std::string(name_of(v))] = s.units_that(v);
  }
  json j = {{"v", schema_version},
            {"event", "summary"},
            {"counts", counts},
            {"units", units},
            {"ops_selected", s.ops_selected},
            {"ops_executed", s.ops_executed},
            {"ops_judged", s.ops_judged},
            {"interrupted", s.interrupted},
            {"exit", s.exit_code()}};
  if (!s.forward_only.empty()) j["forward_only"] = s.forward_only;
  if (!s.thin.empty()) j["thin"] = s.thin;
  if (s.strict) j["strict"] = true;
  if (!s.worse.empty()) j["worse"] = s.worse;
  if (!s.not_run.empty()) j["not_run"] = s.not_run;
  if (!s.cut_short.empty()) j["cut_short"] = s.cut_short;
  if (!s.first_failure.empty()) j["first_failure"] = s.first_failure;
  return report_json(j);
}

}  // namespace backproof
