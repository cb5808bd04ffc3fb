// Every block: its JVP is the derivative of its values, and its VJP is the JVP's transpose.
#include "flow/activation.hpp"
#include "flow/convolution.hpp"
#include "flow/dense.hpp"
#include "flow/network.hpp"
#include "flow/normalization.hpp"
#include "flow/random.hpp"
#include "flow/residual.hpp"
#include "flow/scaling.hpp"
#include "flow/spectrum.hpp"
#include "support.hpp"

namespace backproof::flow::tests {

BOOST_AUTO_TEST_SUITE(flow_blocks)

namespace {

std::vector<std::pair<block_pointer, Index>> blocks() {  // with their number of inputs
  source random(1, "blocks");
  std::vector<std::pair<block_pointer, Index>> list;
  const auto weights = [&](Index rows, Index columns) { return random.gaussian(rows, columns, 0.5); };
  list.emplace_back(std::make_shared<dense>(weights(4, 6), weights(4, 1)), 6);
  list.emplace_back(std::make_shared<dense>(weights(5, 3)), 3);
  for (const activation& a : activations()) list.emplace_back(std::make_shared<activation_block>(a), 7);
  for (const padding pad : {padding::zero, padding::circular})
    for (const Index stride : {1, 2}) {
      convolution_shape s{{2, 5, 4}, 3, 3, 2, stride, 1, 0, 1, 1, pad};
      list.emplace_back(std::make_shared<convolution>(s, weights(3, 12), weights(3, 1)), 40);
    }
  list.emplace_back(std::make_shared<pool>(pooling::average, image{2, 4, 5}, 2), 40);
  list.emplace_back(std::make_shared<pool>(pooling::maximum, image{2, 4, 5}, 2), 40);
  list.emplace_back(std::make_shared<softmax>(), 5);
  list.emplace_back(std::make_shared<layer_norm>(1e-3), 6);
  list.emplace_back(std::make_shared<batch_norm>(1e-3), 4);
  list.emplace_back(std::make_shared<scaling>(weights(6, 1), weights(6, 1)), 6);
  const block_pointer tanh = std::make_shared<activation_block>(activation_named("tanh"));
  const chain branch = {std::make_shared<dense>(weights(3, 5)), tanh,
                        std::make_shared<dense>(weights(5, 3), weights(5, 1))};
  list.emplace_back(std::make_shared<residual>(branch, 0.7), 5);
  return list;
}

double inner(const matrix& a, const matrix& b) { return a.cwiseProduct(b).sum(); }

}  // namespace

BOOST_AUTO_TEST_CASE(a_jvp_is_the_derivative_of_the_values) {
  source random(2, "points");
  for (const auto& [b, n] : blocks()) {
    const matrix x = random.gaussian(n, 3, 1), u = random.gaussian(n, 3, 1);
    // Central differences: the cube of the step, and rounding over the step, are both about 1e-11 of the third
    // derivative.
    constexpr double h = 1e-5;
    const matrix difference = (b->forward(x + h * u) - b->forward(x - h * u)) / (2 * h);
    BOOST_TEST((difference - b->jvp(x, u)).norm() <= 1e-8 * (1 + difference.norm()), b->kind());
  }
}

BOOST_AUTO_TEST_CASE(a_vjp_is_the_transpose_of_the_jvp) {
  source random(3, "points");
  for (const auto& [b, n] : blocks()) {
    const matrix x = random.gaussian(n, 3, 1), u = random.gaussian(n, 3, 1);
    const matrix v = random.gaussian(b->outputs(n), 3, 1);
    const double there = inner(v, b->jvp(x, u)), back = inner(b->vjp(x, v), u);
    BOOST_TEST(std::fabs(there - back) <= 1e-12 * v.norm() * u.norm() * (1 + std::fabs(there)), b->kind());
  }
}

BOOST_AUTO_TEST_CASE(several_directions_at_once_are_those_one_by_one) {
  source random(4, "points");
  for (const auto& [b, n] : blocks()) {
    const matrix x = random.gaussian(n, 2, 1), v = random.gaussian(b->outputs(n), 6, 1);
    const matrix together = b->vjp(x, v);
    for (Index k = 0; k < 3; ++k)
      BOOST_TEST((together.middleCols(2 * k, 2) - b->vjp(x, v.middleCols(2 * k, 2))).norm() <= 1e-13 * together.norm(),
                 b->kind());
  }
}

BOOST_AUTO_TEST_CASE(parameter_gradients_are_derivatives_by_the_parameters) {
  source random(5, "points");
  const matrix w = random.gaussian(4, 6, 1), step = random.gaussian(4, 6, 1), x = random.gaussian(6, 3, 1),
               v = random.gaussian(4, 3, 1);
  const vector b = random.gaussian(4, 1, 1);
  const matrix g = dense(w, b).parameter_gradients(x, v)[0];
  BOOST_TEST(std::fabs(inner(g, step) - inner(v, dense(w + step, b).forward(x) - dense(w, b).forward(x))) <=
             1e-12 * g.norm() * step.norm());

  const convolution_shape s = same_convolution({2, 4, 5}, 3, 3, padding::zero);
  const matrix k = random.gaussian(3, 18, 1), more = random.gaussian(3, 18, 1), image = random.gaussian(40, 2, 1),
               back = random.gaussian(60, 2, 1);
  const matrix gk = convolution(s, k).parameter_gradients(image, back)[0];
  BOOST_TEST(std::fabs(inner(gk, more) -
                       inner(back, convolution(s, k + more).forward(image) - convolution(s, k).forward(image))) <=
             1e-12 * gk.norm() * more.norm());
}

BOOST_AUTO_TEST_CASE(steepest_slopes_are_reached_and_not_exceeded) {
  for (const activation& a : activations()) {
    double most = 0;
    for (double x = -12; x <= 12; x += 1e-3) most = std::max(most, std::fabs(a.slope(x)));
    BOOST_TEST(most <= a.steepest * (1 + 1e-12), a.name);
    BOOST_TEST(most >= a.steepest * (1 - 1e-5), a.name);  // softplus reaches 1 at infinity only
  }
}

BOOST_AUTO_TEST_CASE(norms_lie_in_their_brackets_and_brackets_are_narrow) {
  source random(6, "matrices");
  for (Index rows = 1; rows <= 40; rows += 3)
    for (Index columns = 1; columns <= 40; columns += 5) {
      const matrix m = random.gaussian(rows, columns, 1);
      const double norm = singular_values(m)(0);
      const norm_bracket n = spectral_norm(m);
      BOOST_TEST((n.lower <= norm * (1 + 1e-12) && n.upper >= norm * (1 - 1e-12)), rows << " x " << columns);
      // Lanczos takes as many steps as there are dimensions; Gram iteration exceeds by n^(1/2^9) at most.
      BOOST_TEST((n.lower >= norm * (1 - 1e-9) && n.upper <= norm * std::pow(40, 1.0 / 512)), rows << " x " << columns);
    }
}

BOOST_AUTO_TEST_CASE(sizes_that_do_not_fit_are_refused) {
  BOOST_CHECK_THROW(dense(matrix::Zero(3, 2), vector::Zero(2)), std::invalid_argument);
  BOOST_CHECK_THROW(dense(matrix::Zero(3, 2)).outputs(3), std::invalid_argument);
  BOOST_CHECK_THROW(convolution({{1, 2, 2}, 1, 3, 3}, matrix::Zero(1, 9)), std::invalid_argument);
  BOOST_CHECK_THROW(pool(pooling::average, {1, 1, 1}, 2), std::invalid_argument);
  BOOST_CHECK_THROW(residual({std::make_shared<dense>(matrix::Zero(3, 2))}).outputs(2), std::invalid_argument);
}

// A described or imported network, as blocks in double precision, gives what its graph gives in wide precision: its
// values, and the gradient by its input. (The largest relative rounding of some thousand operations is below 1e-12.)
BOOST_AUTO_TEST_CASE(a_network_as_blocks_is_the_network) {
  struct row {
    const char *file, *output;
  };
  for (const row& r : {row{"lenet.json", "fc3"}, row{"cnn.onnx", ""}}) {
    const networks::network n = networks::read_network(std::string(BACKPROOF_SOURCE "/examples/networks/") + r.file);
    const model m = model_of(n);
    const networks::flow wide = networks::evaluate(n.g);
    const auto& nodes = n.g.nodes();
    // The output: the layer of that name, or what the random weights of the objective multiply.
    std::size_t at = nodes.size();
    for (std::size_t k = 0; k < nodes.size(); ++k)
      if (nodes[k].name == r.output ||
          (*r.output == 0 && nodes[k].what != nullptr && nodes[k].what->info.name == "mul"))
        at = k;
    BOOST_REQUIRE(at < nodes.size());
    if (*r.output == 0)
      for (const networks::port& p : std::vector(nodes[at].in))
        if (nodes[p.node].what != nullptr) at = p.node;
    const auto columns = [](const values<real>& v, Index width) {
      matrix x(width, v.size() / width);
      for (Index j = 0; j < x.cols(); ++j)
        for (Index i = 0; i < width; ++i) x(i, j) = static_cast<double>(v[j * width + i]);
      return x;
    };
    const trace t = forward(m, columns(wide.value[n.inputs[0].node][0], m.inputs));
    const matrix expected = columns(wide.value[at][0], t.at.back().rows());
    BOOST_REQUIRE(t.at.back().cols() == expected.cols());
    BOOST_TEST((t.at.back() - expected).norm() < 1e-12 * expected.norm(), r.file);
    const matrix gradient = columns(wide.upstream[n.inputs[0].node][0], m.inputs);
    const matrix back = backward(m, t, columns(wide.upstream[at][0], t.at.back().rows())).front();
    BOOST_TEST((back - gradient).norm() < 1e-12 * gradient.norm(), r.file);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::flow::tests
