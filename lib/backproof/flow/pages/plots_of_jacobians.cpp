// Plots of singular values, norms, parameters, exponents and phases.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <span>

#include "backproof/flow/pages/pages.hpp"
#include "backproof/flow/pages/plots.hpp"
#include "backproof/flow/theory/mean_field.hpp"
#include "backproof/render/chart.hpp"

namespace backproof::flow {
namespace {

struct ridge {
  std::string name;
  std::vector<double> log10_values;
  std::vector<chart::point> theory;  // log10 s, how many values per decade
};

std::vector<chart::point> curve_of(const singular_bulk& b) {
  std::vector<chart::point> curve;
  constexpr int points = 120;
  const double low = std::max(b.low, 1e-3 * b.high);  // a square matrix's bulk begins at 0
  for (int k = 0; k <= points; ++k) {
    const double s = low * std::pow(b.high / low, static_cast<double>(k) / points);
    curve.emplace_back(std::log10(s), b.count * density(b, s) * std::numbers::ln10);
  }
  return curve;
}

std::vector<chart::point> curve_of(const whole_jacobian& w) {
  std::vector<chart::point> curve;
  if (w.gaussian_factors > 0)
    for (const auto& [s, rho] : fuss_catalan(w.gaussian_factors, 400))
      curve.emplace_back(std::log10(s), rho * static_cast<double>(w.spectrum.log10_values.size()) * std::numbers::ln10);
  return curve;
}

// A singular value is zero where a unit is off; what is computed is the rounding of its layer's largest one.
std::size_t zeros_of(const std::vector<double>& spectrum) {
  return static_cast<std::size_t>(
      std::count_if(spectrum.begin(), spectrum.end(), [&](double s) { return s <= 1e-13 * spectrum.front(); }));
}

// At most nine layers, evenly chosen, and the whole product at the bottom. Zeros have no place on a scale of decades.
std::vector<ridge> ridges_of(const flow_record& r) {
  std::vector<std::size_t> with;
  for (std::size_t l = 0; l < r.layers.size(); ++l)
    if (!r.layers[l].spectrum.empty()) with.push_back(l);
  std::vector<ridge> list;
  const std::size_t shown = std::min<std::size_t>(with.size(), 9);
  for (std::size_t k = 0; k < shown; ++k) {
    const layer_record& x = r.layers[with[shown == 1 ? 0 : k * (with.size() - 1) / (shown - 1)]];
    ridge one{short_name(x.name, 11), {}, x.bulk ? curve_of(*x.bulk) : std::vector<chart::point>{}};
    for (const double s : std::span(x.spectrum).first(x.spectrum.size() - zeros_of(x.spectrum)))
      one.log10_values.push_back(std::log10(s));
    list.push_back(std::move(one));
  }
  std::reverse(list.begin(), list.end());
  if (r.whole && !r.whole->spectrum.log10_values.empty()) {
    std::size_t zeros = 0;  // a product has at least as many as each factor
    for (std::size_t l = 1; l < r.layers.size(); ++l)
      if (!r.layers[l].spectrum.empty()) zeros = std::max(zeros, zeros_of(r.layers[l].spectrum));
    ridge whole{"all layers", {}, curve_of(*r.whole)};
    for (const double s : r.whole->spectrum.log10_values)
      if (std::isfinite(s)) whole.log10_values.push_back(s);
    std::sort(whole.log10_values.rbegin(), whole.log10_values.rend());
    whole.log10_values.resize(whole.log10_values.size() - std::min(zeros, whole.log10_values.size()));
    list.insert(list.begin(), std::move(whole));
  }
  return list;
}

void draw_ridge(chart& c, const ridge& one, double at, double low, double high) {
  constexpr int bins = 160;
  std::vector<double> count(bins, 0);
  for (const double v : one.log10_values)
    ++count[static_cast<std::size_t>(std::clamp((v - low) / (high - low) * bins, 0.0, bins - 1.0))];
  const double most = *std::max_element(count.begin(), count.end());
  std::vector<chart::point> upper, lower;
  for (int k = 0; k < bins; ++k)
    for (const double edge : {0.0, 1.0}) {
      const double x = low + (k + edge) * (high - low) / bins;
      upper.emplace_back(x, at - 0.35 + 0.8 * count[static_cast<std::size_t>(k)] / std::max(1.0, most));
      lower.emplace_back(x, at - 0.35);
    }
  c.area(upper, lower, one.name == "all layers" ? "ridge whole" : "ridge");
  std::vector<chart::point> expected;
  const double width = (high - low) / bins;
  for (const auto& [x, per_decade] : one.theory)
    if (x >= low) expected.emplace_back(x, at - 0.35 + 0.8 * std::min(1.15, per_decade * width / std::max(1.0, most)));
  if (!expected.empty()) c.line(expected, "theory");
}

}  // namespace

std::string spectrum_plot(const flow_record& r) {
  const std::vector<ridge> list = ridges_of(r);
  if (list.empty()) return "";
  double low = 0, high = 0;
  for (const ridge& one : list)
    for (const double v : one.log10_values) low = std::min(low, v), high = std::max(high, v);
  low = std::max(std::floor(low), high - 60), high = std::ceil(high + 0.2);
  const double rows = static_cast<double>(list.size());
  chart c("Singular values", "Histograms of the singular values of layers' Jacobians and of their product",
          {"singular value", low, high, true}, {"", -0.9, rows - 0.3}, 100 + 38 * rows);
  std::vector<std::string> names;
  names.reserve(list.size());
  for (const ridge& one : list) names.push_back(one.name);
  c.name_rows(names);
  if (r.whole && list[0].name == "all layers") {
    const double floor = r.whole->spectrum.floor;
    if (floor > low)
      c.box(low, -0.9, floor, rows - 0.3, "hatched", "a product that was formed would hold nothing here");
    if (floor > low) c.text(low, rows - 0.3, "lost if the product were formed", "note", 6, 14);
    if (r.whole->edge) {
      c.line({{std::log10(*r.whole->edge), -0.8}, {std::log10(*r.whole->edge), 0.6}}, "dash");
      c.text(std::log10(*r.whole->edge), -0.8, "edge at infinite width", "note end", -6, 0);
    }
  }
  bool known = false;
  for (std::size_t k = 0; k < list.size(); ++k) {
    draw_ridge(c, list[k], static_cast<double>(k), low, high);
    known = known || !list[k].theory.empty();
  }
  c.line({{0, -0.9}, {0, rows - 0.3}}, "zero");
  if (known) c.key({{"line theory", "where independent random weights of this size would have them"}});
  c.data("layer,singular_value");
  for (const layer_record& x : r.layers)
    for (const double s : x.spectrum) c.row(x.name, s);
  if (r.whole)
    for (const double s : r.whole->spectrum.log10_values) c.row(std::string("all layers"), std::pow(10, s));
  return c.figure();
}

std::string bracket_plot(const flow_record& r) {
  std::vector<chart::point> lower, upper;
  double low = 0, high = 0;
  for (std::size_t l = 0; l < r.layers.size(); ++l) {
    if (!r.layers[l].norm || !(r.layers[l].norm->lower > 0)) continue;
    lower.emplace_back(static_cast<double>(l + 1), std::log10(r.layers[l].norm->lower));
    if (r.layers[l].norm->upper > 0)
      upper.emplace_back(static_cast<double>(l + 1), std::log10(r.layers[l].norm->upper));
    low = std::min(low, lower.back().second),
    high = std::max(high, std::max(lower.back().second, upper.empty() ? -300 : upper.back().second));
  }
  if (lower.empty()) return "";
  const double n = static_cast<double>(r.layers.size());
  std::vector<chart::point> bound;  // the product of norms, cumulated towards the input
  double sum = 0;
  for (std::size_t k = lower.size(); k-- > 1;) bound.emplace_back(lower[k].first - 1, sum += lower[k].second);
  for (const auto& [x, y] : bound) low = std::min(low, y), high = std::max(high, y);
  if (r.whole && r.whole->norm.lower > 0) low = std::min(low, std::log10(r.whole->norm.lower));
  chart c("Norms of Jacobians",
          "The largest singular value of each layer, bounded from below and from above; and of the product",
          depth_axis(r.layers.size()), {"largest singular value", std::floor(low - 0.1), std::ceil(high + 0.1), true});
  c.line({{0.5, 0}, {n + 0.5, 0}}, "zero");
  c.line(bound, "dash");
  for (const auto& [x, y] : upper) c.dot(x, y, "ring", fmt::format("at most {:.4g}", std::pow(10, y)), 6);
  for (const auto& [x, y] : lower) c.dot(x, y, "point", fmt::format("at least {:.4g}", std::pow(10, y)));
  if (r.whole && r.whole->norm.lower > 0) {
    c.dot(1, std::log10(r.whole->norm.lower), "point strong",
          fmt::format("the whole product: at least {:.4g}", r.whole->norm.lower), 6);
    c.text(1, std::log10(r.whole->norm.lower), "the product's true norm", "note", 12, 4);
  }
  c.key({{"point", "a layer, from below"},
         {"ring", "from above"},
         {"dash", "product of the norms from this layer's output on: the worst case"}});
  c.data("layer,name,norm_at_least,norm_at_most");
  for (std::size_t l = 0; l < r.layers.size(); ++l)
    if (const auto& b = r.layers[l].norm)
      c.row(static_cast<double>(l + 1), r.layers[l].name, b->lower, b->upper > 0 ? b->upper : NAN);
  if (r.whole) c.row(NAN, std::string("all layers"), r.whole->norm.lower, r.whole->norm.upper);
  return c.figure();
}

std::string parameter_plot(const flow_record& r) {
  std::vector<chart::point> gradient, ratio;
  std::vector<std::string> names;
  double low = 300, high = -300;
  for (const layer_record& l : r.layers)
    for (const parameter_record& p : l.parameters) {
      const double x = static_cast<double>(names.size() + 1);
      names.push_back(p.name);
      if (!(p.gradient.rms > 0)) continue;
      gradient.emplace_back(x, std::log10(p.gradient.rms));
      if (p.weight_rms && *p.weight_rms > 0) ratio.emplace_back(x, std::log10(p.gradient.rms / *p.weight_rms));
      for (const double y : {gradient.back().second, ratio.empty() ? gradient.back().second : ratio.back().second})
        low = std::min(low, y), high = std::max(high, y);
    }
  if (gradient.empty()) return "";
  chart c("Parameters", "Root mean square of each parameter's gradient, and its ratio to the parameter's own",
          {"parameter tensor, in the order of layers (input on the left)", 0.5, static_cast<double>(names.size()) + 0.5,
           false, true},
          {"gradient (RMS), ratio", std::floor(low - 0.1), std::ceil(high + 0.1), true});
  for (const auto& [x, y] : gradient)
    c.dot(x, y, "point", fmt::format("{}: gradient {:.3g}", names[static_cast<std::size_t>(x) - 1], std::pow(10, y)));
  for (const auto& [x, y] : ratio)
    c.dot(x, y, "ring",
          fmt::format("{}: gradient / weight {:.3g}", names[static_cast<std::size_t>(x) - 1], std::pow(10, y)), 4.5);
  c.key({{"point", "gradient"}, {"ring", "gradient over the parameter itself"}});
  c.data("parameter,gradient_rms,parameter_rms");
  for (const layer_record& l : r.layers)
    for (const parameter_record& p : l.parameters) c.row(p.name, p.gradient.rms, p.weight_rms.value_or(NAN));
  return c.figure();
}

std::string exponent_plot(const flow_record& r) {
  std::vector<tensor_statistics> parts;
  for (const layer_record& l : r.layers)
    for (const parameter_record& p : l.parameters) parts.push_back(p.gradient);
  if (parts.empty())
    for (const layer_record& l : r.layers) parts.push_back(l.gradient);
  const tensor_statistics all = merged(parts);
  if (all.exponents.empty()) return "";
  double most = 0, total = 0;
  for (const auto& [e, count] : all.exponents)
    most = std::max(most, static_cast<double>(count)), total += static_cast<double>(count);
  const double low = std::min(-30, std::max(all.exponents.begin()->first - 2, -160)),
               high = std::max(22, all.exponents.rbegin()->first + 2);
  chart c("Exponents", "How many gradient elements have which power of two, and what float formats can hold",
          {"exponent k: elements with 2^k <= |g| < 2^(k+1)", low, high, false, true},
          {"share of elements", 0, 1.5 * most / total}, 260);
  c.box(low, 0, -24, 1.5 * most / total, "hatched", "would be zero in f16");
  for (const auto& [e, count] : all.exponents)
    c.box(e + 0.08, 0, e + 0.92, static_cast<double>(count) / total, "bar", fmt::format("2^{}: {} elements", e, count));
  c.data("exponent,elements");
  for (const auto& [e, count] : all.exponents) c.row(static_cast<double>(e), static_cast<double>(count));
  c.vertical(-24, "f16: smallest, 2⁻²⁴", "guide");
  c.vertical(-14, "f16: full precision, 2⁻¹⁴", "guide", 16);
  c.vertical(16, "f16 ends", "guide");
  c.vertical(-126, "bf16, f32: 2⁻¹²⁶", "guide");
  c.key({{"hatched", fmt::format("would be zero in f16: {:.1f} % of the elements", 100 * share_below(all, -24))}});
  return c.figure();
}

std::string phase_plot(const flow_record& r) {
  if (!r.phase || !(r.phase->activation == "tanh" || r.phase->activation == "relu" || r.phase->activation == "gelu" ||
                    r.phase->activation == "sigmoid"))
    return "";
  const activation& a = activation_named(r.phase->activation);
  std::vector<chart::point> line;
  constexpr int points = 132;  // from 1e-4 to 1e4
  for (int k = 0; k < points; ++k) {
    const mean_field m = critical_at(a, 1e-4 * std::pow(1.15, k));
    if (m.sb2 >= 0 && m.sw2 < 400) line.emplace_back(std::sqrt(m.sw2), std::sqrt(m.sb2));
  }
  const bool one_point = r.phase->activation == "relu", slow = r.phase->activation == "sigmoid";
  if (one_point) line = {{std::sqrt(2.0), 0}};
  const double wide = std::max(slow ? 12.0 : 3.0, 1.2 * r.phase->sw),
               high = std::max(slow ? 6.0 : 1.2, 1.2 * r.phase->sb);
  chart c("Phase diagram",
          fmt::format("Where gradients vanish and explode for {}, and where this network lies", r.phase->activation),
          {"standard deviation of weights, times sqrt(fan-in)", 0, wide}, {"standard deviation of biases", 0, high},
          320);
  std::vector<chart::point> inside;
  for (const auto& p : line)
    if (p.first <= wide && p.second <= high) inside.push_back(p);
  if (inside.size() > 1) c.line(inside, "line good");
  if (one_point) c.dot(std::sqrt(2.0), 0, "point strong", "the critical point", 6);
  c.text(0.03 * wide, 0.9 * high, "gradients vanish", "note");
  c.text(0.97 * wide, 0.1 * high, "gradients explode", "note end");
  c.dot(r.phase->sw, r.phase->sb, "point here", fmt::format("this network: {:.3f}, {:.3f}", r.phase->sw, r.phase->sb),
        7);
  c.text(r.phase->sw, r.phase->sb, "this network", "note", 12, 15);
  c.data("what,weight_deviation,bias_deviation");
  for (const auto& [x, y] : line) c.row(std::string("critical"), x, y);
  c.row(std::string("this network"), r.phase->sw, r.phase->sb);
  c.key({{"line good", fmt::format("critical {} of {}: the gradient keeps its size", one_point ? "point" : "line",
                                   r.phase->activation)}});
  return c.figure();
}

}  // namespace backproof::flow
