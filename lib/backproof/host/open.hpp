// Makes subjects from the argument of --adapter: the name of a shipped adapter, a shared library, or a command.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "backproof/host/stdio_subject.hpp"
#include "backproof/judge/subject.hpp"

namespace backproof::host {

struct open_options {
  stdio_options stdio;  // its install hint is taken from the manifest
  // Where backproof-worker, backproof-supervisor and the shipped adapters are looked for; empty: of this program. A
  // program of its own that uses this library gives the folder of the installed `backproof`.
  std::string executable_folder;
};

// How to start an adapter.
struct adapter_command {
  std::string label;  // the name, or what the user wrote
  std::vector<std::string> words;
  std::string install_hint;
};

struct adapter_listing {
  std::string name, what, folder, install;
  std::string trouble;  // what is wrong with its manifest; empty if nothing is
};

// Everything below throws adapter_error, with one line that says what was tried.
adapter_command resolve_adapter(const std::string& what, const open_options& options = {});
subject_factory open_adapter(const std::string& what, const open_options& options = {});

// The shipped adapters, by name. Of two alike in name, the first folder of the search path wins.
std::vector<adapter_listing> list_adapters(const open_options& options = {});

// Words as a POSIX shell would split them: quotes and backslashes, and nothing else that a shell does.
std::vector<std::string> split_command(std::string_view text);

}  // namespace backproof::host
