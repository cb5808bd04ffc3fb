// ONNX's own test models, imported: what flows forwards is compared with the outputs on file.
//
//   onnx_conformance FOLDER [NAME]   each folder below it that has a model.onnx, and test_data_set_0 with it
//
// A model passes if every number of its outputs lies within the bound of f32 that the reference computes for it. Inputs
// that the import wants to know beforehand, because a shape depends on them, are given as constants.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "backproof/judge/comparison.hpp"
#include "backproof/judge/oracle.hpp"
#include "backproof/network/onnx/model.hpp"

namespace backproof::networks {
namespace {

namespace fs = std::filesystem;

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
  if (!r.proto.ParseFromString(bytes_of(path))) throw invalid_input("test data is no tensor");
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
  for (index_t i = 0; i < t.count(); ++i) t.set(i, static_cast<double>(c.numbers[i]));
  return t;
}

// Every value of the network, with the error that a stable evaluation of all layers before it may have made; the last
// layer by formulas of its own.
std::vector<value_list<bounded<real>>> ranges_of(const graph& g, const op::variant* last) {
  std::vector<value_list<bounded<real>>> all;
  for (std::size_t k = 0; k < g.nodes().size(); ++k) {
    const node& n = g.nodes()[k];
    value_list<bounded<real>> in, y;
    for (const port& p : n.in) in.push_back(p == no_port ? interval{} : all[p.node][p.output]);
    for (const shape& s : n.outputs) y.emplace_back(s);
    const bool other = last != nullptr && k + 1 == g.nodes().size() && last->bounded_kernels.forward != nullptr;
    if (n.what != nullptr) (other ? last->bounded_kernels : n.what->bounded_kernels).forward({n.attrs, in}, y);
    for (index_t i = 0; n.what == nullptr && i < n.value.size(); ++i) y[0][i] = bounded<real>::input(n.value[i]);
    all.push_back(std::move(y));
  }
  return all;
}

int named_inputs(const onnx::ModelProto& m, const std::vector<recorded>& inputs) {
  return std::min(m.graph().input_size(), static_cast<int>(inputs.size()));
}

// Integers are given as constants, and so are all inputs but the first where they have to be.
onnx_import with_inputs(onnx::ModelProto m, const std::vector<recorded>& inputs, bool all_but_first) {
  for (int k = 0; k < named_inputs(m, inputs); ++k) {
    const recorded& x = inputs[static_cast<std::size_t>(k)];
    onnx::TensorShapeProto* s =
        m.mutable_graph()->mutable_input(k)->mutable_type()->mutable_tensor_type()->mutable_shape();
    s->clear_dim();
    for (const index_t e : x.value.numbers.dims()) s->add_dim()->set_dim_value(e);
    if (is_float(x.value.type) && (k == 0 || !all_but_first)) continue;
    onnx::TensorProto* t = m.mutable_graph()->add_initializer();
    *t = x.proto;
    t->set_name(m.graph().input(k).name());
  }
  onnx_import done = imported(m, "", {});
  for (int k = 0; k < named_inputs(m, inputs); ++k)
    for (const port& p : done.net.inputs)
      if (done.net.name_of(p) == m.graph().input(k).name())
        done.net.g.set_value(p, inputs[static_cast<std::size_t>(k)].value.numbers);
  return done;
}

bool all_tensors(const onnx::ModelProto& m) {
  return std::all_of(m.graph().input().begin(), m.graph().input().end(),
                     [](const onnx::ValueInfoProto& v) { return v.type().has_tensor_type(); });
}

onnx_import with_inputs(const onnx::ModelProto& m, const fs::path& data) {
  if (!all_tensors(m)) return imported(m, "", {});
  const std::vector<recorded> inputs = tensors_in(data, "input");
  try {
    return with_inputs(m, inputs, false);
  } catch (const invalid_input& first) {
    if (std::string(first.what()).find("before the network runs") == std::string::npos) throw;
    return with_inputs(m, inputs, true);
  }
}

struct judged {
  verdict outcome = verdict::pass;
  std::string why;
};

judged whole_numbers(const interval& mine, const tensor& theirs) {
  for (index_t i = 0; i < theirs.count(); ++i)
    if (mine[i].value() != real(theirs.at(i))) return {verdict::fail, fmt::format("differs at {}", i)};
  return {};
}

judged numbers(const interval& mine, const tensor& theirs) {
  const value_list<bounded<real>> expected = {mine};
  const std::vector<std::optional<tensor>> actual = {theirs};
  const std::vector<std::string> names = {"Y"};
  const format& accumulator = format_of(theirs.type() == dtype::f64 ? dtype::f64 : dtype::f32);
  const finding f = compare(expected, actual, names, {theirs.type(), accumulator}, failure_kind::wrong_value);
  return {f.outcome, f.reason};
}

judged output_of(const onnx_import& m, const onnx_output& y, const recorded& expected, const op::variant* last) {
  const tensor theirs = as_tensor(expected.value);
  if (y.type != expected.value.type) return {verdict::fail, fmt::format("is {}", name_of(y.type))};
  if (theirs.dims() != m.net.g.shape_of(y.at)) return {verdict::fail, "is " + to_string(m.net.g.shape_of(y.at))};
  const format& accumulator = format_of(theirs.type() == dtype::f64 ? dtype::f64 : dtype::f32);
  const bounded<real>::use in_force(rounding_model::of(accumulator));
  const interval mine = ranges_of(m.net.g, last)[y.at.node][y.at.output];
  return is_float(y.type) ? numbers(mine, theirs) : whole_numbers(mine, theirs);
}

judged judge(const onnx_import& m, const onnx_output& y, const recorded& expected) {
  judged j = output_of(m, y, expected, nullptr);
  const op* last = m.net.g.nodes().back().what;
  if (j.outcome != verdict::fail || last == nullptr) return j;
  for (const op::variant& v : last->variants)
    if (output_of(m, y, expected, &v).outcome == verdict::pass)
      return {verdict::inaccurate, fmt::format("computed as {}", v.info.name)};
  return j;
}

judged judge(const onnx::ModelProto& m, const onnx_import& done, const fs::path& data) {
  const std::vector<recorded> expected = tensors_in(data, "output");
  judged worst;
  int compared = 0;
  for (std::size_t k = 0; k < expected.size(); ++k)
    for (const onnx_output& y : done.outputs) {
      if (y.name != m.graph().output(static_cast<int>(k)).name()) continue;
      const judged one = judge(done, y, expected[k]);
      ++compared;
      if (one.outcome > worst.outcome) worst = {one.outcome, y.name + ": " + one.why};
    }
  return compared > 0 ? worst : judged{verdict::fail, "no output was compared"};
}

// Where the numbers on file are questionable themselves.
const std::map<std::string, std::string>& questionable() {
  static const std::string pi = "they were computed with 3.1415 for pi, the model has 3.14159";
  static const std::string extent = "they divide by the extent of the output before it was rounded to an integer";
  static const std::map<std::string, std::string> all = {
      {"test_blackmanwindow_expanded", pi},
      {"test_blackmanwindow_symmetric_expanded", pi},
      {"test_hammingwindow_expanded", pi},
      {"test_hammingwindow_symmetric_expanded", pi},
      {"test_hannwindow_expanded", pi},
      {"test_hannwindow_symmetric_expanded", pi},
      {"test_resize_downsample_scales_cubic_align_corners", extent},
      {"test_resize_downsample_scales_linear_align_corners", extent}};
  return all;
}

// The kinds of reasons for which a model is not imported.
std::string kind_of(const std::string& why) {
  static const std::vector<std::pair<std::string, std::string>> kinds = {
      {"there is no op", "an op that the catalogue has not"},
      {"is no tensor", "sequences and optional values"},
      {"is not read", "a type or a mode that is not read"},
      {"before the network runs", "not known before the network runs"},
      {"not computed here", "an output that is not computed"},
      {"has no gradient", "arithmetic with integers"}};
  for (const auto& [words, kind] : kinds)
    if (why.find(words) != std::string::npos) return kind;
  return "other: " + why;
}

std::vector<fs::path> models_below(const fs::path& root) {
  std::vector<fs::path> list;
  for (const fs::directory_entry& e : fs::recursive_directory_iterator(root))
    if (e.path().filename() == "model.onnx" && fs::exists(e.path().parent_path() / "test_data_set_0"))
      list.push_back(e.path().parent_path());
  std::sort(list.begin(), list.end());
  return list;
}

class counts {
 public:
  void add(const fs::path& folder) {
    const std::string name = folder.filename().string();
    try {
      const std::shared_ptr<onnx::ModelProto> m = parsed_onnx(bytes_of(folder / "model.onnx"));
      const judged j = judge(*m, with_inputs(*m, folder / "test_data_set_0"), folder / "test_data_set_0");
      note(name, j);
    } catch (const std::exception& e) {
      ++not_imported_[kind_of(e.what())];
      fmt::print("not imported {}: {}\n", name, e.what());
    }
  }

