// Shell-style patterns.
#pragma once

#include <string_view>

namespace backproof {

// * stands for any text, ? for any character; letters match in any case.
bool matches(std::string_view glob, std::string_view text);

// Equal but for the case of ASCII letters.
bool same_letters(std::string_view a, std::string_view b);

}  // namespace backproof
