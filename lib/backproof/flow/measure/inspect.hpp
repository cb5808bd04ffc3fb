// The parts of an analysis that look into one network.
#pragma once

#include <functional>

#include "backproof/flow/measure/record.hpp"
#include "backproof/flow/model/model.hpp"

namespace backproof::flow {

void inspect_parameters(flow_record& r, const model& m, const trace& t, const std::vector<matrix>& delta);

// Dead and saturated units, over 32 inputs.
void inspect_slopes(flow_record& r, const model& m, const std::function<matrix(std::uint64_t)>& input,
                    const settings& s);

// Norms and spectra of each layer's Jacobian and of their product; partial Jacobians. What would be too expensive is
// left out, and the record says so.
void inspect_jacobians(flow_record& r, const model& m, const trace& t);

// The same of Jacobians that are given, one per layer, outputs x inputs; empty where there is none. That of all layers
// together, if each but the first has one.
void inspect_jacobians(flow_record& r, const std::vector<matrix>& given);

// The largest |<v, J u> - <v, (f(x + h u) - f(x - h u)) / 2h>| over layers, over |v| |J u|, in a random direction.
double mismatch_of_gradients(const model& m, const trace& t, std::uint64_t seed);

}  // namespace backproof::flow
