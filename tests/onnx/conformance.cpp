// ONNX's own test models, imported: what flows forwards is compared with the outputs on file.
//
//   onnx_conformance FOLDER [NAME]   each folder below it that has a model.onnx, and test_data_set_0 with it
//
// A model passes if every number of its outputs lies within the bound of f32 that the reference computes for it. Inputs
// that the import wants to know beforehand, because a shape depends on them, are given as constants.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>

#include "backproof/oracle.hpp"
#include "backproof/tolerance.hpp"
#include "networks/onnx_model.hpp"

using namespace backproof;
using namespace backproof::networks;
namespace fs = std::filesystem;

namespace {

using interval = values<bounded<real>>;

std::string bytes_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

struct recorded {
  onnx::TensorProto proto;
  onnx_constant value;
};

recorded tensor_in(const fs::path& path) {
  recorded r;
  if (!r.proto.ParseFromString(bytes_of(path))) throw std::invalid_argument("test data is no tensor");
  r.value = constant_of(r.proto, "");
  return r;
}

std::vector<recorded> tensors_in(const fs::path& folder, const std::string& kind) {
  std::vector<recorded> all;
  for (int k = 0;; ++k) {
    const fs::path path = folder / fmt::format("{}_{}.pb", kind, k);
    if (!fs::exists(path)) return all;
    all.push_back(tensor_in(path));
  }
}

dtype dtype_of(onnx_type t) {
  return t == onnx_type::f64    ? dtype::f64
         : t == onnx_type::f16  ? dtype::f16
         : t == onnx_type::bf16 ? dtype::bf16
         : is_float(t)          ? dtype::f32
                                : dtype::i64;
}

tensor as_tensor(const onnx_constant& c) {
  tensor t(dtype_of(c.type), c.numbers.dims());
  for (index i = 0; i < t.count(); ++i) t.set(i, static_cast<double>(c.numbers[i]));
  return t;
}

// Every value of the network, with the error that a stable evaluation of all layers before it may have made.
std::vector<value_list<bounded<real>>> ranges_of(const graph& g, const std::map<std::size_t, bool>& whole) {
  std::vector<value_list<bounded<real>>> all;
  for (std::size_t k = 0; k < g.nodes().size(); ++k) {
    const node& n = g.nodes()[k];
    value_list<bounded<real>> in, y;
    for (const port& p : n.in) in.push_back(p == no_port ? interval{} : all[p.node][p.output]);
    for (const shape& s : n.outputs) y.emplace_back(s);
    if (n.what != nullptr) n.what->bounds.forward({n.attrs, in}, y);
    for (index i = 0; n.what == nullptr && i < n.value.size(); ++i)
      y[0][i] = whole.contains(k) ? bounded<real>::within(n.value[i], 0) : bounded<real>::input(n.value[i]);
    all.push_back(std::move(y));
  }
  return all;
}

// `constants`: how many of the inputs, from the last on, are known beforehand.
onnx_import with_inputs(onnx::ModelProto model, const std::vector<recorded>& inputs, bool all_but_first) {
  for (std::size_t k = 0; k < inputs.size() && static_cast<int>(k) < model.graph().input_size(); ++k) {
    if (is_float(inputs[k].value.type) && (k == 0 || !all_but_first)) continue;
    onnx::TensorProto* t = model.mutable_graph()->add_initializer();
    *t = inputs[k].proto;
    t->set_name(model.graph().input(static_cast<int>(k)).name());
  }
  reading how;
  for (std::size_t k = 0; k < inputs.size() && static_cast<int>(k) < model.graph().input_size(); ++k) {
    onnx::TensorShapeProto* s =
        model.mutable_graph()->mutable_input(static_cast<int>(k))->mutable_type()->mutable_tensor_type()->mutable_shape();
    s->clear_dim();
    for (const index e : inputs[k].value.numbers.dims()) s->add_dim()->set_dim_value(e);
  }
  onnx_import done = imported(model, "", how);
  for (std::size_t k = 0; k < inputs.size() && static_cast<int>(k) < model.graph().input_size(); ++k)
    for (const port& p : done.net.inputs)
      if (done.net.name_of(p) == model.graph().input(static_cast<int>(k)).name())
        done.net.g.set_value(p, inputs[k].value.numbers);
  return done;
}

onnx_import with_inputs(const onnx::ModelProto& model, const std::vector<recorded>& inputs) {
  try {
    return with_inputs(model, inputs, false);
  } catch (const std::invalid_argument& first) {
    if (std::string(first.what()).find("before the network runs") == std::string::npos) throw;
    return with_inputs(model, inputs, true);
  }
}

// Empty if all is right.
std::string wrong_in(const onnx_import& model, const std::vector<recorded>& expected) {
  if (expected.size() != model.outputs.size()) return "another number of outputs";
  const format& f32 = format_of(dtype::f32);
  const bounded<real>::use in_force(rounding_model::of(f32));
  const auto all = ranges_of(model.net.g, {});
  for (std::size_t k = 0; k < expected.size(); ++k) {
    const onnx_output& y = model.outputs[k];
    const interval& mine = all[y.at.node][y.at.output];
    const tensor theirs = as_tensor(expected[k].value);
    if (theirs.dims() != mine.dims()) return fmt::format("{} is {}, not {}", y.name, to_string(mine.dims()), to_string(theirs.dims()));
    if (y.type != expected[k].value.type) return fmt::format("{} is {}, not {}", y.name, name_of(y.type), name_of(expected[k].value.type));
    if (theirs.type() == dtype::i64) {
      for (index i = 0; i < theirs.count(); ++i)
        if (mine[i].value() != real(theirs.at(i))) return fmt::format("{} differs at {}", y.name, i);
      continue;
    }
    const value_list<bounded<real>> one = {mine};
    const std::vector<std::optional<tensor>> actual = {theirs};
    const std::vector<std::string> names = {y.name};
    const dtype type = theirs.type();
    const finding found = compare(one, actual, names, {type, type == dtype::f64 ? format_of(type) : f32}, "wrong_value");
    if (found.outcome == verdict::fail) return fmt::format("{}: {}", found.reason, found.worst ? fmt::format("{} expected {} actual {} bound {}", found.worst->where, found.worst->expected, found.worst->actual, found.worst->bound) : "");
    if (found.outcome != verdict::pass) return fmt::format("{}: {}", name_of(found.outcome), found.reason);
  }
  return "";
}

}  // namespace

