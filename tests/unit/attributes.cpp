// Attributes: what is set is what is read, through JSON as well, and malformed JSON is refused in one line.
#include "backproof/tensor/attributes.hpp"

#include <algorithm>

#include "support.hpp"

namespace backproof::tests::in_attributes {

BOOST_AUTO_TEST_SUITE(attributes)

using backproof::attributes;

namespace {

attributes some() {
  attributes a;
  a.set("axis", std::int64_t{-1});
  a.set("alpha", 1.3f + 0.0);
  a.set("reduction", std::string("mean"));
  a.set("pads", std::vector<index_t>{0, 1, -2});
  a.set("scales", std::vector<double>{0.5, -0.0, 0x1p-1074});
  return a;
}

attributes through_json(const attributes& a) { return attributes_from_json(to_json(a)); }

bool one_line(const std::exception& e) { return std::string(e.what()).find_first_of("\r\n") == std::string::npos; }

}  // namespace

BOOST_AUTO_TEST_CASE(what_was_set_is_read_back) {
  const attributes a = some();
  BOOST_TEST(a.integer("axis") == -1);
  BOOST_TEST(a.flag("axis"));
  BOOST_TEST(a.number("alpha") == double{1.3f});
  BOOST_TEST(a.text("reduction") == "mean");
  BOOST_TEST((a.integers("pads") == std::vector<index_t>{0, 1, -2}));
  BOOST_TEST(a.numbers("scales").size() == 3);
  BOOST_TEST((a.has("pads") && !a.has("strides") && !a.empty() && attributes().empty()));
}

BOOST_AUTO_TEST_CASE(a_missing_attribute_or_one_of_another_type_is_named) {
  const auto names = [](const char* name) {
    return [name](const invalid_input& e) { return std::string(e.what()).find(name) != std::string::npos; };
  };
  BOOST_CHECK_EXCEPTION(some().integer("strides"), invalid_input, names("strides"));
  BOOST_CHECK_EXCEPTION(some().integer("alpha"), invalid_input, names("alpha"));
  BOOST_CHECK_EXCEPTION(some().number("axis"), invalid_input, names("axis"));
  BOOST_CHECK_EXCEPTION(some().text("pads"), invalid_input, names("pads"));
}

BOOST_AUTO_TEST_CASE(json_gives_back_the_same_attributes) {
  BOOST_TEST((through_json(some()) == some()));
  BOOST_TEST((through_json({}) == attributes()));
  attributes a;
  for (const std::int64_t n :
       {std::int64_t{0}, std::int64_t{1} << 53, (std::int64_t{1} << 53) + 1, std::int64_t{1} << 60,
        -(std::int64_t{1} << 60), std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min()}) {
    a.set("n", n);
    BOOST_TEST((through_json(a) == a));
    a.set("list", std::vector<index_t>{n, 1, n});
    BOOST_TEST((through_json(a) == a));
  }
  for (const std::string& text :
       {std::string(), std::string("a \"quoted\" \\ text\nof two lines"), std::string("ü→0")}) {
    a.set("text", text);
    BOOST_TEST(through_json(a).text("text") == text);
  }
}

BOOST_AUTO_TEST_CASE(json_gives_back_every_double_bit_for_bit) {
  draw random(1, "attributes", 0);
  std::vector<double> x = {0.0,  -0.0, infinity, -infinity, not_a_number, 0.1, 0x1p-1074, 0x1.fffffffffffffp1023,
                           1e22, 3};
  for (int i = 0; i < 300; ++i) x.push_back(any_exponent(random, -1000, 1000));
  attributes a;
  a.set("all", x);
  const attributes back = through_json(a);
  BOOST_REQUIRE(back.numbers("all").size() == x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    BOOST_TEST(identical(back.numbers("all")[i], x[i]));
    a.set("one", x[i]);
    BOOST_TEST(identical(through_json(a).number("one"), x[i]));
  }
}

BOOST_AUTO_TEST_CASE(large_integers_and_numbers_without_json_form_are_strings) {
  attributes a;
  a.set("n", std::int64_t{1} << 60);
  a.set("x", std::vector<double>{infinity, -infinity, not_a_number});
  const std::string json = to_json(a);
  for (const char* text : {"\"1152921504606846976\"", "\"Infinity\"", "\"-Infinity\"", "\"NaN\""})
    BOOST_TEST(json.find(text) != std::string::npos, text << " in " << json);
}

BOOST_AUTO_TEST_CASE(text_for_people_is_short_and_exact) {
  attributes a;
  a.set("alpha", 0.1);
  a.set("axis", std::int64_t{1});
  a.set("pads", std::vector<index_t>{0, 1});
  BOOST_TEST(to_string(a) == "alpha=0.1 axis=1 pads=[0,1]");
  BOOST_TEST(to_string(attributes()).empty());
}

BOOST_AUTO_TEST_CASE(malformed_json_is_refused_in_one_line) {
  for (const char* text :
       {"", "{", "[]", "1", "null", "{\"a\":1}", "{\"a\":{\"type\":\"int\"}}", "{\"a\":{\"value\":1}}",
        "{\"a\":{\"type\":\"int\",\"value\":1.5}}", "{\"a\":{\"type\":\"int\",\"value\":\"x\"}}",
        "{\"a\":{\"type\":\"int\",\"value\":\"99999999999999999999\"}}", "{\"a\":{\"type\":\"int\",\"value\":[1]}}",
        "{\"a\":{\"type\":\"ints\",\"value\":1}}", "{\"a\":{\"type\":\"ints\",\"value\":[\"y\"]}}",
        "{\"a\":{\"type\":\"floats\",\"value\":{}}}", "{\"a\":{\"type\":\"float\",\"value\":\"one\"}}",
        "{\"a\":{\"type\":\"string\",\"value\":1}}", "{\"a\":{\"type\":\"tensor\",\"value\":1}}",
        "{\"a\":{\"type\":7,\"value\":1}}"})
    BOOST_TEST_CONTEXT(text) BOOST_CHECK_EXCEPTION(attributes_from_json(text), invalid_input, one_line);
}

BOOST_AUTO_TEST_CASE(numbers_are_read_whole_or_not_at_all) {
  // A number with something behind it, or beyond the range of its type, is a mistake and not a smaller number.
  for (const char* text :
       {"{\"a\":{\"type\":\"int\",\"value\":\"12abc\"}}", "{\"a\":{\"type\":\"float\",\"value\":\"1.5 apples\"}}",
        "{\"a\":{\"type\":\"int\",\"value\":18446744073709551615}}", "{\"a\":{\"type\":\"float\",\"value\":true}}"})
    BOOST_TEST_CONTEXT(text) BOOST_CHECK_EXCEPTION(attributes_from_json(text), invalid_input, one_line);
}

BOOST_AUTO_TEST_CASE(a_hostile_name_does_not_break_the_one_line) {
  BOOST_CHECK_EXCEPTION(attributes_from_json("{\"two\\nlines\":1}"), invalid_input, one_line);
}

BOOST_AUTO_TEST_CASE(deep_nesting_is_refused_without_harm) {
  for (const char bracket : {'[', '{'}) {
    std::string text;
    for (int i = 0; i < 100000; ++i) text += bracket == '[' ? "[" : "{\"a\":";
    BOOST_CHECK_THROW(attributes_from_json(text), invalid_input);
    text = "{\"a\":" + std::string(100000, '[') + std::string(100000, ']') + "}";
    BOOST_CHECK_THROW(attributes_from_json(text), invalid_input);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::tests::in_attributes
