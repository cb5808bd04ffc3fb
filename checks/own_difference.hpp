// The VJP of an op that backproof does not know, against differences of the subject's own forward function.
//
//   claim   |<v, f(x+) - f(x-)> - <V, x+ - x->| <= the measured error of the differences + that of the VJP
//
// Along a direction through all inputs, and along one element of each input in turn. backproof/judge/own_function.hpp
// says how the errors are measured: differences are taken in the widest format that the subject offers and
// extrapolated, and their disagreement bounds their accuracy. Where the slopes from both sides do not meet there is a
// kink, and nothing is concluded. At zeros, ties and ends of ranges, where formulas break and functions may have no
// gradient, a VJP is wrong only if the gradients around the point agree with each other, and not with it; where a
// domain ends, differences are taken inwards. Nothing here knows whether the forward function itself is right.
#pragma once

#include <fmt/format.h>

#include <cmath>

#include "backproof/judge/own_function.hpp"

namespace backproof::checks {

struct own_difference {
  static constexpr check_info info{
      .name = "own_difference",
      .claim = "|<v, f(x+) - f(x-)> - <V, x+ - x->| <= measured errors of the differences and of the VJP",
      .source = "Ridders, Accurate computation of F'(x), Advances in Engineering Software 4 (1982); Vignes (1993)",
      .judges = check_target::subject,
      .catches = "without a reference: a VJP that is not the derivative of its own forward function",
      .anywhere = true,
      .own_ops = own_op_role::decides,
      .introduces_note = ""};

  static bool applies(const op& o) { return !o.has_reference(); }

  static finding run(trial& t) {
    const sample& x = t.truth().on();
    if (x.made_for != profile::smooth && !squares_are_finite(x))
      return unresolved("no differences where squares overflow: steps would be as long as numbers");
    own_function f(t);
    if (std::optional<finding> missing = missing_gradient(t, f)) return *missing;
    finding all = judge(f, x, own_direction(x, x.number % 2 == 0), "along all inputs", 1);
    for (std::size_t k = 0; k < x.inputs.size() && all.outcome != verdict::fail; ++k) {
      if (!x.tangents[k] || x.inputs[k]->count() == 0) continue;
      const index_t i = own_element(x, k);
      const value_list<double> direction = own_coordinate(x, k, i);
      finding one = judge(f, x, direction, fmt::format("{} element {}", t.gradient_names()[k], i), direction[k][i]);
      if (one.outcome == verdict::fail || (one.outcome == verdict::pass && all.outcome == verdict::unresolved))
        all = std::move(one);
    }
    return all;
  }

 private:
  static finding judge(own_function& f, const sample& x, value_list<double> direction, const std::string& where,
                       double unit) {
    std::optional<own_residual> r = f.along(direction, sidedness::central);
    if (!r && x.made_for != profile::smooth) r = inward(f, direction);
    if (!r) return unresolved("no step to both sides is possible here");
    finding found = verdict_on(*r, where, failure_kind::wrong_gradient, unit);
    if (found.outcome == verdict::fail && x.made_for != profile::smooth && !f.slopes_meet(direction, r->residual))
      return unresolved("the gradients around this point differ as much: it may have none");
    found.unproved = "that its forward function is right, what it does at kinks, errors finer than these differences";
    if (found.outcome == verdict::pass) {
      found.measured = -r->bits();  // the coarsest is told
      found.note = fmt::format("agrees with differences of its own forward function in {} to 2^-{:.0f} or better",
                               name_of(f.evaluated_in()), std::floor(r->bits()));
    }
    return found;
  }

  static bool squares_are_finite(const sample& x) {
    const double most = std::sqrt(format_of(x.type).largest());
    for (const auto& in : x.inputs)
      for (index_t i = 0; in && is_float(in->type()) && i < in->count(); ++i)
        if (!(std::fabs(in->at(i)) <= most)) return false;
    return true;
  }

  // To the side on which there is something, if it is one; the direction then points there.
  static std::optional<own_residual> inward(own_function& f, value_list<double>& direction) {
    if (auto r = f.along(direction, sidedness::inward)) return r;
    for (values<double>& d : direction)
      for (index_t i = 0; i < d.size(); ++i) d[i] = -d[i];
    return f.along(direction, sidedness::inward);
  }

  // Of an input on which the outputs depend. However coarse the format, that there is a slope is seen.
  static std::optional<finding> missing_gradient(trial& t, own_function& f) {
    const sample& x = t.truth().on();
    for (std::size_t k = 0; k < x.inputs.size(); ++k) {
      if (!x.tangents[k] || x.inputs[k]->count() == 0 || t.vjp()[k]) continue;
      value_list<double> direction = own_direction(x, false);
      for (std::size_t j = 0; j < direction.size(); ++j)
        for (index_t i = 0; j != k && i < direction[j].size(); ++i) direction[j][i] = 0;
      if (f.follows(direction))
        return failed(failure_kind::missing_gradient,
                      fmt::format("{} was not returned, and the outputs depend on {}", t.gradient_names()[k],
                                  t.truth().of().sig.input_name(k)));
    }
    return std::nullopt;
  }
};

}  // namespace backproof::checks
