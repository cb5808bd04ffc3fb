#include "backproof/judge/own_function.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "backproof/judge/inner.hpp"
#include "backproof/op/draw.hpp"

namespace backproof {
namespace {

constexpr int neighbours = 4;    // points an ulp away
constexpr double distrust = 8;   // what the largest change seen there is multiplied with
constexpr double roundings = 8;  // of each term, in units of its format
constexpr std::size_t least_steps = 3;

bool moves(const sample& x, std::size_t k) { return x.inputs[k] && x.tangents[k]; }

draw random_for(const sample& x, std::string_view purpose, std::uint64_t which) {
  return {x.seed, fmt::format("{}/{}/{}", purpose, name_of(x.type), which), x.number};
}

// The sample's inputs in another format; its cotangents stay, for a forward function has no use for them.
sample converted(sample x, dtype to) {
  for (auto& t : x.inputs) {
    if (!t || !is_float(t->type())) continue;
    tensor wider(to, t->dims());
    for (index_t i = 0; i < t->count(); ++i) wider.set(i, t->at(i));
    t = std::move(wider);
  }
  x.type = to;
  return x;
}

bool finite(const trial::answers& y) {
  for (const auto& t : y)
    for (index_t i = 0; t && i < t->count(); ++i)
      if (!std::isfinite(t->at(i))) return false;
  return true;
}

// <v, a - b> over the outputs.
real change(const sample& x, const trial::answers& a, const trial::answers& b) {
  real total = 0;
  for (std::size_t k = 0; k < x.cotangents.size(); ++k)
    for (index_t i = 0; i < x.cotangents[k].count(); ++i)
      total += real(x.cotangents[k].at(i)) * (real(a[k]->at(i)) - real(b[k]->at(i)));
  return total;
}

// <V, to - from> over the inputs that have a gradient.
weighed along_step(const trial::answers& gradient, const sample& to, const sample& from) {
  weighed s;
  for (std::size_t k = 0; k < from.inputs.size(); ++k)
    for (index_t i = 0; moves(from, k) && gradient[k] && i < from.inputs[k]->count(); ++i)
      s.add(real(gradient[k]->at(i)) * (real(to.inputs[k]->at(i)) - real(from.inputs[k]->at(i))));
  return s;
}

void require_shapes(const trial& t, const trial::answers& y) {
  const std::vector<tensor>& expected = t.truth().on().cotangents;
  for (std::size_t k = 0; k < expected.size(); ++k) {
    if (k < y.size() && y[k] && y[k]->dims() == expected[k].dims()) continue;
    throw no_answer(
        failed(failure_kind::wrong_shape,
               fmt::format("output {} has shape {}, but {} by the signature", t.output_names()[k],
                           k < y.size() && y[k] ? to_string(y[k]->dims()) : "none", to_string(expected[k].dims()))));
  }
}

double largest_of(const tensor& t) {
  double most = 0;
  for (index_t i = 0; i < t.count(); ++i)
    if (std::isfinite(t.at(i))) most = std::max(most, std::fabs(t.at(i)));
  return most;
}

double largest_of(const trial::answers& list) {
  double most = 0;
  for (const auto& t : list)
    if (t) most = std::max(most, largest_of(*t));
  return most;
}

void require_gradients(const trial& t, const trial::answers& d) {
  const sample& x = t.truth().on();
  for (std::size_t k = 0; k < x.inputs.size(); ++k) {
    if (!moves(x, k) || !d[k]) continue;
    const std::string name = t.gradient_names()[k];
    if (d[k]->type() != x.type)
      throw no_answer(failed(failure_kind::wrong_dtype, fmt::format("{} has dtype {}, expected {}", name,
                                                                    name_of(d[k]->type()), name_of(x.type))));
    if (d[k]->dims() != x.inputs[k]->dims())
      throw no_answer(failed(
          failure_kind::wrong_shape,
          fmt::format("{} has shape {}, its input {}", name, to_string(d[k]->dims()), to_string(x.inputs[k]->dims()))));
  }
}

// Only where outputs times cotangents come near the largest number may a gradient overflow.
bool may_overflow(const trial& t, const trial::answers& y) {
  const sample& x = t.truth().on();
  double largest_cotangent = 0;
  for (const tensor& v : x.cotangents)
    for (index_t i = 0; i < v.count(); ++i) largest_cotangent = std::max(largest_cotangent, std::fabs(v.at(i)));
  return largest_of(y) * largest_cotangent > std::ldexp(format_of(x.type).largest(), -12);
}

// The element of the sample's input k, and of no other.
value_list<double> along_element(const sample& x, std::size_t k, index_t i, double by) {
  value_list<double> d;
  for (std::size_t j = 0; j < x.inputs.size(); ++j)
    d.push_back(moves(x, j) ? values<double>(x.inputs[j]->dims()) : values<double>{});
  d[k][i] = by;
  return d;
}

// The sample with each second cotangent, chosen at random, turned: sums that cancelled no longer do.
sample turned(sample x, std::uint64_t which) {
  draw random = random_for(x, "signs", which);
  for (tensor& v : x.cotangents)
    for (index_t i = 0; i < v.count(); ++i)
      if (random.chance(0.5)) v.set(i, -v.at(i));
  return x;
}

sample relaxed(sample x) {
  for (std::size_t k = 0; k < x.inputs.size(); ++k)
    for (index_t i = 0; moves(x, k) && i < x.inputs[k]->count(); ++i) x.inputs[k]->set(i, x.inputs[k]->at(i) / 8);
  return x;
}

// What the subject answers, unless it refuses: then the sample is none of the op's.
std::optional<trial::answers> asked(trial& t, mode m, const sample& x) {
  try {
    trial::answers a = t.run(m, x);
    if (finite(a)) return a;
  } catch (const no_answer& none) {
    if (none.found.outcome != verdict::fail) throw;
  }
  return std::nullopt;
}

// The size of the terms that each element of the gradient is a sum of, times the square root of their number: what an
// order of summation may make of one unit.
value_list<double> terms_of(trial& t) {
  const sample& x = t.truth().on();
  const trial::answers& d = t.vjp();
  double count = 0;
  for (const tensor& v : x.cotangents) count += static_cast<double>(v.count());
  value_list<double> terms;
  for (std::size_t k = 0; k < x.inputs.size(); ++k) {
    terms.push_back(d[k] ? values<double>(d[k]->dims()) : values<double>{});
    for (index_t i = 0; i < terms[k].size(); ++i) terms[k][i] = std::fabs(d[k]->at(i)) * std::sqrt(count);
  }
  constexpr std::uint64_t turns = 2;
  for (std::uint64_t n = 0; n < turns; ++n) {
    const std::optional<trial::answers> other = asked(t, mode::vjp, turned(x, n));
    for (std::size_t k = 0; other && k < terms.size(); ++k)
      for (index_t i = 0; (*other)[k] && i < terms[k].size(); ++i)
        terms[k][i] = std::max(terms[k][i], std::fabs((*other)[k]->at(i)) * std::sqrt(count));
  }
  return terms;
}

constexpr double lossy_roundings = 64;

dtype widest(const trial& t) {
  const dtype own = t.truth().on().type;
  for (const dtype wider : {dtype::f64, dtype::f32})
    if (bytes_of(wider) > bytes_of(own) && t.offers(wider).forward) return wider;
  return own;
}

// The largest magnitude; 1 if all are 0.
double size_of_elements(const tensor& t) {
  const double most = largest_of(t);
  return most > 0 ? most : 1;
}

}  // namespace

sample moved_by_ulps(const sample& x, std::uint64_t which) {
  draw random = random_for(x, "ulps", which);
  const format& f = format_of(x.type);
  sample moved = x;
  for (std::size_t k = 0; k < x.inputs.size(); ++k)
    for (index_t i = 0; moves(x, k) && i < x.inputs[k]->count(); ++i) {
      const double e = x.inputs[k]->at(i);
      const double ulp = std::max(std::fabs(e) * 2 * f.unit(), f.tiny());
      // From an edge every element moves, and equal ones hardly ever alike.
      const index_t ulps =
          x.made_for == profile::smooth ? random.between(-2, 2) : random.between(1, 4) * (random.chance(0.5) ? 1 : -1);
      moved.inputs[k]->set(i, e + static_cast<double>(ulps) * ulp);
    }
  return moved;
}

value_list<double> own_direction(const sample& x, bool relative) {
  draw random = random_for(x, "direction", relative ? 1 : 0);
  value_list<double> d;
  for (std::size_t k = 0; k < x.inputs.size(); ++k) {
    d.push_back(moves(x, k) ? values<double>(x.inputs[k]->dims()) : values<double>{});
    const double size = moves(x, k) ? std::min(1.0, size_of_elements(*x.inputs[k])) : 0;
    for (index_t i = 0; i < d.back().size(); ++i) {
      const double e = std::fabs(x.inputs[k]->at(i));
      d.back()[i] =
          (random.chance(0.5) ? 1 : -1) * random.uniform(0.5, 1) * (relative && e > 0 ? e : std::max(e, size));
    }
  }
  return d;
}

index_t own_element(const sample& x, std::size_t k) {
  const tensor& of = *x.inputs[k];
  std::map<double, int> times;
  for (index_t i = 0; i < of.count(); ++i) ++times[of.at(i)];
  const index_t first = static_cast<index_t>(x.number) % of.count();
  for (index_t n = 0; n < of.count(); ++n) {
    const index_t i = (first + n) % of.count();
    if (of.at(i) == 0 || times[of.at(i)] > 1) return i;
  }
  return first;
}

value_list<double> own_coordinate(const sample& x, std::size_t k, index_t i) {
  const double e = std::fabs(x.inputs[k]->at(i));
  return along_element(x, k, i, e > 0 ? e : std::min(1.0, size_of_elements(*x.inputs[k])));
}

namespace {

// Every element that has a gradient moved at random, by so many times the size of its tensor.
sample moved_by(sample x, double far, std::uint64_t which) {
  draw random = random_for(x, "around", which);
  for (std::size_t k = 0; k < x.inputs.size(); ++k) {
    if (!moves(x, k)) continue;
    tensor& t = *x.inputs[k];
    const double size = size_of_elements(t);
    for (index_t i = 0; i < t.count(); ++i) t.set(i, t.at(i) + random.uniform(-1, 1) * far * size);
  }
  return x;
}

// The slopes that the gradients there have along a direction: how much they differ, and the largest. None if too few
// of these points are inside of the domain.
std::optional<std::pair<real, real>> spread_of_slopes(trial& t, const value_list<double>& direction, double far) {
  constexpr std::uint64_t points = 8;
  std::vector<real> slopes;
  for (std::uint64_t n = 0; n < points; ++n) {
    const std::optional<trial::answers> d = asked(t, mode::vjp, moved_by(t.truth().on(), far, n));
    if (!d) continue;
    real slope = 0;
    for (std::size_t k = 0; k < direction.size(); ++k)
      for (index_t i = 0; (*d)[k] && i < direction[k].size(); ++i)
        slope += real((*d)[k]->at(i)) * real(direction[k][i]);
    slopes.push_back(slope);
  }
  if (slopes.size() < 3) return std::nullopt;
  const auto [least, most] = std::minmax_element(slopes.begin(), slopes.end());
  return std::pair(*most - *least, math::max(abs(*least), abs(*most)));
}

}  // namespace

// One step to both sides.
struct own_function::measured_step {
  double h = 0;
  real ahead, behind;  // residuals
  real gradient, difference;
  real terms;
  mask affected;  // which elements of the outputs changed
};

own_function::own_function(trial& t) : t_(t), wide_(widest(t)), here_{converted(t.truth().on(), wide_), {}} {
  here_.y = t_.run(mode::forward, here_.x);
  require_shapes(t_, *here_.y);
  if (!finite(*here_.y)) throw no_answer(unresolved("the forward function is not finite here"));
  require_gradients(t_, t_.vjp());
  require_finite_gradients();
}

void own_function::require_finite_gradients() {
  const sample& x = t_.truth().on();
  const bool overflows = may_overflow(t_, *here_.y);
  for (std::size_t k = 0; k < x.inputs.size(); ++k)
    for (index_t i = 0; moves(x, k) && t_.vjp()[k] && i < x.inputs[k]->count(); ++i) {
      const double d = t_.vjp()[k]->at(i);
      if (std::isfinite(d) || (overflows && !std::isnan(d))) continue;
      if (x.made_for != profile::smooth && !slopes_meet(along_element(x, k, i, 1), 0))  // a root's do not, at 0
        throw no_answer(unresolved(fmt::format("{} element {} is {}, and the gradients around this point differ",
                                               t_.gradient_names()[k], i, d)));
      throw no_answer(failed(failure_kind::nonfinite, fmt::format("{} element {} is {} where the function is finite",
                                                                  t_.gradient_names()[k], i, d)));
    }
}

bool own_function::slopes_meet(const value_list<double>& direction, const real& from) {
  const double unit = format_of(t_.truth().on().type).unit(), far = std::max(0x1p-10, 16 * unit);
  const auto wide = spread_of_slopes(t_, direction, far), close = spread_of_slopes(t_, direction, far / 8);
  if (!wide || !close) return false;
  const bool converge = close->first <= math::max(wide->first / real(3), close->second * real(roundings * unit));
  return converge && (from == real(0) || real(4) * close->first < abs(from));
}

own_function::point own_function::at(const value_list<double>& direction, double step) {
  point p{here_.x, {}};
  for (std::size_t k = 0; k < direction.size(); ++k)
    for (index_t i = 0; i < direction[k].size(); ++i)
      p.x.inputs[k]->set(i, here_.x.inputs[k]->at(i) + step * direction[k][i]);
  p.y = asked(t_, mode::forward, p.x);  // a refusal only says that the domain ends here
  return p;
}

std::optional<own_function::measured_step> own_function::measure(const value_list<double>& direction, double h,
                                                                 sidedness s) {
  const point ahead = at(direction, h), behind = s == sidedness::inward ? here_ : at(direction, -h);
  if (!ahead.y || !behind.y) return std::nullopt;
  for (std::size_t k = 0; k < direction.size(); ++k)
    for (index_t i = 0; i < direction[k].size(); ++i)
      if (direction[k][i] != 0 && ahead.x.inputs[k]->at(i) == behind.x.inputs[k]->at(i)) return std::nullopt;
  const sample& x = t_.truth().on();
  const weighed forward = along_step(t_.vjp(), ahead.x, here_.x);
  const weighed backward = s == sidedness::inward ? forward : along_step(t_.vjp(), here_.x, behind.x);
  measured_step m;
  m.h = h;
  m.ahead = (change(x, *ahead.y, *here_.y) - forward.value) / real(h);
  m.behind = s == sidedness::inward ? m.ahead : (change(x, *here_.y, *behind.y) - backward.value) / real(h);
  m.gradient = (forward.value + backward.value) / real(2 * h);
  m.difference = m.gradient + (m.ahead + m.behind) / real(2);
  m.terms = (forward.terms + backward.terms) / real(2 * h);
  for (std::size_t k = 0; k < x.cotangents.size(); ++k) {
    m.affected.emplace_back();
    for (index_t i = 0; i < x.cotangents[k].count(); ++i)
      m.affected.back().push_back((*ahead.y)[k]->at(i) != (*behind.y)[k]->at(i));
  }
  return m;
}

void own_function::ask_nearby() {
  if (!nearby_.empty()) return;
  const sample& x = t_.truth().on();
  for (std::uint64_t n = 0; n < neighbours; ++n) {
    point p{moved_by_ulps(here_.x, n), {}};
    p.y = asked(t_, mode::forward, p.x);
    if (std::optional<answers> d = asked(t_, mode::vjp, moved_by_ulps(x, n)))
      nearby_gradients_.push_back(std::move(*d));
    nearby_.push_back(std::move(p));
  }
  terms_ = terms_of(t_);
  largest_output_ = largest_of(*here_.y), largest_gradient_ = largest_of(t_.vjp());
  if (const std::optional<answers> y = asked(t_, mode::forward, relaxed(here_.x)))
    largest_output_ = std::max(largest_output_, largest_of(*y));
  if (const std::optional<answers> d = asked(t_, mode::vjp, relaxed(x)))
    largest_gradient_ = std::max(largest_gradient_, largest_of(*d));
}

real own_function::lossy_error(const value_list<double>& direction, double step) {
  real reach = 0, cotangents = 0;
  for (const values<double>& d : direction)
    for (index_t i = 0; i < d.size(); ++i) reach += abs(real(d[i]));
  for (const tensor& v : t_.truth().on().cotangents)
    for (index_t i = 0; i < v.count(); ++i) cotangents += abs(real(v.at(i)));
  const double of_gradient = lossy_roundings * format_of(t_.truth().on().type).unit() * largest_gradient_;
  const double of_function = lossy_roundings * format_of(wide_).unit() * largest_output_ / step;
  return real(of_gradient) * reach + real(of_function) * cotangents;
}

// What rounding may leave of <v, f(x+) - f(x-)>.
real own_function::noise_of_function(const mask& affected) {
  const sample& x = t_.truth().on();
  real largest = 0;
  for (const point& p : nearby_) {
    if (!p.y) continue;
    real total = 0;
    for (std::size_t k = 0; k < x.cotangents.size(); ++k)
      for (index_t i = 0; i < x.cotangents[k].count(); ++i)
        if (affected[k][static_cast<std::size_t>(i)])
          total += abs(real(x.cotangents[k].at(i)) * (real((*p.y)[k]->at(i)) - real((*here_.y)[k]->at(i))));
    largest = math::max(largest, total);
  }
  // An output that does not change may hide a change in its last place.
  const format& f = format_of(wide_);
  return real(distrust) * largest + magnitude_of_outputs(&affected) * real(roundings * f.unit()) +
         magnitude_of_outputs(nullptr) * real(f.unit()) + real(f.tiny());
}

// sum |v y| over the outputs, or over those that a step affects.
real own_function::magnitude_of_outputs(const mask* affected) {
  const sample& x = t_.truth().on();
  real total = 0;
  for (std::size_t k = 0; k < x.cotangents.size(); ++k)
    for (index_t i = 0; i < x.cotangents[k].count(); ++i)
      if (affected == nullptr || (*affected)[k][static_cast<std::size_t>(i)])
        total += abs(real(x.cotangents[k].at(i)) * real((*here_.y)[k]->at(i)));
  return total;
}

// What rounding may leave of <V, d>: its own, and that of formulas which compute it from the rounded output.
real own_function::noise_of_gradient(const value_list<double>& direction, const mask& affected) {
  const format& f = format_of(t_.truth().on().type);
  // At an edge the answer may be a slip, which is not to pass for noise: there the others are compared among
  // themselves.
  const bool edge = t_.truth().on().made_for != profile::smooth && !nearby_gradients_.empty();
  const answers& d = edge ? nearby_gradients_.front() : t_.vjp();
  real largest = 0, terms = 0, reach = 0;
  for (const answers& other : nearby_gradients_) {
    real total = 0;
    for (std::size_t k = 0; k < direction.size(); ++k)
      for (index_t i = 0; d[k] && other[k] && i < direction[k].size(); ++i)
        total += abs((real(other[k]->at(i)) - real(d[k]->at(i))) * real(direction[k][i]));
    largest = math::max(largest, total);
  }
  for (std::size_t k = 0; k < direction.size(); ++k)
    for (index_t i = 0; d[k] && i < direction[k].size(); ++i) {
      terms += abs(real(terms_[k][i]) * real(direction[k][i]));
      reach += abs(real(direction[k][i]));
    }
  return real(distrust) * largest + real(roundings * f.unit()) * (terms + magnitude_of_outputs(&affected)) +
         real(roundings * f.tiny()) * reach;
}

// Whether the slopes on both sides do not approach each other, and that of the VJP is one of them or between. Where
// the function is smooth they were eight times farther apart three steps before.
bool own_function::has_kink(const std::vector<measured_step>& steps, const real& noise) {
  constexpr std::size_t back = 3;
  for (std::size_t k = steps.size(); k-- > back;) {
    const real &a = steps[k].ahead, &b = steps[k].behind, grain = real(4) * noise / real(steps[k].h);
    const real gap = abs(a - b);
    if (gap < real(4) * grain) continue;  // too fine to tell
    const bool between = (a < real(0)) != (b < real(0)) || math::min(abs(a), abs(b)) < gap / real(16) + grain;
    return between && gap > abs(steps[k - back].ahead - steps[k - back].behind) / real(2);
  }
  return false;
}

bool own_function::follows(const value_list<double>& direction) {
  constexpr int halvings = 3;
  std::vector<double> changes;
  for (int k = 0; k < halvings; ++k) {
    const double h = std::ldexp(own_first_step, -k);
    const point ahead = at(direction, h), behind = at(direction, -h);
    if (!ahead.y || !behind.y) return false;
    changes.push_back(static_cast<double>(change(t_.truth().on(), *ahead.y, *behind.y)));
  }
  for (std::size_t k = 1; k < changes.size(); ++k)
    if (const double part = changes[k] / changes[k - 1]; !(part > 0.25 && part < 0.75)) return false;
  return true;
}

std::optional<own_residual> own_function::along(const value_list<double>& direction, sidedness s) {
  std::vector<measured_step> steps;
  for (int k = 0; k < own_steps; ++k)
    if (auto m = measure(direction, std::ldexp(own_first_step, -k), s)) steps.push_back(std::move(*m));
  if (steps.size() < least_steps) return std::nullopt;
  ask_nearby();

  const real noise = noise_of_function(steps.front().affected);
  const auto residual = [&](const measured_step& m) {
    return s == sidedness::central ? (m.ahead + m.behind) / real(2) : m.ahead;
  };
  own_residual best;
  best.gradient_error = noise_of_gradient(direction, steps.front().affected);
  bool found = false;
  std::vector<real> before;  // the last row of the scheme
  for (const measured_step& m : steps) {
    std::vector<real> row{residual(m)};
    for (std::size_t c = 1; c <= before.size(); ++c) {
      const int power = static_cast<int>(c) * (s == sidedness::central ? 2 : 1);
      row.push_back(row[c - 1] + (row[c - 1] - before[c - 1]) / (ldexp(real(1), power) - real(1)));
      const real disagreement = math::max(math::max(abs(row[c] - row[c - 1]), abs(row[c] - before[c - 1])),
                                          c < before.size() ? abs(row[c] - before[c]) : real(0));
      const real error = real(2) * disagreement + real(4) * noise / real(m.h);
      if (found && !(error < best.difference_error)) continue;
      found = true;
      best.gradient = m.gradient, best.residual = row[c], best.difference_error = error, best.knee = m.h;
      best.signal = math::max(m.terms, abs(m.difference));
    }
    before = std::move(row);
  }
  if (!found) return std::nullopt;
  best.kink = has_kink(steps, noise);
  best.lossy_error = lossy_error(direction, best.knee);
  // Steps that are longer than the function's own detail may agree by chance; finer ones then do not.
  for (const measured_step& m : steps)
    if (m.h <= best.knee && real(16) * noise / real(m.h) < abs(best.residual))
      best.confirmed = best.confirmed && real(2) * abs(residual(m)) > abs(best.residual);
  return best;
}

double own_residual::bits() const { return static_cast<double>(log(signal / bound())) / std::log(2.0); }

finding verdict_on(const own_residual& r, const std::string& where, failure_kind kind, double unit) {
  const real per(unit);
  finding f = compare(where, (r.gradient + r.residual) / per, r.gradient / per, r.bound() / per,
                      ldexp(r.signal, -own_least_bits) / per, kind);
  if (f.outcome == verdict::unresolved)
    f.reason =
        fmt::format("the differences and the VJP can be held together to {:.1f} bits here, which is less than {}",
                    std::max(0.0, r.bits()), own_least_bits);
  if (f.outcome != verdict::fail) return f;
  if (r.kink) return unresolved("the slopes from both sides differ: a kink");
  if (!r.confirmed) return unresolved("the function has finer detail than the steps that agree");
  if (!(r.bound() < r.signal / real(2))) return unresolved("the differences are too coarse here");
  f.bound = fmt::format("{:.2g} for the differences, {:.2g} for the VJP, both measured",
                        static_cast<double>(real(4) * r.difference_error / per),
                        static_cast<double>(real(4) * r.gradient_error / per));
  if (!(abs(r.residual) <= r.lossy_bound())) return f;
  f.outcome = verdict::inaccurate;
  f.kind = failure_kind::none;
  f.variant = lossy_formula;
  return f;
}

value_list<double> own_spread(trial& t) {
  const sample& x = t.truth().on();
  const trial::answers d = t.vjp();
  const double unit = format_of(x.type).unit(), tiny = format_of(x.type).tiny(), largest = largest_of(d);
  value_list<double> spread = terms_of(t);
  for (std::size_t k = 0; k < x.inputs.size(); ++k)
    for (index_t i = 0; i < spread[k].size(); ++i)
      spread[k][i] = roundings * (unit * std::max(spread[k][i], largest) + tiny);
  for (std::uint64_t n = 0; n < neighbours; ++n) {
    const std::optional<trial::answers> other = asked(t, mode::vjp, moved_by_ulps(x, n));
    for (std::size_t k = 0; other && k < spread.size(); ++k)
      for (index_t i = 0; (*other)[k] && d[k] && i < spread[k].size(); ++i)
        spread[k][i] = std::max(spread[k][i], distrust * std::fabs((*other)[k]->at(i) - d[k]->at(i)));
  }
  return spread;
}

value_list<double> own_lossy_spread(trial& t) {
  value_list<double> spread = own_spread(t);
  const sample& x = t.truth().on();
  double largest = largest_of(t.vjp());
  if (const std::optional<trial::answers> d = asked(t, mode::vjp, relaxed(x)))
    largest = std::max(largest, largest_of(*d));
  for (values<double>& one : spread)
    for (index_t i = 0; i < one.size(); ++i) one[i] += lossy_roundings * format_of(x.type).unit() * largest;
  return spread;
}

}  // namespace backproof
