// The activations inside of recurrent cells, as ONNX names them, with their slopes and where those jump.
#pragma once

#include <limits>
#include <string>
#include <vector>

#include "backproof/number/math.hpp"
#include "backproof/tensor/attributes.hpp"
#include "frames/logistic.hpp"

namespace backproof::recurrent {

// Whether a number may have overflowed on its way. A sum may then as well have come out as inf - inf.
template <class S>
bool is_lost(const S& a) {
  if constexpr (requires { a.error(); })
    return !(a.error() < std::numeric_limits<double>::infinity());
  else
    return false;
}

// Some y that depends on a, by a function, by its slope, or as a product with 0: where a is lost nothing is known of y
// either, however small the function's range is.
template <class S>
S unless_lost(S y, const S& a) {
  if (is_lost(a)) y += a - a;
  return y;
}

// What is not known exactly, but computed, is compared by max and min only: the bound of the larger of two uncertain
// numbers is known.
struct activation {
  enum class kind { tanh, sigmoid, relu, leaky_relu, hard_sigmoid, affine, scaled_tanh, elu, softsign, softplus };
  kind what = kind::tanh;
  double alpha = 0, beta = 0;

  // a, and the output y, from which implementations like to derive the slope.
  template <scalar S>
  S value(const S& a) const {
    const S negative = math::min(a, S(0)), positive = math::max(a, S(0));
    switch (what) {
      case kind::tanh:
        return math::tanh(a);
      case kind::sigmoid:
        return logistic::sigmoid(a);
      case kind::relu:
        return positive;
      case kind::leaky_relu:
        return positive + S(alpha) * negative;
      case kind::hard_sigmoid:
        return math::max(math::min(S(alpha) * a + S(beta), S(1)), S(0));
      case kind::affine:
        return S(alpha) * a + S(beta);
      case kind::scaled_tanh:
        return S(alpha) * math::tanh(S(beta) * a);
      case kind::elu:
        return positive + S(alpha) * math::expm1(negative);
      case kind::softsign:
        return a / (S(1) + math::abs(a));
      case kind::softplus:
        break;
    }
    return logistic::softplus(a);
  }

  // At a kink, the slope to its left, but for leaky_relu and elu, whose 0 belongs to the right.
  template <scalar S>
  S slope(const S& a) const {
    switch (what) {
      case kind::tanh:
        return sech_squared(a);
      case kind::sigmoid:
        return logistic::sigmoid(a) * logistic::sigmoid(-a);
      case kind::relu:
        return S(0) < a ? S(1) : S(0);
      case kind::leaky_relu:
        return a < S(0) ? S(alpha) : S(1);
      case kind::hard_sigmoid: {
        const S y = S(alpha) * a + S(beta);
        return S(0) < y && y < S(1) ? S(alpha) : S(0);
      }
      case kind::affine:
        return S(alpha);
      case kind::scaled_tanh:
        return S(alpha) * S(beta) * sech_squared(S(beta) * a);
      case kind::elu:
        return a < S(0) ? S(alpha) * math::exp(a) : S(1);
      case kind::softsign: {
        const S d = S(1) + math::abs(a);
        return S(1) / (d * d);
      }
      case kind::softplus:
        break;
    }
    return logistic::sigmoid(a);
  }

  // The slope as implementations have it that keep outputs only: 1 - y^2 and y (1 - y) cancel where they saturate.
  template <scalar S>
  S slope_from_output(const S& a) const {
    const S y = value(a);
    if (what == kind::tanh) return S(1) - y * y;
    if (what == kind::sigmoid) return y * (S(1) - y);
    if (what == kind::scaled_tanh) return S(beta) * (S(alpha) - y * y / S(alpha));
    return slope(a);
  }

  // Where the slope jumps.
  std::vector<real> kinks() const {
    if (what == kind::relu || what == kind::leaky_relu || what == kind::elu) return {real(0)};
    if (what == kind::hard_sigmoid) return {-real(beta) / real(alpha), (real(1) - real(beta)) / real(alpha)};
    return {};
  }

  template <scalar S>
  static S sech_squared(const S& x) {
    const S e = math::exp(S(-2) * math::abs(x)), d = S(1) + e;
    return S(4) * e / (d * d);
  }
};

struct activation_info {
  std::string_view name;
  activation::kind what;
  bool alpha, beta;  // the parameters that it takes
};
inline constexpr activation_info known_activations[] = {
    {"Tanh", activation::kind::tanh, false, false},
    {"Sigmoid", activation::kind::sigmoid, false, false},
    {"Relu", activation::kind::relu, false, false},
    {"LeakyRelu", activation::kind::leaky_relu, true, false},
    {"HardSigmoid", activation::kind::hard_sigmoid, true, true},
    {"Affine", activation::kind::affine, true, true},
    {"ScaledTanh", activation::kind::scaled_tanh, true, true},
    {"Elu", activation::kind::elu, true, false},
    {"Softsign", activation::kind::softsign, false, false},
    {"Softplus", activation::kind::softplus, false, false},
};

inline const activation_info& activation_named(std::string_view name) {
  for (const activation_info& known : known_activations)
    if (known.name == name) return known;
  throw invalid_input("no activation of that name");
}

// Attribute activations: names with commas between them; activation_alpha and activation_beta have one number for each
// of those that take it, in their order. (ONNX has a list of names. Its ThresholdedRelu is missing: it jumps.)
inline std::vector<activation> activations_of(const attributes& a) {
  const std::string& names = a.text("activations");
  const std::vector<double>&alphas = a.numbers("activation_alpha"), &betas = a.numbers("activation_beta");
  std::vector<activation> list;
  std::size_t alpha = 0, beta = 0;
  for (std::size_t start = 0; start <= names.size();) {
    const std::size_t end = std::min(names.find(',', start), names.size());
    const activation_info& known = activation_named(std::string_view(names).substr(start, end - start));
    activation f{.what = known.what};
    if (known.alpha) f.alpha = alpha < alphas.size() ? alphas[alpha++] : throw invalid_input("alpha missing");
    if (known.beta) f.beta = beta < betas.size() ? betas[beta++] : throw invalid_input("beta missing");
    if (known.alpha && f.alpha == 0) throw invalid_input("an activation with alpha 0");
    list.push_back(f);
    start = end + 1;
  }
  return list;
}

}  // namespace backproof::recurrent
