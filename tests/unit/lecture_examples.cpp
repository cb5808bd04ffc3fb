// The worked examples of the backpropagation lectures, with their numbers.
#include "backproof/judge/oracle.hpp"
#include "backproof/op/registry.hpp"
#include "support.hpp"

namespace backproof::tests::in_lecture_examples {

BOOST_AUTO_TEST_SUITE(lecture_examples)

namespace {

values<real> tensor_of(const shape& dims, const std::vector<double>& x) {
  values<real> v(dims);
  for (index_t i = 0; i < v.size(); ++i) v[i] = real(x.at(static_cast<std::size_t>(i)));
  return v;
}

values<real> number(double x) { return tensor_of({}, {x}); }

real forward(const char* op_name, const value_list<real>& x) {
  value_list<real> y = {values<real>(shape{})};
  find_op(op_name)->real_kernels.forward({attributes{}, x}, y);
  return y[0][0];
}

std::vector<real> vjp(const char* op_name, const value_list<real>& x, const real& g) {
  value_list<real> d(x.size(), values<real>(shape{})), v = {values<real>(shape{})};
  v[0][0] = g;
  find_op(op_name)->real_kernels.vjp({attributes{}, x}, v, d);
  std::vector<real> all;
  for (const values<real>& one : d) all.push_back(one[0]);
  return all;
}

values<real> scalar_of(const real& x) {
  values<real> v(shape{});
  v[0] = x;
  return v;
}

// Small integers: sums and products of them are exact, in double as in the oracle.
std::vector<double> integers(draw& random, index_t count) {
  std::vector<double> all;
  for (index_t i = 0; i < count; ++i) all.push_back(static_cast<double>(random.between(-3, 3)));
  return all;
}

// The convolution of the lectures: 3 x 32 x 32 input, ten filters of 3 x 5 x 5, stride 1, padding 2.
struct example_layer {
  static constexpr index_t channels = 3, size = 32, filters = 10, kernel = 5, pad = 2;
  std::vector<double> x, w, b;

  static std::size_t at(index_t plane, index_t row, index_t column, index_t width) {
    return static_cast<std::size_t>((plane * width + row) * width + column);
  }

