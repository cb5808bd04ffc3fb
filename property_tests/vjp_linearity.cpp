// A VJP is linear in its cotangent.
//
//   VJP(2^k v) = 2^k VJP(v)      exactly: scaling by a power of two commutes with every rounding of a wide number
//   VJP(0)     = 0               exactly
//   VJP(v + w) = VJP(v) + VJP(w) up to the rounding errors of the three evaluations, bounded by running error analysis
//                                in wide precision
#include "generators.hpp"

namespace backproof::properties {

BOOST_AUTO_TEST_SUITE(vjp_linearity)

namespace {

template <class S>
value_list<S> results_for(const oracle& truth) {
  value_list<S> d;
  for (std::size_t k = 0; k < truth.inputs().size(); ++k)
    d.push_back(truth.differentiable(k) ? values<S>(truth.inputs()[k].dims()) : values<S>{});
  return d;
}

value_list<real> vjp(const oracle& truth, const value_list<real>& v) {
  value_list<real> d = results_for<real>(truth);
  truth.of().real_kernels.vjp({truth.on().attrs, truth.inputs()}, v, d);
  return d;
}

template <class F>
value_list<real> changed(value_list<real> list, F f) {
  for (std::size_t k = 0; k < list.size(); ++k)
    for (index_t i = 0; i < list[k].size(); ++i) list[k][i] = f(k, i, list[k][i]);
  return list;
}

// Bounds on the errors of the wide evaluation with cotangent v itself.
value_list<bounded<real>> errors(const oracle& truth, const value_list<real>& v) {
  const rounding_model wide{.unit = static_cast<double>(real::epsilon()), .tiny = 0};
  const bounded<real>::use in_force(wide);
  value_list<bounded<real>> in, g, d = results_for<bounded<real>>(truth);
  const auto exactly = [](const values<real>& x) {
    values<bounded<real>> out = x.present() ? values<bounded<real>>(x.dims()) : values<bounded<real>>{};
    for (index_t i = 0; i < x.size(); ++i) out[i] = bounded<real>::input(x[i]);
    return out;
  };
  for (const values<real>& x : truth.inputs()) in.push_back(exactly(x));
  for (const values<real>& x : v) g.push_back(exactly(x));
  truth.of().bounded_kernels.vjp({truth.on().attrs, in}, g, d);
  return d;
}

}  // namespace

BOOST_AUTO_TEST_CASE(scaling_the_cotangent_by_a_power_of_two_scales_the_gradient_exactly) {
  holds_for_every_op(100, [](const question& q) {
    const sample x = q.draw();
    const oracle truth(*q.o, x, format_of(q.type));
    const int k = *rc::gen::inRange(-300, 300);
    const bool negative = *rc::gen::arbitrary<bool>();
    const auto scaled = [&](const real& r) { return negative ? -ldexp(r, k) : ldexp(r, k); };
    const value_list<real> d = vjp(truth, truth.cotangents()),
                           e = vjp(truth,
                                   changed(truth.cotangents(), [&](auto, auto, const real&r) { return scaled(r); }));
    for (std::size_t n = 0; n < d.size(); ++n)
      for (index_t i = 0; i < d[n].size(); ++i) RC_ASSERT(e[n][i] == scaled(d[n][i]));
  });
}

BOOST_AUTO_TEST_CASE(a_zero_cotangent_gives_a_zero_gradient) {
  holds_for_every_op(50, [](const question& q) {
    const sample x = q.draw();
    const oracle truth(*q.o, x, format_of(q.type));
    for (const values<real>& d :
         vjp(truth, changed(truth.cotangents(), [](auto, auto, const real&) { return real(0); })))
      for (index_t i = 0; i < d.size(); ++i) RC_ASSERT(d[i] == real(0));
  });
}

BOOST_AUTO_TEST_CASE(the_gradient_of_a_sum_of_cotangents_is_the_sum_of_the_gradients) {
  holds_for_every_op(100, [](const question& q) {
    const sample x = q.draw();
    const oracle truth(*q.o, x, format_of(q.type));
    draw random(q.seed, "second cotangent", q.number);
    // Both cotangents have 53 bits and exponents within some fifty of each other, so their sum is exact.
    const value_list<real> v = truth.cotangents(),
                           w = changed(v, [&](auto, auto, const real&) { return real(random.normal()); }),
                           both = changed(v, [&](std::size_t k, index_t i, const real&r) { return r + w[k][i]; });
    const value_list<real> dv = vjp(truth, v), dw = vjp(truth, w), d = vjp(truth, both);
    const value_list<bounded<real>> ev = errors(truth, v), ew = errors(truth, w), e = errors(truth, both);
    for (std::size_t k = 0; k < d.size(); ++k)
      for (index_t i = 0; i < d[k].size(); ++i) {
        // Three evaluations, and the sum on the right is rounded once.
        const double bound = ev[k][i].error() + ew[k][i].error() + e[k][i].error() +
                             static_cast<double>(real::epsilon()) * magnitude(dv[k][i] + dw[k][i]);
        RC_ASSERT(magnitude(d[k][i] - (dv[k][i] + dw[k][i])) <= bound);
      }
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::properties
