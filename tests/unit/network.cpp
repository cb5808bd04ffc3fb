// Networks from descriptions: what the lectures derive for them, and proofs that do not use backpropagation.
#include "backproof/network/graph/network.hpp"

#include <filesystem>
#include <fstream>

#include "backproof/network/format/tensor_files.hpp"
#include "backproof/network/graph/initialiser.hpp"
#include "backproof/network/graph/summary.hpp"
#include "backproof/network/graph/training.hpp"
#include "backproof/tensor/safetensors.hpp"
#include "support.hpp"

namespace backproof::tests::in_network {

BOOST_AUTO_TEST_SUITE(network)

using namespace backproof::networks;
using net = networks::network;

namespace {

const real tight = ldexp(real(1), -140);

const values<real>& value_of(const net& n, std::string_view leaf) { return n.g.nodes()[n.find_leaf(leaf)->node].value; }
const values<real>& gradient_of(const net& n, const evaluation& f, std::string_view leaf) {
  return f.gradient(*n.find_leaf(leaf));
}

void same(const values<real>& actual, const values<real>& expected, const std::string& about) {
  BOOST_REQUIRE_MESSAGE(actual.dims() == expected.dims(), about);
  for (index_t i = 0; i < actual.size(); ++i) BOOST_TEST(within(actual[i], expected[i], tight), about << " " << i);
}

real loss_of(const net& n) {
  const evaluation f = evaluate(n.g);
  return f.value[n.g.output().node][n.g.output().output][0];
}

// Central differences with a step of 2^-50: their error is h^2/6 times a third derivative, some 2^-102, and 2^-167 of
// the function's rounding divided by the step is less than that.
void proved_by_differences(net n, std::string_view leaf, index_t every) {
  const evaluation f = evaluate(n.g);
  const port p = *n.find_leaf(leaf);
  const real h = ldexp(real(1), -50);
  for (index_t i = 0; i < f.gradient(p).size(); i += every) {
    values<real> moved = value_of(n, leaf);
    moved[i] += h;
    n.g.set_value(p, moved);
    const real up = loss_of(n);
    moved[i] -= h + h;
    n.g.set_value(p, moved);
    const real down = loss_of(n);
    moved[i] += h;
    n.g.set_value(p, moved);
    BOOST_TEST(within((up - down) / (h + h), f.gradient(p)[i], ldexp(real(1), -90)), leaf << " " << i);
  }
}

std::string with_layers(const std::string& inputs, const std::string& layers, const std::string& more = "") {
  return R"({"format":"backproof.net/1","inputs":{)" + inputs + R"(},"layers":[)" + layers + "]" + more + "}";
}

}  // namespace

// The regularised cost of a network of sigmoids, m examples and K outputs (seed 002):
//   J = -1/m sum_i sum_k [ y log h + (1 - y) log(1 - h) ] + lambda/2m sum Theta^2,   biases excepted,
// and its vectorised backpropagation: delta3 = h - y, delta2 = delta3 Theta2 a2 (1 - a2),
//   dJ/dTheta_l = 1/m delta_(l+1)^T a_l + lambda/m Theta_l,   dJ/db = 1/m sum delta.
BOOST_AUTO_TEST_CASE(the_regularised_cost_of_the_lecture) {
  const index_t m = 5;
  const real lambda = 0.75;
  const net n =
      network_of(with_layers(R"("x":{"shape":[5,3]},"y":{"shape":[5,4],"init":"integers","below":2})",
                             R"({"name":"z2","op":"Linear","units":6,"init":"glorot"},{"name":"a2","op":"Sigmoid"},
         {"name":"z3","op":"Linear","units":4,"init":"glorot"},{"name":"h","op":"Sigmoid"},
         {"name":"sum","op":"binary_cross_entropy","reduction":"sum","inputs":["h","y"]},
         {"name":"m","op":"mul_const","a":0.2})",
                             R"(,"penalty":{"l2":0.75,"m":5})"));
  const evaluation f = evaluate(n.g);
  const auto value = [&](const std::string& layer) -> const values<real>& {
    for (std::size_t k = 0; k < n.g.nodes().size(); ++k)
      if (n.g.nodes()[k].name == layer) return f.value[k][0];
    throw invalid_input(layer);
  };
  const values<real>&a2 = value("a2"), &h = value("h"), &x = value("x"), &y = value("y");
  const values<real>&t1 = value_of(n, "z2.weight"), &t2 = value_of(n, "z3.weight");
  // 0.2 is not 1/5: the constant in the description is a double.
  const real share = real(0.2);
  values<real> d1(t1.dims()), d2(t2.dims()), b2(shape{4});
  real cost = 0;
  for (index_t i = 0; i < m; ++i) {
    for (index_t k = 0; k < 4; ++k) {
      const real delta3 = h(i, k) - y(i, k);
      cost -= share * (y(i, k) * log(h(i, k)) + (real(1) - y(i, k)) * log(real(1) - h(i, k)));
      b2[k] += share * delta3;
      for (index_t j = 0; j < 6; ++j) d2(k, j) += share * delta3 * a2(i, j);
    }
    for (index_t j = 0; j < 6; ++j) {
      real delta2 = 0;
      for (index_t k = 0; k < 4; ++k) delta2 += (h(i, k) - y(i, k)) * t2(k, j);
      delta2 *= a2(i, j) * (real(1) - a2(i, j));
      for (index_t k = 0; k < 3; ++k) d1(j, k) += share * delta2 * x(i, k);
    }
  }
  for (const auto& [t, d] : {std::pair(&t1, &d1), std::pair(&t2, &d2)})
    for (index_t i = 0; i < t->size(); ++i) {
      (*d)[i] += lambda / real(static_cast<long>(m)) * (*t)[i];
      cost += lambda / real(static_cast<long>(2 * m)) * (*t)[i] * (*t)[i];
    }
  same(gradient_of(n, f, "z2.weight"), d1, "dJ/dTheta1");
  same(gradient_of(n, f, "z3.weight"), d2, "dJ/dTheta2");
  same(gradient_of(n, f, "z3.bias"), b2, "dJ/db2");
  BOOST_TEST(within(loss_of(n), cost, tight));
}

