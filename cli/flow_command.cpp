// backproof flow: does the gradient reach the first layer?
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "backproof/base/text.hpp"
#include "backproof/flow/measure/analyze.hpp"
#include "backproof/flow/model/network.hpp"
#include "backproof/flow/pages/pages.hpp"
#include "backproof/flow/recording/recording.hpp"
#include "backproof/flow/rules/baseline.hpp"
#include "backproof/flow/rules/intervention.hpp"
#include "backproof/flow/rules/rules.hpp"
#include "backproof/tensor/safetensors.hpp"
#include "cli/commands.hpp"
#include "cli/exit_codes.hpp"
#include "cli/networks.hpp"
#include "cli/output_file.hpp"
#include "cli/print.hpp"
#include "cli/reading_options.hpp"

namespace backproof::cli {
namespace {

using namespace backproof::flow;

struct flow_options {
  std::string input, preset;
  int depth = 0, width = 0;
  settings how;
  std::string json, html, markdown, junit, fail_on = "fail", baseline;
  double most_drift = 0.5;
  bool list = false, list_rules = false;
  std::shared_ptr<networks::reading> reading = std::make_shared<networks::reading>();
};

int list_presets() {
  for (const recipe& r : presets()) print("{:<22}{}\n", r.name, r.what);
  return exit_ok;
}

int list_all_rules() {
  for (const rule& u : rules()) print("{}  {:<17}{}\n", code_of(u.id), name_of(u.id), u.claim);
  return exit_ok;
}

recipe recipe_of(const flow_options& o) {
  const recipe* found = find_preset(o.preset);
  if (found == nullptr)
    throw stop_with(exit_usage, fmt::format("unknown preset '{}'; --presets lists them", quotable(o.preset)));
  recipe r = *found;
  if (o.depth > 0) r.depth = o.depth;
  if (o.width > 0) r.width = o.width;
  constexpr double most_numbers = 1e8;
  if (static_cast<double>(r.width) * r.width * r.depth * 2 > most_numbers)
    throw stop_with(exit_usage, fmt::format("depth {} and width {} make more than 1e8 weights", r.depth, r.width));
  return r;
}

// Judged, and where it vanishes or explodes with what would help.
flow_record judged(const ensemble& f, const settings& how) {
  flow_record r = analyze(f, how);
  judge(r);
  propose(r, f);
  return r;
}

flow_record record_of_network(const flow_options& o) {
  const networks::network n = network_in(o.input, *o.reading);
  try {
    flow_record r = judged(ensemble_of(n, n.name.empty() ? o.input : n.name), o.how);
    r.inputs.push_back({o.input, sha256_of(o.input)});
    return r;
  } catch (const unknown_block& e) {
    throw stop_with(exit_usage, o.input + ": " + e.what());
  }
}

flow_record record_of(const flow_options& o) {
  if (o.preset.empty() == o.input.empty()) throw stop_with(exit_usage, "give an INPUT or a --preset, one of the two");
  if (o.preset.empty() && (o.depth || o.width)) throw stop_with(exit_usage, "--depth and --width are of a --preset");
  if (!o.preset.empty()) return judged(ensemble_of(recipe_of(o)), o.how);
  if (o.input.ends_with(".json") || o.input.ends_with(".onnx")) return record_of_network(o);
  flow_record r = analyze(read_recording(o.input), o.how);
  judge(r);
  return r;
}

bool is_level(const std::string& name) { return name == "none" || name == "fail" || name == "warn"; }

void check_rules(const std::string& fail_on) {  // before any work is done
  for (const std::string& name : CLI::detail::split(fail_on, ','))
    if (!is_level(fail_on) && find_rule(name) == nullptr)
      throw stop_with(exit_usage,
                      fmt::format("--fail-on: no rule '{}'; fail, warn, none, or rules by id or name", quotable(name)));
}

bool fails(const flow_record& r, const std::string& fail_on) {
  if (fail_on == "none") return false;
  if (is_level(fail_on)) return verdict_of(r) >= (fail_on == "fail" ? level::fail : level::warn);
  for (const std::string& name : CLI::detail::split(fail_on, ','))
    for (const flow_finding& f : r.findings)
      if (f.rule == find_rule(name)->id && f.level >= level::warn) return true;
  return false;
}

flow_record finished(const flow_options& o) {
  flow_record r = record_of(o);
  if (r.layers.empty()) throw stop_with(exit_nothing, o.input + ": holds no gradients");
  if (!o.baseline.empty()) compare_with_baseline(r, o.baseline, o.most_drift);
  return r;
}

int run(const flow_options& o) {
  if (o.list) return list_presets();
  if (o.list_rules) return list_all_rules();
  check_rules(o.fail_on);
  const flow_record r = finished(o);
  write(o.json, json_of(r));
  write(o.html, html_of(r));
  write(o.markdown, markdown_of(r));
  write(o.junit, junit_of(r));
  print("{}", page{text_of(r)});
  for (const flow_finding& f : r.findings)
    if (f.rule == rule_id::bound_inversion && f.level == level::fail) return exit_internal;
  return fails(r, o.fail_on) ? exit_failed : exit_ok;
}

}  // namespace

void add_flow(CLI::App& app, action& chosen) {
  auto o = std::make_shared<flow_options>();
  CLI::App* c = app.add_subcommand("flow", "Does the gradient vanish or explode on its way to the first layer?");
  c->add_option("input", o->input, "A recording (.npz, .safetensors, .jsonl) or a network (.json)");
  c->add_option("--preset", o->preset, "Random networks of a known kind (--presets lists them)")->type_name("NAME");
  c->add_flag("--presets", o->list, "List the presets");
  c->add_flag("--rules", o->list_rules, "List the rules and their thresholds");
  c->add_option("--depth", o->depth, "Layers of the preset")->check(CLI::Range(2, 10000));
  c->add_option("--width", o->width, "Width of the preset")->check(CLI::Range(1, 4096));
  c->add_option("--samples", o->how.samples, "Networks, or inputs, to take means over")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  c->add_option("--seed", o->how.seed, "Seed of weights, inputs and output gradients")->capture_default_str();
  c->add_option("--dtype", o->how.dtype, "Of the gradients, for what underflows in it")
      ->check(CLI::IsMember({"f16", "bf16", "f32", "f64"}));
  c->add_option("--json", o->json, "Write the report as data (backproof.flow-report/1)")->type_name("FILE");
  c->add_option("--html", o->html, "Write a page with the plots")->type_name("FILE");
  c->add_option("--markdown", o->markdown, "Write a summary for a CI job")->type_name("FILE");
  c->add_option("--junit", o->junit, "Write JUnit XML")->type_name("FILE");
  c->add_option("--fail-on", o->fail_on, "What makes the exit code 1: fail, warn, none, or rules by id or name")
      ->capture_default_str();
  c->add_option("--baseline", o->baseline, "An earlier --json report to compare with")->type_name("FILE");
  c->add_option("--max-drift", o->most_drift, "How many decades a layer may move from the baseline")
      ->capture_default_str();
  add_outside(*c, o->reading);
  c->callback([o, &chosen] { chosen = [o] { return run(*o); }; });
}

}  // namespace backproof::cli
