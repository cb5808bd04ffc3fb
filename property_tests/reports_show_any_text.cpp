// Whatever bytes come from outside, every report stays well-formed, and holds nothing that steers whoever shows it.
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <pugixml.hpp>

#include "backproof/base/text.hpp"
#include "backproof/run/registry.hpp"
#include "generators.hpp"

namespace backproof::properties {

BOOST_AUTO_TEST_SUITE(reports_show_any_text)

namespace {

using namespace std::string_literals;

// Pieces of text that have brought down a parser or a terminal somewhere, with ordinary ones and bytes at random.
std::string any_piece() {
  static const std::vector<std::string> known = {
      "\0"s,
      "\x1b[31m",
      "\x07",
      "\n",
      "\r",
      "\t",
      "\x7f",
      "\xc2\x80",
      "\xc2\x9b",
      "\xc2\x9f",
      "\xc2\xa0",
      "\x9b",
      "\xe2\x80\xae",
      "\xe2\x81\xa6",
      "\xe2\x80\x8e",
      "\xd8\x9c",
      "\xe2\x80\xa8",
      "\xef\xbb\xbf",
      "\xef\xbf\xbe",
      "\xef\xbf\xbf",
      "\xef\xb7\x90",
      "\xf0\x9f\xbf\xbe",
      "\xf4\x8f\xbf\xbf",
      "\xf4\x90\x80\x80",
      "\xed\xa0\x80",
      "\xed\xa0\xbd\xed\xb8\x80",
      "\xc0\x80",
      "\xe0\x80\xaf",
      "\xf0\x80\x80\xaf",
      "\xe2\x82",
      "\xf0\x9f",
      "\xff",
      "\xfe",
      "\xf3\xa0\x81\x81",
      "]]>",
      "<!--",
      "&#27;",
      "&",
      "<",
      ">",
      "\"",
      "'",
      "\\",
      "{}",
      "|",
      "`",
      "\xce\xb1",
      "\xe2\x88\x92",
      "\xc2\xb7",
      "\xe2\x86\x92",
      "\xf0\x9f\x98\x80",
      "a",
      " ",
  };
  if (*rc::gen::inRange(0, 3) > 0) return *rc::gen::elementOf(known);
  return *rc::gen::container<std::string>(*rc::gen::inRange<std::size_t>(0, 4), rc::gen::arbitrary<char>());
}

std::string any_text() {
  std::string text;
  for (int n = *rc::gen::inRange(0, 8); n > 0; --n) text += any_piece();
  return text;
}

result any_result() {
  result r;
  for (std::string* field : {&r.op, &r.domain, &r.subject, &r.dtype, &r.check, &r.claim, &r.sample, &r.attributes,
                             &r.shrunk_from, &r.file, &r.hint, &r.replay, &r.found.reason, &r.found.variant,
                             &r.found.convention, &r.found.bound, &r.found.note, &r.found.unproved})
    *field = any_text();
  r.tensors = {any_text(), any_text()};
  r.found.outcome = *rc::gen::elementOf(std::vector(all_verdicts.begin(), all_verdicts.end()));
  r.found.worst = element{any_text(), any_text(), any_text(), 1, 1, 1};
  r.told = *rc::gen::arbitrary<bool>();
  return r;
}

unit_result any_unit() {
  unit_result u;
  for (std::string* field : {&u.op, &u.domain, &u.subject, &u.dtype, &u.reason}) *field = any_text();
  u.outcome = *rc::gen::elementOf(std::vector(all_verdicts.begin(), all_verdicts.end()));
  return u;
}

std::string rendered(const report& how, const std::vector<result>& results,
                     const std::vector<unit_result>& units = {}) {
  const run_info about{any_text(), any_text(), any_text(), 1, 2, any_text()};
  summary s;
  s.not_run = {any_text()}, s.worse = {any_text()}, s.first_failure = any_text();
  std::ostringstream out;
  const std::unique_ptr<reporter> r = how.make();
  r->begin(about, out);
  for (const result& one : results) r->record(one, out);
  for (const unit_result& one : units) r->unit(one, out);
  r->end(about, s, out);
  return out.str();
}

// That nothing of it steers, by its bytes: knowledge that is not the implementation's.
bool steers(std::string_view text) {
  for (const char c : text)
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') || c == 0x7f) return true;
  for (std::size_t k = 0; k + 1 < text.size(); ++k) {
    const auto byte = [&](std::size_t i) { return k + i < text.size() ? static_cast<unsigned char>(text[k + i]) : 0; };
    const auto within = [&](std::size_t i, int low, int high) { return byte(i) >= low && byte(i) <= high; };
    if (byte(0) == 0xc2 && within(1, 0x80, 0x9f)) return true;
    if (byte(0) == 0xd8 && byte(1) == 0x9c) return true;
    if (byte(0) == 0xe2 && byte(1) == 0x80 && (within(2, 0x8e, 0x8f) || within(2, 0xa8, 0xae))) return true;
    if (byte(0) == 0xe2 && byte(1) == 0x81 && within(2, 0xa6, 0xaf)) return true;
    if (byte(0) == 0xed && within(1, 0xa0, 0xbf)) return true;
    if (byte(0) == 0xef && byte(1) == 0xbf && within(2, 0xbe, 0xbf)) return true;
    if (byte(0) == 0xef && byte(1) == 0xb7 && within(2, 0x90, 0xaf)) return true;
  }
  return false;
}

// A JSON library that refuses what is no UTF-8.
bool is_utf8(const std::string& text) {
  try {
    return !nlohmann::json(text).dump().empty();
  } catch (const nlohmann::json::exception&) {
    return false;
  }
}

std::vector<result> any_results() {
  std::vector<result> all;
  for (int n = *rc::gen::inRange(1, 4); n > 0; --n) all.push_back(any_result());
  return all;
}

std::string junit_of(const std::vector<result>& results) {
  for (const report& r : all_reports())
    if (r.info.name == "junit") return rendered(r, results);
  return "";
}

}  // namespace

BOOST_AUTO_TEST_CASE(no_report_holds_what_steers_or_is_no_text) {
  BOOST_TEST(!all_reports().empty());
  for (const report& how : all_reports())
    holds(std::string(how.info.name), 300, [&] {
      const std::string text = rendered(how, any_results(), {any_unit(), any_unit()});
      RC_ASSERT(is_utf8(text));
      RC_ASSERT(!steers(text));
    });
}

BOOST_AUTO_TEST_CASE(the_event_log_is_json_and_keeps_what_is_text) {
  holds("ndjson", 500, [] {
    result r = any_result();
    r.found.reason += "x";  // an empty one is left out
    const std::string line = to_json(r);
    RC_ASSERT(line.find('\n') == std::string::npos);
    const auto back = nlohmann::json::parse(line);
    if (is_utf8(r.found.reason)) RC_ASSERT(back.at("reason").get<std::string>() == r.found.reason);
  });
}

BOOST_AUTO_TEST_CASE(junit_is_xml_that_says_what_the_record_says) {
  holds("junit", 500, [] {
    result r = any_result();
    r.found.outcome = verdict::error;
    const std::string text = junit_of({r});
    pugi::xml_document doc;
    RC_ASSERT(bool(doc.load_buffer(text.data(), text.size(), pugi::parse_full, pugi::encoding_utf8)));
    const pugi::xml_node found = doc.child("testsuites").child("testsuite").child("testcase");
    RC_ASSERT(found.attribute("name").value() == visible(r.dtype + "/" + r.check));
    RC_ASSERT(found.child("error").attribute("message").value() == visible(r.found.reason));
  });
}

BOOST_AUTO_TEST_CASE(every_form_of_a_text_is_fit_for_its_place) {
  holds("forms", 1000, [] {
    const std::string text = any_text();
    for (const std::string& shown : {visible(text), unbroken(text), quotable(text), one_line(text, 20),
                                     backslashed(text, "|\\`*_<["), escaped(text)}) {
      RC_ASSERT(is_utf8(shown));
      RC_ASSERT(!steers(shown));
    }
    for (const std::string& shown : {unbroken(text), quotable(text), one_line(text), backslashed(text, "|")})
      RC_ASSERT(shown.find_first_of("\n\t") == std::string::npos);
    RC_ASSERT(quotable(text, 9).size() <= 9u);
    RC_ASSERT(one_line(text, 9).size() <= 12u);
    RC_ASSERT(visible(visible(text)) == visible(text));
    RC_ASSERT(escaped(text).find_first_of("<>\"") == std::string::npos);
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::properties
