#include "backproof/judge/check.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "backproof/judge/moved_data.hpp"

namespace backproof {
namespace {

verdict verdict_of(reply::status s) {
  switch (s) {
    case reply::status::ok:
      return verdict::pass;
    case reply::status::unimplemented:
      return verdict::skip;
    case reply::status::rejected:
      return verdict::fail;
    case reply::status::error:
      return verdict::error;
    case reply::status::crash:
      return verdict::crash;
    case reply::status::timeout:
      return verdict::timeout;
  }
  return verdict::error;
}

bool same_side(double actual, const real& expected) { return actual == 0 || (actual < 0) == (expected < real(0)); }

// Drops those elements that an explanation covers; says whether there were any.
bool explain(std::vector<position>& open, const explanation& by, const trial::answers& actual, const trial& t) {
  const auto covered = [&](const position& p) {
    const bounded<real>& e = by.expected[p.input][p.at];
    const double a = actual[p.input]->at(p.at);
    const double error = magnitude(real(a) - e.value());
    return error <= bound_of(e, t.numbers()) && (!by.keeps_sign || same_side(a, e.value()));
  };
  return std::erase_if(open, covered) > 0;
}

template <class Property>
bool has(const value_list<real>& list, Property property) {
  for (const values<real>& x : list)
    for (index_t i = 0; i < x.size(); ++i)
      if (property(x[i])) return true;
  return false;
}

compare_options options_for(const oracle& truth, mode m) {
  compare_options options;
  const bool nan = has(truth.inputs(), [](const real& x) { return isnan(x); });
  const bool infinite = has(truth.inputs(), [](const real& x) { return !isfinite(x) && !isnan(x); });
  // Of a function of one variable the limits are known, and required.
  options.nan_anywhere = (nan || infinite) && !truth.of().unary;
  const real huge(format_of(truth.on().type).largest() / 2);
  options.nonfinite_anywhere =
      !truth.of().unary && has(truth.inputs(), [&](const real& x) { return isfinite(x) && abs(x) >= huge; });
  if (m == mode::vjp) {
    options.kinks = &truth.kinks();
    options.anything = nan && !truth.of().unary;
    if (truth.of().unary) options.one_sided = &truth.inputs();
    if (nan) options.nan_inputs = &truth.inputs();
  }
  return options;
}

}  // namespace

std::string_view name_of(check_target t) { return t == check_target::subject ? "subject" : "oracle"; }

trial trial::about(const sample& x) const {
  trial t(truth_.about(x), subject_, precision_);
  t.asked_ = asked_;
  return t;
}

const trial::answers& trial::ask(mode m, std::optional<reply>& kept) {
  asked_->wanted[m] = true;
  if (!kept) kept = put(m, truth_.of(), truth_.on());
  return usable(*kept);
}

trial::answers trial::run(mode m, const op& o, const sample& s) {
  if (&o == &truth_.of()) asked_->wanted[m] = true;
  return usable(put(m, o, s));
}

// A check may derive samples that the subject does not take; those are not put to it, nor is what it does not offer.
reply trial::put(mode m, const op& o, const sample& s) {
  if (!subject_.offers(o, s.type).has(m)) throw no_answer(skipped(fmt::format("{} is not offered", name_of(m))));
  const auto asked_for = [](const std::optional<tensor>& tangent) { return tangent.has_value(); };
  if (m == mode::vjp && std::none_of(s.tangents.begin(), s.tangents.end(), asked_for))
    throw no_answer(unresolved("no gradient is asked for here"));
  if (const std::string why = subject_.scope_of(o, s.type).excludes(o, s); !why.empty())
    return {reply::status::unimplemented, fmt::format("{} is outside of what it takes", why), {}};
  reply r = subject_.run(m, o, s);
  if (&o == &truth_.of()) {
    asked_->put[m] = true;
    asked_->answered[m] |= r.code == reply::status::ok;
  }
  return r;
}

std::optional<std::vector<std::string>> trial::changed() const {
  std::optional<std::vector<std::string>> all;
  for (const std::optional<reply>* r : {&forward_, &vjp_, &jvp_}) {
    if (!*r || !(*r)->changed) continue;
    if (!all) all.emplace();
    all->insert(all->end(), (*r)->changed->begin(), (*r)->changed->end());
  }
  return all;
}

const trial::answers& trial::usable(const reply& r) {
  if (r.code == reply::status::ok) return r.tensors;
  finding f;
  f.outcome = verdict_of(r.code);
  f.reason = r.message;
  if (f.outcome == verdict::fail) f.kind = failure_kind::rejected;
  throw no_answer(std::move(f));
}

std::vector<std::string> trial::output_names() const {
  std::vector<std::string> names;
  for (std::size_t k = 0; k < truth_.on().cotangents.size(); ++k) names.push_back(truth_.of().sig.output_name(k));
  return names;
}

std::vector<std::string> trial::gradient_names() const {
  std::vector<std::string> names;
  for (std::size_t k = 0; k < truth_.on().inputs.size(); ++k) names.push_back("d" + truth_.of().sig.input_name(k));
  return names;
}

namespace {

bool unlimited(const values<bounded<real>>& x) {
  for (index_t i = 0; i < x.size(); ++i)
    if (std::isinf(x[i].error())) return true;
  return false;
}

// Where a formula divides by less than its error its bound is infinite, and rightly. Not so where it overflows: then an
// infinity or a NaN comes out, which is no loss of digits. If a number does come out, that one implementation kept more
// of the range, and what it may have lost is what the same operations lose without a limit.
void bound_overflow(value_list<bounded<real>>& expected, const value_list<bounded<real>>& without_limit,
                    const oracle& truth, mode m, const kernels<rounded>& by, const format& fmt) {
  const auto one = emulated(m, truth.of(), by, truth.on(), {.fmt = fmt}),
             other = emulated(m, truth.of(), by, truth.on(), {.fmt = fmt, .sums = order::pairwise});
  const auto overflows = [](const rounded& x) { return !std::isfinite(static_cast<double>(x)); };
  for (std::size_t k = 0; k < expected.size(); ++k)
    for (index_t i = 0; i < expected[k].size(); ++i)
      if (std::isinf(expected[k][i].error()) && overflows(one[k][i]) && overflows(other[k][i]))
        expected[k][i] = without_limit[k][i];
}

std::vector<explanation> explained(const oracle& truth, mode m) {
  struct arithmetic_model {
    std::string name;
    rounding_model model;
    format fmt;
  };
  struct formula {
    std::string name;
    oracle::formulas functions;
    kernels<rounded> rounded_kernels;
    bool keeps_sign = false;
  };
  const dtype storage = truth.on().type;
  std::vector<arithmetic_model> models = {{"", truth.model(), truth.accumulator()}};
  if (format_of(storage) != truth.accumulator())
    models.push_back({fmt::format("computed in {} throughout", name_of(storage)),
                      rounding_model::of(format_of(storage)), format_of(storage)});
  models.push_back(
      {"subnormal numbers taken for zero", rounding_model::flushing(truth.accumulator()), truth.accumulator()});
  std::vector<formula> formulas = {{"", truth.of().bounded_kernels, truth.of().rounded_kernels}};
  for (const op::variant& v : truth.of().variants)
    formulas.push_back({std::string(v.info.name), v.bounded_kernels, v.rounded_kernels, v.info.keeps_sign});

  std::vector<explanation> all;
  for (const arithmetic_model& a : models)
    for (const formula& f : formulas) {
      if (&a == &models.front() && &f == &formulas.front()) continue;  // that is the stable bound itself
      const auto under = [&](const rounding_model& model) {
        return m == mode::forward ? truth.output_under(model, f.functions) : truth.gradient_under(model, f.functions);
      };
      auto expected = under(a.model);
      if (std::any_of(expected.begin(), expected.end(), unlimited)) {
        rounding_model wide = a.model;
        wide.largest = std::numeric_limits<double>::infinity();
        bound_overflow(expected, under(wide), truth, m, f.rounded_kernels, a.fmt);
      }
      const std::string name = a.name.empty() || f.name.empty() ? f.name + a.name : f.name + " " + a.name;
      if (!expected.empty()) all.push_back({name, std::move(expected), f.keeps_sign});
    }
  return all;
}

}  // namespace

const std::vector<explanation>& explanations(const oracle& truth, mode m) {
  static const char of_output = 0, of_gradient = 0;
  return truth.once<std::vector<explanation>>(m == mode::forward ? &of_output : &of_gradient,
                                              [&] { return explained(truth, m); });
}

namespace {

// Drops those elements in which nothing need be rounded, and something may be; says whether there were any.
bool excuse_roundings(std::vector<position>& open, const value_list<bounded<real>>& expected,
                      const trial::answers& actual, const trial& t, mode m) {
  constexpr double a_few = 4;  // ulps: of a product, a quotient and a root or a power, each rounded
  const format& fmt = format_of(t.numbers().storage);
  std::optional<bool> forward_moves;  // looked for where it is needed only
  const auto only_moves = [&](const position& p) {
    if (m == mode::vjp) return gradient_only_moves(t.truth(), p);
    if (!forward_moves) forward_moves = output_only_moves(t.truth().of(), t.numbers().storage);
    return *forward_moves;
  };
  const auto excused = [&](const position& p) {
    const bounded<real>& e = expected[p.input][p.at];
    const double a = actual[p.input]->at(p.at), right = round_to(fmt, e.value());
    return e.exact() && right != 0 && std::isfinite(right) && std::isfinite(a) &&
           ulps_between(fmt, a, right) <= a_few && !only_moves(p);
  };
  return std::erase_if(open, excused) > 0;
}

}  // namespace

finding judge_results(trial& t, mode m, failure_kind kind) {
  const bool forward = m == mode::forward;
  const trial::answers& actual = forward ? t.forward() : t.vjp();
  const value_list<bounded<real>>& stable = forward ? t.truth().bounded_output() : t.truth().bounded_gradient();

  std::vector<position> outside;
  finding f = compare(stable, actual, forward ? t.output_names() : t.gradient_names(), t.numbers(), kind,
                      options_for(t.truth(), m), &outside);
  if (const std::string declared = t.declared_convention();
      f.outcome == verdict::pass && !f.convention.empty() && !declared.empty() && f.convention != declared) {
    f.outcome = verdict::fail;
    f.kind = failure_kind::subgradient;
    f.reason = fmt::format("declares {}, but took {}", declared, f.convention);
  }
  // Only numbers can be explained by a loss of digits; a wrong shape, or a NaN, cannot.
  if (f.outcome != verdict::fail || (f.kind != kind && f.kind != failure_kind::subgradient) || outside.empty())
    return f;
  std::vector<std::string> names;
  const auto explained = [&] {
    f.outcome = verdict::inaccurate;
    f.kind = failure_kind::none;
    f.variant = fmt::format("{}", fmt::join(names, ", "));
    f.reason = fmt::format("{}; consistent with {}", f.reason, f.variant);
    return f;
  };
  if (excuse_roundings(outside, stable, actual, t, m)) names.emplace_back("roundings where none is needed");
  if (outside.empty()) return explained();
  for (const explanation& e : explanations(t.truth(), m)) {
    if (explain(outside, e, actual, t)) names.push_back(e.name);
    if (outside.empty()) return explained();
  }
  return f;
}

}  // namespace backproof
