// The laws that an op states about its Jacobian (law.hpp), on the oracle in wide precision: linearity, homogeneity,
// invariance, symmetry, norms.
//
//   claim   |left - right| <= 2^-90 sum |terms| of each law's equation, and for norms ||V(g)|| <= c ||g|| (1 + 2^-90)
//
// The laws hold exactly; the wide arithmetic has 77 bits beyond 2^-90, which the cancellation of
// the ops' own formulas may use up. A law knows nothing of the VJP's formula, so it testifies about it without finite
// differences. That an op states a law which does not hold is found the same way.
#pragma once

#include "backproof/judge/check.hpp"

namespace backproof::checks {

struct laws {
  static constexpr check_info info{
      .name = "laws",
      .claim = "each law of the op's Jacobian holds: |left - right| <= 2^-90 sum |terms|",
      .source = "linear maps; Euler's theorem on homogeneous functions; each op's own, stated in its file",
      .judges = check_target::oracle,
      .catches = "a wrong factor, sign, or missing term in the reference's own derivative"};

  static bool applies(const op& o) { return std::any_of(o.laws.begin(), o.laws.end(), here); }

  static finding run(trial& t) {
    const oracle& truth = t.truth();
    if (const std::string why = truth.why_no_derivative(); !why.empty()) return unresolved(why);
    std::optional<finding> last;
    for (const law& l : truth.of().laws) {
      if (!here(l)) continue;
      finding f = judge(l, truth);
      if (f.outcome == verdict::fail) return f;
      if (!last || f.outcome == verdict::pass)
        last = f;  // one that says nothing here, of an absent input, is no matter
    }
    return *last;
  }

 private:
  // The others are for checks of their own, which ask the subject.
  static bool here(const law& l) { return l.what != law::kind::batch && l.what != law::kind::translation; }

  // Two sides of an equation, and the size of what was added up to get them.
  struct equation {
    const char* name = "";
    real left = 0, right = 0, terms = 0;
    bool at_most = false;
  };

  static finding judge(const law& l, const oracle& truth) {
    equation e = state(l, truth);
    const real bound = e.terms * ldexp(real(1), -90);
    if (e.at_most && e.left <= e.right) e.left = e.right;
    // The signal is what is added up: a law whose terms are all zero says nothing.
    return compare(e.name, e.left, e.right, bound, e.terms, failure_kind::law);
  }

  static equation state(const law& l, const oracle& truth) {
    switch (l.what) {
      case law::kind::linear:
        return linear(truth);
      case law::kind::linear_in:
        return linear_in(truth, l.input);
      case law::kind::homogeneous:
        return homogeneous(truth, l);
      case law::kind::shift:
        return shift(truth, l);
      case law::kind::symmetric:
        return symmetric(truth);
      case law::kind::norm:
      case law::kind::isometry:
        return norm(truth, l);
      case law::kind::batch:  // run() leaves these out
      case law::kind::translation:
      case law::kind::reflection:
        break;
    }
    return reflection(truth, l);
  }

  static void add(equation& e, real equation::*side, const real& term) {
    e.*side += term;
    e.terms += abs(term);
  }

  // <a, b> over the lists, or over one of their members.
  static void add_inner(equation& e, real equation::*side, const value_list<real>& a, const value_list<real>& b,
                        const real& factor = 1, std::ptrdiff_t only = -1) {
    for (std::size_t k = 0; k < a.size(); ++k)
      if (only < 0 || static_cast<std::size_t>(only) == k)
        for (index_t i = 0; i < a[k].size(); ++i) add(e, side, factor * a[k][i] * b[k][i]);
  }

  // The differentiable inputs set to zero, or one of them alone.
  static value_list<real> without(const oracle& truth, std::ptrdiff_t only = -1) {
    value_list<real> x = truth.inputs();
    for (std::size_t k = 0; k < x.size(); ++k)
      if (truth.differentiable(k) && (only < 0 || static_cast<std::size_t>(only) == k))
        x[k] = values<real>(x[k].dims());
    return x;
  }

  static equation linear(const oracle& truth) {
    equation e{.name = "<V(g), u> = <g, f(u) - f(0)>"};
    value_list<real> u = without(truth);
    for (std::size_t k = 0; k < u.size(); ++k)
      if (truth.differentiable(k)) u[k] = truth.tangents()[k];
    add_inner(e, &equation::left, truth.gradient(), truth.tangents());
    add_inner(e, &equation::right, truth.cotangents(), truth.output_at(u));
    add_inner(e, &equation::right, truth.cotangents(), truth.output_at(without(truth)), -1);
    return e;
  }

  static equation linear_in(const oracle& truth, std::ptrdiff_t k) {
    equation e{.name = "<V(g), x> = <g, f(x) - f(0)> in one input"};
    if (static_cast<std::size_t>(k) >= truth.inputs().size() || !truth.inputs()[k].present()) return e;
    add_inner(e, &equation::left, truth.gradient(), truth.inputs(), 1, k);
    add_inner(e, &equation::right, truth.cotangents(), truth.output());
    add_inner(e, &equation::right, truth.cotangents(), truth.output_at(without(truth, k)), -1);
    return e;
  }

  static equation homogeneous(const oracle& truth, const law& l) {
    equation e{.name = "<V(g), x> = p <g, f(x)>"};
    add_inner(e, &equation::left, truth.gradient(), truth.inputs(), 1, l.input);
    add_inner(e, &equation::right, truth.cotangents(), truth.output(), real(l.constant));
    return e;
  }

  static equation shift(const oracle& truth, const law& l) {
    equation e{.name = "sum V(g) = c sum g"};
    for (std::size_t k = 0; k < truth.gradient().size(); ++k)
      if (l.input < 0 || static_cast<std::size_t>(l.input) == k)
        for (index_t i = 0; i < truth.gradient()[k].size(); ++i) add(e, &equation::left, truth.gradient()[k][i]);
    for (const values<real>& g : truth.cotangents())
      for (index_t i = 0; i < g.size(); ++i) add(e, &equation::right, real(l.constant) * g[i]);
    return e;
  }

  static equation symmetric(const oracle& truth) {
    equation e{.name = "<V(g), u> = <V(u), g>"};
    add_inner(e, &equation::left, truth.gradient(), truth.tangents());
    add_inner(e, &equation::right, truth.gradient_at(truth.inputs(), {truth.tangents()[0]}), truth.cotangents());
    return e;
  }

  static equation norm(const oracle& truth, const law& l) {
    equation e{.name = l.what == law::kind::norm ? "||V(g)||^2 <= c^2 ||g||^2" : "||V(g)||^2 = c^2 ||g||^2",
               .at_most = l.what == law::kind::norm};
    add_inner(e, &equation::left, truth.gradient(), truth.gradient());
    add_inner(e, &equation::right, truth.cotangents(), truth.cotangents(), real(l.constant) * real(l.constant));
    return e;
  }

  static equation reflection(const oracle& truth, const law& l) {
    equation e{.name = "V(g) at x + V(g) at -x = c g"};
    value_list<real> mirrored = truth.inputs();
    for (values<real>& x : mirrored)
      for (index_t i = 0; i < x.size(); ++i) x[i] = -x[i];
    add_inner(e, &equation::left, truth.gradient(), truth.tangents());
    add_inner(e, &equation::left, truth.gradient_at(mirrored, truth.cotangents()), truth.tangents());
    add_inner(e, &equation::right, truth.cotangents(), truth.tangents(), real(l.constant));
    return e;
  }
};

}  // namespace backproof::checks
