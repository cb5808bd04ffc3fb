// For the generated unit of each family of mutants.
#pragma once

#include "mutation/mutant.hpp"

namespace backproof {

bool register_mutant(family item);

}  // namespace backproof
