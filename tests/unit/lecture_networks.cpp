// The networks of the backpropagation lectures as graphs: every local formula that they derive, against the gradients
// that flow.
#include "backproof/network/graph/descent.hpp"
#include "backproof/network/graph/graph.hpp"
#include "support.hpp"

namespace backproof::tests::in_lecture_networks {

BOOST_AUTO_TEST_SUITE(lecture_networks)

using namespace backproof::networks;
using computational_graph = networks::graph;

namespace {

values<real> random_values(draw& random, shape dims) {
  values<real> v(std::move(dims));
  for (index_t i = 0; i < v.size(); ++i) v[i] = random.normal();
  return v;
}

const real tight = ldexp(real(1), -140);

void same(const values<real>& actual, const values<real>& expected, const std::string& about) {
  BOOST_REQUIRE_MESSAGE(actual.dims() == expected.dims(), about);
  for (index_t i = 0; i < actual.size(); ++i) BOOST_TEST(within(actual[i], expected[i], tight), about << " " << i);
}

// a^T b for rows a, b: what one example adds to the gradient of a matrix of weights.
values<real> outer(const values<real>& a, const values<real>& b) {
  values<real> m(shape{a.size(), b.size()});
  for (index_t i = 0; i < a.size(); ++i)
    for (index_t j = 0; j < b.size(); ++j) m[i * b.size() + j] = a[i] * b[j];
  return m;
}

// g W, of a row and a matrix.
values<real> times(const values<real>& g, const values<real>& w) {
  values<real> d(shape{1, w.dims()[1]});
  for (index_t i = 0; i < g.size(); ++i)
    for (index_t j = 0; j < d.size(); ++j) d[j] += g[i] * w[i * d.size() + j];
  return d;
}

values<real> row_of(const values<real>& v) {
  values<real> r(shape{v.size()});
  for (index_t i = 0; i < v.size(); ++i) r[i] = v[i];
  return r;
}

}  // namespace

// z^k = W^k o^(k-1) + b^k, o^k = ReLU(z^k), y^ = softmax(z^4), L the cross entropy (seed 004):
//   dL/dz^4 = y^ - y,  dL/dW^k = dL/dz^k o^(k-1),  dL/db^k = dL/dz^k,  dL/do^(k-1) = dL/dz^k W^k,
//   dL/dz^k = dL/do^k where z^k > 0, else 0.
BOOST_AUTO_TEST_CASE(a_relu_network_of_four_layers) {
  draw random(1, "four layers", 0);
  const std::vector<index_t> width = {5, 7, 6, 4, 3};
  const index_t label = 2;
  computational_graph g;
  std::vector<port> w, b, z, o = {g.leaf("x", random_values(random, {1, width[0]}))};
  for (std::size_t k = 1; k < width.size(); ++k) {
    w.push_back(g.leaf("W", random_values(random, {width[k], width[k - 1]})));
    b.push_back(g.leaf("b", random_values(random, {width[k]})));
    z.push_back(g.apply("linear", {}, {o.back(), w.back(), b.back()}));
    if (k + 1 < width.size()) o.push_back(g.apply("relu", {}, {z.back()}));
  }
  attributes loss, along;
  loss.set("reduction", std::string("mean"));
  loss.set("ignore_index", std::int64_t{-100});
  values<real> y(shape{1});
  y[0] = static_cast<double>(label);
  g.apply("softmax_cross_entropy_loss", loss, {z.back(), g.leaf("y", y)});
  const evaluation f = evaluate(g);

  computational_graph probabilities;
  along.set("axis", std::int64_t{-1});
  probabilities.apply("softmax", along, {probabilities.leaf("z", f.value[z[3].node][0])});
  values<real> dz = evaluate(probabilities).value[1][0];
  dz[label] -= real(1);  // y^ - y
  for (std::size_t k = 4; k-- > 0;) {
    const std::string layer = "layer " + std::to_string(k + 1);
    same(f.gradient(z[k]), dz, layer + ", z");
    same(f.gradient(b[k]), row_of(dz), layer + ", b");
    same(f.gradient(w[k]), outer(dz, f.value[o[k].node][0]), layer + ", W");
    const values<real> below = times(dz, f.value[w[k].node][0]);
    same(f.gradient(o[k]), below, layer + ", input");
    if (k == 0) break;
    dz = below;
    for (index_t i = 0; i < dz.size(); ++i)
      if (!(f.value[z[k - 1].node][0][i] > real(0))) dz[i] = 0;
  }
}

// E = (a - y)^2 over several outputs, a = s(z), z = W a' + b (seed 001):
//   dE/dw_jk = a'_k s'(z_j) 2 (a_j - y_j),   dE/da'_k = sum_j w_jk s'(z_j) 2 (a_j - y_j)
BOOST_AUTO_TEST_CASE(squared_error_of_sigmoids) {
  draw random(1, "sigmoids", 0);
  computational_graph g;
  const port below = g.leaf("a'", random_values(random, {1, 4})), w = g.leaf("W", random_values(random, {3, 4})),
             b = g.leaf("b", random_values(random, {3})), y = g.leaf("y", random_values(random, {1, 3}));
  const port z = g.apply("linear", {}, {below, w, b}), a = g.apply("sigmoid", {}, {z});
  const port e = g.apply("square", {}, {g.apply("sub", {}, {a, y})});
  attributes all;
  all.set("axes", std::vector<std::int64_t>{0, 1});
  all.set("keepdims", std::int64_t{0});
  g.apply("reduce_sum", all, {e});
  const evaluation f = evaluate(g);

  values<real> dz(shape{1, 3});
  for (index_t j = 0; j < 3; ++j) {
    const real s = f.value[a.node][0][j];
    dz[j] = real(2) * (s - f.value[y.node][0][j]) * s * (real(1) - s);
  }
  same(f.gradient(z), dz, "z");
  same(f.gradient(w), outer(dz, f.value[below.node][0]), "W");
  same(f.gradient(b), row_of(dz), "b");
  same(f.gradient(below), times(dz, f.value[w.node][0]), "a'");
}

// The mean over a batch: its gradient is the mean of the gradients of its parts, weighed by their size.
BOOST_AUTO_TEST_CASE(the_mean_of_mini_batch_gradients_is_the_batch_gradient) {
  draw random(1, "batches", 0);
  const values<real> x = random_values(random, {6, 3}), y = random_values(random, {6, 2}),
                     w = random_values(random, {2, 3});
  const auto rows = [](const values<real>& v, index_t from, index_t to) {
    const index_t each = v.dims()[1];
    values<real> part(shape{to - from, each});
    for (index_t i = 0; i < part.size(); ++i) part[i] = v[from * each + i];
    return part;
  };
  const auto gradient = [&](index_t from, index_t to) {
    computational_graph g;
    const port weights = g.leaf("W", w);
    const port out = g.apply("tanh", {}, {g.apply("linear", {}, {g.leaf("x", rows(x, from, to)), weights})});
    attributes mean;
    mean.set("reduction", std::string("mean"));
    g.apply("mse_loss", mean, {out, g.leaf("y", rows(y, from, to))});
    return evaluate(g).gradient(weights);
  };
  const values<real> whole = gradient(0, 6), first = gradient(0, 2), second = gradient(2, 4), third = gradient(4, 6);
  for (index_t i = 0; i < whole.size(); ++i)
    BOOST_TEST(within(whole[i], (first[i] + second[i] + third[i]) / real(3), tight));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::tests::in_lecture_networks
