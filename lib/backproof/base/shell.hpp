// What is printed to be pasted into a shell.
#pragma once

#include <string>
#include <string_view>

namespace backproof {

// A word that sh, bash and zsh read back as `text`: as it stands where no character of it means anything to a shell,
// otherwise in single quotes. Control characters are written as $'\x1b' is, which the plain sh of Debian 12 does not
// know, so that a pasted line cannot act on the terminal; such names are nobody's habit.
std::string shell_quoted(std::string_view text);

}  // namespace backproof
