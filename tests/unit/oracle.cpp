// The oracle: wide-precision answers to one sample, and bounds around the same values.
#include "backproof/judge/oracle.hpp"

#include "backproof/judge/informative_sample.hpp"
#include "support.hpp"

namespace backproof::tests::in_oracle {

BOOST_AUTO_TEST_SUITE(oracle)

using backproof::oracle;

namespace {

const format& f32 = format_of(dtype::f32);

}  // namespace

BOOST_AUTO_TEST_CASE(samples_are_promoted_exactly) {
  for (const dtype t : float_types) {
    const tensor x = vector_of(t, {0.1, -0.0, format_of(t).tiny(), format_of(t).largest(), infinity});
    const values<real> wide = promote(x);
    for (index_t i = 0; i < x.count(); ++i) BOOST_TEST(identical(static_cast<double>(wide[i]), x.at(i)));
  }
}

BOOST_AUTO_TEST_CASE(a_product_has_the_answers_known_from_school) {
  // c = a b with v = 7, u = (1, 1): J u = a + b, J^T v = (7 b, 7 a).
  const sample x = sample_of(dtype::f32, {{3}, {5}}, {7});
  const oracle truth(op_called("mul"), x, f32);
  BOOST_TEST((truth.output()[0][0] == real(15)));
  BOOST_TEST((truth.gradient()[0][0] == real(35) && truth.gradient()[1][0] == real(21)));
  BOOST_TEST((truth.jvp()[0][0] == real(8)));
  value_list<real> moved = truth.inputs();
  moved[0][0] = real(4);
  BOOST_TEST((truth.output_at(moved)[0][0] == real(20)));
}

BOOST_AUTO_TEST_CASE(bounds_surround_the_same_values) {
  for (const op& o : registered_ops())
    for (std::uint64_t n = 0; n < 10; ++n) {
      const sample x = draw_sample(o, dtype::f32, 1, n);
      const oracle truth(o, x, f32);
      const auto near = [](const real& a, const real& b) { return abs(a - b) <= abs(a) * ldexp(real(1), -140); };
      const auto same = [&](const value_list<real>& plain, const value_list<bounded<real>>& with_bounds) {
        BOOST_REQUIRE(plain.size() == with_bounds.size());
        for (std::size_t k = 0; k < plain.size(); ++k) {
          BOOST_REQUIRE(plain[k].dims() == with_bounds[k].dims());
          for (index_t i = 0; i < plain[k].size(); ++i)
            // Some products are taken in another order for their bounds; that changes the last of 50 digits.
            if (!near(plain[k][i], with_bounds[k][i].value()) || !(with_bounds[k][i].error() >= 0))
              BOOST_ERROR(o.info.name << " case " << n);
        }
      };
      same(truth.output(), truth.bounded_output());
      same(truth.gradient(), truth.bounded_gradient());
    }
}

BOOST_AUTO_TEST_CASE(a_wider_accumulator_has_tighter_bounds) {
  const sample x = draw_informative_sample(op_called("gemm"), dtype::f32, 1, 3);
  const oracle narrow(op_called("gemm"), x, f32), wide(op_called("gemm"), x, format_of(dtype::f64));
  for (std::size_t k = 0; k < 2; ++k)
    for (index_t i = 0; i < narrow.gradient()[k].size(); ++i)
      BOOST_TEST(wide.bounded_gradient()[k][i].error() <= narrow.bounded_gradient()[k][i].error());
}

BOOST_AUTO_TEST_CASE(gradients_are_there_for_differentiable_inputs_alone) {
  const op& loss = op_called("softmax_cross_entropy_loss");
  for (std::uint64_t n = 0; n < 10; ++n) {
    const sample x = draw_sample(loss, dtype::f32, 1, n);
    const oracle truth(loss, x, f32);
    BOOST_TEST((truth.differentiable(0) && !truth.differentiable(1) && !truth.differentiable(2)));
    BOOST_TEST((truth.gradient()[0].present() && !truth.gradient()[1].present() && !truth.gradient()[2].present()));
  }
}

BOOST_AUTO_TEST_CASE(a_variant_answers_only_for_the_function_it_defines) {
  const op& o = op_called("sigmoid");
  const sample x = sample_of(dtype::f32, {{17}}, {1});
  const oracle truth(o, x, f32);
  const oracle::formulas& lossy = o.variants[0].bounded_kernels;
  BOOST_TEST(truth.output_under(truth.model(), lossy).empty());
  const auto d = truth.gradient_under(truth.model(), lossy);
  BOOST_REQUIRE(d.size() == 1);
  BOOST_TEST(d[0][0].error() > 1e3 * truth.bounded_gradient()[0][0].error());
}

BOOST_AUTO_TEST_CASE(kinks_are_found_where_they_are) {
  const op& relu = op_called("relu");
  const sample at = sample_of(dtype::f32, {{0, 1, -0.0}}, {1, 2, 3}), off = sample_of(dtype::f32, {{1, -1}}, {1, 1});
  const oracle hit(relu, at, f32), missed(relu, off, f32), without(op_called("exp"), off, f32);
  BOOST_TEST(hit.kinks().intervals().size() == 2);
  BOOST_TEST((missed.kinks().empty() && without.kinks().empty()));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::tests::in_oracle
