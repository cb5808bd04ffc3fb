// backproof.flow-report/1: sorted keys, shortest numbers that read back the same, no time and no machine, so that a
// rerun gives the same bytes.
#include <cmath>
#include <nlohmann/json.hpp>

#include "backproof/base/config.hpp"
#include "backproof/base/report_json.hpp"
#include "backproof/flow/pages/pages.hpp"

namespace backproof::flow {
namespace {

using nlohmann::json;

json number(double x) {  // JSON has no infinity and no NaN
  if (std::isfinite(x)) return x;
  return std::isnan(x) ? "nan" : x > 0 ? "inf" : "-inf";
}

json number(const std::optional<double>& x) { return x ? number(*x) : json(nullptr); }

json numbers(const std::vector<double>& x) {
  json list = json::array();
  for (const double v : x) list.push_back(number(v));
  return list;
}

const char* name_of(trend t) {
  return t == trend::flat ? "flat" : t == trend::exponential ? "exponential" : "polynomial";
}
const char* name_of(flow_record::origin o) {
  return o == flow_record::origin::ensemble ? "family" : o == flow_record::origin::network ? "network" : "recording";
}

json statistics(const tensor_statistics& s) {
  json exponents = json::object();
  for (const auto& [e, count] : s.exponents) exponents[std::to_string(e)] = count;
  return {{"n", s.n},         {"norm", number(s.norm)},   {"rms", number(s.rms)},  {"absmax", number(s.absmax)},
          {"zeros", s.zeros}, {"nonfinite", s.nonfinite}, {"exponents", exponents}};
}

json bracket(const std::optional<norm_bracket>& n) {
  if (!n) return nullptr;
  return {{"lower", number(n->lower)}, {"upper", n->upper > 0 ? number(n->upper) : json(nullptr)}, {"steps", n->steps}};
}

json layer_json(const layer_record& x, std::size_t index) {
  json parameters = json::array();
  for (const parameter_record& p : x.parameters)
    parameters.push_back({{"name", p.name},
                          {"gradient", statistics(p.gradient)},
                          {"weight_rms", number(p.weight_rms)},
                          {"absent", p.absent}});
  return {{"name", x.name},
          {"index", index},
          {"kind", x.kind},
          {"width", x.width},
          {"gradient", statistics(x.gradient)},
          {"log10_norm", number(x.log10_norm)},
          {"log10_error", number(x.log10_error)},
          {"gain_decades", number(x.gain)},
          {"norm", bracket(x.norm)},
          {"frobenius", number(x.frobenius)},
          {"reshaped_norm", number(x.reshaped_norm)},
          {"spectrum", numbers(x.spectrum)},
          {"bulk", x.bulk ? json{{"low", number(x.bulk->low)}, {"high", number(x.bulk->high)}, {"count", x.bulk->count}}
                          : json(nullptr)},
          {"dead", number(x.dead)},
          {"zero_slopes", number(x.zero_slopes)},
          {"saturated", number(x.saturated)},
          {"activation", x.activation},
          {"parameters", parameters}};
}

json whole_json(const flow_record& r) {
  if (!r.whole) return nullptr;
  const whole_jacobian& w = *r.whole;
  return {{"norm", {{"lower", number(w.norm.lower)}, {"upper", number(w.norm.upper)}}},
          {"norm_product", number(w.norm_product)},
          {"variance_ratio", w.left_out.empty() ? number(w.variance_ratio) : json(nullptr)},
          {"log10_spectrum", numbers(w.spectrum.log10_values)},
          {"floor", number(w.spectrum.floor)},
          {"left_out", w.left_out}};
}

json findings_json(const flow_record& r) {
  json list = json::array();
  for (const flow_finding& f : r.findings)
    list.push_back({{"id", code_of(f.rule)},
                    {"name", name_of(f.rule)},
                    {"level", name_of(f.level)},
                    {"layer", f.layer},
                    {"value", number(f.value)},
                    {"threshold", number(f.threshold)},
                    {"message", f.message},
                    {"help", f.help}});
  return list;
}

json alternatives_json(const flow_record& r) {
  json list = json::array();
  for (const alternative& a : r.alternatives)
    list.push_back({{"what", a.what},
                    {"predicted", number(a.predicted)},
                    {"decades_per_layer", number(a.decades_per_layer)},
                    {"drift", number(a.drift)},
                    {"error", number(a.error)},
                    {"healthy", a.healthy}});
  return list;
}

json flow_json(const flow_record& r) {
  return {{"decades_per_layer", number(r.decades_per_layer)},
          {"error95", number(r.error95)},
          {"drift", number(r.drift)},
          {"noise", number(r.noise)},
          {"predicted", number(r.predicted)},
          {"shape", name_of(r.shape)},
          {"layers_per_factor_e",
           r.decades_per_layer == 0 ? json(nullptr) : number(-1 / (2 * r.decades_per_layer * std::log(10.0)))},
          {"gaps", r.gaps()}};
}

}  // namespace

std::string json_of(const flow_record& r) {
  json layers = json::array(), partial = json::array(), inputs = json::array(), steps = json::array();
  for (std::size_t l = 0; l < r.layers.size(); ++l) layers.push_back(layer_json(r.layers[l], l + 1));
  for (const partial_jacobian& p : r.partial)
    partial.push_back({{"from", p.from}, {"to", p.to}, {"value", number(p.value)}});
  for (const input_file& i : r.inputs) inputs.push_back({{"path", i.path}, {"sha256", i.sha256}});
  for (const step_record& s : r.steps) {
    json norms = json::array();
    for (const auto& v : s.log10_norms) norms.push_back(number(v));
    steps.push_back({{"step", s.step}, {"log10_norms", norms}});
  }
  const json phase =
      r.phase ? json{{"activation", r.phase->activation}, {"sw", number(r.phase->sw)}, {"sb", number(r.phase->sb)}}
              : json(nullptr);
  const json document = {{"schema", "backproof.flow-report/1"},
                         {"tool", "backproof " BACKPROOF_VERSION},
                         {"subject", r.subject},
                         {"from", name_of(r.from)},
                         {"inputs", inputs},
                         {"config", {{"seed", r.config.seed}, {"samples", r.samples}, {"dtype", r.config.dtype}}},
                         {"silent_samples", r.silent},
                         {"broken_samples", r.broken},
                         {"model",
                          {{"depth", r.layers.size()},
                           {"beta", number(r.beta)},
                           {"kappa", number(r.kappa)},
                           {"kappa_measured", r.kappa_measured}}},
                         {"flow", flow_json(r)},
                         {"layers", layers},
                         {"partial_jacobians", partial},
                         {"whole_jacobian", whole_json(r)},
                         {"phase", phase},
                         {"steps", steps},
                         {"remarks", r.remarks},
                         {"gradient_mismatch", number(r.gradient_mismatch)},
                         {"alternatives", alternatives_json(r)},
                         {"findings", findings_json(r)},
                         {"sentence", sentence_of(r)},
                         {"verdict", name_of(verdict_of(r))}};
  return report_json(document, 2) + "\n";
}

}  // namespace backproof::flow
