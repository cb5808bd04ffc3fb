// How parameters are initialised: by named distributions over their shape, drawn from a seed and the parameter's name.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "backproof/tensor/tensor.hpp"

namespace backproof::networks {

// What a parameter is for, from which follows how many terms each output sums (fan in) and each input feeds (fan out).
struct parameter_use {
  enum class kind { weight, bias, shift, scale, slope, embedding, mean, variance };
  kind what = kind::weight;
  shape dims;
  index_t fan_in = 1, fan_out = 1;
  bool convolution = false;  // dims are [out, in, taps...]
  index_t torch_fan = 0;     // what torch_default takes for n_in where that is something else: a recurrence's units
};

// The distributions, with n_in and n_out for the fans:
//   he             normal, variance 2 / n_in                  (He, Zhang, Ren, Sun 2015, section 2.2)
//   glorot         uniform in +-sqrt(6 / (n_in + n_out))      (Glorot, Bengio 2010, formula 16)
//   lecun          normal, variance 1 / n_in                  (LeCun, Bottou, Orr, Mueller 1998, section 4.6)
//   torch_default  uniform in +-1/sqrt(n_in), biases too; n_in is the number of units in a recurrence
//                                                             (torch.nn.Linear, Conv2d, RNN, GRU, LSTM)
//   orthogonal     orthonormal rows or columns                (Saxe, McClelland, Ganguli 2013)
//   delta_orthogonal  an orthogonal matrix in the middle of a convolution's window, else 0  (Xiao et al. 2018)
//   normal, uniform, constant, zeros, ones, integers          with std, low and high, value, below
// All but the last line multiply by `gain`. Normal numbers are cut off at 6 standard deviations.
struct initialiser {
  std::string name = "torch_default";
  double gain = 1, std = 1, low = -1, high = 1, value = 0;
  index_t below = 2;
};

bool is_initialiser(const std::string& name);
std::string known_initialisers();  // "he, glorot, ..."

// What a parameter of that use begins with when the network's weights begin as `weights` says: biases at zero (but
// torch_default's), scales at one, shifts of normalisations at zero.
initialiser initialiser_for(const parameter_use& use, const initialiser& weights);

// Throws invalid_input if the name is unknown or the shape does not suit it.
std::vector<double> initial_values(const initialiser& how, const parameter_use& use, std::uint64_t seed,
                                   const std::string& name);

}  // namespace backproof::networks
