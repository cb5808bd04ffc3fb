// Untrusted text in messages, tables and pages.
#pragma once

#include <string>
#include <string_view>

namespace backproof {

// At most `most` bytes of it, with a question mark for each control character: a message stays one line, and a terminal
// does nothing but show it.
inline std::string quotable(std::string_view text, std::size_t most = 80) {
  std::string out(text.substr(0, most));
  for (char& c : out)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  return out;
}

// With a space for each control character, so that it stays one line.
inline std::string unbroken(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  return out;
}

// With a backslash before each of `marks`: Markdown.
inline std::string backslashed(std::string_view text, std::string_view marks) {
  std::string out;
  for (const char c : text) {
    if (marks.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

// XML 1.0 has no way to write most control characters, and a parser may refuse the whole file for one.
inline bool fit_for_xml(char c) { return static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t'; }

// For HTML, SVG and XML, as text or in a quoted attribute. Control characters that XML does not allow are left out.
inline std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else if (fit_for_xml(c))
      out += c;
  }
  return out;
}

}  // namespace backproof
