// backproof ops, checks and adapters.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <array>
#include <memory>
#include <nlohmann/json.hpp>

#include "backproof/base/report_json.hpp"
#include "backproof/base/text.hpp"
#include "backproof/host/open.hpp"
#include "backproof/op/registry.hpp"
#include "backproof/run/registry.hpp"
#include "cli/commands.hpp"
#include "cli/print.hpp"
#include "cli/subjects.hpp"

namespace backproof::cli {
namespace {

using json = nlohmann::ordered_json;

using table = std::vector<std::vector<std::string>>;

struct listing {
  std::string name;                  // "ops"
  std::string what;                  // for the help text
  std::vector<std::string> columns;  // the first one names the row
  table (*rows)(const std::vector<std::string>& adapters) = nullptr;
};

template <class List, class Name>
std::string joined(const List& list, Name name) {
  std::string text;
  for (const auto& item : list)
    if (const std::string one{name(item)}; !one.empty()) text += (text.empty() ? "" : ", ") + one;
  return text;
}

// The dtypes in which an adapter offers the VJP of an op: "torch f64 f32".
std::string offered(const std::string& adapter, subject& s, const op& o) {
  const std::string dtypes = joined(std::array{dtype::f64, dtype::f32, dtype::f16, dtype::bf16},
                                    [&](dtype t) { return s.offers(o, t).vjp ? name_of(t) : ""; });
  return dtypes.empty() ? "" : adapter + " (" + dtypes + ")";
}

table op_rows(const std::vector<std::string>& adapters) {
  std::vector<std::pair<std::string, std::unique_ptr<subject>>> asked;
  asked.reserve(adapters.size());
  for (const std::string& a : adapters) asked.emplace_back(a, subjects_of(a)());
  table rows;
  for (const op& o : all_ops())
    rows.push_back(
        {std::string(o.wire_name()), std::string(o.domain()), std::to_string(o.info.opset),
         std::string(o.info.signature), std::string(o.info.formula), std::string(o.info.vjp),
         o.kinks == nullptr ? "" : "exact set of subgradients",
         joined(o.variants, [](const op::variant& v) { return v.info.name; }),
         joined(o.laws, [](const law& l) { return to_string(l); }), std::string(o.info.source),
         joined(all_checks(), [&](const check& c) { return c.suits(o, profile::smooth) ? c.info.name : ""; }),
         joined(asked, [&](const auto& a) { return offered(a.first, *a.second, o); })});
  return rows;
}

table check_rows(const std::vector<std::string>&) {
  table rows;
  for (const check& c : all_checks())
    rows.push_back({std::string(c.info.name), std::string(name_of(c.info.judges)), std::string(c.info.claim),
                    std::string(c.info.catches), std::string(c.info.source),
                    joined(c.tries, [](call_condition under) { return name_of(under); }),
                    c.info.own_ops == own_op_role::silent ? "" : "judges ops without a reference too"});
  return rows;
}

table adapter_rows(const std::vector<std::string>&) {
  table rows;
  for (const host::adapter_listing& a : host::list_adapters()) rows.push_back({a.name, a.what, a.install});
  return rows;
}

void print_json(const listing& l, const table& rows) {
  json all = json::array();
  for (const auto& row : rows) {
    json j;
    for (std::size_t k = 0; k < row.size(); ++k) j[l.columns[k]] = row[k];
    all.push_back(std::move(j));
  }
  print("{}\n", page{report_json(all, 2)});
}

void print_markdown(const listing& l, const table& rows) {
  const auto line = [](const std::vector<std::string>& cells) {
    print("|");
    for (const std::string& c : cells) print(" {} |", backslashed(c, "|"));
    print("\n");
  };
  line(l.columns);
  line(std::vector<std::string>(l.columns.size(), "---"));
  for (const auto& row : rows) line(row);
}

void print_text(const listing& l, const table& rows) {
  for (const auto& row : rows) {
    print("{}\n", row[0]);
    for (std::size_t k = 1; k < row.size(); ++k)
      if (!row[k].empty()) print("    {:<9} {}\n", l.columns[k], row[k]);
  }
}

void add(CLI::App& app, action& chosen, listing l) {
  struct flags {
    bool as_json = false, as_markdown = false;
    std::vector<std::string> adapters;
  };
  auto f = std::make_shared<flags>();
  CLI::App* c = app.add_subcommand(l.name, l.what);
  c->add_flag("--json", f->as_json, "As JSON");
  c->add_flag("--markdown", f->as_markdown, "As a Markdown table");
  if (l.columns.back() == "adapters")
    c->add_option("--adapters", f->adapters, "Adapters to ask what they offer, separated by commas")->delimiter(',');
  c->callback([f, l, &chosen] {
    chosen = [f, l] {
      const table rows = l.rows(f->adapters);
      f->as_json ? print_json(l, rows) : f->as_markdown ? print_markdown(l, rows) : print_text(l, rows);
      return 0;
    };
  });
}

}  // namespace

void add_lists(CLI::App& app, action& chosen) {
  add(app, chosen,
      {"ops",
       "List the ops of the reference",
       {"name", "domain", "opset", "signature", "formula", "vjp", "kinks", "variants", "laws", "source", "checks",
        "adapters"},
       op_rows});
  add(app, chosen,
      {"checks",
       "List the checks and what each one claims",
       {"name", "judges", "claim", "catches", "source", "asks", "no_reference"},
       check_rows});
  add(app, chosen, {"adapters", "List the adapters that are installed", {"name", "what", "install"}, adapter_rows});
}

}  // namespace backproof::cli
