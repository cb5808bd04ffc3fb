// Graphs as pictures and as text for programs: gates from left to right, on every edge its value (green, above) and its
// gradient (red, below).
#pragma once

#include <string>

#include "backproof/network/graph/graph.hpp"

namespace backproof::networks {

// The gradient of a node's output as text; for a copy gate the sum over its copies, for a number in a formula nothing.
std::string gradient_text(const node& n, const evaluation& f, std::size_t k, int digits);
// "-0.2", with at most so many significant digits; of a vector its first elements.
std::string short_number(const values<real>& v, int digits = 4);

std::string svg_of(const graph& g, const evaluation& f);  // a whole SVG document
std::string html_of(const std::string& formula, const graph& g,
                    const evaluation& f);  // with the picture inside, and a table
// backproof.graph/1: nodes and edges with value, gradient, upstream, local and downstream as decimal text of all
// digits.
std::string json_of(const std::string& formula, const graph& g, const evaluation& f);

// What an op's input is multiplied with: d(output)/d(input) of a gate of scalars; absent otherwise.
values<real> local_of(const graph& g, const evaluation& f, std::size_t node, std::size_t input);

}  // namespace backproof::networks
