// For the generated unit of each family of mutants.
#pragma once

#include "backproof/mutation/mutant.hpp"

namespace backproof {

bool register_mutant(family item);

}  // namespace backproof
