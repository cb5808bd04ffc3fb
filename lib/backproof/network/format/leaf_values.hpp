// The initial values of a network's leaves, as its description specifies them: given, from a file, or drawn.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "backproof/network/format/json_fields.hpp"
#include "backproof/network/format/tensor_files.hpp"
#include "backproof/network/graph/initialiser.hpp"
#include "backproof/network/graph/network.hpp"

namespace backproof::networks {

// The members init, gain, std, low, high, value and below; what is not said is as in `otherwise`.
initialiser initialiser_of(const json& j, initialiser otherwise);

struct leaf_value {
  values<real> value;
  std::string how;  // "he", "given", "from weights.npz"
};

// Throws invalid_input, format_error if it is a file that is wrong, file_error if it cannot be read. It counts what it
// has given, and gives no more than `most_numbers` in all.
class leaf_values {
 public:
  leaf_values(std::string folder, bool allow_outside, std::uint64_t seed)
      : folder_(std::move(folder)), allow_outside_(allow_outside), seed_(seed) {}

  // By a specification; `use` if the shape follows from where the leaf is used.
  leaf_value specified(const std::string& name, const json& j, const std::optional<parameter_use>& use,
                       const initialiser& otherwise);
  leaf_value drawn(const std::string& name, const parameter_use& use, const initialiser& how);
  // From a file that has it by that name, or by the other.
  leaf_value found(const std::string& name, const std::string& other, const parameter_use& use,
                   const std::string& file);

 private:
  void claim(double numbers);  // counts them before there is memory for them
  leaf_value checked(const std::string& name, const shape& dims, const std::vector<double>& elements, std::string how);
  leaf_value of(const std::string& name, const tensor& t, const std::optional<shape>& dims, std::string how);
  std::string inside(const std::string& file) const;
  const tensor_file& opened(const std::string& file);

  std::string folder_;
  bool allow_outside_;
  std::uint64_t seed_;
  std::map<std::string, tensor_file> files_;
  double numbers_ = 0;
};

}  // namespace backproof::networks
