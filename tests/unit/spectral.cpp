// Brackets of the spectral norm, against matrices whose singular values are known.
#include "backproof/number/spectral.hpp"

#include "backproof/number/decomposition.hpp"
#include "backproof/number/linear_map.hpp"
#include "support.hpp"

namespace backproof::tests::in_spectral {

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

// On either side of where the method changes, tall, wide and square.
BOOST_AUTO_TEST_CASE(singular_values_are_those_that_a_matrix_was_made_of) {
  draw random(2, "spectral", 0);
  const auto normal = [&] { return random.normal(); };
  for (const int rows : {1, 4, 32, 33, 90})
    for (const int columns : {1, 5, 32, 33, 70}) {
      const int count = std::min(rows, columns);
      Eigen::VectorXd s(count);
      for (int k = 0; k < count; ++k) s(k) = k > 0 && k + 1 == count ? 0 : std::pow(10, -12.0 * k / count);
      const Eigen::MatrixXd m =
          haar_orthogonal(rows, count, normal) * s.asDiagonal() * haar_orthogonal(columns, count, normal).transpose();
      for (const double scale : {1e-200, 1.0, 1e200})
        BOOST_TEST((singular_values(scale * m) / scale - s).cwiseAbs().maxCoeff() <= 1e-13,
                   rows << " x " << columns << " times " << scale);
    }
}

BOOST_AUTO_TEST_CASE(what_is_not_finite_has_no_singular_values) {
  for (const int n : {3, 40})
    for (const double bad : {std::nan(""), static_cast<double>(INFINITY)}) {
      Eigen::MatrixXd m = Eigen::MatrixXd::Identity(n, n);
      m(1, 2) = bad;
      BOOST_TEST(singular_values(m).array().isNaN().all());
      BOOST_TEST(std::isfinite(norm_from_below(map_of(m)).value));
    }
}

BOOST_AUTO_TEST_CASE(orthogonal_matrices_are) {
  draw random(3, "spectral", 0);
  for (const auto& [rows, columns] : {std::pair{6, 6}, {9, 4}, {3, 8}}) {
    Eigen::MatrixXd q = haar_orthogonal(rows, columns, [&] { return random.normal(); });
    if (rows < columns) q.transposeInPlace();
    BOOST_TEST((q.transpose() * q - Eigen::MatrixXd::Identity(q.cols(), q.cols())).cwiseAbs().maxCoeff() <= 1e-14);
  }
}

// On a ring of four cells [1, -1] has the values |1 - e^(i w)| = 0, sqrt 2 twice, and 2.
BOOST_AUTO_TEST_CASE(each_frequency_of_a_ring_counts_once) {
  const convolution_kernel difference{.outputs = 1, .inputs = 1, .taps = {2}, .dilations = {1}, .elements = {1, -1}};
  const std::vector<double> s = circular_singular_values(difference, {4});
  BOOST_REQUIRE(s.size() == 4U);
  BOOST_TEST((std::fabs(s[0] - 2) <= 1e-15 && std::fabs(s[1] - std::sqrt(2)) <= 1e-15));
  BOOST_TEST((s[1] == s[2] && s[3] <= 1e-15));
  BOOST_TEST(circular_singular_values(difference, {5}).size() == 5U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::tests::in_spectral
