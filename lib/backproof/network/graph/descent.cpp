#include "backproof/network/graph/descent.hpp"

namespace backproof::networks {

void descend(graph& g, std::span<const port> parameters, const real& rate, const evaluation& f) {
  for (const port& p : parameters) {
    values<real> w = g.nodes()[p.node].value;
    const values<real>& d = f.gradient(p);
    for (index_t i = 0; i < w.size(); ++i) w[i] -= rate * d[i];
    g.set_value(p, std::move(w));
  }
}

real descend(graph& g, std::span<const port> parameters, const real& rate) {
  const evaluation f = evaluate(g);
  descend(g, parameters, rate, f);
  return f.value[g.output().node][g.output().output][0];
}

}  // namespace backproof::networks
