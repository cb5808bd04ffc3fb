#include "backproof/host/open.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include "backproof/base/file.hpp"
#include "backproof/host/helper_programs.hpp"
#include "backproof/host/untrusted_json.hpp"

namespace backproof::host {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_words = 256;

struct manifest {
  std::string name, what, install;
  fs::path folder;
  std::vector<std::string> command;
};

bool is_file(const fs::path& p) {
  std::error_code ignored;
  return fs::is_regular_file(p, ignored);
}

bool is_executable(const fs::path& p) { return is_file(p) && ::access(p.c_str(), X_OK) == 0; }

std::string worker(const open_options& options) {
  return helper_program("backproof-worker", options.executable_folder);
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// Subfolders in the order of their names, so that the search does not depend on the file system.
std::vector<fs::path> subfolders(const fs::path& of) {
  std::vector<fs::path> out;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(of, ignored))
    if (entry.is_directory(ignored)) out.push_back(entry.path());
  std::sort(out.begin(), out.end());
  return out;
}

// The build tree, then what the layouts of Linux distributions make of <prefix>/lib/backproof/adapters.
std::vector<fs::path> search_path(const open_options& options) {
  std::vector<fs::path> path;
  std::string listed = environment("BACKPROOF_ADAPTER_PATH");
  for (std::size_t begin = 0; begin < listed.size();) {
    const std::size_t end = std::min(listed.find(':', begin), listed.size());
    if (end > begin) path.emplace_back(listed.substr(begin, end - begin));
    begin = end + 1;
  }
  const fs::path prefix = fs::path(executable_folder(options.executable_folder)).parent_path();
  path.push_back(prefix / "adapters");
  const auto push_if_there = [&](const fs::path& lib) {
    std::error_code ignored;
    if (const fs::path p = lib / "backproof" / "adapters"; fs::is_directory(p, ignored)) path.push_back(p);
  };
  for (const fs::path& lib : subfolders(prefix))
    if (lib.filename().string().starts_with("lib")) push_if_there(lib);
  for (const fs::path& triplet : subfolders(prefix / "lib")) push_if_there(triplet);
  return path;
}

manifest read_manifest(const fs::path& folder) {
  const fs::path file = folder / "adapter.json";
  try {
    const json j = parse_untrusted(read_text(file.string(), limits::manifest_bytes));
    manifest m{.name = text_at(j, "name", ""),
               .what = text_or(j, "what", "", ""),
               .install = text_or(j, "install", "", ""),
               .folder = folder,
               .command = {}};
    if (m.name != folder.filename())
      throw json_trouble("name: expected '" + folder.filename().string() + "', its folder's");
    for (const json& word : array_at(j, "command", most_words, "")) {
      if (!word.is_string()) throw json_trouble("command: expected strings");
      m.command.push_back(word.get<std::string>());
    }
    if (m.command.empty()) throw json_trouble("command: expected at least one word");
    return m;
  } catch (const file_error& e) {
    throw adapter_error(e.what());
  } catch (const invalid_input& e) {
    const std::string what = e.what();
    throw adapter_error(what.starts_with(file.string()) ? what : fmt::format("{}: {}", file.string(), what));
  }
}

// What the file source_dir names; empty if there is none.
fs::path source_of(const fs::path& adapter_folder) {
  try {
    std::string_view line;
    const fs::path pointer = adapter_folder / "source_dir";
    if (file_lines lines(pointer.string(), limits::manifest_bytes); lines.next(line)) return line;
  } catch (const error&) {
    // It is not there, or no text: then there is no environment to be found.
  }
  return {};
}

// A virtual environment beside the adapter comes first, then the user's word. An adapter that runs from the build
// tree finds the environment in its source folder, to which a file points.
std::string python(const fs::path& adapter_folder) {
  const fs::path venv = fs::path(".venv") / "bin" / "python";
  if (is_executable(adapter_folder / venv)) return adapter_folder / venv;
  if (const std::string chosen = environment("BACKPROOF_PYTHON"); !chosen.empty()) return chosen;
  const fs::path source = source_of(adapter_folder);
  if (!source.empty() && is_executable(source / venv)) return source / venv;
  return "python3";
}

std::string filled_in(const std::string& word, const manifest& m, const open_options& options) {
  std::string out;
  for (std::size_t at = 0; at < word.size();) {
    const std::size_t open = word.find('{', at), close = word.find('}', open);
    out += word.substr(at, open - at);
    if (close == std::string::npos) {
      out += open == std::string::npos ? "" : word.substr(open);
      break;
    }
    const std::string name = word.substr(open + 1, close - open - 1);
    if (name == "dir")
      out += m.folder.string();
    else if (name == "worker")
      out += worker(options);
    else if (name == "python")
      out += python(m.folder);
    else
      throw adapter_error(fmt::format("{}: command: {{{}}} is none of {{dir}}, {{worker}}, {{python}}",
                                      (m.folder / "adapter.json").string(), one_line(name, 40)));
    at = close + 1;
  }
  return out;
}

adapter_command from_manifest(const manifest& m, const open_options& options) {
  adapter_command c{.label = m.name, .words = {}, .install_hint = m.install};
  try {
    for (const std::string& word : m.command) c.words.push_back(filled_in(word, m, options));
    // A plugin that was not built is the usual reason why an adapter of a worker cannot start.
    for (const std::string& word : c.words)
      if (word.ends_with(".so") && !is_file(word)) throw adapter_error(word + " does not exist");
  } catch (const adapter_error& e) {
    const std::string hint = m.install.empty() ? "" : "; to install what it needs: " + m.install;
    throw adapter_error(fmt::format("adapter {}: {}{}", m.name, e.what(), hint));
  }
  return c;
}

adapter_command from_name(const std::string& name, const open_options& options) {
  const std::vector<fs::path> path = search_path(options);
  for (const fs::path& folder : path)
    if (is_file(folder / name / "adapter.json")) return from_manifest(read_manifest(folder / name), options);
  std::vector<std::string> known, tried;
  for (const adapter_listing& a : list_adapters(options)) known.push_back(a.name);
  for (const fs::path& folder : path) tried.push_back(folder.string());
  throw adapter_error(fmt::format(
      "no adapter '{}'; known: {} (looked in {}); a library ends in .so, a command has a slash "
      "or arguments",
      one_line(name, 80), known.empty() ? "none" : fmt::format("{}", fmt::join(known, ", ")), fmt::join(tried, ":")));
}

adapter_command from_command(const std::string& what) {
  adapter_command c{.label = one_line(what, 80), .words = split_command(what), .install_hint = {}};
  if (c.words.empty()) throw adapter_error("the adapter command is empty");
  if (c.words[0].find('/') != std::string::npos && !is_executable(c.words[0]))
    throw adapter_error(fmt::format("adapter command: {} {}", one_line(c.words[0]),
                                    is_file(c.words[0]) ? "is not executable" : "does not exist"));
  return c;
}

bool is_one_word(const std::string& what) { return what.find_first_of(" \t\n'\"\\") == std::string::npos; }

}  // namespace