int main(int argc, char** argv) {
  const fs::path root = argc > 1 ? argv[1] : "/usr/share/libonnx-testdata/data";
  const std::string only = argc > 2 ? argv[2] : "";
  std::vector<fs::path> folders;
  for (const fs::directory_entry& e : fs::recursive_directory_iterator(root))
    if (e.path().filename() == "model.onnx" && fs::exists(e.path().parent_path() / "test_data_set_0")) folders.push_back(e.path().parent_path());
  std::sort(folders.begin(), folders.end());
  int passed = 0, unsupported_ones = 0, wrong = 0;
  for (const fs::path& folder : folders) {
    const std::string name = folder.filename().string();
    if (!only.empty() && name != only) continue;
    try {
      const std::string bytes = bytes_of(folder / "model.onnx");
      const auto model = parsed_onnx(bytes);
      const auto done = with_inputs(model, tensors_in(folder / "test_data_set_0", "input"));
      const std::string why = wrong_in(done, tensors_in(folder / "test_data_set_0", "output"));
      if (why.empty()) {
        ++passed;
      } else {
        ++wrong;
        fmt::print("WRONG {}: {}\n", name, why);
      }
    } catch (const std::exception& e) {
      ++unsupported_ones;
      fmt::print("unsupported {}: {}\n", name, e.what());
    }
  }
  fmt::print("{} models: {} pass, {} wrong, {} not imported\n", folders.size(), passed, wrong, unsupported_ones);
  return wrong == 0 ? 0 : 1;
}