// lambda Omega(theta) adds lambda theta to the gradient, and an L1 penalty lambda times the sign (seeds 002 and 004).
BOOST_AUTO_TEST_CASE(penalties_add_to_the_gradient_of_weights_only) {
  const std::string inputs = R"("x":{"shape":[4,3]},"y":{"shape":[4,2]})";
  const std::string layers = R"({"name":"fc","op":"Linear","units":2},{"op":"mse_loss","inputs":["fc","y"]})";
  const net plain = network_of(with_layers(inputs, layers)),
            both = network_of(with_layers(inputs, layers, R"(,"penalty":{"l1":0.5,"l2":0.25})"));
  const evaluation a = evaluate(plain.g), b = evaluate(both.g);
  values<real> expected = gradient_of(plain, a, "fc.weight");
  const values<real>& w = value_of(plain, "fc.weight");
  for (index_t i = 0; i < w.size(); ++i) expected[i] += real(0.25) * w[i] + (w[i] < real(0) ? real(-0.5) : real(0.5));
  same(gradient_of(both, b, "fc.weight"), expected, "weight");
  same(gradient_of(both, b, "fc.bias"), gradient_of(plain, a, "fc.bias"), "bias");
}

BOOST_AUTO_TEST_CASE(a_convolutional_network_by_differences) {
  const net n =
      network_of(with_layers(R"("image":{"shape":[2,2,7,6]},"label":{"shape":[2],"below":3})",
                             R"({"name":"c1","op":"Conv","channels":3,"kernel":[3,3],"pads":[1,1,1,1],"init":"he"},
         {"name":"bn","op":"BatchNormalization","training_mode":1},{"op":"Tanh"},
         {"op":"AveragePool","kernel_shape":[2,2],"strides":[2,2]},
         {"name":"c2","op":"Conv","channels":4,"kernel":[2,3],"strides":[1,2]},{"op":"Elu"},{"op":"Flatten"},
         {"name":"fc","op":"Gemm","transB":1,"units":3},
         {"op":"SoftmaxCrossEntropyLoss","inputs":["fc","label"]})"));
  for (const char* leaf : {"c1.W", "bn.scale", "bn.B", "c2.W", "c2.B", "fc.B", "fc.C"})
    proved_by_differences(n, leaf, 5);
  proved_by_differences(n, "image", 17);
}

// The output of x + F(x): the gradient comes back on both ways.
BOOST_AUTO_TEST_CASE(a_residual_network_by_differences) {
  const net n = network_of(with_layers(
      R"("x":{"shape":[2,4]},"y":{"shape":[2,4]})",
      R"({"repeat":3,"layers":[{"name":"in","op":"LayerNormalization"},{"name":"a","op":"Linear","units":5},{"op":"Gelu"},
           {"name":"b","op":"Linear","units":4},{"name":"sum","op":"Add","inputs":["before","b"]}]},
         {"op":"mse_loss","inputs":["sum.2","y"]})"));
  BOOST_TEST(n.find_leaf("a.2.weight") != nullptr);
  for (const char* leaf : {"x", "in.0.Scale", "a.0.weight", "b.1.weight", "b.2.bias"})
    proved_by_differences(n, leaf, 3);
}

