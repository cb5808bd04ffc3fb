// Untrusted text: names, messages and last words of adapters, names of files, texts in files. It is shown, and does
// nothing else.
//
// One rule holds in terminals, tables, pages and reports alike. A code point that steers instead of being seen is
// written as \u{202E}: control characters (C0, C1 and DEL), whatever turns the direction of writing, line and paragraph
// separators, tags and other invisible marks, noncharacters. A byte that belongs to no well-formed UTF-8 (a lone
// surrogate and an overlong form are none) is written as \x{ED}. All other text stays as it is. What a format needs on
// top of that, such as &lt;, is the concern of the functions below.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace backproof {

// Line feeds and tabs stay: for text of several lines, such as a page.
std::string visible(std::string_view text);

// One line: a line feed, a carriage return and a tab are a space each.
std::string unbroken(std::string_view text);

// One line of at most so many bytes; no character is cut in two. For a name in a message.
std::string quotable(std::string_view text, std::size_t most = 80);

// One line; beyond so many bytes, "..." stands for the rest. For words of an adapter.
std::string one_line(std::string_view text, std::size_t limit = 400);

// One line, with a backslash before each of `marks`: Markdown.
std::string backslashed(std::string_view text, std::string_view marks);

// For HTML, SVG and XML, as text or in a quoted attribute: a parser may refuse a whole file for one character.
std::string escaped(std::string_view text);

// JSON that was written already, its strings well-formed: within JSON, \u202e is what \u{202E} is elsewhere, and a
// reader gets the very text back.
std::string with_json_escapes(std::string_view json);

}  // namespace backproof
