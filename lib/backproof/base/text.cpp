#include "backproof/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace backproof {
namespace {

// What a text begins with. No character: a byte that begins no well-formed sequence.
struct piece {
  bool is_character = false;
  char32_t code = 0;  // or the byte
  std::size_t bytes = 1;
};

// How many bytes the sequence has that a byte begins, and the range of the second byte, which excludes overlong forms,
// surrogates, and what lies beyond the last code point. The Unicode Standard, table 3-7.
struct sequence {
  std::size_t bytes;
  unsigned char low, high;
};

sequence sequence_of(unsigned char lead) {
  if (lead < 0x80) return {1, 0, 0};
  if (lead < 0xc2 || lead > 0xf4) return {0, 0, 0};
  const auto low = static_cast<unsigned char>(lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80);
  const auto high = static_cast<unsigned char>(lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf);
  return {lead < 0xe0U ? 2U : lead < 0xf0U ? 3U : 4U, low, high};
}

piece first_of(std::string_view text) {
  const auto byte = [&](std::size_t k) { return static_cast<unsigned char>(text[k]); };
  const piece stray{.is_character = false, .code = byte(0), .bytes = 1};
  const auto [bytes, low, high] = sequence_of(byte(0));
  if (bytes == 0 || text.size() < bytes) return stray;
  if (bytes == 1) return {.is_character = true, .code = byte(0), .bytes = 1};
  if (byte(1) < low || byte(1) > high) return stray;
  char32_t code = byte(0) & (0x7fU >> bytes);
  for (std::size_t k = 1; k < bytes; ++k) {
    if ((byte(k) & 0xc0U) != 0x80) return stray;
    code = (code << 6U) | (byte(k) & 0x3fU);
  }
  return {.is_character = true, .code = code, .bytes = bytes};
}

bool steers(char32_t c) {
  struct range {
    char32_t first, last;
  };
  constexpr range ranges[] = {
      {0, 0x1f},          {0x7f, 0x9f},      // controls
      {0x61c, 0x61c},     {0x200e, 0x200f},  // marks of direction
      {0x2028, 0x202e},                      // separators of lines and paragraphs; embeddings and overrides
      {0x2066, 0x206f},                      // isolates, and deprecated controls
      {0xfdd0, 0xfdef},                      // noncharacters
      {0xfeff, 0xfeff},   {0xfff9, 0xfffb},  // the byte order mark; annotations
      {0xe0000, 0xe007f},                    // tags
  };
  if ((c & 0xfffeU) == 0xfffe) return true;  // the last two of each plane are noncharacters
  return std::any_of(std::begin(ranges), std::end(ranges), [c](range r) { return c >= r.first && c <= r.last; });
}

bool breaks(char32_t c) { return c == '\n' || c == '\t' || c == '\r'; }

enum class line { kept, joined };

std::string shown(const piece& p, std::string_view as_is, line how) {
  if (!p.is_character) return fmt::format("\\x{{{:02X}}}", static_cast<unsigned>(p.code));
  if (how == line::joined && breaks(p.code)) return " ";
  if (how == line::kept && (p.code == '\n' || p.code == '\t')) return std::string(as_is);
  return steers(p.code) ? fmt::format("\\u{{{:X}}}", static_cast<unsigned>(p.code)) : std::string(as_is);
}

struct cut_text {
  std::string text;
  bool whole = true;
};

cut_text shown(std::string_view text, line how, std::size_t most = std::numeric_limits<std::size_t>::max()) {
  cut_text out;
  while (!text.empty()) {
    const piece p = first_of(text);
    const std::string next = shown(p, text.substr(0, p.bytes), how);
    if (next.size() > most - out.text.size()) return {std::move(out.text), false};
    out.text += next;
    text.remove_prefix(p.bytes);
  }
  return out;
}

}  // namespace

std::string visible(std::string_view text) { return shown(text, line::kept).text; }

std::string unbroken(std::string_view text) { return shown(text, line::joined).text; }

std::string quotable(std::string_view text, std::size_t most) { return shown(text, line::joined, most).text; }

std::string one_line(std::string_view text, std::size_t limit) {
  const cut_text out = shown(text, line::joined, limit);
  return out.whole ? out.text : out.text + "...";
}

std::string backslashed(std::string_view text, std::string_view marks) {
  std::string out;
  for (const char c : unbroken(text)) {
    if (marks.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : visible(text)) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else
      out += c;
  }
  return out;
}

std::string with_json_escapes(std::string_view json) {
  std::string out;
  while (!json.empty()) {
    const piece p = first_of(json);
    if (!p.is_character)
      out += "\\ufffd";
    else if (p.code == '\n' || !steers(p.code))  // a line feed is no part of a string there
      out += json.substr(0, p.bytes);
    else if (p.code < 0x10000)
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(p.code));
    else
      out += fmt::format("\\u{:04x}\\u{:04x}", 0xd7c0U + static_cast<unsigned>(p.code >> 10U),
                         0xdc00U + static_cast<unsigned>(p.code & 0x3ffU));
    json.remove_prefix(p.bytes);
  }
  return out;
}

}  // namespace backproof
