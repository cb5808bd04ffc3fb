// What a person reads in a terminal: what happens, where, and what that means.
#include "backproof/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "backproof/flow/pages/pages.hpp"

namespace backproof::flow {
namespace {

constexpr std::size_t most_rows = 24;

std::string bar(double x, double low, double high) {
  constexpr double cells = 20;
  std::string out;
  const int full = static_cast<int>(std::lround((x - low) / std::max(high - low, 1.0) * cells));
  for (int k = 0; k <= full; ++k) out += "█";
  return out;
}

double tidy(double x) { return std::fabs(x) < 0.005 ? 0 : x; }  // no "-0.00"

std::string norm_text(const layer_record& x) {
  if (!x.norm) return "";
  if (x.norm->upper > 0) return fmt::format("[{:.3g}, {:.3g}]", x.norm->lower, x.norm->upper);
  return fmt::format("at least {:.3g}", x.norm->lower);
}

std::string table_of(const flow_record& r) {
  double low = 1e300, high = -1e300;
  std::size_t wide = 5;
  bool norms = false;
  for (const layer_record& x : r.layers) {
    low = std::min(low, x.log10_norm), high = std::max(high, x.log10_norm);
    wide = std::max(wide, short_name(x.name, 28).size());
    norms = norms || x.norm;
  }
  const int name_width = static_cast<int>(wide);
  std::string out = fmt::format("{:<{}}  {:>6}  {:>10}  {:>7}  {}{}\n", "layer", name_width, "width", "log10|g|",
                                "gain", norms ? fmt::format("{:<18}", "norm of Jacobian") : "", "gradient, log scale");
  const std::size_t n = r.layers.size(), head = n > most_rows ? most_rows / 2 : n,
                    tail = n > most_rows ? most_rows / 2 : 0;
  for (std::size_t l = 0; l < n; ++l) {
    if (l == head && tail > 0)
      out += fmt::format("{:<{}}  ({} layers in between)\n", "...", name_width, n - head - tail);
    if (l >= head && l < n - tail) continue;
    const layer_record& x = r.layers[l];
    out += fmt::format("{:<{}}  {:>6}  {:>10.2f}  {:>7}  {}{}\n", short_name(x.name, 28), name_width, x.width,
                       tidy(x.log10_norm), x.gain ? fmt::format("{:+.2f}", tidy(*x.gain)) : "",
                       norms ? fmt::format("{:<18}", norm_text(x)) : "", bar(x.log10_norm, low, high));
  }
  return out;
}

std::string findings_text(const flow_record& r) {
  constexpr std::size_t most = 12;
  std::string out;
  std::size_t shown = 0;
  for (const level l : {level::fail, level::warn, level::info})
    for (const flow_finding& f : r.findings) {
      if (f.level != l || ++shown > most) continue;
      out += fmt::format("{}  {} {}: {}\n",
                         l == level::fail   ? "FAIL"
                         : l == level::warn ? "warn"
                                            : "info",
                         code_of(f.rule), name_of(f.rule), quotable(f.message, 300));
      if (!f.help.empty()) out += fmt::format("      {}\n", f.help);
    }
  if (shown > most) out += fmt::format("      and {} more findings\n", shown - most);
  return out;
}

std::string alternatives_text(const flow_record& r) {
  if (r.alternatives.empty()) return "";
  std::size_t wide = 0;
  for (const alternative& a : r.alternatives) wide = std::max(wide, a.what.size());
  std::string out = "\nwhat would help, each measured on the same depth and width:\n";
  out += fmt::format("{:<{}}  {:>9}  {:>9}  {:>13}\n", "change", wide, "predicted", "measured", "in all");
  for (const alternative& a : r.alternatives)
    out += fmt::format("{:<{}}  {:>9}  {:>+9.3f}  {:>+13.2f}{}\n", a.what, wide,
                       a.predicted ? fmt::format("{:+.3f}", *a.predicted) : "", a.decades_per_layer, a.drift,
                       a.healthy ? "  healthy" : "");
  return out + "(decades per layer, and decades over all layers)\n";
}

}  // namespace

std::string slope_text(const flow_record& r, const char* plus_minus) {
  const std::string slope = fmt::format("{:+.3f}", r.decades_per_layer);
  // Of one sample it is not known how far others are from it.
  return r.samples > r.silent + r.broken + 1 ? fmt::format("{} {} {:.3f}", slope, plus_minus, r.error95) : slope;
}

std::string samples_text(const flow_record& r) {
  const char* what = r.from == flow_record::origin::ensemble  ? "network"
                     : r.from == flow_record::origin::network ? "input"
                                                              : "step";
  return fmt::format("{} {}{}", r.samples, what, r.samples == 1 ? "" : "s");
}

std::string short_name(const std::string& text, std::size_t most) {
  const std::string whole = unbroken(text);
  if (whole.size() <= most) return whole;
  std::size_t cut = whole.size() - most + 3;
  while (cut < whole.size() && (static_cast<unsigned char>(whole[cut]) & 0xc0U) == 0x80) ++cut;  // within a character
  return "..." + whole.substr(cut);
}

std::string text_of(const flow_record& r) {
  std::string out = fmt::format("{}\n\n", quotable(sentence_of(r), 400));
  out += fmt::format("{}, {}\n", quotable(r.subject, 200), samples_text(r));
  out += fmt::format("per layer {} decades", slope_text(r, "+-"));
  if (r.predicted) out += fmt::format(", theory {:+.3f}", *r.predicted);
  if (r.noise > 0) out += fmt::format("; one network's noise {:.2f} decades in all", r.noise);
  out += "\n\n" + table_of(r);
  if (r.whole)
    out += fmt::format(
        "whole Jacobian: norm at least {:.3g}; the product of the layers' norms is {:.3g}, which only bounds it\n",
        r.whole->norm.lower, r.whole->norm_product);
  for (const layer_record& x : r.layers)
    if (x.reshaped_norm)
      out += fmt::format("{}: its kernel as a matrix has the norm {:.3g}, which is not the convolution's\n",
                         quotable(x.name), *x.reshaped_norm);
  for (const std::string& remark : r.remarks) out += "note: " + remark + "\n";
  if (!r.findings.empty()) out += "\n" + findings_text(r);
  out += alternatives_text(r);
  return visible(out + "\nverdict: " + verdict_text(r) + "\n");
}

}  // namespace backproof::flow
