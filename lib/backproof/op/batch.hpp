// Examples along a batch axis: axis 0 of every output, and of the inputs that an op's law::batch names. Elementwise
// functions of one variable have such an axis too, because their elements are independent.
#pragma once

#include <optional>
#include <vector>

#include "backproof/op/op.hpp"
#include "backproof/op/sample.hpp"

namespace backproof {

bool has_batch(const op& o);
bool in_batch(const op& o, std::size_t input);      // false: it is shared by all examples
index_t examples_of(const op& o, const sample& x);  // 0 if the sample has no such axis
// The sample of some examples, in this order; each may stand there more than once.
sample of_examples(const op& o, const sample& x, const std::vector<index_t>& which);
// The same of one tensor.
tensor of_examples(const tensor& t, const std::vector<index_t>& which);

}  // namespace backproof
