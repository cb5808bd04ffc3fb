// ONNX models.
#include <filesystem>

#include "backproof/network/onnx/import.hpp"
#include "backproof/network/onnx/onnx.pb.h"
#include "fuzz/target.hpp"

namespace backproof::fuzz {

namespace {

onnx::TensorProto tensor_named(const char* name, std::initializer_list<std::int64_t> dims) {
  onnx::TensorProto t;
  t.set_name(name), t.set_data_type(1);  // FLOAT
  std::int64_t size = 1;
  for (const std::int64_t n : dims) t.add_dims(n), size *= n;
  for (std::int64_t k = 0; k < size; ++k) t.add_float_data(0.5F);
  return t;
}

void describe(onnx::ValueInfoProto& v, const char* name, std::initializer_list<std::int64_t> dims) {
  v.set_name(name);
  v.mutable_type()->mutable_tensor_type()->set_elem_type(1);
  for (const std::int64_t n : dims)
    v.mutable_type()->mutable_tensor_type()->mutable_shape()->add_dim()->set_dim_value(n);
}

onnx::NodeProto& add_node(onnx::GraphProto& g, const char* op, std::initializer_list<const char*> in, const char* out) {
  onnx::NodeProto& n = *g.add_node();
  n.set_op_type(op);
  for (const char* name : in) n.add_input(name);
  n.add_output(out);
  return n;
}

void set(onnx::NodeProto& n, const char* name, std::initializer_list<std::int64_t> ints) {
  onnx::AttributeProto& a = *n.add_attribute();
  a.set_name(name), a.set_type(7);
  for (const std::int64_t i : ints) a.add_ints(i);
}

onnx::ModelProto empty_model() {
  onnx::ModelProto m;
  m.set_ir_version(8);
  m.add_opset_import()->set_version(17);
  m.mutable_graph()->set_name("seed");
  return m;
}

}  // namespace

void try_to_read(std::string_view bytes) {
  static const std::string beside = std::filesystem::path(file_with("", ".txt")).parent_path().string();
  networks::network_of_onnx(bytes, beside, {});
}

std::vector<std::string> seeds() {
  onnx::ModelProto dense = empty_model(), image = empty_model(), shapes = empty_model();
  onnx::GraphProto& g = *dense.mutable_graph();
  describe(*g.add_input(), "x", {2, 3});
  *g.add_initializer() = tensor_named("w", {3, 2});
  add_node(g, "MatMul", {"x", "w"}, "h");
  add_node(g, "Relu", {"h"}, "y");
  describe(*g.add_output(), "y", {2, 2});

  onnx::GraphProto& c = *image.mutable_graph();
  describe(*c.add_input(), "x", {1, 1, 4, 4});
  *c.add_initializer() = tensor_named("k", {2, 1, 3, 3});
  set(add_node(c, "Conv", {"x", "k"}, "h"), "pads", {1, 1, 1, 1});
  set(add_node(c, "MaxPool", {"h"}, "y"), "kernel_shape", {2, 2});
  describe(*c.add_output(), "y", {1, 2, 3, 3});

  onnx::GraphProto& s = *shapes.mutable_graph();
  describe(*s.add_input(), "x", {2, 3});
  onnx::TensorProto to = tensor_named("to", {});
  to.clear_float_data(), to.set_data_type(7);  // INT64
  to.add_dims(2), to.add_int64_data(3), to.add_int64_data(-1);
  *s.add_initializer() = to;
  add_node(s, "Reshape", {"x", "to"}, "y");
  add_node(s, "Shape", {"y"}, "z");
  describe(*s.add_output(), "y", {3, 2});
  return {dense.SerializeAsString(), image.SerializeAsString(), shapes.SerializeAsString()};
}

}  // namespace backproof::fuzz
