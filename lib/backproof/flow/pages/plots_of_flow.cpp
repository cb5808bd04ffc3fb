// Plots of the gradient over depth.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "backproof/flow/pages/pages.hpp"
#include "backproof/flow/pages/plots.hpp"
#include "backproof/render/chart.hpp"

namespace backproof::flow {
namespace {

const char* colour(const flow_record& r) {
  const level l = verdict_of(r);
  return l == level::fail ? "line bad" : l == level::warn ? "line doubtful" : "line good";
}

}  // namespace

std::string profile_plot(const flow_record& r) {
  const double n = static_cast<double>(r.layers.size()), last = r.layers.back().log10_norm;
  std::vector<chart::point> measured, theory, upper, lower;
  double low = last, high = last;
  const auto see = [&](double y) { low = std::min(low, y), high = std::max(high, y); };
  for (std::size_t l = 0; l < r.layers.size(); ++l) {
    const double x = static_cast<double>(l + 1), back = n - x;
    measured.emplace_back(x, r.layers[l].log10_norm);
    if (r.predicted) theory.emplace_back(x, last + *r.predicted * back);
    const double noise = 2 * r.noise * std::sqrt(back / std::max(1.0, n - 1));
    upper.emplace_back(x, last + noise), lower.emplace_back(x, last - noise);
    see(measured.back().second), see(last + noise), see(last - noise);
    if (r.predicted) see(theory.back().second);
  }
  const double room = std::max(0.2, 0.06 * (high - low));
  if (high - low < 2) low -= (2 - (high - low)) / 2, high += std::max(0.0, 2 - (high - low));
  chart c("Flow profile", sentence_of(r), depth_axis(r.layers.size()),
          {"norm of the gradient", low - room, high + room, true});
  c.area(upper, lower, "band");
  if (r.predicted) c.line(theory, "dash");
  c.line(measured, colour(r));
  if (n <= 60)
    for (std::size_t l = 0; l < r.layers.size(); ++l)
      c.dot(measured[l].first, measured[l].second, "point",
            fmt::format("{}: 10^{:.3f}", r.layers[l].name, measured[l].second));
  std::vector<std::pair<std::string, std::string>> key = {{colour(r), "measured"}};
  if (r.predicted) key.emplace_back("dash", "theory, from the output's gradient");
  key.emplace_back("band", "where chance alone would leave it (2 sigma)");
  c.key(key);
  c.data("layer,name,log10_norm,theory,chance_low,chance_high");
  for (std::size_t l = 0; l < measured.size(); ++l)
    c.row(measured[l].first, r.layers[l].name, measured[l].second, r.predicted ? theory[l].second : NAN,
          lower[l].second, upper[l].second);
  return c.figure();
}

std::string gain_plot(const flow_record& r) {
  double most = 0.1;
  for (const layer_record& x : r.layers)
    if (x.gain) most = std::max(most, std::fabs(*x.gain));
  chart c("Gain per layer", "What going back through each layer does to the gradient's norm",
          depth_axis(r.layers.size()), {"gain in decades", -1.1 * most, 1.1 * most}, 240);
  for (std::size_t l = 0; l < r.layers.size(); ++l) {
    if (!r.layers[l].gain) continue;
    const double g = *r.layers[l].gain, x = static_cast<double>(l + 1);
    c.box(x - 0.36, 0, x + 0.36, g, g < 0 ? "shrink" : "grow",
          fmt::format("{}: {:+.3f} decades, times {:.3g}", r.layers[l].name, g, std::pow(10, g)));
  }
  c.line({{0.5, 0}, {static_cast<double>(r.layers.size()) + 0.5, 0}}, "zero");
  c.key({{"shrink", "the gradient shrinks"}, {"grow", "it grows"}});
  c.data("layer,name,gain_decades");
  for (std::size_t l = 0; l < r.layers.size(); ++l)
    c.row(static_cast<double>(l + 1), r.layers[l].name, r.layers[l].gain.value_or(NAN));
  return c.figure();
}

std::string partial_plot(const flow_record& r) {
  if (r.partial.empty()) return "";
  double scale = 1;
  const double n = static_cast<double>(r.layers.size());
  for (const partial_jacobian& p : r.partial) scale = std::max(scale, std::fabs(std::log10(std::max(p.value, 1e-300))));
  chart c("Partial Jacobians", "Mean squared factor from each layer to each later one",
          {"from layer (0 is the input)", -0.5, n - 0.5, false, true}, {"to layer", 0.5, n + 0.5, false, true}, 460);
  c.data("from,to,mean_squared_factor");
  for (const partial_jacobian& p : r.partial) {
    c.row(static_cast<double>(p.from), static_cast<double>(p.to), p.value);
    const double x = static_cast<double>(p.from), y = static_cast<double>(p.to),
                 decades = std::log10(std::max(p.value, 1e-300));
    c.box(x - 0.5, y - 0.5, x + 0.5, y + 0.5, "cell", fmt::format("from {} to {}: {:.3g}", p.from, p.to, p.value),
          diverging_fill(decades, scale));
  }
  // The scale stands in the lower right corner, where no cell can be.
  const double from = n * 0.56 - 0.5, wide = n * 0.036;
  for (int k = -5; k <= 5; ++k) {
    const double x = from + (k + 5) * wide;
    c.box(x, 0.5 + 0.12 * n, x + wide, 0.5 + 0.16 * n, "cell", "", diverging_fill(k * scale / 5, scale));
  }
  c.text(from, 0.5 + 0.16 * n, fmt::format("{:.1f}", -scale), "note", 0, -6);
  c.text(from + 5.5 * wide, 0.5 + 0.16 * n, "0", "note middle", 0, -6);
  c.text(from + 11 * wide, 0.5 + 0.16 * n, fmt::format("{:+.1f}", scale), "note end", 0, -6);
  c.text(from, 0.5 + 0.12 * n, "decades of the mean squared factor on the way back", "note", 0, 16);
  return c.figure();
}

std::string step_plot(const flow_record& r) {
  if (r.steps.size() < 2) return "";
  const double steps = static_cast<double>(r.steps.size()), layers = static_cast<double>(r.layers.size());
  double scale = 0.5;
  const auto relative = [&](const step_record& s, std::size_t l) -> std::optional<double> {
    if (l >= s.log10_norms.size() || !s.log10_norms[l] || !s.log10_norms.back()) return std::nullopt;
    return *s.log10_norms[l] - *s.log10_norms.back();
  };
  for (const step_record& s : r.steps)
    for (std::size_t l = 0; l < r.layers.size(); ++l)
      if (const auto v = relative(s, l)) scale = std::max(scale, std::fabs(*v));
  chart c("Over training", "The gradient's norm of each layer and step, over that of the last layer",
          {fmt::format("recorded step ({} to {})", r.steps.front().step, r.steps.back().step), 0, steps, false, true},
          {"layer", -0.5, layers - 0.5}, 90 + 22 * std::min(layers, 20.0));
  std::vector<std::string> names;
  for (const layer_record& x : r.layers) names.push_back(layers <= 20 ? short_name(x.name, 11) : "");
  c.name_rows(names);
  c.data("step,layer,name,decades_to_last_layer");
  for (std::size_t k = 0; k < r.steps.size(); ++k)
    for (std::size_t l = 0; l < r.layers.size(); ++l) {
      c.row(static_cast<double>(r.steps[k].step), static_cast<double>(l + 1), r.layers[l].name,
            relative(r.steps[k], l).value_or(NAN));
      const double x = static_cast<double>(k), y = static_cast<double>(l);
      if (const auto v = relative(r.steps[k], l))
        c.box(x, y - 0.5, x + 1, y + 0.5, "cell",
              fmt::format("step {}, {}: {:+.2f} decades", r.steps[k].step, r.layers[l].name, *v),
              diverging_fill(*v, scale));
    }
  c.key({{"shrink", fmt::format("smaller than the last layer's, by up to {:.1f} decades", scale)}, {"grow", "larger"}});
  return c.figure();
}

std::string slope_plot(const flow_record& r) {
  bool any = false;
  for (const layer_record& x : r.layers)
    any = any || x.zero_slopes.value_or(0) > 0.01 || x.saturated.value_or(0) > 0.01;
  if (!any) return "";
  chart c("Dead and saturated units", "Shares of units through which little or no gradient passes",
          depth_axis(r.layers.size()), {"share of units", 0, 1}, 240);
  c.data("layer,name,zero_slopes,dead,saturated");
  for (std::size_t l = 0; l < r.layers.size(); ++l) {
    const layer_record& x = r.layers[l];
    const double at = static_cast<double>(l + 1);
    c.row(at, x.name, x.zero_slopes.value_or(NAN), x.dead.value_or(NAN), x.saturated.value_or(NAN));
    if (x.zero_slopes)
      c.box(at - 0.36, 0, at + 0.36, *x.zero_slopes, "shrink",
            fmt::format("{}: {:.0f} % of slopes are 0", x.name, 100 * *x.zero_slopes));
    if (x.dead)
      c.box(at - 0.36, 0, at + 0.36, *x.dead, "dead", fmt::format("{}: {:.0f} % dead", x.name, 100 * *x.dead));
    if (x.saturated)
      c.box(at - 0.36, 0, at + 0.36, *x.saturated, "grow",
            fmt::format("{}: {:.0f} % saturated", x.name, 100 * *x.saturated));
  }
  c.key({{"shrink", "slope 0 for an input"},
         {"dead", "slope 0 for every input: dead"},
         {"grow", "saturated: slope below 1 % of the largest"}});
  return c.figure();
}

}  // namespace backproof::flow
