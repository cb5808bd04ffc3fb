#include "backproof/mutation/registry.hpp"

#include <algorithm>

#include "backproof/base/registered.hpp"
#include "backproof/mutation/register_mutant.hpp"

namespace backproof {

bool register_mutant(family item) { return add_registered(std::move(item)); }

const std::vector<family>& all_families() { return registered<family>(); }

const family& family_of(const mutant& m) {
  return *std::find_if(all_families().begin(), all_families().end(), [&](const family& f) {
    return std::any_of(f.mutants.begin(), f.mutants.end(), [&](const mutant& one) { return &one == &m; });
  });
}

std::vector<const mutant*> all_mutants() {
  std::vector<const mutant*> list;
  for (const family& f : all_families())
    for (const mutant& m : f.mutants) list.push_back(&m);
  return list;
}

}  // namespace backproof
