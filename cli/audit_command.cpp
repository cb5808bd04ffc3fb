// backproof audit: every gradient entry of one recorded training step, or of a subject that runs the network op by op.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "backproof/base/report_json.hpp"
#include "backproof/network/audit/audit.hpp"
#include "cli/commands.hpp"
#include "cli/exit_codes.hpp"
#include "cli/networks.hpp"
#include "cli/output_file.hpp"
#include "cli/print.hpp"
#include "cli/reading_options.hpp"
#include "cli/subjects.hpp"
#include "cli/table.hpp"

namespace backproof::cli {
namespace {

using namespace backproof::networks;

struct audit_options {
  std::string network, step, adapter, dtype = "f64", json;
  std::shared_ptr<reading> how;
};

audit run(const audit_options& o) {
  networks::network n = network_in(o.network, *o.how);
  if (o.step.empty()) {
    const auto type = dtype_named(o.dtype);
    if (!type || !is_float(*type)) throw stop_with(exit_usage, fmt::format("'{}' is no dtype", o.dtype));
    const std::unique_ptr<subject> s = subjects_of(o.adapter)();
    try {
      return audited(std::move(n), *s, *type);
    } catch (const invalid_input& e) {
      throw stop_with(exit_usage, fmt::format("{}: {}", o.network, e.what()));
    }
  }
  const safetensors step = read_file(o.step);
  try {
    return audited(std::move(n), step);
  } catch (const invalid_input& e) {
    throw stop_with(exit_usage, fmt::format("{}: {}", o.step, e.what()));
  }
}

std::string of_bound(const finding& f) {
  if (!f.worst || f.worst->error == 0) return "0";
  if (f.worst->bound == 0) return "inf";
  return fmt::format("{:.2g}", f.worst->error / f.worst->bound);
}

std::string made_by(const judged_tensor& t) { return t.op.empty() ? t.layers : fmt::format("{} ({})", t.layers, t.op); }

std::string how_far(const judged_tensor& t) {
  constexpr double meaningless = 1e6;  // the truth is zero, or as good as that: what is left is rounding
  const std::string far = t.off > meaningless ? "the truth is 0" : fmt::format("{:.2g}", t.off);
  return t.found.convention.empty() ? far : fmt::format("{}, at kinks {}", far, t.found.convention);
}

void print_table(const audit& a) {
  table rows = {{"verdict", "tensor", "made by", "error/bound", "off the truth by"}};
  for (const judged_tensor& t : a.tensors)
    rows.push_back({std::string(name_of(t.found.outcome)), t.name, made_by(t), of_bound(t.found), how_far(t)});
  print(rows);
}

void print_failure(const judged_tensor& t) {
  print("\nFAIL  {}  first wrong in {}  kind {}\n", t.name, made_by(t), name_of(t.found.kind));
  print("  because    {}\n", t.found.reason);
  if (!t.found.worst) return;
  const element& e = *t.found.worst;
  print("  measured   {:.3g}    bound {:.3g}\n", e.error, e.bound);
  print("  worst at   {}    expected {}    actual {}\n", e.where, e.expected, e.actual);
}

struct counts {
  std::size_t of[all_verdicts.size()] = {};
  std::size_t operator()(verdict v) const { return of[static_cast<std::size_t>(v)]; }
};

counts count(const audit& a) {
  counts n;
  for (const judged_tensor& t : a.tensors) ++n.of[static_cast<std::size_t>(t.found.outcome)];
  return n;
}

void print_summary(const audit& a, const counts& n) {
  index_t elements = 0;
  for (const judged_tensor& t : a.tensors) elements += t.found.elements;
  for (const std::string& m : a.missing) print("missing    the gradient by {}\n", m);
  print("\n{} tensors, {} elements in {}: ", a.tensors.size(), elements, name_of(a.type));
  for (const verdict v : all_verdicts)
    if (v != verdict::forward_only) print("{}{} {}", v == verdict::pass ? "" : ", ", n(v), name_of(v));
  print("\n");
}

void write_json(const std::string& path, const audit& a) {
  if (path.empty()) return;
  using json = nlohmann::ordered_json;
  json tensors = json::array();
  for (const judged_tensor& t : a.tensors) {
    json one = {
        {"tensor", t.name}, {"layers", t.layers}, {"op", t.op}, {"verdict", name_of(t.found.outcome)}, {"off", t.off}};
    if (!t.found.reason.empty()) one["reason"] = t.found.reason;
    if (t.found.worst)
      one["worst"] = {{"where", t.found.worst->where},
                      {"expected", t.found.worst->expected},
                      {"actual", t.found.worst->actual},
                      {"error", t.found.worst->error},
                      {"bound", t.found.worst->bound}};
    tensors.push_back(std::move(one));
  }
  const judged_tensor* wrong = a.first_wrong();
  const json all = {{"format", "backproof.audit/1"},
                    {"dtype", name_of(a.type)},
                    {"first_wrong", wrong == nullptr ? json(nullptr) : json(wrong->layers)},
                    {"missing", a.missing},
                    {"tensors", tensors}};
  write(path, report_json(all, 2) + "\n");
}

int judge(const audit_options& o) {
  if (o.step.empty() == o.adapter.empty()) throw stop_with(exit_usage, "either a recorded step or --adapter is needed");
  const audit a = run(o);
  write_json(o.json, a);
  print_table(a);
  if (const judged_tensor* wrong = a.first_wrong()) print_failure(*wrong);
  const counts n = count(a);
  print_summary(a, n);
  if (n(verdict::error) + n(verdict::crash) + n(verdict::timeout) > 0) return exit_adapter;
  const bool nothing = n(verdict::pass) + n(verdict::inaccurate) + n(verdict::fail) == 0;
  return a.first_wrong() != nullptr || !a.missing.empty() || nothing ? exit_failed : exit_ok;
}

}  // namespace

void add_audit(CLI::App& app, action& chosen) {
  auto o = std::make_shared<audit_options>();
  CLI::App* c =
      app.add_subcommand("audit", "Judge a network's whole backward pass, and name the layer that errs first");
  c->add_option("network", o->network, "A description, backproof.net/1 (docs/networks.md), or an ONNX model, *.onnx")
      ->required();
  c->add_option("step", o->step, "One recorded training step, safetensors");
  c->add_option("--adapter", o->adapter, "Run the network op by op: an adapter's name, FILE.so or \"COMMAND ARGS\"");
  c->add_option("--dtype", o->dtype, "With --adapter: f64, f32, bf16 or f16");
  c->add_option("--json", o->json, "Write all verdicts (backproof.audit/1)")->type_name("FILE");
  o->how = add_reading(*c);
  c->callback([o, &chosen] { chosen = [o] { return judge(*o); }; });
}

}  // namespace backproof::cli
