// Ops that a subject describes by a signature.
#include "backproof/op/own_op.hpp"

#include <set>

#include "backproof/op/batch.hpp"
#include "support.hpp"

namespace backproof::tests::in_own_op {

BOOST_AUTO_TEST_SUITE(own_op)

using backproof::own_op;

namespace {

own_op_description described(const std::string& signature) {
  own_op_description d;
  d.name = "Op", d.domain = "tests", d.signature = signature;
  return d;
}

std::vector<shape> outputs(const std::string& signature, const std::vector<shape>& in) {
  return own_op(described(signature)).infer({}, in);
}

}  // namespace

BOOST_AUTO_TEST_CASE(shapes_follow_from_the_signature) {
  BOOST_TEST((outputs("X[N,C], s[C] -> Y[N,2*C]", {{3, 4}, {4}}) == std::vector<shape>{{3, 8}}));
  BOOST_TEST((outputs("X[N,H] -> Y[N,(H-2)/2+1], Z[]", {{3, 8}}) == std::vector<shape>{{3, 4}, {}}));
  BOOST_TEST((outputs("A[...], B[...] -> Y[...]", {{3, 1, 2}, {3, 1, 2}}) == std::vector<shape>{{3, 1, 2}}));
  BOOST_TEST((outputs("X[N,4], w?[4] -> Y[N]", {{5, 4}, absent_shape}) == std::vector<shape>{{5}}));
}

BOOST_AUTO_TEST_CASE(inputs_that_do_not_fit_are_named) {
  for (const std::vector<shape>& in : {std::vector<shape>{{3, 4}, {5}}, {{3}, {4}}, {{3, 4}}})
    BOOST_CHECK_THROW(outputs("X[N,C], s[C] -> Y[N,C]", in), invalid_input);
}

BOOST_AUTO_TEST_CASE(samples_fit_the_signature) {
  own_op_description d = described("X[N,C], label#[N]<C, w?[C], eps~[] -> Y[N], S[N,3*C]");
  d.attributes["alpha"] = {0.5, 2.0};
  d.ranges["X"] = {1, 2};
  const op o = own_op(d);
  bool with = false, without = false;
  for (std::uint64_t n = 0; n < 60; ++n) {
    const sample x = draw_sample(o, dtype::f32, 1, n);
    const index_t rows = x.inputs[0]->dims()[0], columns = x.inputs[0]->dims()[1];
    (x.inputs[2] ? with : without) = true;
    for (index_t i = 0; i < x.inputs[0]->count(); ++i) BOOST_TEST((x.inputs[0]->at(i) >= 1 && x.inputs[0]->at(i) <= 2));
    for (index_t i = 0; i < rows; ++i) BOOST_TEST((x.inputs[1]->at(i) >= 0 && x.inputs[1]->at(i) < double(columns)));
    BOOST_TEST((x.cotangents[0].dims() == shape{rows} && x.cotangents[1].dims() == shape{rows, 3 * columns}));
    BOOST_TEST((!x.tangents[1] && !x.tangents[3]));
    BOOST_TEST((x.attrs.number("alpha") == 0.5 || x.attrs.number("alpha") == 2));
  }
  BOOST_TEST((with && without));
}

BOOST_AUTO_TEST_CASE(others_are_drawn_where_some_extents_do_not_fit) {
  for (const char* text :
       {"X[N] -> Y[N/2]", "X[N] -> Y[N-5]", "X[N] -> Y[N-16]", "X[N] -> Y[(N-3)/7]", "X[N], Z[M] -> Y[N/M]",
        "X[N], Z[M] -> Y[N-M]", "X[N], i#[M]<N-5 -> Y[N]", "X[N], i#[M]<N-1 -> Y[M]", "X[N], i#[N-17]<0*N -> Y[N]",
        "X[A,B], Z[C] -> Y[A/2,B/3,C/5]", "X[A,B,C] -> Y[(A-B)/(B-C)]", "X[N] -> Y[70000*N]", "X[...], Z[N] -> Y[N/8]",
        "X[N,M] -> Y[N/M/2]"}) {
    const op o = own_op(described(text));
    std::set<shape> seen;
    for (const profile p : {profile::smooth, profile::kink, profile::special})
      for (std::uint64_t n = 0; n < 40; ++n)
        for (const index_t limit : {no_limit, index_t{4}, index_t{1}}) {
          sample x;
          BOOST_REQUIRE_NO_THROW(x = draw_sample(o, dtype::f64, 1, n, limit, 0, p));
          seen.insert(x.inputs[0]->dims());
          for (std::size_t k = 1; k < x.inputs.size(); ++k)
            for (index_t i = 0; o.sig.inputs[k].indices && i < x.inputs[k]->count(); ++i)
              BOOST_REQUIRE(x.inputs[k]->at(i) >= 0);
        }
    BOOST_TEST((!seen.empty()), text);
  }
}

BOOST_AUTO_TEST_CASE(samples_of_what_always_fits_do_not_change) {
  // Both draw the same: a signature that always fits is not drawn again.
  const op plain = own_op(described("X[N,C] -> Y[N]")), sum = own_op(described("X[N,C] -> Y[N+C]"));
  for (std::uint64_t n = 0; n < 20; ++n)
    BOOST_TEST((*draw_sample(plain, dtype::f64, 1, n).inputs[0] == *draw_sample(sum, dtype::f64, 1, n).inputs[0]));
}

BOOST_AUTO_TEST_CASE(nonsense_is_refused_in_one_line) {
  for (const char* text : {"",
                           "X[N]",
                           "-> Y[N]",
                           "X -> Y[N]",
                           "X[N -> Y[N]",
                           "X[N] -> Y[M]",
                           "X[N] -> Y[N/0]",
                           "X[N] -> Y[N-18]",
                           "X[N] -> Y[N*99999999999]",
                           "X[N] -> Y[N/19]",
                           "X[N] -> Y[N*2000000]",
                           "X[N], i#[N]<N-17 -> Y[N]",
                           "X[N], i#[N]<0 -> Y[N]",
                           "X[N,M] -> Y[N-M-17]",
                           "X[A,B] -> Y[A-B-1,B-A-1]",
                           "X[N] -> Y[N/5+]",
                           "X[N] -> Y[1048577]",
                           "X[((((((((((((((((((N))))))))))))))))))] -> Y[N]",
                           "X[N]junk -> Y[N]",
                           "1X[N] -> Y[N]",
                           "i#[N] -> Y[N]",
                           "X[N]<N -> Y[N]",
                           "X[N] -> Y[...]",
                           "X[N,] -> Y[N]",
                           "X[1048576,1048576,1048576,1048576] -> Y[N]",
                           "X[N+] -> Y[N]",
                           "X!?[N] -> Y[N]",
                           "X[N]\n -> Y[N]",
                           "X[N] -> Y[N\t]",
                           "\xe2\x80\xaeX[N] -> Y[N]",
                           "X[N] -> Y[N]\xff"})
    BOOST_CHECK_EXCEPTION(own_op(described(text)), invalid_input, [&](const invalid_input& e) {
      return std::string(e.what()).find('\n') == std::string::npos && std::string(e.what()).size() < 200;
    });
  own_op_description d = described("X[N] -> Y[N]");
  d.name = "../../etc/passwd";
  BOOST_CHECK_THROW(own_op(d), invalid_input);
  d = described("X[N] -> Y[N]");
  d.ranges["X"] = {2, 1};
  BOOST_CHECK_THROW(own_op(d), invalid_input);
  d = described("X[C,N] -> Y[N]");
  d.batch = "N";
  BOOST_CHECK_THROW(own_op(d), invalid_input);
  for (const char* text : {"X[N], w[N-1] -> Y[N]", "X[N,N] -> Y[N]", "X[N], i#[C]<N, Z[C] -> Y[N]"}) {
    d = described(text);
    d.batch = "N";
    BOOST_CHECK_THROW(own_op(d), invalid_input);
  }
  d = described("X[N] -> Y[N]");
  d.attributes["alpha"] = {};
  BOOST_CHECK_THROW(own_op(d), invalid_input);
}

BOOST_AUTO_TEST_CASE(examples_are_taken_from_where_the_batch_is) {
  own_op_description d = described("X[N,2], w[2] -> Y[N]");
  d.batch = "N";
  const op o = own_op(d);
  BOOST_TEST((has_batch(o) && in_batch(o, 0) && !in_batch(o, 1)));
  sample x = draw_sample(o, dtype::f64, 1, 0);
  x.inputs[0] = tensor(dtype::f64, {3, 2}, std::vector<double>{0, 1, 2, 3, 4, 5});
  x.tangents[0] = x.inputs[0];
  x.cotangents[0] = tensor(dtype::f64, {3}, std::vector<double>{7, 8, 9});
  BOOST_TEST(examples_of(o, x) == 3);
  const sample some = of_examples(o, x, {2, 0});
  BOOST_TEST((*some.inputs[0] == tensor(dtype::f64, {2, 2}, std::vector<double>{4, 5, 0, 1})));
  BOOST_TEST((*some.inputs[1] == *x.inputs[1]));
  BOOST_TEST((some.cotangents[0] == tensor(dtype::f64, {2}, std::vector<double>{9, 7})));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::tests::in_own_op
