// Interventions that may help: the same network with one change, built and measured, beside what theory predicts.
#pragma once

#include "backproof/flow/measure/analyze.hpp"

namespace backproof::flow {

struct change {
  std::string what;
  std::optional<drawing> weights;        // all weights are drawn anew
  const activation* function = nullptr;  // in place of every activation
  bool residual = false;                 // layers that keep their width become x + layer(x) / sqrt(depth)
  bool normalized = false;               // layer normalisation after each layer but the last
};

std::vector<change> changes_for(const model& m);
ensemble changed(const ensemble& f, const change& c);

// Adds the alternatives to a record whose gradient vanishes or explodes; to others nothing.
void propose(flow_record& r, const ensemble& f);

}  // namespace backproof::flow
