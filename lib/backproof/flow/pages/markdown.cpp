// A summary for a CI job: a table, and Mermaid, which GitHub and GitLab draw where they would throw an inline SVG away.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "backproof/base/text.hpp"
#include "backproof/flow/pages/pages.hpp"

namespace backproof::flow {
namespace {

std::string cell(const std::string& text) { return backslashed(text, "|\\`*_<["); }

// For readers without Mermaid.
std::string sparkline(const flow_record& r) {
  static constexpr const char* steps[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  double low = 1e300, high = -1e300;
  for (const layer_record& x : r.layers) low = std::min(low, x.log10_norm), high = std::max(high, x.log10_norm);
  std::string out;
  for (const layer_record& x : r.layers)
    out += steps[std::clamp(static_cast<int>((x.log10_norm - low) / std::max(1.0, high - low) * 8), 0, 7)];
  return out;
}

std::string diagram(const flow_record& r) {
  // A summary may hold 1 MiB; of deep networks every k-th layer is enough.
  const std::size_t stride = (r.layers.size() + 59) / 60;
  std::string numbers, names;
  for (std::size_t l = 0; l < r.layers.size(); l += stride) {
    names += fmt::format("{}{}", l > 0 ? ", " : "", l + 1);
    numbers += fmt::format("{}{:.3f}", l > 0 ? ", " : "", r.layers[l].log10_norm + 0.0);
  }
  return "```mermaid\nxychart-beta\n  title \"log10 of the gradient's norm, input on the left\"\n  x-axis \"layer\" [" +
         names + "]\n  y-axis \"log10\"\n  line [" + numbers + "]\n```\n";
}

}  // namespace

std::string markdown_of(const flow_record& r) {
  constexpr std::size_t most_rows = 60;
  std::string out = fmt::format("## Gradient flow: {}\n\n**{}**\n\n{}, {} decades per layer", cell(verdict_text(r)),
                                cell(sentence_of(r)), cell(r.subject), slope_text(r, "±"));
  if (r.predicted) out += fmt::format(" (theory {:+.3f})", *r.predicted);
  out += fmt::format("\n\n`{}` (log scale, input on the left)\n\n{}\n", r.layers.size() <= 200 ? sparkline(r) : "...",
                     diagram(r));
  if (!r.findings.empty()) {
    out += "| rule | level | layer | what | value | limit |\n|---|---|---|---|---|---|\n";
    std::size_t shown = 0;
    for (const flow_finding& f : r.findings)
      if (++shown <= most_rows)
        out += fmt::format("| {} {} | {} | {} | {} | {:.3g} | {:.3g} |\n", code_of(f.rule), name_of(f.rule),
                           name_of(f.level), cell(f.layer), cell(f.message), f.value, f.threshold);
    out += "\n";
  }
  if (!r.alternatives.empty()) {
    out += "| what would help | predicted per layer | measured | in all | |\n|---|---|---|---|---|\n";
    for (const alternative& a : r.alternatives)
      out += fmt::format("| {} | {} | {:+.3f} | {:+.2f} | {} |\n", cell(a.what),
                         a.predicted ? fmt::format("{:+.3f}", *a.predicted) : "", a.decades_per_layer, a.drift,
                         a.healthy ? "healthy" : "");
    out += "\n";
  }
  out +=
      "<details><summary>Layers</summary>\n\n| layer | width | log10 of the gradient's norm | gain, decades "
      "|\n|---|---|---|---|\n";
  for (std::size_t l = 0; l < std::min(r.layers.size(), most_rows); ++l) {
    const layer_record& x = r.layers[l];
    out += fmt::format("| {} | {} | {:.2f} | {} |\n", cell(x.name), x.width, x.log10_norm,
                       x.gain ? fmt::format("{:+.2f}", *x.gain) : "");
  }
  if (r.layers.size() > most_rows) out += fmt::format("| and {} more | | | |\n", r.layers.size() - most_rows);
  return out + "\n</details>\n";
}

}  // namespace backproof::flow
