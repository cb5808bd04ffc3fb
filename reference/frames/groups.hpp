// Groups of elements that belong together: those that a reduction adds up, or that a normalisation standardises.
#pragma once

#include <string>
#include <vector>

#include "backproof/tensor/attributes.hpp"
#include "backproof/tensor/shape.hpp"

namespace backproof {

// Elements of a tensor by the coordinates along the axes that are *not* listed: group o holds the flat positions of all
// elements that share them, in row-major order. Groups are in row-major order as well. Negative axes count from the
// end. Throws invalid_input for an axis that does not exist, or is named twice.
class groups {
 public:
  groups(const shape& dims, const std::vector<index_t>& axes);

  index_t count() const { return static_cast<index_t>(members_.size()); }
  index_t length() const { return length_; }  // elements of each group; 0 if a listed axis is empty
  const std::vector<index_t>& operator[](index_t o) const { return members_.at(static_cast<std::size_t>(o)); }

  // The shape of one number per group: the listed axes with extent 1, or without them.
  shape reduced(bool keepdims) const;

 private:
  shape dims_;
  std::vector<bool> listed_;
  index_t length_ = 1;
  std::vector<std::vector<index_t>> members_;
};

}  // namespace backproof
