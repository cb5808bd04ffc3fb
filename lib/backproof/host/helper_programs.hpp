// The programs that come with the library and do their work beside it: backproof-worker and backproof-supervisor.
#pragma once

#include <string>

namespace backproof::host {

// Where programs and shipped adapters are looked for: `chosen`, or if it is empty the folder of this very program.
std::string executable_folder(const std::string& chosen = "");

// Looks in that folder (a build tree), in ../libexec/backproof (an installation), and where this library was to be
// installed. Throws adapter_error, which says so.
std::string helper_program(const std::string& name, const std::string& chosen_folder = "");

}  // namespace backproof::host
