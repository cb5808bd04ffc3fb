// Parses formulas such as "(x+y)*z" into graphs.
//
//   sum     := product (('+' | '-') product)*
//   product := power (('*' | '/') power)*
//   power   := ('-' power) | atom ('^' power)?
//   atom    := number | name | name '(' sum (',' sum)* ')' | '(' sum ')'
//
// Functions: exp log sqrt sigmoid tanh relu abs max min sum. A name that occurs twice is one variable. Numbers are read
// as decimal fractions, in wide precision.
#pragma once

#include <map>
#include <string>

#include "backproof/network/graph/graph.hpp"

namespace backproof::networks {

// Throws invalid_input with one line that names the place. Every variable needs a value, and every value a
// variable.
graph graph_of(const std::string& formula, const std::map<std::string, values<real>>& variables);

// "-2", "1e-3", or "1,2,3" for a vector.
values<real> values_of(const std::string& text);

// What a node computes, in terms of its operands: "q1 * z".
std::string formula_of(const graph& g, std::size_t node);

}  // namespace backproof::networks
