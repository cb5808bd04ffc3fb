// The audit of a network's backward pass: an error is found, named where it was made, and nobody else is blamed.
#include "backproof/network/audit/audit.hpp"

#include "backproof/network/audit/step.hpp"
#include "mutant_subject.hpp"
#include "support.hpp"

namespace backproof::tests::in_audit {

BOOST_AUTO_TEST_SUITE(audit)

using namespace backproof::networks;
using net = networks::network;

namespace {

net convolutional() {
  return network_of(R"({"format":"backproof.net/1",
    "inputs":{"image":{"shape":[2,2,8,8]},"label":{"shape":[2],"below":3}},"init":"he",
    "layers":[{"name":"c1","op":"Conv","channels":3,"kernel":[3,3]},{"name":"r1","op":"Relu"},
              {"name":"p1","op":"MaxPool","kernel_shape":[2,2],"strides":[2,2]},
              {"name":"c2","op":"Conv","channels":4,"kernel":[2,2]},{"name":"t2","op":"Tanh"},
              {"name":"flat","op":"Flatten"},{"name":"fc","op":"Linear","units":3},
              {"name":"loss","op":"SoftmaxCrossEntropyLoss","inputs":["fc","label"]}]})");
}

net residual() {
  return network_of(R"({"format":"backproof.net/1","inputs":{"x":{"shape":[3,4]},"y":{"shape":[3,4]}},
    "layers":[{"name":"a","op":"Linear","units":4},{"name":"s","op":"Sigmoid"},
              {"name":"sum","op":"Add","inputs":["s","x"]},{"name":"again","op":"Mul","inputs":["sum","a"]},
              {"name":"loss","op":"mse_loss","inputs":["again","y"]}]})");
}

safetensors truth_of(const net& n) { return step_of(n, evaluate(n.g)); }

tensor& in(safetensors& s, const std::string& name) {
  for (auto& [known, t] : s.tensors)
    if (known == name) return t;
  throw invalid_input(name);
}

void drop(safetensors& s, const std::string& name) {
  std::erase_if(s.tensors, [&](const auto& t) { return t.first == name; });
}

std::vector<std::string> wrong_in(const networks::audit& a) {
  std::vector<std::string> names;
  for (const judged_tensor& t : a.tensors)
    if (t.found.outcome == verdict::fail) names.push_back(t.name);
  return names;
}

// One element, off by one part in a billion: 10^6 times what rounding may do, and invisible to a relative tolerance.
void spoil(tensor& t) {
  index_t largest = 0;
  for (index_t i = 0; i < t.count(); ++i)
    if (std::fabs(t.at(i)) > std::fabs(t.at(largest))) largest = i;
  t.set(largest, t.at(largest) * (1 + 1e-9));
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_truth_passes) {
  for (const net& n : {convolutional(), residual()}) {
    const networks::audit a = audited(n, truth_of(n));
    BOOST_TEST(wrong_in(a).empty());
    BOOST_TEST(a.missing.empty());
    for (const judged_tensor& t : a.tensors) BOOST_TEST(t.off < 1e-15, t.name);
  }
}

// Every tensor of the step in turn: spoiled, it alone is wrong, although all that was computed from it is off as well.
BOOST_AUTO_TEST_CASE(each_spoiled_tensor_is_named_alone) {
  for (const net& n : {convolutional(), residual()}) {
    const safetensors right = truth_of(n);
    for (const judged_tensor& t : audited(n, right).tensors) {
      safetensors step = right;
      spoil(in(step, t.name));
      if (step.tensors == right.tensors) continue;  // zeros only
      const networks::audit a = audited(n, step);
      // A spoiled value changes what its users should have given; those that took the right one differ from it too.
      const std::vector<std::string> wrong = wrong_in(a);
      BOOST_REQUIRE_MESSAGE(!wrong.empty(), t.name);
      BOOST_TEST(wrong.front() == t.name);
      BOOST_TEST(a.first_wrong()->layers == t.layers);
    }
  }
}

// A layer whose backward pass is wrong, and a step that went on from there.
BOOST_AUTO_TEST_CASE(what_is_inherited_is_no_fault) {
  const net n = convolutional();
  tampered_subject s([](mode m, const op& o, const sample&, reply& r) {
    if (m == mode::vjp && o.info.name == "max_pool") spoil(*r.tensors[0]);
  });
  const networks::audit a = audited(n, s, dtype::f64);
  BOOST_TEST(wrong_in(a) == std::vector<std::string>{"vjp/p1"}, boost::test_tools::per_element());
  BOOST_TEST(a.first_wrong()->layers == "p1");
  BOOST_TEST(a.tensors.back().name == "vjp/c1");
  BOOST_TEST(a.tensors.back().off > 1e-11);  // it is off, and not to blame
  BOOST_TEST((a.tensors.back().found.outcome == verdict::pass));
}

BOOST_AUTO_TEST_CASE(the_reference_op_by_op) {
  for (const dtype t : float_types) {
    const auto s = reference_subject(order::pairwise);
    for (const net& n : {convolutional(), residual()}) {
      const networks::audit a = audited(n, *s, t);
      BOOST_TEST(wrong_in(a).empty());
      BOOST_TEST(!a.tensors.empty());
    }
  }
}