  int report() const {
    for (const auto& [kind, n] : not_imported_) fmt::print("{:5} not imported: {}\n", n, kind);
    fmt::print("{:5} pass, {} inaccurate, {} questionable, {} unresolved, {} wrong\n", passed_, inaccurate_,
               questionable_, unresolved_, wrong_);
    return wrong_ == 0 && passed_ > 0 ? 0 : 1;
  }

 private:
  void note(const std::string& name, const judged& j) {
    const auto known = questionable().find(name);
    if (j.outcome == verdict::pass && known == questionable().end()) return void(++passed_);
    if (j.outcome == verdict::inaccurate)
      ++inaccurate_;
    else if (j.outcome == verdict::unresolved)
      ++unresolved_;
    else if (known != questionable().end() && j.outcome == verdict::fail)
      ++questionable_;
    else
      ++wrong_;
    const std::string why = known == questionable().end() ? j.why : "the numbers on file: " + known->second;
    fmt::print("{} {}: {}\n", name_of(j.outcome), name, why);
  }

  std::map<std::string, int> not_imported_;
  int passed_ = 0, inaccurate_ = 0, unresolved_ = 0, questionable_ = 0, wrong_ = 0;
};

int run(const fs::path& root, const std::string& only) {
  counts all;
  for (const fs::path& folder : models_below(root))
    if (only.empty() || folder.filename() == only) all.add(folder);
  return all.report();
}

}  // namespace
}  // namespace backproof::networks

int main(int argc, char** argv) {
  const std::string root = argc > 1 ? argv[1] : "/usr/share/libonnx-testdata/data";
  if (std::filesystem::is_directory(root)) return backproof::networks::run(root, argc > 2 ? argv[2] : "");
  fmt::print("{} is not there: the package libonnx-testdata has it\n", root);
  return std::getenv("BACKPROOF_REQUIRE_ONNX") != nullptr ? 1 : 77;
}