// A recurrent network, unrolled: the shared weights' gradient is the sum over the copies', and all of it is what the
// operator of the whole recurrence gives.
BOOST_AUTO_TEST_CASE(a_recurrent_network_unrolled) {
  const std::string sequence = R"("x0":{"shape":[2,3]},"x1":{"shape":[2,3]},"x2":{"shape":[2,3]},"h":{"shape":[2,4]},
                                  "y":{"shape":[2,4]})";
  const std::string weights = R"(,"parameters":{"W":{"shape":[4,3]},"R":{"shape":[4,4]}})";
  const auto step = [](const std::string& w, const std::string& r) {
    return R"({"name":"in","op":"Linear","inputs":["x{i}",")" + w + R"("]},
              {"name":"again","op":"Linear","inputs":["before",")" +
           r + R"("]},
              {"name":"a","op":"Add","inputs":["in","again"]},{"name":"h","op":"Tanh"})";
  };
  const auto unrolled = [&](const std::string& w, const std::string& r, const std::string& more) {
    return R"({"format":"backproof.net/1","inputs":{)" + sequence + "}" + more + R"(,"layers":[
      {"name":"start","op":"mul_const","a":1,"inputs":["h"]},{"repeat":3,"layers":[)" +
           step(w, r) + R"(]},
      {"op":"mse_loss","reduction":"sum","inputs":["h.2","y"]}]})";
  };
  const net shared = network_of(unrolled("W", "R", weights));
  const evaluation f = evaluate(shared.g);
  proved_by_differences(shared, "R", 3);
  proved_by_differences(shared, "h", 2);

  std::string copies = R"(,"parameters":{)";
  for (int i = 0; i < 3; ++i)
    copies += (i == 0 ? "" : ",") + std::string(R"("W)") + std::to_string(i) + R"(":{"shape":[4,3]},"R)" +
              std::to_string(i) + R"(":{"shape":[4,4]})";
  net apart = network_of(unrolled("W{i}", "R{i}", copies + "}"));
  for (const port& p : apart.parameters) apart.g.set_value(p, value_of(shared, apart.name_of(p).substr(0, 1)));
  const evaluation each = evaluate(apart.g);
  for (const std::string name : {"W", "R"}) {
    values<real> sum(value_of(shared, name).dims());
    for (const char* k : {"0", "1", "2"})
      for (index_t i = 0; i < sum.size(); ++i) sum[i] += gradient_of(apart, each, name + k)[i];
    same(gradient_of(shared, f, name), sum, name + " is the sum over its copies");
  }

  // The same by the operator RNN: X [3, 2, 3], W [1, 4, 3], R [1, 4, 4], initial_h [1, 2, 4].
  net whole = network_of(
      R"({"format":"backproof.net/1",
      "inputs":{"X":{"shape":[3,2,3]},"h0":{"shape":[1,2,4]},"y":{"shape":[1,2,4]}},
      "parameters":{"W":{"shape":[1,4,3]},"R":{"shape":[1,4,4]}},
      "layers":[{"name":"rnn","op":"RNN","hidden_size":4,"inputs":["X","W","R",null,null,"h0"]},
                {"op":"mse_loss","reduction":"sum","inputs":["rnn:1","y"]}]})");
  const auto put = [&](const char* leaf, const values<real>& from) {
    values<real> v(value_of(whole, leaf).dims());
    for (index_t i = 0; i < v.size(); ++i) v[i] = from[i];
    whole.g.set_value(*whole.find_leaf(leaf), v);
  };
  values<real> x(shape{3, 2, 3});
  for (index_t t = 0; t < 3; ++t)
    for (index_t i = 0; i < 6; ++i) x[t * 6 + i] = value_of(shared, "x" + std::to_string(t))[i];
  put("X", x), put("h0", value_of(shared, "h")), put("y", value_of(shared, "y"));
  put("W", value_of(shared, "W")), put("R", value_of(shared, "R"));
  const evaluation g = evaluate(whole.g);
  BOOST_TEST(within(loss_of(whole), loss_of(shared), tight));
  for (const char* leaf : {"W", "R"})
    for (index_t i = 0; i < gradient_of(shared, f, leaf).size(); ++i)
      BOOST_TEST(within(gradient_of(whole, g, leaf)[i], gradient_of(shared, f, leaf)[i], tight));
}

