// The plots of a record, each a section of the page. If there is nothing to show, the plot is an empty text, and its
// section is left out.
#pragma once

#include <string>

#include "backproof/flow/measure/record.hpp"

namespace backproof::flow {

std::string profile_plot(const flow_record& r);    // 1: the gradient's norm over depth
std::string gain_plot(const flow_record& r);       // 2: what each layer does to it
std::string partial_plot(const flow_record& r);    // 3: from every layer to every later one
std::string spectrum_plot(const flow_record& r);   // 4: singular values
std::string bracket_plot(const flow_record& r);    // 5: norms, bounded from both sides
std::string parameter_plot(const flow_record& r);  // 6: parameters' gradients
std::string exponent_plot(const flow_record& r);   // 7: which powers of two gradients have
std::string step_plot(const flow_record& r);       // 8: over training steps
std::string phase_plot(const flow_record& r);      //    where the network lies in its activation's plane
std::string slope_plot(const flow_record& r);      //    dead and saturated units

}  // namespace backproof::flow
