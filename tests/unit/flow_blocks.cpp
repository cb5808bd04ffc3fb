// Every block: its JVP is the derivative of its values, and its VJP is the JVP's transpose.
#include "backproof/flow/measure/spectrum.hpp"
#include "backproof/flow/model/activation.hpp"
#include "backproof/flow/model/convolution.hpp"
#include "backproof/flow/model/dense.hpp"
#include "backproof/flow/model/network.hpp"
#include "backproof/flow/model/normalization.hpp"
#include "backproof/flow/model/random.hpp"
#include "backproof/flow/model/residual.hpp"
#include "backproof/flow/model/scaling.hpp"
#include "support.hpp"

namespace backproof::flow::tests::in_flow_blocks {

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
  BOOST_CHECK_THROW(dense(matrix::Zero(3, 2), vector::Zero(2)), invalid_input);
  BOOST_CHECK_THROW(dense(matrix::Zero(3, 2)).outputs(3), invalid_input);
  BOOST_CHECK_THROW(convolution({{1, 2, 2}, 1, 3, 3}, matrix::Zero(1, 9)), invalid_input);
  BOOST_CHECK_THROW(pool(pooling::average, {1, 1, 1}, 2), invalid_input);
  BOOST_CHECK_THROW(residual({std::make_shared<dense>(matrix::Zero(3, 2))}).outputs(2), invalid_input);
}

// A described or imported network, as blocks in double precision, gives what its graph gives in wide precision: its
// values, and the gradient by its input. (The largest relative rounding of some thousand operations is below 1e-12.)
// Blocks give samples that are independent the first one's other inputs, so of a recurrent network only that is
// compared.
void blocks_are_the_network(const networks::network& n, const std::string& output, const std::string& what) {
  BOOST_TEST_CONTEXT(what) {
    const model m = model_of(n);
    const networks::evaluation wide = networks::evaluate(n.g);
    const auto& nodes = n.g.nodes();
    // The output: the layer of that name, or what the random weights of the objective multiply.
    std::size_t at = nodes.size();
    for (std::size_t k = 0; k < nodes.size(); ++k)
      if (nodes[k].name == output || (output.empty() && nodes[k].what != nullptr && nodes[k].what->info.name == "mul"))
        at = k;
    BOOST_REQUIRE(at < nodes.size());
    if (output.empty())
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
    const Index compared = n.inputs.size() > 2 ? 1 : expected.cols();
    const auto close = [&](const matrix& a, const matrix& b) {
      return (a - b).leftCols(compared).norm() < 1e-12 * b.leftCols(compared).norm();
    };
    BOOST_TEST(close(t.at.back(), expected));
    const matrix gradient = columns(wide.upstream[n.inputs[0].node][0], m.inputs);
    BOOST_TEST(close(backward(m, t, columns(wide.upstream[at][0], t.at.back().rows())).front(), gradient));
    // And forwards: <v, J u> = <J^T v, u>, layer by layer.
    for (std::size_t l = 0; l < m.layers.size(); ++l) {
      const matrix &x = t.at[l], u = source(1, "along", l).gaussian(x.rows(), x.cols(), 1),
                   v = source(2, "along", l).gaussian(t.at[l + 1].rows(), x.cols(), 1);
      const double one = v.cwiseProduct(jvp(m.layers[l].blocks, x, u)).sum(),
                   other = vjp(m.layers[l].blocks, x, v).cwiseProduct(u).sum();
      BOOST_TEST(std::fabs(one - other) <= 1e-12 * v.norm() * jvp(m.layers[l].blocks, x, u).norm());
    }
  }
}

BOOST_AUTO_TEST_CASE(a_network_as_blocks_is_the_network) {
  struct row {
    const char *file, *output;
  };
  for (const row& r : {row{"lenet.json", "fc3"}, row{"cnn.onnx", ""}, row{"transformer.json", "sum.3"},
                       row{"recurrent.json", "state.2"}})
    blocks_are_the_network(networks::read_network(std::string(BACKPROOF_SOURCE "/examples/networks/") + r.file),
                           r.output, r.file);
}

// What has no block of its own.
BOOST_AUTO_TEST_CASE(any_op_of_the_catalogue_is_a_block) {
  const auto of = [](const std::string& input, const std::string& layers) {
    return networks::network_of(R"({"format": "backproof.net/1", "init": "he", "inputs": {"x": {"shape": )" + input +
                                R"(}}, "layers": [)" + layers +
                                R"(, {"name": "loss", "op": "l2_penalty", "lambda": 1, "m": 1}]})");
  };
  struct row {
    const char *what, *input, *layers;
  };
  for (
      const row& r : {
          row{"batch normalisation in training", "[6, 5]",
              R"({"op": "Linear", "units": 4}, {"op": "BatchNormalization", "training_mode": 1}, {"name": "last", "op": "Tanh"})"},
          {"groups, dilations and group normalisation", "[2, 4, 7, 7]",
           R"({"op": "Conv", "channels": 4, "kernel_shape": [3, 3], "group": 2, "dilations": [2, 2]},
               {"op": "GroupNormalization", "num_groups": 2}, {"name": "last", "op": "Tanh"})"},
          {"overlapping pools", "[2, 2, 6, 6]",
           R"({"op": "MaxPool", "kernel_shape": [3, 3], "strides": [2, 2]}, {"op": "Conv", "channels": 2, "kernel_shape": [2, 2]},
               {"name": "last", "op": "Tanh"})"},
          {"two branches that meet in a product", "[3, 4]",
           R"({"name": "a", "op": "Linear", "units": 5}, {"name": "b", "op": "Sigmoid"},
               {"name": "c", "op": "Linear", "units": 5, "inputs": ["x"]}, {"name": "d", "op": "Mul", "inputs": ["b", "c"]},
               {"name": "last", "op": "Linear", "units": 2})"},
      })
    blocks_are_the_network(of(r.input, r.layers), "last", r.what);
}

// Its samples see each other, and its gradient depends on all of them.
BOOST_AUTO_TEST_CASE(a_batch_that_hangs_together_is_found_to) {
  const auto coupled = [](const char* training) {
    return couples_samples(model_of(networks::network_of(
        std::string(R"({"format": "backproof.net/1", "inputs": {"x": {"shape": [6, 2, 3]}}, "layers": [
           {"op": "BatchNormalization", "training_mode": )") +
        training + R"(}, {"op": "Conv", "channels": 2, "kernel_shape": [3], "group": 2},
           {"op": "l2_penalty", "lambda": 1, "m": 1}]})")));
  };
  BOOST_TEST(coupled("1"));
  BOOST_TEST(!coupled("0"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::flow::tests::in_flow_blocks