// Whatever a step leaves out, the truth passes; and a gradient that is wrong by far is still found.
BOOST_AUTO_TEST_CASE(steps_with_gaps) {
  for (const net& n : {convolutional(), residual()}) {
    const safetensors right = truth_of(n);
    for (const auto& [name, t] : right.tensors) {
      if (name.starts_with("grad/") || name.starts_with("input/") || name.starts_with("weight/")) continue;
      safetensors step = right;
      drop(step, name);
      BOOST_TEST(wrong_in(audited(n, step)).empty(), "without " << name);
    }
    safetensors bare = right;
    std::erase_if(bare.tensors,
                  [](const auto& t) { return t.first.starts_with("value/") || t.first.starts_with("delta/"); });
    BOOST_TEST(wrong_in(audited(n, bare)).empty());
    for (const auto& [name, t] : bare.tensors) {
      if (!name.starts_with("grad/")) continue;
      safetensors step = bare;
      spoil(in(step, name));
      BOOST_TEST(wrong_in(audited(n, step)) == std::vector<std::string>{name}, boost::test_tools::per_element());
    }
  }
}

// What an implementation may choose at kinks, it may choose where nobody recorded it: a rectifier of zeros, tied
// maxima. Every way to share counts, and no more than there is to share.
BOOST_AUTO_TEST_CASE(kinks_in_gaps) {
  const net n = network_of(R"({"format":"backproof.net/1",
    "inputs":{"x":{"values":[[[[0,0,1,1]]]]},"y":{"shape":[1,1,1,2]}},
    "layers":[{"name":"c","op":"Conv","channels":1,"kernel":[1,1],"bias":false,"parameters":{"W":{"values":[[[[1]]]]}}},
              {"name":"p","op":"MaxPool","kernel_shape":[1,2],"strides":[1,2]},
              {"name":"t","op":"Relu"},{"name":"loss","op":"mse_loss","inputs":["t","y"]}]})");
  const safetensors right = truth_of(n);
  safetensors step = right;
  for (const char* name : {"delta/p", "delta/t", "delta/c", "value/c", "value/p", "value/t"}) drop(step, name);
  BOOST_TEST(wrong_in(audited(n, step)).empty());
  // All of the window's cotangent to its second element is as right; half as much again is not.
  tensor& x = in(step, "delta/x");
  const double whole = x.at(2) + x.at(3);
  x.set(2, 0), x.set(3, whole);
  BOOST_TEST(wrong_in(audited(n, step)).empty());
  x.set(3, 1.5 * whole);
  BOOST_TEST(wrong_in(audited(n, step)) == std::vector<std::string>{"delta/x"}, boost::test_tools::per_element());
}

// tanh by 1 - y y in f32, and nothing recorded next to it: inaccurate, not wrong.
BOOST_AUTO_TEST_CASE(lossy_formulas_in_gaps) {
  const net n = network_of(R"({"format":"backproof.net/1",
    "inputs":{"x":{"values":[[6]]},"y":{"values":[[0]]}},
    "layers":[{"name":"a","op":"Linear","units":1,"bias":false,"parameters":{"weight":{"values":[[1]]}}},
              {"name":"t","op":"Tanh"},{"name":"b","op":"mul_const","a":1},
              {"name":"loss","op":"mse_loss","inputs":["b","y"]}]})");
  const float y = std::tanh(6.0F), slope = 1.0F - y * y, g = 2 * y * slope;
  safetensors step;
  step.tensors = {{"delta/x", tensor(dtype::f32, {1, 1}, std::vector<double>{g})},
                  {"grad/a.weight", tensor(dtype::f32, {1, 1}, std::vector<double>{6 * g})}};
  const networks::audit a = audited(n, step);
  for (const judged_tensor& t : a.tensors) BOOST_TEST((t.found.outcome == verdict::inaccurate), t.name);
  in(step, "delta/x").set(0, -g);
  BOOST_TEST(wrong_in(audited(n, step)) == std::vector<std::string>{"delta/x"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(missing_gradients_are_told) {
  const net n = residual();
  safetensors step = truth_of(n);
  drop(step, "grad/a.bias");
  BOOST_TEST(audited(n, step).missing == std::vector<std::string>{"a.bias"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(steps_that_do_not_fit) {
  const net n = residual();
  const auto refused = [&](const std::string& words, auto change) {
    safetensors step = truth_of(n);
    change(step);
    BOOST_CHECK_EXCEPTION(audited(n, step), format_error,
                          [&](const auto& e) { return std::string(e.what()).find(words) != std::string::npos; });
  };
  refused("grad/a.bias is [5], not [4]", [](safetensors& s) { in(s, "grad/a.bias") = tensor(dtype::f64, {5}); });
  refused("input/x is nan", [](safetensors& s) { in(s, "input/x").set(2, not_a_number); });
  refused("nothing of the name grad/b.bias",
          [](safetensors& s) { s.tensors.emplace_back("grad/b.bias", tensor(dtype::f64, {4})); });
  refused("another dtype", [](safetensors& s) { in(s, "grad/a.bias") = tensor(dtype::f32, {4}); });
  refused("nothing to audit", [](safetensors& s) {
    std::erase_if(s.tensors,
                  [](const auto& t) { return t.first.starts_with("grad/") || t.first.starts_with("delta/"); });
  });
}

// A gradient that is not a number is wrong, wherever it is.
BOOST_AUTO_TEST_CASE(a_gradient_that_is_no_number_fails) {
  const net n = convolutional();
  safetensors step = truth_of(n);
  in(step, "grad/c1.W").set(3, not_a_number);
  BOOST_TEST(wrong_in(audited(n, step)) == std::vector<std::string>{"grad/c1.W"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::tests::in_audit
