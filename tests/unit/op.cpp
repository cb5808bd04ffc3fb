// Signatures of ops, and the records made of their structs.
#include "backproof/op/op.hpp"

#include "reference/sigmoid.hpp"
#include "support.hpp"

namespace backproof::tests::in_op {

BOOST_AUTO_TEST_SUITE(op)

using backproof::op;

BOOST_AUTO_TEST_CASE(operands_and_their_marks_are_read) {
  const signature s = parse_signature("X, W, B? -> Y, Z");
  BOOST_REQUIRE((s.inputs.size() == 3 && s.outputs.size() == 2));
  BOOST_TEST((s.input(0).name == "X" && !s.input(0).optional && s.input(0).differentiable));
  BOOST_TEST((s.input(2).name == "B" && s.input(2).optional && s.input(2).differentiable));
  BOOST_TEST((s.input_name(1) == "W" && s.output_name(1) == "Z"));

  const signature marked = parse_signature("scores,labels# , weights?~->y");
  BOOST_TEST((marked.input(1).indices && !marked.input(1).differentiable && !marked.input(1).optional));
  BOOST_TEST((marked.input(2).optional && !marked.input(2).differentiable && !marked.input(2).indices));
  BOOST_TEST(marked.input(2).name == "weights");
}

BOOST_AUTO_TEST_CASE(a_variadic_operand_stands_for_all_that_follow_and_numbers_them) {
  const signature s = parse_signature("a, data... -> y...");
  BOOST_TEST((s.input(1).variadic && s.input(5).name == "data"));
  BOOST_TEST((s.input_name(0) == "a" && s.input_name(1) == "data_0" && s.input_name(3) == "data_2"));
  BOOST_TEST((s.output_name(0) == "y_0" && s.output_name(2) == "y_2"));
}

BOOST_AUTO_TEST_CASE(malformed_signatures_are_refused) {
  for (const char* text : {"", "X", "-> Y", "X ->", "X, , W -> Y", "? -> Y", "X = Y"})
    BOOST_TEST_CONTEXT(text) BOOST_CHECK_THROW(parse_signature(text), invalid_input);
}

BOOST_AUTO_TEST_CASE(a_record_holds_what_its_struct_defines) {
  const op o = make_op<ops::sigmoid>();
  BOOST_TEST((o.info.name == "sigmoid" && o.wire_name() == "Sigmoid" && o.domain() == "ai.onnx"));
  BOOST_REQUIRE(o.variants.size() == 1);
  BOOST_TEST((o.variants[0].bounded_kernels.vjp != nullptr && o.variants[0].bounded_kernels.forward == nullptr));
  BOOST_TEST((o.kinks == nullptr));
}

BOOST_AUTO_TEST_CASE(an_op_without_an_onnx_name_goes_by_its_own) {
  op o = make_op<ops::sigmoid>();
  o.info.onnx = "";
  BOOST_TEST((o.wire_name() == "sigmoid" && o.domain() == "backproof"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::tests::in_op
