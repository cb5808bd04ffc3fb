// Untrusted text is quoted so that a message stays one short line, and escaped for tables and pages.
#include "backproof/base/text.hpp"

#include "support.hpp"

namespace backproof::tests {

BOOST_AUTO_TEST_SUITE(text)

BOOST_AUTO_TEST_CASE(ordinary_text_is_quoted_as_it_is) {
  BOOST_TEST(quotable("Conv (2-D), ü") == "Conv (2-D), ü");
  BOOST_TEST(quotable("").empty());
}

BOOST_AUTO_TEST_CASE(no_control_character_gets_through) {
  std::string all;
  for (int c = 0; c < 128; ++c) all += static_cast<char>(c);
  const std::string shown = quotable(all, 1000);
  BOOST_TEST(shown.size() == all.size());
  for (const char c : shown) BOOST_TEST((c >= 0x20 && c < 0x7f));
  BOOST_TEST(quotable("a\nb\x1b[31m") == "a?b?[31m");
}

BOOST_AUTO_TEST_CASE(long_text_is_cut) {
  BOOST_TEST(quotable(std::string(1000, 'x')).size() == 80);
  BOOST_TEST(quotable("abcdef", 3) == "abc");
}

BOOST_AUTO_TEST_CASE(each_format_gets_the_escapes_it_needs) {
  BOOST_TEST(escaped("<a b=\"&\">\x1b\n") == "&lt;a b=&quot;&amp;&quot;&gt;\n");
  BOOST_TEST(backslashed("a|b*c|", "|") == "a\\|b*c\\|");
  BOOST_TEST(backslashed("\\", "\\") == "\\\\");
  BOOST_TEST(unbroken("a\nb\tc\x01") == "a b c ");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::tests