adapter_command resolve_adapter(const std::string& what, const open_options& options) {
  if (what.ends_with(".so") && (is_file(what) || is_one_word(what))) {
    if (!is_file(what)) throw adapter_error(fmt::format("adapter library {} does not exist", one_line(what)));
    // Absolute, because a bare file name would be searched along the library path.
    return {.label = what, .words = {worker(options), fs::absolute(what).string()}, .install_hint = {}};
  }
  if (is_one_word(what) && what.find('/') == std::string::npos && what != "." && what != "..")
    return from_name(what, options);
  return from_command(what);
}

subject_factory open_adapter(const std::string& what, const open_options& options) {
  const adapter_command c = resolve_adapter(what, options);
  stdio_options stdio = options.stdio;
  stdio.install_hint = c.install_hint;
  if (stdio.bounds.program.empty())
    stdio.bounds.program = helper_program("backproof-supervisor", options.executable_folder);
  return [c, stdio]() -> std::unique_ptr<subject> { return std::make_unique<stdio_subject>(c.label, c.words, stdio); };
}

std::vector<adapter_listing> list_adapters(const open_options& options) {
  std::vector<adapter_listing> all;
  for (const fs::path& place : search_path(options)) {
    for (const fs::path& folder : subfolders(place)) {
      const std::string name = folder.filename();
      if (!is_file(folder / "adapter.json")) continue;
      if (std::any_of(all.begin(), all.end(), [&](auto& a) { return a.name == name; })) continue;
      adapter_listing a{.name = name, .what = {}, .folder = folder, .install = {}, .trouble = {}};
      try {
        const manifest m = read_manifest(folder);
        a.what = m.what;
        a.install = m.install;
      } catch (const adapter_error& e) {
        a.trouble = e.what();
      }
      all.push_back(std::move(a));
    }
  }
  std::sort(all.begin(), all.end(), [](auto& a, auto& b) { return a.name < b.name; });
  return all;
}

std::vector<std::string> split_command(std::string_view text) {
  std::vector<std::string> words;
  std::optional<std::string> word;
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool escapable = i + 1 < text.size() && (quote == 0 || text[i + 1] == '"' || text[i + 1] == '\\');
    if (quote == 0 && (c == ' ' || c == '\t' || c == '\n')) {
      if (word) words.push_back(*std::exchange(word, std::nullopt));
    } else if (c == quote) {
      quote = 0;
    } else if (quote == 0 && (c == '\'' || c == '"')) {
      quote = c;
      if (!word) word.emplace();  // so that '' is a word, if an empty one
    } else if (c == '\\' && quote != '\'' && escapable) {
      if (!word) word.emplace();
      *word += text[++i];
    } else {
      if (!word) word.emplace();
      *word += c;
    }
  }
  if (quote != 0) throw adapter_error(fmt::format("adapter command: no closing {}", quote));
  if (word) words.push_back(*word);
  return words;
}

}  // namespace backproof::host
