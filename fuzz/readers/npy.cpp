// One NumPy array.
#include "backproof/network/format/tensor_files.hpp"
#include "fuzz/target.hpp"

namespace backproof::fuzz {

void try_to_read(std::string_view bytes) { networks::decode_npy(bytes_of(bytes)); }

std::vector<std::string> seeds() {
  const auto array = [](std::string header, std::size_t bytes) {
    header += std::string(63 - (9 + header.size()) % 64, ' ') + "\n";
    return std::string("\x93NUMPY\x01\x00", 8) + static_cast<char>(header.size()) + '\0' + header +
           std::string(bytes, '\1');
  };
  return {array("{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }", 48),
          array("{'descr': '<f2', 'fortran_order': False, 'shape': (), }", 2),
          array("{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }", 3),
          array("{'descr': '<i4', 'fortran_order': False, 'shape': (0, 5), }", 0)};
}

}  // namespace backproof::fuzz
