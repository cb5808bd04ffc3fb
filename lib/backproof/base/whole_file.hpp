// Files that appear whole or not at all.
#pragma once

#include <string>
#include <string_view>

namespace backproof {

// Writes beside the target, under a name that nobody could have put a link in the place of, and renames. A link stays a
// link: what it points to is written. What is there and is no regular file, such as /dev/stdout, is written to as it
// is. Throws file_error; then nothing is left behind, and what was there before is as it was.
void write_whole_file(const std::string& path, std::string_view bytes);

// Throws what write_whole_file would throw of a path that cannot be written, before there is anything to write.
void require_writable(const std::string& path);

// All of it to an open file; 0, or the errno of what went wrong.
int write_all(int fd, std::string_view bytes);

[[noreturn]] void cannot_write(const std::string& path, int error_number);  // throws file_error

}  // namespace backproof
