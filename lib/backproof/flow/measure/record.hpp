// The record of a flow analysis, of networks or of a recording. Rules and renderers see nothing else.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backproof/flow/measure/spectrum.hpp"
#include "backproof/flow/measure/statistics.hpp"
#include "backproof/flow/theory/laws.hpp"

namespace backproof::flow {

struct parameter_record {
  std::string name;
  tensor_statistics gradient;
  std::optional<double> weight_rms;
  bool absent = false;  // trainable, and no gradient was recorded
};

struct layer_record {
  std::string name, kind;
  std::size_t width = 0;
  tensor_statistics gradient;           // with respect to this layer's output, one sample's
  bool absent = false;                  // nothing was recorded but that there was none
  double log10_norm = 0;                // of its norm: mean over the samples
  double log10_error = 0;               // standard error of that mean
  std::optional<double> gain;           // decades that the gradient gains by going back through this layer
  std::optional<norm_bracket> norm;     // of its Jacobian
  std::optional<double> frobenius;      // of its Jacobian
  std::optional<double> reshaped_norm;  // of a convolution's kernel as a matrix, which is not the convolution's norm
  std::vector<double> spectrum;         // of its Jacobian, the largest first
  std::optional<singular_bulk> bulk;    // where they would lie, were the weights independent numbers of this size
  std::optional<double> dead;           // share of units whose slope is 0 for every sample
  std::optional<double> zero_slopes;    // share of (unit, sample) pairs whose slope is 0
  std::optional<double> saturated;      // share with a slope below a hundredth of the steepest
  std::string activation;
  std::vector<parameter_record> parameters;
};

// ||dh_to/dh_from||_F^2 / width, by random probes: the averaged partial Jacobian norm (Doshi, He and Gromov 2021).
struct partial_jacobian {
  std::size_t from = 0, to = 0;  // layers' outputs; 0 is the input
  double value = 0;
};

struct whole_jacobian {     // from the first layer's output to the last one's
  norm_bracket norm;        // upper: the product of the layers' upper bounds
  double norm_product = 0;  // of the layers' norms from below
  double variance_ratio = 0;
  product_spectrum spectrum;
  std::optional<double> edge;  // of the spectrum at infinite width, where theory knows it
  int gaussian_factors = 0;    // so many square Gaussian matrices in a row, of which the spectrum is known; else 0
  std::string left_out;        // why there is no spectrum
};

struct phase_point {  // where the network lies in its activation's plane
  std::string activation;
  double sw = 0, sb = 0;
};

struct step_record {  // of a recording: log10 norms per layer
  long step = 0;
  std::vector<std::optional<double>> log10_norms;
};

struct alternative {  // an intervention: what it would change
  std::string what;
  std::optional<double> predicted;  // decades per layer
  double decades_per_layer = 0, drift = 0, error = 0;
  bool healthy = false;
};

enum class level { info, warn, fail };

// The rules (rules.hpp), in the order of their codes: GF001 is the first.
enum class rule_id : std::uint8_t {
  nonfinite,
  zero,
  vanishing,
  exploding,
  fluctuation,
  local_break,
  underflow,
  dead,
  isometry,
  bound_inversion,
  gradient_check,
  baseline,
};
std::string_view name_of(level l);    // "warn"
std::string_view name_of(rule_id u);  // "local-break"
std::string code_of(rule_id u);       // "GF006"

struct flow_finding {
  rule_id rule;
  flow::level level = level::info;
  std::string layer;  // or empty: of the whole
  double value = 0, threshold = 0;
  std::string message, help;
};

struct input_file {
  std::string path, sha256;
};

struct settings {
  std::uint64_t seed = 1;
  int samples = 20;
  std::string dtype;  // of the training to come, if it is known
};

struct flow_record {
  std::string subject;
  enum class origin { ensemble, network, recording } from = origin::ensemble;
  std::vector<input_file> inputs;
  settings config;
  std::size_t samples = 0;  // networks, inputs or steps that the means are over
  std::size_t silent = 0;   // of these: where the gradient is exactly zero somewhere, and no logarithm is taken
  std::size_t broken = 0;   // and where it is not finite
  double beta = 0;          // sum of 1 / width over hidden layers
  double kappa = 5;         // decades fluctuate by sqrt(kappa beta) / (2 ln 10)
  bool kappa_measured = false;
  double noise = 0;
  double decades_per_layer = 0, error95 = 0;  // negative: it vanishes towards the input
  double drift = 0;                           // over all gaps between layers
  std::optional<double> predicted;            // decades per layer, by theory
  trend shape = trend::flat;
  std::vector<layer_record> layers;
  std::vector<partial_jacobian> partial;
  std::optional<whole_jacobian> whole;
  std::optional<phase_point> phase;
  std::vector<step_record> steps;
  std::vector<std::string> remarks;  // what was not looked at, and why
  double gradient_mismatch = 0;      // of a network's VJPs to differences of its forward functions, relative
  std::vector<alternative> alternatives;
  std::vector<flow_finding> findings;

  std::size_t gaps() const { return layers.empty() ? 0 : layers.size() - 1; }
};

level verdict_of(const flow_record& r);          // the worst finding's level
std::string sentence_of(const flow_record& r);   // what happens, in words
std::string verdict_text(const flow_record& r);  // "fail: vanishing (GF003)"

// The slope, the drift, the noise and the trend from the layers' log10_norm; and each layer's gain where it is not
// known.
void summarize(flow_record& r);

}  // namespace backproof::flow
