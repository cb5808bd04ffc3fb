#include "backproof/mutation/kill_matrix_pages.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "backproof/base/config.hpp"
#include "backproof/base/report_json.hpp"
#include "backproof/base/text.hpp"
#include "backproof/mutation/registry.hpp"

namespace backproof {
namespace {

using json = nlohmann::ordered_json;

// One mutant over all its ops: a line of the matrix.
struct line {
  const mutant* m = nullptr;
  std::vector<const encounter*> met;
  std::vector<std::uint64_t> by_check;  // ops in which the check caught it
  std::uint64_t caught = 0, median_after = 0, most_after = 0;
};

bool caught_by(const encounter& e, const check* c) {
  return e.killed.contains(c) || (e.killed.empty() && e.caught() && e.graded.contains(c));
}

std::vector<line> lines_of(const kill_matrix& x) {
  std::vector<line> lines;
  for (const encounter& e : x.met) {
    if (lines.empty() || lines.back().m != e.m) {
      lines.push_back({});
      lines.back().m = e.m;
      lines.back().by_check.resize(x.checks.size());
    }
    lines.back().met.push_back(&e);
  }
  for (line& l : lines) {
    std::vector<std::uint64_t> after;
    for (const encounter* e : l.met) {
      if (!e->caught()) continue;
      after.push_back(e->after());
      for (std::size_t k = 0; k < x.checks.size(); ++k)
        if (caught_by(*e, x.checks[k])) ++l.by_check[k];
    }
    l.caught = after.size();
    std::sort(after.begin(), after.end());
    if (!after.empty()) l.median_after = after[after.size() / 2], l.most_after = after.back();
  }
  return lines;
}

struct totals {
  std::uint64_t pairs = 0, caught = 0, named = 0, exactly = 0, out_of_reach = 0;
  std::uint64_t bugs = 0, bugs_caught = 0, left_out = 0;
  std::uint64_t judged = 0, alarms = 0;
};

totals totals_of(const kill_matrix& x) {
  totals t;
  for (const encounter& e : x.met) {
    ++t.pairs;
    if (e.caught()) {
      ++t.caught;
      if (e.diagnosis == e.m->bug_class) ++t.named;
      if (e.named) ++t.exactly;
    } else if (!e.m->out_of_reach.empty()) {
      ++t.out_of_reach;
    }
  }
  for (const line& l : lines_of(x))
    if (l.m->real()) ++t.bugs, t.bugs_caught += l.caught == l.met.size();
  for (const family& f : all_families()) t.left_out += f.left_out.size();
  for (const control& c : x.controls) t.judged += c.judged, t.alarms += c.alarms.size();
  return t;
}

double percent(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 100.0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

std::vector<std::string> summary_of(const kill_matrix& x) {
  const totals t = totals_of(x);
  std::vector<std::string> rows;
  rows.push_back(fmt::format(
      "mutants     {} of {} caught ({:.1f} %): {} in {} ops; {} out of reach, {} proved equivalent, {} without effect",
      t.caught, t.pairs, percent(t.caught, t.pairs), lines_of(x).size(), x.controls.size(), t.out_of_reach,
      x.equivalent, x.without_effect.size()));
  rows.push_back(
      fmt::format("real bugs   {} of {} caught; {} more are not planted", t.bugs_caught, t.bugs, t.left_out));
  rows.push_back(
      fmt::format("controls    {} judgements of {} honest ops, {} alarms", t.judged, x.controls.size(), t.alarms));
  rows.push_back(fmt::format("diagnosis   names the right class first for {} of {} caught ({:.1f} %)", t.named,
                             t.caught, percent(t.named, t.caught)));
  return rows;
}

std::vector<std::string> missed(const line& l) {
  std::vector<std::string> ops;
  for (const encounter* e : l.met)
    if (!e->caught()) ops.push_back(std::string(e->o->wire_name()));
  return ops;
}

template <class List>
std::string joined(const List& list, std::string_view by) {
  std::string text;
  for (const auto& item : list) text += (text.empty() ? "" : std::string(by)) + std::string(item);
  return text;
}

}  // namespace

std::string kill_matrix_as_text(const kill_matrix& x, const kill_matrix_plan& p) {
  std::string text =
      fmt::format("backproof {}   mutants   seed {}   {} samples\n\n", BACKPROOF_VERSION, p.seed, p.samples);
  for (std::size_t k = 0; k < x.checks.size(); ++k)
    text += fmt::format("  {} {}\n", static_cast<char>('A' + k), x.checks[k]->info.name);
  const std::vector<line> lines = lines_of(x);
  std::size_t width = 6;
  for (const line& l : lines) width = std::max(width, l.m->name.size());
  text += fmt::format("\n{:<{}}  {:<17} {:>4} {:>6} {:>5}", "mutant", width, "class", "ops", "caught", "after");
  for (std::size_t k = 0; k < x.checks.size(); ++k) text += fmt::format(" {:>3}", static_cast<char>('A' + k));
  text += '\n';
  for (const line& l : lines) {
    text += fmt::format("{:<{}}  {:<17} {:>4} {:>6} {:>5}", l.m->name, width, l.m->bug_class, l.met.size(), l.caught,
                        l.caught > 0 ? std::to_string(l.median_after) : "");
    for (const std::uint64_t n : l.by_check) text += n > 0 ? fmt::format(" {:>3}", n) : "   .";
    text += '\n';
  }
  text += '\n';
  for (const line& l : lines)
    if (const auto ops = missed(l); !ops.empty())
      text += l.m->out_of_reach.empty() ? fmt::format("missed        {}: {}\n", l.m->name, joined(ops, " "))
                                        : fmt::format("out of reach  {}: {}\n", l.m->name, l.m->out_of_reach);
  for (const auto& [m, o] : x.without_effect)
    text += fmt::format("no effect     {}: {}, no sample shows any\n", m->name, o->wire_name());
  for (const control& c : x.controls)
    for (const std::string& a : c.alarms) text += fmt::format("false alarm   {}\n", a);
  for (const std::string& row : summary_of(x)) text += row + '\n';
  return text;
}

std::string kill_matrix_as_json(const kill_matrix& x, const kill_matrix_plan& p) {
  const totals t = totals_of(x);
  json mutants = json::array(), left_out = json::array(), controls = json::array();
  for (const line& l : lines_of(x)) {
    json ops = json::array();
    for (const encounter* e : l.met) {
      json by = json::object();
      for (const check* c : x.checks) {
        if (const auto at = e->killed.find(c); at != e->killed.end())
          by[std::string(c->info.name)] = {{"verdict", "fail"}, {"samples", at->second}};
        else if (const auto graded = e->graded.find(c); graded != e->graded.end())
          by[std::string(c->info.name)] = {{"verdict", "inaccurate"}, {"samples", graded->second}};
      }
      json one = {{"op", e->o->wire_name()}, {"caught", e->caught()}, {"by", by}};
      if (!e->diagnosis.empty()) one["diagnosis"] = e->diagnosis, one["named"] = e->named;
      ops.push_back(std::move(one));
    }
    json m = {{"name", l.m->name}, {"class", l.m->bug_class}, {"summary", l.m->summary}, {"differs", l.m->where}};
    if (l.m->real()) m["cites"] = l.m->cites;
    if (!l.m->out_of_reach.empty()) m["out_of_reach"] = l.m->out_of_reach;
    m["ops"] = std::move(ops);
    mutants.push_back(std::move(m));
  }
  for (const family& f : all_families())
    for (const not_planted& n : f.left_out) left_out.push_back({{"cites", n.cites}, {"what", n.what}, {"why", n.why}});
  for (const control& c : x.controls)
    controls.push_back({{"op", c.o->wire_name()}, {"judged", c.judged}, {"alarms", c.alarms}});
  json without_effect = json::array();
  for (const auto& [m, o] : x.without_effect) without_effect.push_back({{"mutant", m->name}, {"op", o->wire_name()}});
  json checks = json::array();
  for (const check* c : x.checks) checks.push_back(c->info.name);
  const json all = {{"schema", "backproof.mutants/1"},
                    {"version", BACKPROOF_VERSION},
                    {"seed", p.seed},
                    {"samples", p.samples},
                    {"checks", checks},
                    {"pairs", t.pairs},
                    {"caught", t.caught},
                    {"out_of_reach", t.out_of_reach},
                    {"equivalent", x.equivalent},
                    {"without_effect", without_effect},
                    {"real_bugs", {{"planted", t.bugs}, {"caught", t.bugs_caught}, {"not_planted", t.left_out}}},
                    {"class_named_first", t.named},
                    {"alarms", t.alarms},
                    {"mutants", mutants},
                    {"not_planted", left_out},
                    {"controls", controls}};
  return report_json(all, 2) + "\n";
}

std::string kill_matrix_as_html(const kill_matrix& x, const kill_matrix_plan& p) {
  std::string text = fmt::format(R"(<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>backproof: the kill matrix</title><style>
body {{ font: 15px/1.45 sans-serif; margin: 2em auto; max-width: 82em; padding: 0 1em; color: #222; background: #fff }}
table {{ border-collapse: collapse; font-size: 13px }} th, td {{ border: 1px solid #ddd; padding: 2px 6px; text-align: right }}
th.check {{ writing-mode: vertical-rl; transform: rotate(180deg); text-align: left; font-weight: normal }}
td.name, td.text {{ text-align: left }} td.hit {{ background: #cfe8cf }} td.part {{ background: #fbe6b5 }}
td.none {{ color: #bbb }} tr.missed td.name {{ background: #f6c9c9 }} .cite {{ color: #666 }} thead th {{ background: #f4f4f4 }}
</style></head><body>
<h1>The kill matrix</h1>
<p>backproof {}, seed {}, {} samples. Each row is a bug, planted into every op where it makes sense; each column a check.
A cell says in how many of these ops the check caught it: green in all of them, yellow in some.</p>
<ul>
)",
                                 BACKPROOF_VERSION, p.seed, p.samples);
  for (const std::string& row : summary_of(x)) text += fmt::format("<li>{}</li>\n", escaped(row));
  text +=
      "</ul>\n<table><thead><tr><th>mutant</th><th>class</th><th>what is wrong</th><th>ops</th><th>caught</th>"
      "<th>median samples</th>";
  for (const check* c : x.checks) text += fmt::format("<th class=\"check\">{}</th>", c->info.name);
  text += "</tr></thead><tbody>\n";
  const std::vector<line> lines = lines_of(x);
  for (const line& l : lines) {
    const bool whole = l.caught == l.met.size() || !l.m->out_of_reach.empty();
    text += fmt::format("<tr{}><td class=\"name\">{}</td><td class=\"text\">{}</td><td class=\"text\">{}",
                        whole ? "" : " class=\"missed\"", l.m->name, l.m->bug_class, escaped(l.m->summary));
    if (l.m->real()) text += fmt::format(" <span class=\"cite\">({})</span>", escaped(l.m->cites));
    text += fmt::format("</td><td>{}</td><td>{}</td><td>{}</td>", l.met.size(), l.caught,
                        l.caught > 0 ? std::to_string(l.median_after) : "");
    for (const std::uint64_t n : l.by_check)
      text += n == 0 ? "<td class=\"none\">&middot;</td>"
                     : fmt::format("<td class=\"{}\">{}</td>", n == l.met.size() ? "hit" : "part", n);
    text += "</tr>\n";
  }
  text += "</tbody></table>\n<h2>Missed</h2>\n<ul>\n";
  for (const line& l : lines)
    if (const auto ops = missed(l); !ops.empty())
      text += fmt::format("<li><b>{}</b> in {}{}</li>\n", l.m->name, escaped(joined(ops, ", ")),
                          l.m->out_of_reach.empty() ? "" : ": " + escaped(l.m->out_of_reach));
  text += "</ul>\n<h2>False alarms</h2>\n<ul>\n";
  for (const control& c : x.controls)
    for (const std::string& a : c.alarms) text += fmt::format("<li>{}</li>\n", escaped(a));
  text += "</ul>\n<h2>Real bugs that are not planted</h2>\n<ul>\n";
  for (const family& f : all_families())
    for (const not_planted& n : f.left_out)
      text += fmt::format("<li>{} <span class=\"cite\">({})</span>: {}</li>\n", escaped(n.what), escaped(n.cites),
                          escaped(n.why));
  return text + "</ul>\n</body></html>\n";
}

}  // namespace backproof