BOOST_AUTO_TEST_CASE(repetitions_that_share_have_one_parameter) {
  const std::string body = R"("layers":[{"name":"fc","op":"Linear","units":3},{"op":"Relu"}])";
  const net shared = network_of(with_layers(R"("x":{"shape":[2,3]})", R"({"repeat":4,"share":true,)" + body + "}")),
            own = network_of(with_layers(R"("x":{"shape":[2,3]})", R"({"repeat":4,)" + body + "}"));
  BOOST_TEST(summary_of(shared).parameters == 12);
  BOOST_TEST(summary_of(own).parameters == 48);
  BOOST_TEST(shared.find_leaf("fc.weight") != nullptr);
  BOOST_TEST(own.find_leaf("fc.3.weight") != nullptr);
}

// Parameters of LeNet-5's size: 156 + 2416 + 48120 + 10164 + 850 = 61706. A unit behind the second pooling sees 16x16.
BOOST_AUTO_TEST_CASE(sizes) {
  const net n = read_network(BACKPROOF_SOURCE "/examples/networks/lenet.json");
  const network_summary s = summary_of(n);
  BOOST_TEST(s.parameters == 61706);
  // Two images: 28*28*6*25 + 10*10*16*6*25 + 400*120 + 120*84 + 84*10 each.
  BOOST_TEST(s.multiply_adds == 2 * (117600 + 240000 + 48000 + 10080 + 840));
  BOOST_TEST(s.layers[5].name == "pool2");
  BOOST_TEST((s.layers[5].field == shape{16, 16}));
  BOOST_TEST((s.layers[5].output == shape{2, 16, 5, 5}));
  BOOST_TEST(s.layers[7].field.empty());
}

