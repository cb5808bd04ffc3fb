// Reading of files that come from outside. Only regular files are read: a FIFO or a terminal would keep a program
// waiting, and a device never ends. Neither is waited for when it is opened. A file's size is no promise, because it
// may change while it is read: memory is taken as bytes arrive.
//
// Everything throws file_error, one line that names the file and the system's reason, or invalid_input where there is
// more than is read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace backproof {

// Open for reading.
class open_file {
 public:
  explicit open_file(std::string path);
  ~open_file();
  open_file(open_file&& other) noexcept;
  open_file& operator=(open_file&&) = delete;

  const std::string& path() const { return path_; }
  std::uint64_t size() const { return size_; }  // when it was opened
  void seek(std::uint64_t offset);
  // As many bytes as there are, and none at the end; fewer than asked for only before the end.
  std::size_t read(std::span<std::byte> into);
  int descriptor() const { return descriptor_; }
  void release() { descriptor_ = -1; }  // somebody else closes the descriptor

 private:
  std::string path_;
  int descriptor_;
  std::uint64_t size_;
};

// A whole file of at most `most` bytes.
std::vector<std::byte> read_bytes(const std::string& path, std::size_t most);
std::string read_text(const std::string& path, std::size_t most);

// Where `name` leads from `folder`, with all links followed. Throws invalid_input if that is outside of the folder:
// what a file names must not be able to read whatever its reader may.
std::string path_inside(const std::string& folder, const std::string& name);

// A file line by line, with the memory of its longest line.
class file_lines {
 public:
  file_lines(const std::string& path, std::size_t longest) : file_(path), longest_(longest) {}

  // Without its end; valid until the next. False behind the last line.
  bool next(std::string_view& line);
  std::size_t number() const { return number_; }  // of the line that was given last, from 1
  bool whole() const { return whole_; }           // whether that line had its end

 private:
  bool fill();

  open_file file_;
  std::size_t longest_, number_ = 0, at_ = 0;
  std::string buffer_;
  bool ended_ = false, whole_ = false;
};

}  // namespace backproof
