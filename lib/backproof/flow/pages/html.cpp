// The record as one page: no scripts, nothing from elsewhere, light and dark as the reader has it.
#include <fmt/format.h>

#include <cmath>

#include "backproof/flow/pages/pages.hpp"
#include "backproof/flow/pages/plots.hpp"

namespace backproof::flow {
namespace {

constexpr const char* style = R"(
:root{color-scheme:light dark;--ink:#1b1b19;--soft:#5f5e58;--paper:#fdfdfb;--line:#e4e3dc;--blue:#2a6fd0;--red:#c8392f;--green:#1d7d4a;--amber:#a86a00;--band:#1d7d4a22;--dead:#33322f}
@media (prefers-color-scheme:dark){:root{--ink:#eeede6;--soft:#a9a79e;--paper:#191917;--line:#34332f;--blue:#6ba4f2;--red:#f0766c;--green:#4cc285;--amber:#e5a63c;--band:#4cc28526;--dead:#d8d6cc}}
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;line-height:1.3;margin:.2rem 0}h2{font-size:1.1rem;margin:2.2rem 0 .2rem}p{margin:.3rem 0}.soft{color:var(--soft)}
.verdict{display:inline-block;padding:.15rem .7rem;border-radius:1rem;color:#fff;font-weight:600;background:var(--green)}.warn{background:var(--amber)}.fail{background:var(--red)}
@media (prefers-color-scheme:dark){.verdict{color:#191917}}
svg{width:100%;height:auto;display:block}table{border-collapse:collapse;width:100%;font-size:.9rem;font-variant-numeric:tabular-nums}
td,th{padding:.2rem .6rem;text-align:right;border-bottom:1px solid var(--line)}td:first-child,th:first-child,td.t,th.t{text-align:left}
details{margin:1rem 0}summary{cursor:pointer}
svg text{font:12.5px system-ui,sans-serif;fill:var(--ink)}svg .tick{fill:var(--soft)}svg .note{fill:var(--soft)}svg .axis{fill:var(--ink)}
.middle{text-anchor:middle}.end{text-anchor:end}.grid{stroke:var(--line);stroke-width:1}.zero{stroke:var(--soft);stroke-width:1;fill:none}
.line{fill:none;stroke-width:2.5}.good{stroke:var(--green)}.doubtful{stroke:var(--amber)}.bad{stroke:var(--red)}.dash{fill:none;stroke:var(--soft);stroke-width:1.5;stroke-dasharray:5 4}
.theory{fill:none;stroke:var(--ink);stroke-width:1.2}.csv{font-size:.85rem;text-align:right;margin:0}.csv a{color:var(--soft)}
.guide{stroke:var(--soft);stroke-dasharray:2 3;fill:none}.band{fill:var(--band)}.point{fill:var(--ink)}.strong{fill:var(--red)}.here{fill:var(--blue);stroke:var(--paper);stroke-width:2}
.ring,.open{fill:none;stroke:var(--blue);stroke-width:1.5}.shrink{fill:var(--blue)}.grow{fill:var(--red)}.dead{fill:var(--dead)}.cell{shape-rendering:crispEdges}.bar{fill:var(--blue)}
.ridge{fill:var(--blue);fill-opacity:.55;stroke:var(--blue);stroke-width:1}.ridge.whole{fill:var(--red);stroke:var(--red);fill-opacity:.55}.hatched{fill:var(--line);fill-opacity:.6}
)";

std::string section(const std::string& heading, const std::string& words, const std::string& plot) {
  if (plot.empty()) return "";
  return fmt::format("<h2>{}</h2>\n<p class=\"soft\">{}</p>\n{}", heading, words, plot);
}

std::string findings_table(const flow_record& r) {
  if (r.findings.empty()) return "";
  std::string out =
      "<h2>Findings</h2>\n<table><tr><th class=\"t\">rule</th><th class=\"t\">level</th><th class=\"t\">layer</th>"
      "<th class=\"t\">what</th><th>value</th><th>limit</th></tr>\n";
  for (const flow_finding& f : r.findings)
    out += fmt::format(
        "<tr><td>{} {}</td><td class=\"t\">{}</td><td class=\"t\">{}</td><td "
        "class=\"t\">{}{}</td><td>{:.3g}</td><td>{:.3g}</td></tr>\n",
        code_of(f.rule), name_of(f.rule),
        f.level == level::fail   ? "fail"
        : f.level == level::warn ? "warn"
                                 : "info",
        escaped(f.layer), escaped(f.message),
        f.help.empty() ? "" : "<br><span class=\"soft\">" + escaped(f.help) + "</span>", f.value, f.threshold);
  return out + "</table>\n";
}

std::string alternatives_table(const flow_record& r) {
  if (r.alternatives.empty()) return "";
  std::string out =
      "<h2>What would help</h2>\n<p class=\"soft\">The same depth and width with one thing changed. Every row was "
      "built and measured; the prediction is theory's, "
      "where it has one.</p>\n<table><tr><th>change</th><th>predicted, decades per layer</th><th>measured</th><th>in "
      "all, decades</th><th class=\"t\"></th></tr>\n";
  for (const alternative& a : r.alternatives)
    out +=
        fmt::format("<tr><td>{}</td><td>{}</td><td>{:+.3f} ± {:.3f}</td><td>{:+.2f}</td><td class=\"t\">{}</td></tr>\n",
                    escaped(a.what), a.predicted ? fmt::format("{:+.3f}", *a.predicted) : "", a.decades_per_layer,
                    a.error, a.drift, a.healthy ? "healthy" : "");
  return out + "</table>\n";
}

std::string layers_table(const flow_record& r) {
  std::string out =
      "<details><summary>All layers as numbers</summary>\n<table><tr><th>layer</th><th class=\"t\">made "
      "of</th><th>width</th><th>log10 of the gradient's norm</th>"
      "<th>gain, decades</th><th>norm of the Jacobian</th></tr>\n";
  for (const layer_record& x : r.layers)
    out += fmt::format("<tr><td>{}</td><td class=\"t\">{}</td><td>{}</td><td>{:.3f}</td><td>{}</td><td>{}</td></tr>\n",
                       escaped(x.name), escaped(x.kind), x.width, x.log10_norm,
                       x.gain ? fmt::format("{:+.3f}", *x.gain) : "",
                       !x.norm             ? ""
                       : x.norm->upper > 0 ? fmt::format("[{:.4g}, {:.4g}]", x.norm->lower, x.norm->upper)
                                           : fmt::format("≥ {:.4g}", x.norm->lower));
  return out + "</table></details>\n";
}

std::string plots(const flow_record& r) {
  return section("Flow profile",
                 "The norm of the loss's gradient at each layer's output. Level is healthy; a straight slope is "
                 "exponential.",
                 profile_plot(r)) +
         section("Gain per layer",
                 "What going back through each layer does to it: one bar that stands out names the guilty layer.",
                 gain_plot(r)) +
         section("Over training",
                 "Each recorded step is a column: the gradient's norm at each layer, relative to the last layer's.",
                 step_plot(r)) +
         section(
             "From every layer to every later one",
             "The squared factor, ‖∂h_to/∂h_from‖²_F / width: a skip connection shows as colour that does not deepen.",
             partial_plot(r)) +
         section("Singular values",
                 "Histograms, of at most nine layers and of all layers together, without zeros; the grey line is 1. "
                 "What spreads wide passes some directions and kills others.",
                 spectrum_plot(r)) +
         section("Norms of Jacobians",
                 "The worst case of one layer, and of all: what the product of norms fears is mostly far above what "
                 "the product does.",
                 bracket_plot(r)) +
         section("Parameters",
                 "What the optimiser sees. Where rings lie far apart, one learning rate does not suit all.",
                 parameter_plot(r)) +
         section("Exponents", "Which powers of two the parameters' gradients have, and what float formats can hold.",
                 exponent_plot(r)) +
         section("Phase diagram", "Weights and biases that make gradients vanish or explode, at infinite width.",
                 phase_plot(r)) +
         section("Dead and saturated units",
                 "Where little or no gradient passes. Half of all ReLU slopes are 0 in a healthy network.",
                 slope_plot(r));
}

}  // namespace

std::string html_of(const flow_record& r) {
  const level v = verdict_of(r);
  std::string notes;
  for (const std::string& remark : r.remarks) notes += "<p class=\"soft\">Note: " + escaped(remark) + ".</p>\n";
  return fmt::format(
             "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
             "content=\"width=device-width,initial-scale=1\">"
             "<title>Gradient flow: {}</title><style>{}</style></head>\n<body>\n<p class=\"soft\">Gradient flow of "
             "{}</p>\n<h1>{}</h1>\n<p><span class=\"verdict {}\">{}</span></p>\n",
             escaped(r.subject), style, escaped(r.subject), escaped(sentence_of(r)),
             v == level::fail   ? "fail"
             : v == level::warn ? "warn"
                                : "",
             escaped(verdict_text(r))) +
         fmt::format("<p class=\"soft\">Per layer {} decades{}; {} {}.</p>\n", slope_text(r, "±"),
                     r.predicted ? fmt::format(" (theory {:+.3f})", *r.predicted) : "",
                     r.from == flow_record::origin::recording ? "medians over" : "means over", samples_text(r)) +
         notes + plots(r) + alternatives_table(r) + findings_table(r) + layers_table(r) + "</body></html>\n";
}

}  // namespace backproof::flow