BOOST_AUTO_TEST_CASE(dilation_and_stride_widen_what_is_seen) {
  const net n = network_of(with_layers(
      R"("x":{"shape":[1,1,40,40]})",
      R"({"op":"Conv","channels":1,"kernel":[3,5],"strides":[2,1]},{"op":"Conv","channels":1,"kernel":[3,3],"dilations":[2,3]})"));
  // 3 + 2 * 2 * 2 = 11 along the first axis, 5 + 2 * 3 * 1 = 11 along the second.
  BOOST_TEST((summary_of(n).layers[1].field == shape{11, 11}));
}

BOOST_AUTO_TEST_CASE(the_mean_of_mini_batch_gradients_is_the_batch_gradient) {
  const net n = network_of(with_layers(R"("x":{"shape":[6,3]},"y":{"shape":[6],"below":2})",
                                       R"({"name":"fc","op":"Linear","units":2},
                                          {"op":"SoftmaxCrossEntropyLoss","inputs":["fc","y"]})"));
  const evaluation whole = evaluate(n.g);
  values<real> mean(value_of(n, "fc.weight").dims());
  for (const std::vector<index_t>& rows : {std::vector<index_t>{5, 0}, {1, 4}, {3, 2}}) {
    const net part = with_examples(n, rows);
    const values<real> g = gradient_of(part, evaluate(part.g), "fc.weight");
    for (index_t i = 0; i < mean.size(); ++i) mean[i] += g[i] / real(3);
  }
  same(mean, gradient_of(n, whole, "fc.weight"), "mean of three mini-batches");
}

// y = w x on one example: L = (w x - y)^2, w - w* shrinks by (1 - 2 eta x^2) in each step, whatever the batches are.
BOOST_AUTO_TEST_CASE(training_follows_the_closed_form) {
  for (const index_t batch : {0, 1, 2}) {
    net n = network_of(with_layers(R"("x":{"values":[[2],[2]]},"y":{"values":[[6],[6]]})",
                                   R"({"name":"fc","op":"Linear","units":1,"bias":false,
                                       "parameters":{"weight":{"values":[[1]]}}},{"op":"mse_loss","inputs":["fc","y"]})"));
    index_t steps = 0;
    train(n, {.rate = real(0.0625), .epochs = 4, .batch = batch}, [&](const training_step& s) { steps = s.number; });
    BOOST_TEST(steps == (batch == 1 ? 8 : 4));
    real away = -2;  // of w = 1 from w* = 3
    for (index_t k = 0; k < steps; ++k) away *= real(0.5);
    BOOST_TEST(within(value_of(n, "fc.weight")[0] - real(3), away, tight));
  }
}

BOOST_AUTO_TEST_CASE(each_epoch_sees_every_example_once) {
  net n = network_of(with_layers(R"("x":{"values":[[1],[10],[100],[1000],[10000]]})",
                                 R"({"name":"fc","op":"Linear","units":1,"bias":false,
                                     "parameters":{"weight":{"values":[[0]]}}},{"name":"l","op":"ReduceSum","keepdims":0})"));
  // The loss is w times the sum of the batch, so its gradient is that sum; the weights move by all of them in an epoch.
  real first = 0;
  train(n, {.rate = real(1), .epochs = 2, .batch = 2, .seed = 7}, [&](const training_step& s) {
    if (s.epoch == 0) first += s.gradient_norm;
  });
  BOOST_TEST(within(first, real(11111), tight));
  BOOST_TEST(within(value_of(n, "fc.weight")[0], real(-22222), tight));
}

BOOST_AUTO_TEST_CASE(initialisers) {
  const parameter_use square{parameter_use::kind::weight, {40, 40}, 40, 40},
      wide{parameter_use::kind::weight, {6, 20}, 20, 6};
  const auto drawn = [](const std::string& name, const parameter_use& use) {
    return initial_values({.name = name}, use, 1, "w");
  };
  // Of 1,600 draws the mean square is off by 5 sqrt(2/1600) = 18 % at most, but in one case of a million.
  for (const auto& [name, variance] : {std::pair("he", 2.0 / 40), std::pair("glorot", 2.0 / 80),
                                       std::pair("lecun", 1.0 / 40), std::pair("torch_default", 1.0 / 120)}) {
    double squares = 0;
    for (const double x : drawn(name, square)) squares += x * x;
    BOOST_TEST(std::fabs(squares / 1600 / variance - 1) < 0.18, name);
  }
  const std::vector<double> q = drawn("orthogonal", wide);
  for (std::size_t i = 0; i < 6; ++i)
    for (std::size_t j = 0; j < 6; ++j) {
      double inner = 0;
      for (std::size_t k = 0; k < 20; ++k) inner += q[i * 20 + k] * q[j * 20 + k];
      BOOST_TEST(std::fabs(inner - (i == j)) < 1e-14);
    }
  BOOST_TEST(drawn("he", square) == drawn("he", square), boost::test_tools::per_element());
  BOOST_CHECK_THROW(drawn("delta_orthogonal", wide), invalid_input);
  BOOST_CHECK_THROW(drawn("xavier", wide), invalid_input);
  const std::vector<double> delta =
      initial_values({.name = "delta_orthogonal"}, {parameter_use::kind::weight, {2, 2, 3, 3}, 18, 18, true}, 1, "k");
  for (std::size_t k = 0; k < delta.size(); ++k) BOOST_TEST((delta[k] != 0) == (k % 9 == 4));
}

BOOST_AUTO_TEST_CASE(weights_from_files) {
  const std::filesystem::path folder = std::filesystem::temp_directory_path() / "backproof-network-test";
  std::filesystem::create_directories(folder);
  tensor w(dtype::f32, {2, 3}, std::vector<double>{1, 2, 3, 4, 5, 6}), b(dtype::f32, {2}, std::vector<double>{7, 8});
  write_file((folder / "w.safetensors").string(), {.metadata = {}, .tensors = {{"fc.weight", w}, {"fc.bias", b}}});
  const std::string layers = R"({"name":"fc","op":"Linear","units":2})";
  const std::string named = R"(,"weights":"w.safetensors")";
  const net n = network_of(with_layers(R"("x":{"shape":[1,3]})", layers, named), folder.string());
  BOOST_TEST((value_of(n, "fc.weight")[5] == real(6)));
  BOOST_TEST((value_of(n, "fc.bias")[1] == real(8)));
  BOOST_TEST(n.initial.at("fc.bias") == "from w.safetensors");
  // A convolution's weights are found by their name in PyTorch, and what is missing is named.
  BOOST_CHECK_EXCEPTION(
      network_of(
          with_layers(R"("x":{"shape":[1,1,4,4]})", R"({"name":"c","op":"Conv","channels":1,"kernel":[2,2]})", named),
          folder.string()),
      invalid_input, [](const auto& e) { return std::string(e.what()).find("has no 'c.W'") != std::string::npos; });
  std::filesystem::remove_all(folder);
}

BOOST_AUTO_TEST_CASE(numpy_arrays) {
  const auto npy = [](const std::string& header, const std::string& data) {
    std::string text = header + std::string(117 - header.size(), ' ') + "\n";
    std::string all = std::string("\x93NUMPY\x01\x00", 8) + static_cast<char>(text.size()) + '\0' + text + data;
    std::vector<std::byte> bytes(all.size());
    std::memcpy(bytes.data(), all.data(), all.size());
    return bytes;
  };
  const tensor t =
      decode_npy(npy("{'descr': '<i2', 'fortran_order': False, 'shape': (2,), }", std::string("\xff\xff\x02\x00", 4)));
  BOOST_TEST(t.at(0) == -1);
  BOOST_TEST(t.at(1) == 2);
  for (const char* header :
       {"{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }",
        "{'descr': '<f8', 'fortran_order': True, 'shape': (), }",
        "{'descr': '>f8', 'fortran_order': False, 'shape': (), }",
        "{'descr': '|O', 'fortran_order': False, 'shape': (), }",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999, 99999999999), }",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1073741824, 68719476736), }",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (x), }", "{'descr': '<f8', 'fortran_order': False, 'shape'",
        "{'descr': '<f8', 'fortran_order': False}", ""})
    BOOST_CHECK_THROW(decode_npy(npy(header, "12345678")), format_error);
}

