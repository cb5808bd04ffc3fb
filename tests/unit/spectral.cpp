// Brackets of the spectral norm, against matrices whose singular values are known.
#include "backproof/number/spectral.hpp"

#include "support.hpp"

namespace backproof::tests {

BOOST_AUTO_TEST_SUITE(spectral)

namespace {

dense_matrix random_matrix(draw& random, std::size_t rows, std::size_t columns) {
  dense_matrix m{rows, columns, {}};
  for (std::size_t i = 0; i < rows * columns; ++i) m.elements.push_back(random.normal());
  return m;
}

// Rounding of a few hundred operations on numbers of the norm's size.
constexpr double rounding = 1e-12;

void brackets(const dense_matrix& m, const std::string& about) {
  const spectral_bracket s = spectral_norm(m);
  BOOST_TEST_CONTEXT(about) {
    BOOST_TEST(s.lower <= s.dense * (1 + rounding));
    BOOST_TEST(s.dense <= s.upper * (1 + rounding));
    // Gram iteration overestimates by n^(1/2^14) at most; Lanczos takes as many steps as there are dimensions.
    BOOST_TEST(s.upper <=
               s.dense * std::pow(static_cast<double>(std::min(m.rows, m.columns)), 0x1p-13) * (1 + rounding));
    BOOST_TEST(s.lower >= s.dense * (1 - 1e-9));
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(random_matrices_of_all_shapes_lie_in_their_brackets) {
  draw random(1, "spectral", 0);
  for (std::size_t rows = 1; rows <= 30; rows += 3)
    for (std::size_t columns = 1; columns <= 30; columns += 4)
      brackets(random_matrix(random, rows, columns), std::to_string(rows) + " x " + std::to_string(columns));
}

BOOST_AUTO_TEST_CASE(known_norms) {
  BOOST_TEST(spectral_norm({2, 2, {3, 0, 0, -4}}).dense == 4);
  brackets({2, 2, {3, 0, 0, -4}}, "diagonal");
  // Second differences over three points, zero padded: 2 + sqrt 2.
  const dense_matrix laplace{3, 3, {2, -1, 0, -1, 2, -1, 0, -1, 2}};
  BOOST_TEST(std::fabs(spectral_norm(laplace).dense - (2 + std::sqrt(2.0))) <= 1e-14);
  brackets(laplace, "second differences");
  brackets({3, 2, {1, 1, 1, 1, 1, 1}}, "of rank one");
  brackets({4, 4, {0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 1, 0, 0, 0}}, "a permutation, whose singular values are all 1");
}

BOOST_AUTO_TEST_CASE(scales_do_not_matter) {
  for (const double scale : {1e-200, 1.0, 1e200}) {
    const spectral_bracket s = spectral_norm({2, 2, {3 * scale, 0, 0, -4 * scale}});
    BOOST_TEST((s.lower > 3.99 * scale && s.upper < 4.01 * scale));
  }
}

BOOST_AUTO_TEST_CASE(nothing_and_zero_have_the_norm_zero) {
  for (const dense_matrix& m : {dense_matrix{}, dense_matrix{2, 0, {}}, dense_matrix{2, 2, {0, 0, 0, 0}}})
    BOOST_TEST((spectral_norm(m).lower == 0 && spectral_norm(m).upper == 0 && spectral_norm(m).dense == 0));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::tests
