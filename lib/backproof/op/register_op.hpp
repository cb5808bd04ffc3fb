// For the generated unit of each op, and for programs that bring ops of their own.
#pragma once

#include "backproof/op/op.hpp"

namespace backproof {

bool register_op(op item);

}  // namespace backproof
