// Untrusted text is quoted so that a message stays one short line, and escaped for tables and pages.
#include "backproof/base/text.hpp"

#include "support.hpp"

namespace backproof::tests::in_text {

BOOST_AUTO_TEST_SUITE(text)

BOOST_AUTO_TEST_CASE(ordinary_text_is_quoted_as_it_is) {
  BOOST_TEST(quotable("Conv (2-D), ü") == "Conv (2-D), ü");
  BOOST_TEST(quotable("").empty());
}

BOOST_AUTO_TEST_CASE(no_control_character_gets_through) {
  std::string all;
  for (int c = 0; c < 128; ++c) all += static_cast<char>(c);
  for (const char c : quotable(all, 1000)) BOOST_TEST((c >= 0x20 && c < 0x7f));
  BOOST_TEST(quotable("a\nb\x1b[31m") == "a b\\u{1B}[31m");
  BOOST_TEST(unbroken(std::string("\0\x7f", 2)) == "\\u{0}\\u{7F}");
}

BOOST_AUTO_TEST_CASE(what_steers_is_seen_instead) {
  BOOST_TEST(visible("\xc2\x9b"
                     "31m") == "\\u{9B}31m");  // a control sequence of one character
  BOOST_TEST(visible("\xe2\x80\xae"
                     "dlrow") == "\\u{202E}dlrow");
  BOOST_TEST(visible("\xe2\x81\xa6\xd8\x9c\xe2\x80\x8f") == "\\u{2066}\\u{61C}\\u{200F}");
  BOOST_TEST(visible("\xe2\x80\xa8\xef\xbb\xbf") == "\\u{2028}\\u{FEFF}");
  BOOST_TEST(visible("\xef\xbf\xbe\xef\xb7\x90\xf4\x8f\xbf\xbf") == "\\u{FFFE}\\u{FDD0}\\u{10FFFF}");
  BOOST_TEST(visible("\xf3\xa0\x81\x81") == "\\u{E0041}");
}

BOOST_AUTO_TEST_CASE(bytes_that_are_no_utf_8_are_seen_one_by_one) {
  BOOST_TEST(visible("\xed\xa0\x80") == "\\x{ED}\\x{A0}\\x{80}");  // a lone surrogate
  BOOST_TEST(visible("\xc0\x80") == "\\x{C0}\\x{80}");             // an overlong zero
  BOOST_TEST(visible("\xe0\x80\xaf") == "\\x{E0}\\x{80}\\x{AF}");
  BOOST_TEST(visible("\xf4\x90\x80\x80") == "\\x{F4}\\x{90}\\x{80}\\x{80}");  // beyond the last code point
  BOOST_TEST(visible("\x9b"
                     "1\xff\xe2\x82") == "\\x{9B}1\\x{FF}\\x{E2}\\x{82}");
}

BOOST_AUTO_TEST_CASE(writing_of_all_kinds_stays_as_it_is) {
  for (const std::string text :
       {"\xce\xb1 \xe2\x88\x92 \xc2\xb7 \xe2\x86\x92 \xe2\x88\x87", "\xc2\xa0\xdf\xbf\xe0\xa0\x80",
        "\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbd", "\xf0\x90\x80\x80\xf0\x9f\x98\x80", "\xe2\x80\x8d"}) {
    BOOST_TEST(visible(text) == text);
    BOOST_TEST(one_line(text) == text);
    BOOST_TEST(with_json_escapes("\"" + text + "\"") == "\"" + text + "\"");
  }
  BOOST_TEST(visible("two\n\tlines") == "two\n\tlines");
}

BOOST_AUTO_TEST_CASE(long_text_is_cut) {
  BOOST_TEST(quotable(std::string(1000, 'x')).size() == 80);
  BOOST_TEST(quotable("abcdef", 3) == "abc");
  BOOST_TEST(quotable("\xce\xb1\xce\xb1", 3) == "\xce\xb1");  // and no character in two
  BOOST_TEST(quotable("ab\x1b", 5) == "ab");
  BOOST_TEST(one_line("abcdef", 3) == "abc...");
  BOOST_TEST(one_line("abc", 3) == "abc");
}

BOOST_AUTO_TEST_CASE(each_format_gets_the_escapes_it_needs) {
  BOOST_TEST(escaped("<a b=\"&\">\x1b\n") == "&lt;a b=&quot;&amp;&quot;&gt;\\u{1B}\n");
  BOOST_TEST(backslashed("a|b*c|", "|") == "a\\|b*c\\|");
  BOOST_TEST(backslashed("\\", "\\") == "\\\\");
  BOOST_TEST(backslashed("\x1b|", "\\|") == "\\\\u{1B}\\|");
  BOOST_TEST(unbroken("a\r\nb\tc\x01") == "a  b c\\u{1}");
  BOOST_TEST(with_json_escapes("{\"a\":\n\"\xc2\x9b\xe2\x80\xae\xf0\x9f\xbf\xbe\x7f\xff\"}") ==
             "{\"a\":\n\"\\u009b\\u202e\\ud83f\\udffe\\u007f\\ufffd\"}");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::tests::in_text
