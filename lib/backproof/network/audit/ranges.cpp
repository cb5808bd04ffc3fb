#include "backproof/network/audit/ranges.hpp"

#include <algorithm>

namespace backproof::networks {
namespace {

using number = bounded<real>;

number widened(const number& x, double error) { return number::within(x.value(), std::max(x.error(), error)); }

// So that `other` lies within it too.
void cover(intervals& list, const intervals& other) {
  for (std::size_t k = 0; k < list.size(); ++k)
    for (index_t i = 0; i < list[k].size(); ++i) {
      const double apart = magnitude(other[k][i].value() - list[k][i].value());
      if (apart > 0 || other[k][i].error() > list[k][i].error())
        list[k][i] = widened(list[k][i], apart + other[k][i].error());
    }
}

// Between two layers numbers are kept in the storage format; what was only moved is in it already.
void store(intervals& list, const precision& p) {
  if (format_of(p.storage) == p.accumulator) return;
  const format f = format_of(p.storage);
  for (interval& v : list)
    for (index_t i = 0; i < v.size(); ++i) {
      if (v[i].exact()) continue;
      const double size = magnitude(v[i].value()) + v[i].error();
      v[i] = number::within(v[i].value(), v[i].error() + f.unit() * size + f.tiny());
    }
}

// All of f's results that an implementation may come to: f(formulas, results), with the op's own formulas and, if lossy
// ones are granted, each of the others, in the accumulator's and in the storage format.
template <class Evaluate>
intervals over_formulas(const op& o, const arithmetic& how, Evaluate f) {
  intervals all;
  std::vector<format> formats = {how.numbers.accumulator};
  if (how.lossy && format_of(how.numbers.storage) != how.numbers.accumulator)
    formats.push_back(format_of(how.numbers.storage));
  for (const format& one : formats) {
    const number::use in_force(rounding_model::of(one));
    const auto take = [&](const kernels<number>& formulas) {
      std::optional<intervals> found = f(formulas);
      if (!found) return;
      if (all.empty())
        all = std::move(*found);
      else
        cover(all, *found);
    };
    take(o.bounded_kernels);
    if (!how.lossy) continue;
    for (const op::variant& v : o.variants) take(v.bounded_kernels);
  }
  store(all, how.numbers);
  return all;
}

std::optional<intervals> vjp_by(const kernels<number>& formulas, const node& layer, const intervals& in,
                                const intervals& g) {
  if (formulas.vjp == nullptr) return std::nullopt;
  intervals d;
  for (std::size_t i = 0; i < in.size(); ++i)
    d.push_back(in[i].present() && layer.what->sig.input(i).differentiable ? interval(in[i].dims()) : interval{});
  formulas.vjp({layer.attrs, in}, g, d);
  return d;
}

// An input that is known within bounds may lie on either side of a kink: both ends of its range are tried.
void cover_both_ends(const node& layer, const intervals& in, const intervals& g, const arithmetic& how, intervals& d) {
  const number::use in_force(rounding_model::of(how.numbers.accumulator));
  for (const int side : {-1, 1}) {
    intervals moved = in;
    for (interval& x : moved)
      for (index_t i = 0; i < x.size(); ++i)
        if (!x[i].exact()) x[i] = number::within(x[i].value() + real(side * x[i].error()), x[i].error());
    cover(d, *vjp_by(layer.what->bounded_kernels, layer, moved, g));
  }
}

value_list<real> middles_of(const intervals& list) {
  value_list<real> out;
  for (const interval& v : list) {
    out.push_back(v.present() ? values<real>(v.dims()) : values<real>{});
    for (index_t i = 0; i < v.size(); ++i) out.back()[i] = v[i].value();
  }
  return out;
}

// How well the worst of them is known, relative to itself: within that, numbers may be tied that are none.
double relative_error(const intervals& in) {
  constexpr double most = 1e-3;
  double worst = 0;
  for (const interval& x : in)
    for (index_t i = 0; i < x.size(); ++i)
      if (const double size = magnitude(x[i].value()); size > 0) worst = std::max(worst, x[i].error() / size);
  return std::min(worst, most);
}

}  // namespace

bool is_exact_range(const interval& x) {
  for (index_t i = 0; i < x.size(); ++i)
    if (!x[i].exact()) return false;
  return true;
}

void open_kinks(const node& layer, const intervals& in, const intervals& g, double unit, intervals& d) {
  if (layer.what->kinks == nullptr) return;
  subdifferential s(unit);
  const value_list<real> x = middles_of(in), v = middles_of(g);
  layer.what->kinks({layer.attrs, x}, v, s);
  // From `low` to `high`, give or take what was uncertain before.
  const auto between = [&](const position& p, const real& low, const real& high) {
    number& e = d[p.input][p.at];
    const double half = magnitude(high - low) / 2;
    const double largest = std::max(magnitude(low), magnitude(high));
    e = number::within((low + high) / real(2), half + 2 * unit * largest + e.error());  // the end itself is rounded
  };
  for (const subdifferential::slope& k : s.intervals()) between(k.p, k.low * k.g, k.high * k.g);
  // The reference shares evenly; each of the tied may have nothing, or all.
  for (const subdifferential::tie& t : s.ties())
    for (const position& p : t.tied) {
      const real all = real(p.sign) * t.g;
      const real rest = d[p.input][p.at].value() - all / real(static_cast<long>(t.tied.size()));
      between(p, rest, rest + all);
    }
  for (const subdifferential::norm_ball& b : s.balls())
    for (const position& p : b.elements) between(p, d[p.input][p.at].value() - b.g, d[p.input][p.at].value() + b.g);
}

intervals forward_range(const node& layer, const intervals& in, const arithmetic& how) {
  return over_formulas(*layer.what, how, [&](const kernels<number>& formulas) -> std::optional<intervals> {
    if (formulas.forward == nullptr) return std::nullopt;
    intervals y;
    for (const shape& s : layer.outputs) y.emplace_back(s);
    formulas.forward({layer.attrs, in}, y);
    return y;
  });
}

intervals backward_range(const node& layer, const intervals& in, const intervals& g, const arithmetic& how) {
  intervals d =
      over_formulas(*layer.what, how, [&](const kernels<number>& formulas) { return vjp_by(formulas, layer, in, g); });
  if (layer.what->kinks == nullptr) return d;
  if (!std::all_of(in.begin(), in.end(), is_exact_range)) cover_both_ends(layer, in, g, how, d);
  open_kinks(layer, in, g, std::max(how.numbers.accumulator.unit(), relative_error(in)), d);
  return d;
}

}  // namespace backproof::networks
