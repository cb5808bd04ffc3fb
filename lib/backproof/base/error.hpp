// What this library throws on purpose: one base, so that a program can tell our errors from those of others, and one
// type for each of whose fault it is. Every message is one line.
#pragma once

#include <stdexcept>

namespace backproof {

class error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// What was given does not fit: shapes, attributes, a formula, a description, the bytes of a file, an answer. Whatever
// comes from outside may cause it, and nothing else may come of it.
class invalid_input : public error {
 public:
  using error::error;
};

// A file cannot be opened, read or written: the system's reason is in the message.
class file_error : public error {
 public:
  using error::error;
};

// The library was called against its contract. This is a bug of the calling program, and no input may cause it.
class misuse : public error {
 public:
  using error::error;
};

}  // namespace backproof
