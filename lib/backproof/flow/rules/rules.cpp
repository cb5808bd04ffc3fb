#include "backproof/flow/rules/rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace backproof::flow {
namespace {

flow_finding& add(const rule& u, flow_record& r, level l, std::string layer, double value, double threshold,
                  std::string message) {
  r.findings.push_back({u.id, l, std::move(layer), value, threshold, std::move(message), {}});
  return r.findings.back();
}

const char* samples_called(const flow_record& r) {
  return r.from == flow_record::origin::ensemble ? "networks" : "inputs";
}

// A NaN must never be averaged away: the first one in the order of the backward pass is where it came from.
void nonfinite(const rule& u, flow_record& r) {
  for (std::size_t l = r.layers.size(); l-- > 0;) {
    const layer_record& x = r.layers[l];
    std::size_t count = x.gradient.nonfinite;
    for (const parameter_record& p : x.parameters) count += p.gradient.nonfinite;
    if (count == 0) continue;
    add(u, r, level::fail, x.name, static_cast<double>(count), 0,
        fmt::format("The gradient is not finite from {} on, counted backwards: {} NaN or infinite elements", x.name,
                    count))
        .help = "look at this layer's forward values: log of 0, division by 0, overflow of exp or of f16";
    return;
  }
  if (r.broken > 0)
    add(u, r, level::fail, "", static_cast<double>(r.broken), 0,
        fmt::format("The gradient is not finite in {} of {} {}", r.broken, r.samples, samples_called(r)));
}

// Sharded training has printed all zeros for years, and nobody saw that the recorder was broken.
void zero(const rule& u, flow_record& r) {
  std::size_t tensors = 0, silent = 0;
  for (const layer_record& x : r.layers) {
    if (x.gradient.n > 0 || x.absent) ++tensors, silent += x.absent || x.gradient.zeros == x.gradient.n;
    for (const parameter_record& p : x.parameters) ++tensors, silent += p.absent || p.gradient.zeros == p.gradient.n;
  }
  if (tensors > 0 && silent == tensors) {
    add(u, r, level::fail, "", static_cast<double>(silent), 0,
        "Every gradient is exactly zero: the recorder is broken, or nothing depends on the loss")
        .help = "record after backward() and before zero_grad(); with sharded parameters, gather the gradient first";
    return;
  }
  if (r.silent > 0)
    add(u, r, 2 * r.silent >= r.samples ? level::fail : level::warn, "", static_cast<double>(r.silent), 0,
        fmt::format("The gradient is exactly zero before it reaches the first layer in {} of {} {}", r.silent,
                    r.samples, samples_called(r)))
        .help = "a layer has no unit that is active: too narrow, or dead; the figures are those of the others";
  // What one draw of a random network lacks, the next one has.
  if (r.from == flow_record::origin::ensemble) return;
  for (const layer_record& x : r.layers) {
    if (x.absent || (x.gradient.n > 0 && x.gradient.zeros == x.gradient.n))
      add(u, r, level::fail, x.name, 0, 0,
          fmt::format("The gradient at {} is {}", x.name, x.absent ? "missing" : "exactly zero"))
          .help = "no signal reaches this layer: dead units, a detached tensor, or underflow";
    for (const parameter_record& p : x.parameters)
      if (p.absent || (p.gradient.n > 0 && p.gradient.zeros == p.gradient.n))
        add(u, r, level::fail, x.name, 0, 0,
            fmt::format("The parameter {} has {}", p.name, p.absent ? "no gradient" : "a gradient of exactly zero"))
            .help = "it does not train: is it used, is it detached, is requires_grad set?";
  }
}

// One sample proves little: what one network or step shows may be its fluctuation.
level capped(const flow_record& r, level l) {
  return l == level::fail && r.samples <= 1 && std::fabs(r.drift) <= 4 ? level::warn : l;
}

bool beyond_noise(const flow_record& r) {
  return std::fabs(r.drift) >
         4 * r.noise /
             std::sqrt(std::max(1.0, r.from == flow_record::origin::ensemble ? static_cast<double>(r.samples) : 1.0));
}

void vanishing(const rule& u, flow_record& r) {
  constexpr double warn = -2, fail = -3;  // 1e-3 is AUTOTRAINER's ratio
  if (!(r.drift <= warn) || !beyond_noise(r)) return;
  const level l = capped(r, r.drift <= fail ? level::fail : level::warn);
  add(u, r, l, "", r.drift, l == level::fail ? fail : warn,
      fmt::format("The gradient vanishes: {:.2f} decades over {} layers, {:.3f} per layer", r.drift, r.gaps(),
                  r.decades_per_layer))
      .help =
      "other initialisations, activations, residual connections or normalisation may help; of a network's description "
      "it is measured what each would do";
}

void exploding(const rule& u, flow_record& r) {
  constexpr double warn = 1.85, fail = 3;  // 10^1.85 is AUTOTRAINER's 70
  if (!(r.drift >= warn) || !beyond_noise(r)) return;
  const level l = capped(r, r.drift >= fail ? level::fail : level::warn);
  add(u, r, l, "", r.drift, l == level::fail ? fail : warn,
      fmt::format("The gradient explodes: {:+.2f} decades over {} layers, {:+.3f} per layer", r.drift, r.gaps(),
                  r.decades_per_layer))
      .help = "smaller weights, scaled residual branches, or normalisation; clipping hides it and does not cure it";
}

// Hanin 2018: beta decides how much gradients fluctuate from one initialisation to the next. 1.5 for ReLU, whose kappa
// is 5: there the false alarms of a threshold of 2 decades come to 4 %.
void fluctuation(const rule& u, flow_record& r) {
  constexpr double limit = 7.5;
  const double value = r.kappa * r.beta;
  if (r.from == flow_record::origin::recording || !(value > limit)) return;
  add(u, r, level::warn, "", value, limit,
      fmt::format(
          "Initialisations differ by {:.2f} decades from one another (standard deviation): too narrow for its depth",
          r.noise))
      .help = "widen it: the sum of 1/width over layers decides, not the initialisation";
}

void local_break(const rule& u, flow_record& r) {
  std::vector<double> gains;
  for (const layer_record& x : r.layers)
    if (x.gain) gains.push_back(*x.gain);
  if (gains.size() < 3) return;
  const double usual = median(gains);
  for (const layer_record& x : r.layers) {
    if (!x.gain) continue;
    const double limit = std::max(1.0, 6 * std::sqrt(r.kappa / static_cast<double>(std::max<std::size_t>(1, x.width))) /
                                           (2 * std::numbers::ln10));
    const double off = *x.gain - usual;
    if (std::fabs(off) > limit)
      add(u, r, level::warn, x.name, off, limit,
          fmt::format("{} changes the gradient by {:+.2f} decades, the others by {:+.2f}", x.name, *x.gain, usual))
          .help = "compare this layer's initialisation, scale and activation with its neighbours'";
  }
}

void underflow(const rule& u, flow_record& r) {
  constexpr double warn = 0.05, fail = 0.5;
  const float_limits* limits = limits_of(r.config.dtype);
  if (limits == nullptr) return;
  for (const layer_record& x : r.layers)
    for (const parameter_record& p : x.parameters) {
      const double share = share_below(p.gradient, limits->smallest);
      if (share >= warn)
        add(u, r, share >= fail ? level::fail : level::warn, x.name, share, share >= fail ? fail : warn,
            fmt::format("{:.0f} % of the gradient of {} are below 2^{}, which is zero in {}", 100 * share, p.name,
                        limits->smallest, limits->dtype))
            .help = "scale the loss up, or keep gradients in bf16 or f32";
    }
}

void dead_units(const rule& u, flow_record& r) {
  for (const layer_record& x : r.layers) {
    if (x.dead && *x.dead >= 0.9)  // NeuroScope's threshold
      add(u, r, level::warn, x.name, *x.dead, 0.9,
          fmt::format("{:.0f} % of the units before {} are dead: their slope is 0 for every input", 100 * *x.dead,
                      x.name));
    else if (x.zero_slopes && *x.zero_slopes >= 0.7)  // AUTOTRAINER's
      add(u, r, level::warn, x.name, *x.zero_slopes, 0.7,
          fmt::format("{:.0f} % of the slopes before {} are 0", 100 * *x.zero_slopes, x.name));
    if (x.saturated && *x.saturated >= 0.5)
      add(u, r, level::warn, x.name, *x.saturated, 0.5,
          fmt::format(
              "{:.0f} % of the {} units before {} are saturated: their slope is below a hundredth of the largest",
              100 * *x.saturated, x.activation, x.name));
  }
}

// Healthy networks may have any value, so it never fails: 0 orthogonal, L Gaussian, 2L Gaussian with ReLU.
void isometry(const rule& u, flow_record& r) {
  if (!r.whole || !r.whole->left_out.empty()) return;
  add(u, r, level::info, "", r.whole->variance_ratio, 0,
      fmt::format("Var(s²)/mean² of the whole Jacobian is {:.3g} (orthogonal 0, Gaussian {}, Gaussian with ReLU {})",
                  r.whole->variance_ratio, r.gaps(), 2 * r.gaps()));
}

// If this fails, backproof is wrong.
void bound_inversion(const rule& u, flow_record& r) {
  constexpr double rounding = 1e-9;
  const auto inverted = [&](const norm_bracket& n) { return n.upper > 0 && !(n.lower <= n.upper * (1 + rounding)); };
  for (const layer_record& x : r.layers)
    if (x.norm && inverted(*x.norm))
      add(u, r, level::fail, x.name, x.norm->lower, x.norm->upper,
          fmt::format("The norm of {} is bounded by {} from below and {} from above: a defect of backproof", x.name,
                      x.norm->lower, x.norm->upper));
  if (r.whole && inverted(r.whole->norm))
    add(u, r, level::fail, "", r.whole->norm.lower, r.whole->norm.upper,
        "The product's norm exceeds the product of the norms: a defect of backproof");
}

// An unverified gradient gets no verdict on its flow.
void gradient_check(const rule& u, flow_record& r) {
  if (!(r.gradient_mismatch <= gradient_limit))
    add(u, r, level::fail, "", r.gradient_mismatch, gradient_limit,
        fmt::format("A layer's gradient differs from {} by {:.1e} of its size",
                    r.from == flow_record::origin::recording ? "what its Jacobian makes of the next one's"
                                                             : "the differences of its values",
                    r.gradient_mismatch));
}

// What an earlier record is compared with is for compare_with_baseline to say; here it has its name.
void baseline(const rule&, flow_record&) {}

constexpr std::array<rule, 12> all = {{
    {rule_id::nonfinite, "a gradient holds NaN or infinity", nonfinite},
    {rule_id::zero, "a gradient is exactly zero, or missing", zero},
    {rule_id::vanishing, "drift <= -2 decades (warn), <= -3 (fail), and beyond 4 times its noise", vanishing},
    {rule_id::exploding, "drift >= +1.85 decades (warn), >= +3 (fail), and beyond 4 times its noise", exploding},
    {rule_id::fluctuation, "kappa * sum of 1/width > 7.5 (for ReLU: sum > 1.5)", fluctuation},
    {rule_id::local_break, "one layer's gain is off the median by > 1 decade and > 6 times its noise", local_break},
    {rule_id::underflow, ">= 5 % (warn), >= 50 % (fail) of a gradient are zero in the dtype", underflow},
    {rule_id::dead, ">= 90 % dead units, >= 70 % zero slopes, or >= 50 % saturated", dead_units},
    {rule_id::isometry, "how unequal the Jacobian's singular values are (no limit)", isometry},
    {rule_id::bound_inversion, "a lower bound exceeds its upper bound: backproof is wrong", bound_inversion},
    {rule_id::gradient_check, "a layer's gradient is not that of its values", gradient_check},
    {rule_id::baseline, "a layer's gain moved by more than --max-drift since the --baseline", baseline},
}};

constexpr bool in_order_of_their_ids() {
  for (std::size_t k = 0; k < all.size(); ++k)
    if (static_cast<std::size_t>(all[k].id) != k) return false;
  return true;
}
static_assert(in_order_of_their_ids());

}  // namespace

std::span<const rule> rules() { return all; }

const rule* find_rule(std::string_view wanted) {
  for (const rule& u : all)
    if (code_of(u.id) == wanted || name_of(u.id) == wanted) return &u;
  return nullptr;
}

void judge(flow_record& r) {
  r.findings.clear();
  const auto run = [&](rule_id id) {
    const rule& u = all[static_cast<std::size_t>(id)];
    u.judge(u, r);
  };
  // These come first, because with them there is nothing that the others could mean.
  for (const rule_id id : {rule_id::nonfinite, rule_id::gradient_check, rule_id::bound_inversion, rule_id::zero})
    run(id);
  if (verdict_of(r) == level::fail) return;
  for (const rule_id id : {rule_id::vanishing, rule_id::exploding, rule_id::fluctuation, rule_id::local_break,
                           rule_id::underflow, rule_id::dead, rule_id::isometry})
    run(id);
}

}  // namespace backproof::flow
