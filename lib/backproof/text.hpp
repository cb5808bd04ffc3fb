// Untrusted text in messages.
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

}  // namespace backproof
