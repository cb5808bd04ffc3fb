// Gradient descent on a graph: w <- w - rate * d(output)/dw for each parameter, all at once.
//
// Source: the gradient descent of the backpropagation lectures, theta^(k+1) = theta^k - eta grad L(theta^k).
#pragma once

#include <span>

#include "backproof/network/graph/graph.hpp"

namespace backproof::networks {

// One step; returns the output before it. Throws invalid_input if a parameter is no leaf.
real descend(graph& g, std::span<const port> parameters, const real& rate);
// The same with gradients that are known already, of this graph or of one with the same parameters.
void descend(graph& g, std::span<const port> parameters, const real& rate, const evaluation& f);

}  // namespace backproof::networks