// Each is refused with one line that says where and why.
BOOST_AUTO_TEST_CASE(bad_descriptions) {
  struct row {
    std::string description, words;
  };
  const std::string x = R"("x":{"shape":[2,3]})", fc = R"({"name":"fc","op":"Linear","units":2})";
  const std::vector<row> rows = {
      {"{", "not valid JSON"},
      {"[]", "no JSON object"},
      {R"({"format":"backproof.net/2"})", "backproof.net/1"},
      {std::string(100, '['), "nested too deeply"},
      {with_layers("", fc), "no inputs"},
      {with_layers(x, ""), "no layers"},
      {with_layers(x, R"({"op":"Nonesuch"})"), "layers[0]: there is no op 'Nonesuch'"},
      {with_layers(x, R"({"name":"a","op":"Add","inputs":["x","b"]},{"name":"b","op":"Relu","inputs":["a"]})"),
       "layers[0]: a: there is no 'b' before this layer (a cycle"},
      {with_layers(x, R"({"name":"fc","op":"Linear"})"), "fc: units is missing"},
      {with_layers(x, R"({"name":"fc","op":"Linear","units":2,"parameters":{"weight":{"values":[[1,2],[3,4]]}}})"),
       "fc.weight is [2,2], not [2,3]"},
      {with_layers(x, R"({"name":"fc","op":"Linear","units":2,"parameters":{"wait":{"values":[1]}}})"),
       "no input 'wait'"},
      {with_layers(x, R"({"op":"Linear","units":2,"init":"xavier"})"), "no initialiser 'xavier'"},
      {with_layers(x, R"({"op":"Softmax","axes":1})"), "no attribute 'axes'"},
      {with_layers(x, R"({"op":"Softmax","axis":"one"})"), "wrong type"},
      {with_layers(R"("x":{"shape":[1,1,4,4]})", R"({"op":"MaxPool"})"), "needs the attribute kernel_shape"},
      {with_layers(x, R"({"name":"r","op":"Relu"},{"name":"r","op":"Relu"})"), "two of the name 'r'"},
      {with_layers(R"("x":{"shape":[1000000,1000000]})", fc), "too large"},
      {with_layers(R"("x":{"values":[[1,2],[3]]})", fc), "even rows"},
      {with_layers(R"("x":{"values":[[1,"nan"]]})", fc), "even rows"},
      {with_layers(x, fc, R"(,"penalty":{"l2":1})"), "more than one number"},
      {with_layers(x, fc, R"(,"sed":1)"), "'sed' is not known here"},
      {with_layers(x, R"({"repeat":0,"layers":[]})"), "repeat is not positive"},
      {with_layers(x, R"({"repeat":1000000000000,"layers":[]})"), "layers are missing"},
      {with_layers(x, R"({"repeat":1000000,"layers":[{"op":"Relu"}]})"), "too many layers"},
  };
  BOOST_CHECK_EXCEPTION(network_of(with_layers(
                            x, R"({"name":"fc","op":"Linear","units":2,"parameters":{"weight":{"file":"none.npz"}}})")),
                        file_error, [](const auto& e) {
                          const std::string what = e.what();
                          return what.starts_with("layers[0]: fc: cannot read ") &&
                                 what.ends_with("none.npz: No such file or directory");
                        });
  for (const row& r : rows)
    BOOST_CHECK_EXCEPTION(network_of(r.description), invalid_input, [&](const auto& e) {
      const std::string what = e.what();
      if (what.find(r.words) == std::string::npos) BOOST_TEST_MESSAGE(what);
      return what.find(r.words) != std::string::npos && what.find('\n') == std::string::npos;
    });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::tests::in_network
