// A file of lines that is written while a run goes on: whatever ends the program, what is there are whole lines but for
// the last one at most.
#pragma once

#include <cstdint>
#include <ostream>
#include <streambuf>
#include <string>

namespace backproof::cli {

class live_file : private std::streambuf {
 public:
  // Opens it, and leaves what is there for now. Throws file_error.
  explicit live_file(std::string path);
  ~live_file() override;
  live_file(const live_file&) = delete;
  live_file& operator=(const live_file&) = delete;

  // What is beyond so many bytes is cut off; then lines are added. A device takes them where it is.
  void begin_at(std::uint64_t bytes);

  // Each line goes to the file in one piece when it is ended. If a line does not fit any more (a full disk), its
  // beginning is taken back, trouble() says so, and nothing more is written: the lines before it stay good.
  std::ostream& stream() { return stream_; }
  const std::string& trouble() const { return trouble_; }

 private:
  int_type overflow(int_type c) override;
  std::streamsize xsputn(const char* text, std::streamsize n) override;
  void write_line();

  std::string path_, line_, trouble_;
  int fd_ = -1;
  bool regular_ = false;
  std::uint64_t size_ = 0;
  std::ostream stream_;
};

}  // namespace backproof::cli
