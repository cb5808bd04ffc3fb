// Every op whose file is present. The build generates one translation unit per file, which includes it alone and
// registers its struct; there is no list to edit. Subjects may offer ops of their own.
//
// Registration happens before main and `introduce` before a run begins; reading is safe from any thread after that.
#pragma once

#include <string_view>
#include <vector>

#include "backproof/op/op.hpp"

namespace backproof {

const std::vector<op>& all_ops();  // sorted by name

const op* find_op(std::string_view name);  // by its own or its ONNX name, in any case; null if there is none

// Adds an op that a subject brought along, unless there is one of its name. Pointers to ops are void afterwards.
void introduce(op o);

}  // namespace backproof
