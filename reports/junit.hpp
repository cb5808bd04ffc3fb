// JUnit XML, as CI systems read it: one suite per op, one test case per dtype and check, over all its samples.
//
// Names hold no seed and no case number, so that a test keeps its history. fail and vacuous become <failure>, and so
// does an op whose gradients were declined throughout; error, crash and timeout <error>; skip, and unresolved if no
// sample was resolved, <skipped>. Where the samples of a case differ, the gravest counts; <system-out> has them all.
#pragma once

#include <algorithm>
#include <map>
#include <pugixml.hpp>
#include <set>
#include <string>
#include <string_view>

#include "backproof/base/text.hpp"
#include "backproof/run/reporter.hpp"

namespace backproof::reports {

class junit : public reporter {
 public:
  static constexpr report_info info{.name = "junit", .what = "JUnit XML, one test case per op, dtype and check"};

  void record(const result& r, std::ostream&) override {
    entry& e = suites_[r.op][r.dtype + "/" + r.check];
    ++e.counts[r.found.outcome];
    if (!r.found.variant.empty()) e.variants.insert(r.found.variant);
    if (e.samples++ == 0 || gravity(r.found.outcome) > gravity(e.gravest.found.outcome) || r.told) e.gravest = r;
  }

  // What no single record says has a case of its own: not offered, forward only, nothing proved, broken off.
  void unit(const unit_result& u, std::ostream& out) override {
    if (u.reason.empty()) return;
    result r;
    r.op = u.op, r.dtype = u.dtype, r.check = "all";
    r.found.outcome = u.fails() ? u.outcome : u.outcome == verdict::error ? verdict::error : verdict::skip;
    r.found.reason = u.reason;
    record(r, out);
  }

  void end(const run_info& i, const summary&, std::ostream& out) override {
    pugi::xml_document doc;
    pugi::xml_node root = doc.append_child("testsuites");
    root.append_attribute("name") = "backproof";
    counters all;
    for (const auto& [op, cases] : suites_) all += add_suite(root, i, op, cases);
    all.write(root);
    doc.save(out, "  ");
  }

 private:
  struct entry {
    result gravest;
    int samples = 0;
    std::map<verdict, int> counts;
    std::set<std::string> variants;
  };
  using cases_by_name = std::map<std::string, entry>;

  struct counters {
    int tests = 0, failures = 0, errors = 0, skipped = 0;
    counters& operator+=(const counters& b) {
      tests += b.tests, failures += b.failures, errors += b.errors, skipped += b.skipped;
      return *this;
    }
    void write(pugi::xml_node node) const {
      node.append_attribute("tests") = tests;
      node.append_attribute("failures") = failures;
      node.append_attribute("errors") = errors;
      node.append_attribute("skipped") = skipped;
    }
  };

  // XML 1.0 has no way to write most control characters, and a parser may refuse the whole file for one byte.
  static void put(pugi::xml_node node, const char* attribute, std::string_view value) {
    node.append_attribute(attribute) = visible(value).c_str();
  }

  static std::string counts_of(const entry& e) {
    std::string text;
    for (const auto& [v, n] : e.counts) text += std::to_string(n) + " " + std::string(name_of(v)) + "\n";
    for (const std::string& v : e.variants) text += "consistent with " + v + "\n";
    return text;
  }

  static std::string details(const result& r) {
    std::string text = "claim: " + r.claim + "\n";
    if (const auto& w = r.found.worst)
      text += "worst: " + w->where + " expected " + w->expected + " actual " + w->actual + "\n";
    if (!r.attributes.empty()) text += "attributes: " + r.attributes + "\n";
    for (const std::string& t : r.tensors) text += t + "\n";
    if (!r.hint.empty()) text += "hint: " + r.hint + "\n";
    if (!r.replay.empty()) text += "replay: " + r.replay + "\n";
    return visible(text);
  }

  static counters add_suite(pugi::xml_node root, const run_info& i, const std::string& op, const cases_by_name& cases) {
    pugi::xml_node suite = root.append_child("testsuite");
    put(suite, "name", "backproof." + i.subject + "." + op);
    counters count;
    for (const auto& [name, e] : cases) {
      count += add_case(suite, i, op, name, e);
      suite.last_child().append_child("system-out").text() = visible(counts_of(e)).c_str();
    }
    count.write(suite);
    return count;
  }

  static counters add_case(pugi::xml_node suite, const run_info& i, const std::string& op, const std::string& name,
                           const entry& e) {
    pugi::xml_node node = suite.append_child("testcase");
    put(node, "classname", "backproof." + i.subject + "." + op);
    put(node, "name", name);
    const finding& f = e.gravest.found;
    const auto child = [&](const char* tag, std::string_view type) {
      pugi::xml_node inner = node.append_child(tag);
      put(inner, "type", type);
      put(inner, "message", f.reason);
      return inner;
    };
    switch (f.outcome) {
      case verdict::pass:
      case verdict::inaccurate:
        return {.tests = 1};
      case verdict::skip:
      case verdict::unresolved:
        return child("skipped", name_of(f.outcome)), counters{.tests = 1, .skipped = 1};
      case verdict::error:
      case verdict::crash:
      case verdict::timeout: {
        child("error", name_of(f.outcome)).text() = details(e.gravest).c_str();
        return {.tests = 1, .errors = 1};
      }
      case verdict::fail:
      case verdict::forward_only:
      case verdict::vacuous: {
        child("failure", f.kind == failure_kind::none ? name_of(f.outcome) : name_of(f.kind)).text() =
            details(e.gravest).c_str();
        return {.tests = 1, .failures = 1};
      }
    }
    return {};
  }

  std::map<std::string, cases_by_name> suites_;
};

}  // namespace backproof::reports
