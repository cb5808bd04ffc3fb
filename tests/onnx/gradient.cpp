// The whole gradient of a model on file, each number of it against a central difference in 50 digits:
//
//   onnx_gradient MODEL
//
// The difference is off by f''' h^2 / 6 and by the rounding of f / h: with h = 1e-14 both are below 1e-24 of what is
// compared, unless a kink lies within h.
#include <fmt/format.h>

#include "backproof/network/graph/network.hpp"

namespace backproof::networks {
namespace {

const real h = real("1e-14"), tolerance = real("1e-22");

real value_of(const graph& g) { return evaluate(g).value[g.output().node][g.output().output][0]; }

real moved(network& n, port leaf, const values<real>& from, index_t i, const real& by) {
  values<real> there = from;
  there[i] += by;
  n.g.set_value(leaf, there);
  return value_of(n.g);
}

// How many numbers of the leaf's gradient are wrong.
int wrong_in(network& n, port leaf, const values<real>& gradient) {
  const values<real> here = n.g.nodes()[leaf.node].value;
  int wrong = 0;
  for (index_t i = 0; i < here.size(); ++i) {
    const real slope = (moved(n, leaf, here, i, h) - moved(n, leaf, here, i, -h)) / (real(2) * h);
    const real error = abs(slope - gradient[i]);
    if (error <= tolerance * (real(1) + abs(slope))) continue;
    ++wrong;
    fmt::print("{}[{}]: {} is off by {}\n", n.name_of(leaf), i, static_cast<double>(slope), static_cast<double>(error));
  }
  n.g.set_value(leaf, here);
  return wrong;
}

int run(const std::string& path) {
  network n = read_network(path);
  const evaluation f = evaluate(n.g);
  int wrong = 0;
  index_t numbers = 0;
  std::vector<port> leaves = n.parameters;
  for (const port& p : n.inputs)
    if (n.initial.at(n.name_of(p)) == "normal") leaves.push_back(p);
  for (const port& p : leaves) {
    wrong += wrong_in(n, p, f.gradient(p));
    numbers += size_of(n.g.shape_of(p));
  }
  fmt::print("{} numbers of {} gradients, {} wrong\n", numbers, leaves.size(), wrong);
  return wrong == 0 && numbers > 0 ? 0 : 1;
}

}  // namespace
}  // namespace backproof::networks

int main(int argc, char** argv) { return argc == 2 ? backproof::networks::run(argv[1]) : 4; }
