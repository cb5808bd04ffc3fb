// backproof ops, checks and adapters.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "backproof/registry.hpp"
#include "cli/commands.hpp"
#include "host/open.hpp"

namespace backproof::cli {
namespace {

using json = nlohmann::ordered_json;

struct listing {
  std::string name;                  // "ops"
  std::string what;                  // for the help text
  std::vector<std::string> columns;  // the first one names the row
  std::vector<std::vector<std::string>> (*rows)() = nullptr;
};

std::vector<std::vector<std::string>> op_rows() {
  std::vector<std::vector<std::string>> rows;
  for (const op& o : all_ops()) {
    std::string variants;
    for (const op::variant& v : o.variants) variants += (variants.empty() ? "" : ", ") + std::string(v.info.name);
    rows.push_back({std::string(o.wire_name()), std::string(o.domain()), std::to_string(o.info.opset),
                    std::string(o.info.signature), std::string(o.info.formula), std::string(o.info.vjp), variants,
                    std::string(o.info.source)});
  }
  return rows;
}

std::vector<std::vector<std::string>> check_rows() {
  std::vector<std::vector<std::string>> rows;
  for (const check& c : all_checks())
    rows.push_back({std::string(c.info.name), std::string(c.info.judges), std::string(c.info.claim),
                    std::string(c.info.catches), std::string(c.info.source)});
  return rows;
}

std::vector<std::vector<std::string>> adapter_rows() {
  std::vector<std::vector<std::string>> rows;
  for (const host::adapter_listing& a : host::list_adapters()) rows.push_back({a.name, a.what, a.install});
  return rows;
}

void print_json(const listing& l) {
  json all = json::array();
  for (const auto& row : l.rows()) {
    json j;
    for (std::size_t k = 0; k < row.size(); ++k) j[l.columns[k]] = row[k];
    all.push_back(std::move(j));
  }
  fmt::print("{}\n", all.dump(2));
}

std::string escaped(std::string cell) {
  for (std::size_t at = 0; (at = cell.find('|', at)) != std::string::npos; at += 2) cell.insert(at, "\\");
  return cell;
}

void print_markdown(const listing& l) {
  const auto line = [](const std::vector<std::string>& cells) {
    fmt::print("|");
    for (const std::string& c : cells) fmt::print(" {} |", escaped(c));
    fmt::print("\n");
  };
  line(l.columns);
  line(std::vector<std::string>(l.columns.size(), "---"));
  for (const auto& row : l.rows()) line(row);
}

void print_text(const listing& l) {
  for (const auto& row : l.rows()) {
    fmt::print("{}\n", row[0]);
    for (std::size_t k = 1; k < row.size(); ++k)
      if (!row[k].empty()) fmt::print("    {:<9} {}\n", l.columns[k], row[k]);
  }
}

void add(CLI::App& app, action& chosen, listing l) {
  struct flags {
    bool as_json = false, as_markdown = false;
  };
  auto f = std::make_shared<flags>();
  CLI::App* c = app.add_subcommand(l.name, l.what);
  c->add_flag("--json", f->as_json, "As JSON");
  c->add_flag("--markdown", f->as_markdown, "As a Markdown table");
  c->callback([f, l, &chosen] {
    chosen = [f, l] {
      f->as_json ? print_json(l) : f->as_markdown ? print_markdown(l) : print_text(l);
      return 0;
    };
  });
}

}  // namespace

void add_lists(CLI::App& app, action& chosen) {
  add(app, chosen,
      {"ops",
       "List the ops of the reference",
       {"name", "domain", "opset", "signature", "formula", "vjp", "variants", "source"},
       op_rows});
  add(app, chosen,
      {"checks",
       "List the checks and what each one claims",
       {"name", "judges", "claim", "catches", "source"},
       check_rows});
  add(app, chosen, {"adapters", "List the adapters that are installed", {"name", "what", "install"}, adapter_rows});
}

}  // namespace backproof::cli
