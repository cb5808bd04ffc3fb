// The VJP of an op that backproof does not know, against differences of the subject's own forward function.
//
//   claim   |<v, f(x+) - f(x-)> - <V, x+ - x->| <= the measured error of the differences + that of the VJP
//
// Along a direction through all inputs, and along one element of each input in turn. backproof/judge/own_function.hpp
// says how the errors are measured: differences are taken in the widest format that the subject offers and
// extrapolated, and their disagreement bounds their accuracy. Where the slopes from both sides do not meet there is a
// kink, and nothing is concluded. Nothing here knows whether the forward function itself is right.
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
      .own_ops = own_op_role::decides,
      .introduces_note = ""};

  static bool applies(const op& o) { return !o.has_reference(); }

  static finding run(trial& t) {
    own_function f(t);
    const sample& x = t.truth().on();
    if (std::optional<finding> missing = missing_gradient(t, f)) return *missing;
    finding all = judge(f, own_direction(x, x.number % 2 == 0), "along all inputs", 1);
    for (std::size_t k = 0; k < x.inputs.size() && all.outcome != verdict::fail; ++k) {
      if (!x.tangents[k] || x.inputs[k]->count() == 0) continue;
      const value_list<double> direction = own_coordinate(x, k);
      const index_t i = static_cast<index_t>(x.number) % direction[k].size();
      finding one = judge(f, direction, fmt::format("{} element {}", t.gradient_names()[k], i), direction[k][i]);
      if (one.outcome == verdict::fail || (one.outcome == verdict::pass && all.outcome == verdict::unresolved))
        all = std::move(one);
    }
    return all;
  }

 private:
  static finding judge(own_function& f, const value_list<double>& direction, const std::string& where, double unit) {
    const std::optional<own_residual> r = f.along(direction, sidedness::central);
    if (!r) return unresolved("no step to both sides is possible here");
    finding found = verdict_on(*r, where, failure_kind::wrong_gradient, unit);
    found.unproved = "that its forward function is right, what it does at kinks, errors finer than these differences";
    if (found.outcome == verdict::pass) {
      const double bits = -std::log2(static_cast<double>(r->bound() / r->signal));
      found.measured = -bits;  // the coarsest is told
      found.note = fmt::format("agrees with differences of its own forward function in {} to 2^-{:.0f} or better",
                               name_of(f.evaluated_in()), bits);
    }
    return found;
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
