#include "backproof/judge/agreement.hpp"

#include <fmt/format.h>

#include <cmath>

#include "backproof/judge/own_function.hpp"

namespace backproof {
namespace {

value_list<double> bounds_of(const value_list<bounded<real>>& list, const precision& p) {
  value_list<double> out;
  for (const values<bounded<real>>& x : list) {
    out.push_back(x.present() ? values<double>(x.dims()) : values<double>{});
    for (index_t i = 0; i < x.size(); ++i) out.back()[i] = bound_of(x[i], p);
  }
  return out;
}

// What the gradients should be, element by element, and how far they may be from it.
struct expectation {
  value_list<double> gradient, allowed;
};

finding compared(const trial& t, const trial::answers& actual, const expectation& e, failure_kind kind) {
  const std::vector<std::string> names = t.gradient_names();
  agreement a(kind);
  for (std::size_t k = 0; k < e.gradient.size(); ++k) {
    if (!e.gradient[k].present()) continue;
    if (!actual[k] || actual[k]->dims() != e.gradient[k].dims()) {
      a.fail(fmt::format("{} is missing, or of another shape", names[k]));
      continue;
    }
    for (index_t i = 0; i < e.gradient[k].size(); ++i)
      a.add({fmt::format("{} element {}", names[k], i), e.gradient[k][i], actual[k]->at(i), e.allowed[k][i]});
  }
  return a.found();
}

// The plain answer; each of two evaluations may be as far from the truth as `reach` says.
expectation plain_answer(trial& t, const value_list<double>& reach) {
  expectation e;
  for (std::size_t k = 0; k < reach.size(); ++k) {
    const std::optional<tensor>& d = t.vjp()[k];
    const bool there = d && reach[k].present() && d->dims() == reach[k].dims();
    e.gradient.push_back(there ? values<double>(d->dims()) : values<double>{});
    e.allowed.push_back(e.gradient.back());
    for (index_t i = 0; i < e.gradient[k].size(); ++i) e.gradient[k][i] = d->at(i), e.allowed[k][i] = 2 * reach[k][i];
  }
  return e;
}

// Differentiable inputs of the same shape as an earlier one, with the number of that one.
std::vector<std::pair<std::size_t, std::size_t>> twins(const sample& x) {
  std::vector<std::pair<std::size_t, std::size_t>> found;
  for (std::size_t k = 0; k < x.inputs.size(); ++k)
    for (std::size_t j = 0; x.tangents[k] && j < k; ++j)
      if (x.tangents[j] && x.inputs[j]->dims() == x.inputs[k]->dims()) {
        found.emplace_back(k, j);
        break;
      }
  return found;
}

// From the gradients of a plain question to those of one in the call condition.
void transform(expectation& e, const sample& x, call_condition c, double unit) {
  if (c == call_condition::accumulated)
    for (std::size_t k = 0; k < e.gradient.size(); ++k)
      for (index_t i = 0; i < e.gradient[k].size(); ++i)
        e.gradient[k][i] *= 2, e.allowed[k][i] = 2 * e.allowed[k][i] + unit * std::fabs(e.gradient[k][i]);
  if (c == call_condition::shared)
    for (const auto& [k, first] : twins(x)) {
      for (index_t i = 0; i < e.gradient[k].size() && e.gradient[first].present(); ++i) {
        e.gradient[first][i] += e.gradient[k][i];
        e.allowed[first][i] += e.allowed[k][i] + 2 * unit * std::fabs(e.gradient[first][i]);
      }
      e.gradient[k] = {};
    }
  if (c == call_condition::partial)
    for (std::size_t k = 0; k < e.gradient.size(); ++k)
      if (!x.tangents[k]) e.gradient[k] = {};
}

// Inputs made equal may be none of the op's any more; a subject that refuses them is right.
bool answers(trial& plain) {
  try {
    plain.vjp();
    return true;
  } catch (const no_answer& none) {
    if (none.found.outcome != verdict::fail) throw;
    return false;
  }
}

// A gradient that came back although nobody asked for it.
std::optional<finding> unasked(const trial& t, const trial::answers& actual, const sample& x) {
  for (std::size_t k = 0; k < actual.size(); ++k)
    if (actual[k] && t.truth().differentiable(k) && !x.tangents[k])
      return failed(failure_kind::unasked_gradient,
                    fmt::format("{} came back, and was not asked for", t.gradient_names()[k]));
  return std::nullopt;
}

std::optional<finding> asked_under(trial& t, call_condition c, failure_kind kind) {
  std::optional<sample> x = prepared(t.truth().on(), c);
  if (!x) return std::nullopt;
  // Where only some gradients are asked for, they are held against those of the whole question.
  trial plain = t.about(c == call_condition::partial ? t.truth().on() : *x);
  if (t.truth().of().has_reference() && !plain.truth().kinks().empty()) return std::nullopt;  // made equal, they tie
  if (!answers(plain)) return std::nullopt;
  sample put = *x;
  put.under = c;
  const trial::answers actual = t.run(mode::vjp, put);
  if (c == call_condition::partial)
    if (auto f = unasked(plain, actual, put)) return f;
  const double unit = format_of(t.numbers().storage).unit();
  return within_reach([&](value_list<double> (*how_far)(trial&)) {
    expectation e = plain_answer(plain, how_far(plain));
    transform(e, *x, c, unit);
    return compared(t, actual, e, kind);
  });
}

}  // namespace

value_list<double> reach(trial& t) {
  if (!t.truth().of().has_reference()) return own_spread(t);
  return bounds_of(t.truth().bounded_gradient(), t.numbers());
}

value_list<double> lossy_reach(trial& t) {
  if (!t.truth().of().has_reference()) return own_lossy_spread(t);
  value_list<double> most = reach(t);
  for (const explanation& e : explanations(t.truth(), mode::vjp)) {
    const value_list<double> one = bounds_of(e.expected, t.numbers());
    for (std::size_t k = 0; k < most.size(); ++k)
      for (index_t i = 0; i < most[k].size(); ++i) most[k][i] = std::max(most[k][i], one[k][i]);
  }
  return most;
}

void agreement::add(const agreeing& e) {
  if (!std::isfinite(e.one) || !std::isfinite(e.other)) return;  // whether that may be is not judged here
  if (std::isnan(e.allowed)) return;                             // nothing is known of it
  const double error = std::fabs(e.one - e.other);
  ++f_.elements;
  if (e.allowed < std::fabs(e.one)) ++f_.resolved;
  largest_ = std::max(largest_, std::fabs(e.one));
  const auto ratio = [](double off, double bound) { return off == 0 ? 0 : bound == 0 ? INFINITY : off / bound; };
  if (!f_.worst || ratio(error, e.allowed) > ratio(f_.worst->error, f_.worst->bound))
    f_.worst = element{.where = e.where,
                       .expected = fmt::format("{}", e.one),
                       .actual = fmt::format("{}", e.other),
                       .error = error,
                       .bound = e.allowed,
                       .ulps = std::nan("")};
  if (error <= e.allowed) return;
  largest_error_ = std::max(largest_error_, error);
  note_failure(
      fmt::format("{} is {} in one answer and {} in the other", f_.worst->where, f_.worst->expected, f_.worst->actual));
}

void agreement::fail(const std::string& reason) {
  measured_ = false;
  note_failure(reason);
}

void agreement::note_failure(const std::string& reason) {
  f_.outcome = verdict::fail;
  f_.kind = kind_;
  f_.reason = reason;
}

finding agreement::found() const {
  finding f = f_;
  if (measured_) f.severity = severity_of(largest_error_, largest_);
  if (f.outcome == verdict::pass && f.elements == 0) return unresolved("there is no finite element to compare");
  f.resolved = f.elements;  // where the answers are the same, their bound does not matter
  return f;
}

finding same_answer(trial& t, const trial::answers& actual, failure_kind kind) {
  return within_reach(
      [&](value_list<double> (*how_far)(trial&)) { return compared(t, actual, plain_answer(t, how_far(t)), kind); });
}

std::optional<sample> prepared(sample x, call_condition c) {
  if (c == call_condition::expanded) {
    for (tensor& v : x.cotangents)
      for (index_t i = 1; i < v.count(); ++i) v.set(i, v.at(0));
  } else if (c == call_condition::aliased || c == call_condition::shared) {
    const auto pairs = twins(x);
    if (pairs.empty()) return std::nullopt;
    for (const auto& [k, first] : pairs) x.inputs[k] = x.inputs[first];
  } else if (c == call_condition::partial) {
    std::vector<std::size_t> due;
    for (std::size_t k = 0; k < x.tangents.size(); ++k)
      if (x.tangents[k]) due.push_back(k);
    if (due.size() < 2) return std::nullopt;
    for (std::size_t i = x.number % 2; i < due.size(); i += 2) x.tangents[due[i]].reset();
  }
  return x;
}

finding same_under(trial& t, std::span<const call_condition> all, failure_kind kind) {
  std::optional<finding> last;
  for (const call_condition c : all) {
    if (!t.supports(c)) continue;
    std::optional<finding> f = asked_under(t, c, kind);
    if (f && f->outcome == verdict::fail) {
      f->reason = fmt::format("{}: {}", name_of(c), f->reason);
      return *f;
    }
    if (f && (!last || f->outcome == verdict::pass)) last = std::move(f);
  }
  return last ? *last : unresolved("the sample cannot be put in this way: it lacks the inputs for it");
}

}  // namespace backproof
