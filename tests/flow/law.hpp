// A law: what theory says, what backproof::flow measures, and how far apart they may be. The table of
// docs/flow-validation.md and the tests are made of the same rows, so that neither says what the other does not.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace backproof::flow::tests {

enum class effort { fast, medium, slow };

struct law {
  std::string id;                    // "X1": where several rows belong together, they share it
  std::string statement;             // in Markdown
  double theory = 0, tolerance = 0;  // |measured - theory| <= tolerance
  std::function<double()> measure;
  effort cost = effort::fast;
};

std::vector<law> exact_laws();         // no randomness, or none that matters
std::vector<law> one_layer_laws();     // random matrices
std::vector<law> finite_width_laws();  // exact at every width
std::vector<law> mean_field_laws();
std::vector<law> spectrum_laws();      // of input-output Jacobians
std::vector<law> architecture_laws();  // recurrent, residual, normalised
std::vector<law> numerical_laws();     // of the methods themselves

}  // namespace backproof::flow::tests
