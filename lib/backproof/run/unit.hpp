// One op in one dtype, judged by every check on every sample: the unit of work, of sharding, of the time budget, and of
// what a run can go on from.
#pragma once

#include <string>

#include "backproof/run/plan.hpp"

namespace backproof {

struct unit {
  const op* o;
  dtype type;
  std::string name() const;  // "Sigmoid/f32"
};

// Throws adapter_error alone, if the subject cannot be started again; whatever else goes wrong is told in `whole`.
judged_unit judge_unit(const plan& p, const unit& u, subject& s);

}  // namespace backproof
