#include "backproof/run/baseline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "backproof/base/file.hpp"
#include "backproof/base/untrusted_json.hpp"
#include "backproof/tensor/safetensors.hpp"

namespace backproof {
namespace {

double number(const nlohmann::json& j) {
  return j.is_number() ? j.get<double>() : std::numeric_limits<double>::infinity();
}

format_error not_an_event(const std::string& path, std::size_t line, const std::string& why) {
  return format_error(fmt::format("{}:{}: not a line of an event log{}", path, line, why));
}

}  // namespace

void grades::add(const std::string& key, double max_ulps, bool inaccurate) {
  grade& g = by_check_[key];
  g.max_ulps = std::max(g.max_ulps, max_ulps);
  g.inaccurate += inaccurate ? 1 : 0;
}

void grades::add(const result& r) {
  if (r.found.outcome != verdict::pass && r.found.outcome != verdict::inaccurate) return;
  add(fmt::format("{}/{}/{}", r.op, r.dtype, r.check), r.found.max_ulps, r.found.outcome == verdict::inaccurate);
}

grades grades::read(const std::string& path) {
  file_lines lines(path, limits::event_bytes);
  grades g;
  for (std::string_view text; lines.next(text);) {
    try {
      const nlohmann::json j = parse_untrusted<format_error, nlohmann::json>(text);
      const std::string event = j.at("event");
      if (event == "run") {
        g.seed = j.at("seed");
        g.samples = j.at("samples");
      } else if (event == "case" && (j.at("verdict") == "pass" || j.at("verdict") == "inaccurate")) {
        const std::string key = fmt::format("{}/{}/{}", j.at("op").get<std::string>(), j.at("dtype").get<std::string>(),
                                            j.at("check").get<std::string>());
        g.add(key, j.contains("max_ulps") ? number(j["max_ulps"]) : 0, j.at("verdict") == "inaccurate");
      }
    } catch (const nlohmann::json::exception&) {
      throw not_an_event(path, lines.number(), "");
    } catch (const format_error& e) {
      throw not_an_event(path, lines.number(), fmt::format(": {}", e.what()));
    }
  }
  if (g.samples == 0) throw format_error(fmt::format("{}: not an event log: there is no run in it", path));
  return g;
}

std::vector<std::string> grades::worse_than(const grades& baseline) const {
  std::vector<std::string> lines;
  for (const auto& [key, now] : by_check_) {
    const auto before = baseline.by_check_.find(key);
    if (before == baseline.by_check_.end()) continue;  // new ops and checks have no past
    const grade& then = before->second;
    if (now.max_ulps > then.max_ulps)
      lines.push_back(fmt::format("{}: {:.6g} ulp, was {:.6g}", key, now.max_ulps, then.max_ulps));
    else if (now.inaccurate > then.inaccurate)
      lines.push_back(fmt::format("{}: {} samples inaccurate, was {}", key, now.inaccurate, then.inaccurate));
  }
  return lines;
}

}  // namespace backproof
