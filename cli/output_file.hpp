// A report that appears whole or not at all: its text is kept until it is complete (base/whole_file.hpp).
#pragma once

#include <sstream>
#include <string>
#include <utility>

#include "backproof/base/whole_file.hpp"
#include "backproof/tensor/safetensors.hpp"

namespace backproof::cli {

class output_file {
 public:
  // Whether the path can be written is found out before any work is done, so that it costs nobody an hour. Throws
  // file_error, as commit() does. Without commit() nothing is left behind, whatever ends the program.
  explicit output_file(std::string path) : path_(std::move(path)) { require_writable(path_); }

  std::ostream& stream() { return text_; }
  void commit() { write_whole_file(path_, text_.str()); }

 private:
  std::string path_;
  std::ostringstream text_;
};

// What was asked for with an option: nothing where its path is empty.
inline void write(const std::string& path, const std::string& text) {
  if (!path.empty()) write_whole_file(path, text);
}

inline void write(output_file& file, const safetensors& s) {
  const std::vector<std::byte> bytes = encode(s);
  file.stream().write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  file.commit();
}

}  // namespace backproof::cli
