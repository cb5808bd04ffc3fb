// Tensors from files: safetensors, NumPy's .npy, and .npz, which is a zip archive of them.
//
// Files are untrusted: what a header claims is compared with what is there before anything is allocated, an archive may
// not expand to more than is read of any file (base/limits.hpp), only those tensors of it are read that are asked for,
// and one tensor may take at most 1 GiB in memory.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "backproof/tensor/safetensors.hpp"

namespace backproof::networks {

// An open file. Everything throws format_error with one line that names the file and what is wrong with it, and
// file_error where it cannot be read.
class tensor_file {
 public:
  explicit tensor_file(const std::string& path);
  ~tensor_file();
  tensor_file(tensor_file&&) noexcept;

  bool has(const std::string& name) const;
  // f64, f32, f16, bf16 and i64 as they are; NumPy's other integers and booleans become i64.
  tensor at(const std::string& name) const;
  std::vector<std::string> names() const;  // in the order of the file

 private:
  class contents;
  class of_zip;
  class of_safetensors;
  class of_npy;
  std::string path_;
  std::unique_ptr<contents> contents_;
};

tensor decode_npy(std::span<const std::byte> bytes);  // throws format_error

}  // namespace backproof::networks
