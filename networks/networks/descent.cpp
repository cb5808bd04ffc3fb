#include "networks/descent.hpp"

namespace backproof::networks {

real descend(graph& g, std::span<const port> parameters, const real& rate) {
  const flow f = evaluate(g);
  for (const port& p : parameters) {
    values<real> w = f.value[p.node][p.output];
    const values<real>& d = f.gradient(p);
    for (index i = 0; i < w.size(); ++i) w[i] -= rate * d[i];
    g.set_value(p, std::move(w));
  }
  return f.value[g.output().node][g.output().output][0];
}

}  // namespace backproof::networks
