// Words that are pasted into a shell.
#include "backproof/base/shell.hpp"

#include <array>
#include <cstdio>
#include <memory>

#include "backproof/op/draw.hpp"
#include "support.hpp"

namespace backproof::tests::in_shell {

BOOST_AUTO_TEST_SUITE(shell)

namespace {

// What a shell makes of the word.
std::string read_back(const std::string& word) {
  const std::string command = "printf %s " + word;
  // NOLINTNEXTLINE(cert-env33-c): a shell is what is asked
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> out(::popen(command.c_str(), "r"), ::pclose);
  std::string text;
  std::array<char, 256> some{};
  while (const std::size_t n = std::fread(some.data(), 1, some.size(), out.get())) text.append(some.data(), n);
  return text;
}

}  // namespace

BOOST_AUTO_TEST_CASE(ordinary_words_stay_as_they_are) {
  for (const std::string word : {"backproof", "build/x.so", "bp1:0.1.0/Relu/f32/law/1/kink-3", "a+b=c,d@e%f"})
    BOOST_TEST(shell_quoted(word) == word);
  BOOST_TEST(shell_quoted("a dir; touch x") == "'a dir; touch x'");
  BOOST_TEST(shell_quoted("it's") == "'it'\\''s'");
  BOOST_TEST(shell_quoted("") == "''");
}

BOOST_AUTO_TEST_CASE(a_shell_reads_back_what_was_quoted) {
  draw random(1, "shell", 0);
  for (int n = 0; n < 60; ++n) {
    std::string word;
    for (index_t k = random.between(0, 12); k > 0; --k) word += static_cast<char>(random.between(0x20, 0x7e));
    BOOST_TEST(read_back(shell_quoted(word)) == word);
  }
  for (const std::string word : {"$(touch canary)", "`touch canary`", "~", "!x", "*", "a\\b", "-n", "ä → ∂"})
    BOOST_TEST(read_back(shell_quoted(word)) == word);
}

BOOST_AUTO_TEST_CASE(control_characters_do_not_reach_a_terminal) {
  BOOST_TEST(shell_quoted("a\nb\x1b[2J'\\") == "$'a\\x0ab\\x1b[2J\\'\\\\'");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::tests::in_shell
