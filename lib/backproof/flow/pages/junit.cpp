// JUnit XML: one suite per rule, one case per layer that it finds something at, or one for the whole. Warnings pass,
// and are told in the case's output: a warning that fails a build is a failure.
#include <fmt/format.h>

#include <map>
#include <pugixml.hpp>
#include <sstream>

#include "backproof/base/text.hpp"
#include "backproof/flow/pages/pages.hpp"
#include "backproof/flow/rules/rules.hpp"

namespace backproof::flow {
namespace {

void add_case(pugi::xml_node suite, const rule& u, const flow_finding* f) {
  pugi::xml_node node = suite.append_child("testcase");
  node.append_attribute("classname") = fmt::format("flow.{}.{}", code_of(u.id), name_of(u.id)).c_str();
  node.append_attribute("name") = f == nullptr || f->layer.empty() ? "all layers" : unbroken(f->layer).c_str();
  if (f == nullptr) return;
  const std::string words =
      unbroken(fmt::format("{} (value {:.6g}, limit {:.6g}). {}", f->message, f->value, f->threshold, f->help));
  if (f->level == level::fail) {
    pugi::xml_node failure = node.append_child("failure");
    failure.append_attribute("message") = unbroken(f->message).c_str();
    failure.text().set(words.c_str());
  } else {
    node.append_child("system-out").text().set(words.c_str());
  }
}

}  // namespace

std::string junit_of(const flow_record& r) {
  pugi::xml_document doc;
  pugi::xml_node root = doc.append_child("testsuites");
  root.append_attribute("name") = "backproof flow";
  int tests = 0, failures = 0;
  for (const rule& u : rules()) {
    pugi::xml_node suite = root.append_child("testsuite");
    suite.append_attribute("name") = fmt::format("{} {}", code_of(u.id), name_of(u.id)).c_str();
    int count = 0, failed = 0;
    for (const flow_finding& f : r.findings) {
      if (f.rule != u.id) continue;
      add_case(suite, u, &f);
      ++count, failed += f.level == level::fail;
    }
    if (count == 0) add_case(suite, u, nullptr), ++count;
    suite.append_attribute("tests") = count;
    suite.append_attribute("failures") = failed;
    tests += count, failures += failed;
  }
  root.append_attribute("tests") = tests;
  root.append_attribute("failures") = failures;
  std::ostringstream out;
  doc.save(out, "  ");
  return out.str();
}

}  // namespace backproof::flow
