// A zip archive of NumPy arrays.
#include <array>

#include "backproof/network/format/tensor_files.hpp"
#include "fuzz/target.hpp"

namespace backproof::fuzz {

namespace {

std::uint32_t checksum(std::string_view bytes) {  // CRC-32, without which an archive is refused
  std::uint32_t sum = 0xffffffffU;
  for (const char c : bytes) {
    sum ^= static_cast<unsigned char>(c);
    for (int k = 0; k < 8; ++k) sum = (sum >> 1U) ^ (0xedb88320U & (0U - (sum & 1U)));
  }
  return ~sum;
}

std::string number(std::uint64_t value, int bytes) {
  std::string out;
  for (int k = 0; k < bytes; ++k) out += static_cast<char>((value >> (8 * k)) & 0xffU);
  return out;
}

// One file in an archive, not compressed.
std::string archive_of(const std::string& name, const std::string& content) {
  const std::string sizes = number(checksum(content), 4) + number(content.size(), 4) + number(content.size(), 4);
  const std::string local =
      "PK\3\4" + number(20, 2) + number(0, 8) + sizes + number(name.size(), 2) + number(0, 2) + name;
  const std::string entry = "PK\1\2" + number(20, 2) + number(20, 2) + number(0, 8) + sizes + number(name.size(), 2) +
                            number(0, 8) + number(0, 4) + number(0, 4) + name;
  return local + content + entry + "PK\5\6" + number(0, 4) + number(1, 2) + number(1, 2) + number(entry.size(), 4) +
         number(local.size() + content.size(), 4) + number(0, 2);
}

}  // namespace

void try_to_read(std::string_view bytes) {
  const networks::tensor_file file(file_with(bytes, ".npz"));
  std::size_t read = 0;
  for (const std::string& name : file.names())
    if (++read <= 20) file.at(name);
}

std::vector<std::string> seeds() {
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }";
  header += std::string(117 - header.size(), ' ') + "\n";
  const std::string array =
      std::string("\x93NUMPY\x01\x00", 8) + number(header.size(), 2) + header + "\1\2\3\4\5\6\7\10";
  return {archive_of("weight.npy", array), archive_of("delta/0/fc.npy", array), archive_of("note.txt", "no array")};
}

}  // namespace backproof::fuzz
