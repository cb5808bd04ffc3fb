// What a bound must be: it shrinks with the precision of the arithmetic, and it never forbids the best there is, the
// right result correctly rounded.
#include "backproof/judge/comparison.hpp"
#include "backproof/judge/subject.hpp"
#include "generators.hpp"

namespace backproof::properties {

BOOST_AUTO_TEST_SUITE(bounds)

BOOST_AUTO_TEST_CASE(a_bound_shrinks_with_the_unit_roundoff) {
  holds_for_every_op(40, [](const question& q) {
    const sample x = q.draw();
    const oracle fine(*q.o, x, format_of(dtype::f64)), coarse(*q.o, x, format_of(dtype::f32));
    for (std::size_t k = 0; k < fine.bounded_gradient().size(); ++k)
      for (index_t i = 0; i < fine.bounded_gradient()[k].size(); ++i) {
        const double f = fine.bounded_gradient()[k][i].error(), c = coarse.bounded_gradient()[k][i].error();
        RC_ASSERT(f <= c || std::isnan(c));
      }
  });
}

BOOST_AUTO_TEST_CASE(the_right_result_correctly_rounded_is_within_its_bound) {
  holds_for_every_op(40, [](const question& q) {
    const sample x = q.draw();
    const format accumulator = reference_subject()->accumulator(q.type);
    const oracle truth(*q.o, x, accumulator);
    RC_PRE(truth.kinks().empty());
    value_list<bounded<real>> all = truth.bounded_gradient();
    std::vector<std::optional<tensor>> best;
    for (const values<bounded<real>>& d : all) {
      best.push_back(d.present() ? std::optional(tensor(q.type, d.dims())) : std::nullopt);
      for (index_t i = 0; i < d.size(); ++i) best.back()->set(i, round_to(format_of(q.type), d[i].value()));
    }
    std::vector<std::string> names(all.size(), "d");
    const finding f = compare(all, best, names, {q.type, accumulator}, failure_kind::wrong_gradient);
    RC_ASSERT(f.outcome != verdict::fail);
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::properties
