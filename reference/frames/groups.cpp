#include "frames/groups.hpp"

namespace backproof {

groups::groups(const shape& dims, const std::vector<index_t>& axes) : dims_(dims), listed_(dims.size()) {
  const auto rank = static_cast<index_t>(dims.size());
  for (const index_t axis : axes) {
    const index_t k = axis < 0 ? axis + rank : axis;
    if (k < 0 || k >= rank) throw invalid_input("axis " + std::to_string(axis) + " of a tensor " + to_string(dims));
    if (listed_[static_cast<std::size_t>(k)]) throw invalid_input("axis " + std::to_string(axis) + " is named twice");
    listed_[static_cast<std::size_t>(k)] = true;
    length_ *= dims[static_cast<std::size_t>(k)];
  }
  const shape outer = reduced(true), steps = strides_of(dims), outer_steps = strides_of(outer);
  members_.resize(static_cast<std::size_t>(size_of(outer)));
  for (index_t i = 0; i < size_of(dims); ++i) {
    index_t o = 0;
    for (std::size_t k = 0; k < dims.size(); ++k)
      if (!listed_[k]) o += i / steps[k] % dims[k] * outer_steps[k];
    members_[static_cast<std::size_t>(o)].push_back(i);
  }
}

shape groups::reduced(bool keepdims) const {
  shape s;
  for (std::size_t k = 0; k < dims_.size(); ++k)
    if (!listed_[k])
      s.push_back(dims_[k]);
    else if (keepdims)
      s.push_back(1);
  return s;
}

}  // namespace backproof