  // One output, by its definition.
  double output(index_t m, index_t row, index_t column) const {
    double total = b[static_cast<std::size_t>(m)];
    for (index_t c = 0; c < channels; ++c)
      for (index_t i = 0; i < kernel; ++i)
        for (index_t j = 0; j < kernel; ++j) {
          const index_t r = row - pad + i, s = column - pad + j;
          if (r >= 0 && r < size && s >= 0 && s < size)
            total += x[at(c, r, s, size)] * w[at(m * channels + c, i, j, kernel)];
        }
    return total;
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(add_and_multiply) {
  // f = (x + y) z at x = -2, y = 5, z = -4: the add gate distributes what the multiply gate switched.
  const real q = forward("Add", {number(-2), number(5)});
  BOOST_TEST((q == real(3)));
  const std::vector<real> product = vjp("Mul", {scalar_of(q), number(-4)}, 1);
  BOOST_TEST((product[0] == real(-4) && product[1] == real(3)));
  const std::vector<real> sum = vjp("Add", {number(-2), number(5)}, product[0]);
  BOOST_TEST((sum[0] == real(-4) && sum[1] == real(-4)));
}

BOOST_AUTO_TEST_CASE(one_neuron) {
  // f = 1 / (1 + exp(-(w0 x0 + w1 x1 + w2))) at w = (2, -3, -3), x = (-1, -2): y = 0.73, and dw0 = -0.2, dx0 = 0.39,
  // dw1 = -0.39, dx1 = -0.59, dw2 = 0.2.
  const values<real> w0 = number(2), x0 = number(-1), w1 = number(-3), x1 = number(-2), w2 = number(-3);
  const real first = forward("Mul", {w0, x0}), second = forward("Mul", {w1, x1});
  const real a = forward("Add", {scalar_of(forward("Add", {scalar_of(first), scalar_of(second)})), w2});
  BOOST_TEST((a == real(1)));
  const real y = forward("Sigmoid", {scalar_of(a)}), s = vjp("Sigmoid", {scalar_of(a)}, 1)[0];
  const real tiny = ldexp(real(1), -150);
  BOOST_TEST((abs(y - real(1) / (real(1) + exp(real(-1)))) < tiny));
  BOOST_TEST((abs(s - y * (real(1) - y)) < tiny));
  const std::vector<real> d0 = vjp("Mul", {w0, x0}, s), d1 = vjp("Mul", {w1, x1}, s);
  BOOST_TEST((d0[0] == -s && d0[1] == real(2) * s && d1[0] == real(-2) * s && d1[1] == real(-3) * s));
  BOOST_TEST((abs(s - real("0.196611933241481852536")) < real("1e-20")));
}

BOOST_AUTO_TEST_CASE(a_convolutional_layer_element_by_element) {
  draw random(1, "lecture_examples", 0);
  using layer = example_layer;
  const index_t outputs = layer::filters * layer::size * layer::size;
  const shape x_dims = {1, layer::channels, layer::size, layer::size};
  const shape w_dims = {layer::filters, layer::channels, layer::kernel, layer::kernel};
  layer l{integers(random, size_of(x_dims)), integers(random, size_of(w_dims)), integers(random, layer::filters)};
  const std::vector<double> g = integers(random, outputs);

  const op& conv = *find_op("Conv");
  attributes a;
  a.set("strides", shape{1, 1});
  a.set("dilations", shape{1, 1});
  a.set("pads", shape{2, 2, 2, 2});
  a.set("group", std::int64_t{1});
  a.set("auto_pad", std::string("NOTSET"));
  const std::vector<shape> in = {x_dims, w_dims, {layer::filters}}, out = conv.infer(a, in);
  BOOST_TEST((out == std::vector<shape>{{1, 10, 32, 32}}));
  BOOST_TEST(size_of(w_dims) + layer::filters == 760);              // parameters
  BOOST_TEST(size_of(out[0]) * layer::channels * 5 * 5 == 768000);  // multiply-adds

  const value_list<real> inputs = {tensor_of(x_dims, l.x), tensor_of(w_dims, l.w), tensor_of({layer::filters}, l.b)};
  value_list<real> y = {values<real>(out[0])}, d;
  for (const shape& s : in) d.emplace_back(s);
  conv.real_kernels.forward({a, inputs}, y);
  const value_list<real> cotangents = {tensor_of(out[0], g)};
  conv.real_kernels.vjp({a, inputs}, cotangents, d);

  // <g, f>, over the outputs of some filters in some rows and columns only: those that what is moved can reach.
  const auto loss = [&](index_t first, index_t last, index_t top, index_t bottom, index_t left, index_t right) {
    double total = 0;
    for (index_t m = first; m <= last; ++m)
      for (index_t r = std::max<index_t>(top, 0); r <= std::min(bottom, layer::size - 1); ++r)
        for (index_t c = std::max<index_t>(left, 0); c <= std::min(right, layer::size - 1); ++c)
          total += g[layer::at(m, r, c, layer::size)] * l.output(m, r, c);
    return total;
  };
  // f is linear in each of its operands, and all numbers are integers, so a difference with step 1 is exact.
  const auto difference = [&](double& moved, auto... region) {
    const double before = loss(region...);
    moved += 1;
    const double after = loss(region...);
    moved -= 1;
    return after - before;
  };
  for (index_t i = 0; i < y[0].size(); ++i) {
    const index_t m = i / (layer::size * layer::size), r = i / layer::size % layer::size, c = i % layer::size;
    BOOST_REQUIRE((y[0][i] == real(l.output(m, r, c))));
  }
  for (index_t i = 0; i < size_of(x_dims); ++i) {
    const index_t r = i / layer::size % layer::size, c = i % layer::size;
    const double slope =
        difference(l.x[static_cast<std::size_t>(i)], 0, layer::filters - 1, r - 2, r + 2, c - 2, c + 2);
    BOOST_REQUIRE((d[0][i] == real(slope)));
  }
  const index_t taps = layer::channels * layer::kernel * layer::kernel, end = layer::size - 1;
  for (index_t i = 0; i < size_of(w_dims); ++i)
    BOOST_REQUIRE((d[1][i] == real(difference(l.w[static_cast<std::size_t>(i)], i / taps, i / taps, 0, end, 0, end))));
  for (index_t m = 0; m < layer::filters; ++m)
    BOOST_REQUIRE((d[2][m] == real(difference(l.b[static_cast<std::size_t>(m)], m, m, 0, end, 0, end))));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::tests::in_lecture_examples
