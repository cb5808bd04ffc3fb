// Makes the flow record of an ensemble of networks.
#pragma once

#include <functional>

#include "backproof/flow/measure/record.hpp"
#include "backproof/flow/model/network.hpp"
#include "backproof/flow/theory/recipe.hpp"

namespace backproof::flow {

// Networks of one kind: a recipe's, one per seed, or always the same given network with different inputs.
struct ensemble {
  std::string name;
  std::function<model(std::uint64_t)> make;
  std::function<matrix(std::uint64_t)> input;
  bool redrawn = true;           // another seed is another network
  std::optional<double> factor;  // of the squared gradient per layer, by theory
  std::optional<double> kappa;   // of its fluctuations, where theory knows it
  std::optional<double> edge;    // of the whole Jacobian's spectrum, at infinite width
  int gaussian_factors = 0;      // of the whole Jacobian, if it is a product of square Gaussian matrices
  std::optional<phase_point> phase;
};
ensemble ensemble_of(const recipe& r);
ensemble ensemble_of(std::string name, model m);
// A described network with inputs like its first one, normal and of the same size. Throws unknown_block.
ensemble ensemble_of(const networks::network& n, const std::string& name);

// Everything but findings and alternatives: judge() and propose() add those.
flow_record analyze(const ensemble& f, const settings& s);

// Only the profile: norms, slope, drift. This is enough for acceptance tests and interventions, and a hundred times
// faster.
flow_record profile(const ensemble& f, const settings& s);

}  // namespace backproof::flow
