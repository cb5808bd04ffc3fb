#include "backproof/check.hpp"

#include <fmt/format.h>

#include <cmath>

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

// A lossy formula loses digits, it does not turn a gradient round: an element beyond the stable bound may be too
// small or too large, or zero, but not of the other sign.
bool same_side(double actual, const real& expected) {
  return actual == 0 || std::isnan(actual) || (actual < 0) == (expected < real(0));
}

bool turned_round(const value_list<bounded<real>>& stable, const trial::answers& actual, const precision& p) {
  for (std::size_t k = 0; k < stable.size(); ++k)
    for (index i = 0; stable[k].present() && i < stable[k].size(); ++i) {
      const double a = actual[k]->at(i);
      const bool stably = std::fabs(static_cast<double>(real(a) - stable[k][i].value())) <= bound_of(stable[k][i], p);
      if (!stably && !same_side(a, stable[k][i].value())) return true;
    }
  return false;
}

}  // namespace

const trial::answers& trial::ask(mode m, std::optional<reply>& kept) {
  if (!kept) kept = subject_.run(m, truth_.of(), truth_.on());
  if (kept->code == reply::status::ok) return kept->tensors;
  finding f;
  f.outcome = verdict_of(kept->code);
  f.reason = kept->message;
  if (f.outcome == verdict::fail) f.kind = "rejected";
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

std::vector<explanation> explanations(const trial& t, mode m) {
  const oracle& truth = t.truth();
  const auto under = [&](const rounding_model& model, const oracle::formulas& f) {
    return m == mode::forward ? truth.output_under(model, f) : truth.gradient_under(model, f);
  };
  std::vector<explanation> all;
  for (const op::variant& v : truth.of().variants)
    if (auto expected = under(truth.model(), v.bounds); !expected.empty())
      all.push_back({std::string(v.info.name), std::move(expected)});
  const precision& p = t.numbers();
  if (format_of(p.storage) != p.accumulator)
    all.push_back({fmt::format("computed in {} throughout", name_of(p.storage)),
                   under(rounding_model::of(format_of(p.storage)), truth.of().bounds)});
  return all;
}

finding judge_results(trial& t, mode m, const std::string& kind) {
  const bool forward = m == mode::forward;
  const trial::answers& actual = forward ? t.forward() : t.vjp();
  const value_list<bounded<real>>& stable = forward ? t.truth().bounded_output() : t.truth().bounded_gradient();
  const std::vector<std::string> names = forward ? t.output_names() : t.gradient_names();

  finding f = compare(stable, actual, names, t.numbers(), kind);
  // Only numbers can be explained by a loss of digits; a wrong shape, or a NaN, cannot.
  if (f.outcome != verdict::fail || f.kind != kind || turned_round(stable, actual, t.numbers())) return f;
  for (const explanation& e : explanations(t, m)) {
    if (compare(e.expected, actual, names, t.numbers(), kind).outcome == verdict::fail) continue;
    f.outcome = verdict::inaccurate;
    f.kind.clear();
    f.variant = e.name;
    f.reason = fmt::format("{}; consistent with {}", f.reason, e.name);
    return f;
  }
  return f;
}

}  // namespace backproof
