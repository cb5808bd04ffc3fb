#include "backproof/flow/rules/baseline.hpp"

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "backproof/base/file.hpp"
#include "backproof/base/untrusted_json.hpp"
#include "backproof/tensor/safetensors.hpp"

namespace backproof::flow {
namespace {

using nlohmann::json;

json read_report(const std::string& path) {
  const std::string text = read_text(path, limits::document_bytes);
  try {
    json j = parse_untrusted<format_error, json>(text, path + ": ");
    if (j.is_object() && j.value("schema", "") == "backproof.flow-report/1" && j["layers"].is_array()) return j;
  } catch (const json::exception&) {
  }
  throw format_error(path + ": not a backproof.flow-report/1");
}

void add(flow_record& r, const std::string& layer, double value, double most, std::string message) {
  r.findings.push_back({rule_id::baseline, level::fail, layer, value, most, std::move(message),
                        "renew the baseline with --json if the change is meant"});
}

}  // namespace

void compare_with_baseline(flow_record& r, const std::string& path, double most) {
  std::map<std::string, double> before;
  const json earlier = read_report(path);
  try {
    for (const json& l : earlier["layers"])
      before[l.at("name").get<std::string>()] = l.at("gain_decades").is_number() ? l["gain_decades"].get<double>() : 0;
  } catch (const json::exception&) {
    throw format_error(path + ": not a backproof.flow-report/1");
  }
  for (const layer_record& x : r.layers) {
    const auto found = before.find(x.name);
    if (found == before.end()) {
      add(r, x.name, 0, most, fmt::format("{} is not in the baseline", x.name));
      continue;
    }
    const double moved = x.gain.value_or(0) - found->second;
    before.erase(found);
    if (!(std::fabs(moved) <= most))
      add(r, x.name, moved, most,
          fmt::format("The gain of {} moved by {:+.2f} decades since the baseline", x.name, moved));
  }
  for (const auto& [name, gain] : before) add(r, name, 0, most, fmt::format("{} of the baseline is gone", name));
}

}  // namespace backproof::flow
