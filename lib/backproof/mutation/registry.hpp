// Every family of mutants whose file is present: registered as ops are (op/registry.hpp).
#pragma once

#include <vector>

#include "backproof/mutation/mutant.hpp"

namespace backproof {

const std::vector<family>& all_families();  // sorted by name
const family& family_of(const mutant& m);
std::vector<const mutant*> all_mutants();  // in the order of families, then as they stand in the file

}  // namespace backproof
