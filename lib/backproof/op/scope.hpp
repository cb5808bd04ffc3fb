// What a subject takes of an op: which of its samples, and the gradients of which inputs. A subject declares it, and
// samples are drawn inside of it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "backproof/op/sample.hpp"

namespace backproof {

// All conditions hold together. A name that the op does not have makes its condition one that no sample meets.
struct scope_part {
  using range = std::pair<double, double>;  // both ends included

  // The values that an attribute may have; none for one that is not given. Numbers are equal if they are in f32.
  std::map<std::string, std::vector<std::optional<attribute>>> attributes = {};
  std::map<std::string, range> attribute_ranges = {};  // every element, of a list
  std::map<std::string, range> ranks = {};             // by input; one that is not given is as it should be
  std::map<std::string, range> extents = {};           // by input: every extent of it
  // Inputs whose gradients it does not give, by design: names, or positions in digits.
  std::vector<std::string> no_grad = {};

  // Why it is not, in words; empty if it is.
  std::string excludes(const op& o, const sample& x) const;
};

class scope {
 public:
  scope() = default;  // everything
  explicit scope(std::vector<scope_part> parts) : parts_(std::move(parts)) {}

  // The sample with the questions left out that are not to be asked: an input without a tangent needs no gradient.
  // None if every part excludes it. A sample is taken as the first part that does not exclude it says.
  std::optional<sample> admit(const op& o, sample x) const;
  // Why all of them exclude it: the reason of the last.
  std::string excludes(const op& o, const sample& x) const;
  bool everything() const { return parts_.empty(); }

 private:
  std::vector<scope_part> parts_;
};

}  // namespace backproof
