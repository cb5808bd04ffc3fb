#include "backproof/network/graph/attribute_defaults.hpp"

#include <fmt/format.h>

#include <map>
#include <numeric>
#include <optional>

#include "backproof/base/text.hpp"
#include "backproof/op/sample.hpp"
#include "backproof/tensor/json_values.hpp"

namespace backproof::networks {
namespace {

const nlohmann::ordered_json& table() {
  using json = nlohmann::ordered_json;
  static const json defaults = json::parse(R"({
    "attention": {"is_causal": 0, "q_num_heads": 0, "kv_num_heads": 0, "softcap": 0},
    "average_pool": {"count_include_pad": 0},
    "batch_normalization": {"epsilon": 1e-5, "training_mode": 0},
    "binary_cross_entropy": {"reduction": "mean"},
    "binary_cross_entropy_with_logits": {"reduction": "mean"},
    "celu": {"alpha": 1},
    "cosine_similarity": {"axis": 1, "eps": 1e-8},
    "cross_entropy": {"reduction": "mean", "ignore_index": -100, "label_smoothing": 0},
    "cum_prod": {"exclusive": 0, "reverse": 0},
    "cum_sum": {"exclusive": 0, "reverse": 0},
    "depth_to_space": {"mode": "DCR"},
    "dropout": {"ratio": 0.5, "training_mode": 0},
    "elu": {"alpha": 1},
    "embedding": {"scale_grad_by_freq": 0},
    "gather": {"axis": 0},
    "gather_elements": {"axis": 0},
    "gather_nd": {"batch_dims": 0},
    "gelu": {"approximate": "none"},
    "gemm": {"alpha": 1, "beta": 1, "transA": 0, "transB": 0},
    "global_lp_pool": {"p": 2},
    "glu": {"axis": -1},
    "group_normalization": {"epsilon": 1e-5},
    "gru": {"linear_before_reset": 0, "activations": "Sigmoid,Tanh"},
    "gru_cell": {"linear_before_reset": 1},
    "hard_sigmoid": {"alpha": 0.2, "beta": 0.5},
    "hardtanh": {"min_val": -1, "max_val": 1},
    "huber_loss": {"reduction": "mean", "delta": 1},
    "instance_normalization": {"epsilon": 1e-5},
    "kl_div": {"reduction": "mean", "log_target": 0},
    "l1_loss": {"reduction": "mean"},
    "layer_normalization": {"axis": -1, "epsilon": 1e-5, "outputs": 1},
    "leaky_relu": {"alpha": 0.01},
    "log_softmax": {"axis": -1},
    "lp_normalization": {"axis": -1, "p": 2},
    "lp_pool": {"p": 2},
    "lrn": {"alpha": 1e-4, "beta": 0.75, "bias": 1},
    "lstm": {"input_forget": 0, "activations": "Sigmoid,Tanh,Tanh"},
    "mean_variance_normalization": {"axes": [0, 2, 3]},
    "mse_loss": {"reduction": "mean"},
    "negative_log_likelihood_loss": {"reduction": "mean", "ignore_index": -100},
    "normalize": {"p": 2, "axis": 1, "eps": 1e-12},
    "pad": {"mode": "constant"},
    "reshape": {"allowzero": 0},
    "rms_normalization": {"axis": -1, "epsilon": 1e-5},
    "rnn": {"activations": "Tanh"},
    "rnn_cell": {"nonlinearity": "tanh"},
    "scatter_elements": {"axis": 0, "reduction": "none"},
    "scatter_nd": {"reduction": "none"},
    "selu": {"alpha": 1.67326319217681884765625, "gamma": 1.05070102214813232421875},
    "shrink": {"lambd": 0.5, "bias": 0},
    "smooth_l1_loss": {"reduction": "mean", "beta": 1},
    "soft_margin_loss": {"reduction": "mean"},
    "softmax": {"axis": -1},
    "softmax_cross_entropy_loss": {"reduction": "mean", "ignore_index": -100},
    "softmin": {"axis": -1},
    "softplus": {"beta": 1, "threshold": 1e300},
    "split": {"axis": 0, "split": []},
    "swiglu": {"alpha": 1},
    "swish": {"alpha": 1},
    "thresholded_relu": {"alpha": 1},
    "top_k": {"axis": -1, "largest": 1, "sorted": 1},
    "triplet_margin_loss": {"reduction": "mean", "margin": 1, "p": 2, "eps": 1e-6, "swap": 0},
    "trilu": {"k": 0, "upper": 1},
    "*": {"auto_pad": "NOTSET", "ceil_mode": 0, "group": 1, "output_shape": [], "axes": [], "keepdims": 1,
          "noop_with_empty_axes": 0, "activation_alpha": [], "activation_beta": [], "direction": "forward", "layout": 0}
  })");
  return defaults;
}

// Of windows, which have one number, or two, for each spatial axis.
std::optional<attribute> of_window(const std::string& name, std::span<const shape> inputs) {
  if (inputs.empty() || inputs[0].size() < 3) return std::nullopt;
  const std::size_t axes = inputs[0].size() - 2;
  if (name == "strides" || name == "dilations") return std::vector<std::int64_t>(axes, 1);
  if (name == "pads") return std::vector<std::int64_t>(2 * axes, 0);
  if (name == "output_padding") return std::vector<std::int64_t>(axes, 0);
  return std::nullopt;
}

std::optional<attribute> default_of(const op& o, const std::string& name, std::span<const shape> inputs) {
  for (const std::string& key : {std::string(o.info.name), std::string("*")})
    if (table().contains(key) && table()[key].contains(name)) return attribute_in(table()[key][name]);
  if (name == "hidden_size" && inputs.size() > 2 && given(inputs, 2)) return std::int64_t{inputs[2].back()};
  if (name == "perm" && !inputs.empty()) {
    std::vector<std::int64_t> reversed(inputs[0].size());
    std::iota(reversed.rbegin(), reversed.rend(), 0);
    return reversed;
  }
  return of_window(name, inputs);
}

// The same value in the type of `like`, if that loses nothing.
std::optional<attribute> as(const attribute& like, const attribute& value) {
  if (like.index() == value.index()) return value;
  if (std::holds_alternative<double>(like))
    if (const auto* i = std::get_if<std::int64_t>(&value)) return static_cast<double>(*i);
  if (const auto* list = std::get_if<std::vector<std::int64_t>>(&value)) {
    if (std::holds_alternative<std::vector<double>>(like)) return std::vector<double>(list->begin(), list->end());
  }
  if (const auto* list = std::get_if<std::vector<double>>(&value))
    if (list->empty() && std::holds_alternative<std::vector<std::int64_t>>(like)) return std::vector<std::int64_t>();
  return std::nullopt;
}

// What the op's own samples state: the names and the types. What only some of them state may be left out.
struct known_attribute {
  attribute like;
  int stated = 0;
};
constexpr int samples_looked_at = 24;

const std::map<std::string, known_attribute>& known_of(const op& o) {
  static thread_local std::map<std::string, std::map<std::string, known_attribute>> all;
  auto [at, is_new] = all.try_emplace(std::string(o.info.name));
  for (std::uint64_t k = 0; is_new && k < samples_looked_at; ++k)
    for (const auto& [name, value] : draw_sample(o, dtype::f64, 1, k).attrs) {
      known_attribute& one = at->second.try_emplace(name, known_attribute{value}).first->second;
      ++one.stated;
    }
  return at->second;
}

std::string names_of(const std::map<std::string, known_attribute>& known) {
  std::string list;
  for (const auto& [name, one] : known) list += (list.empty() ? "; it has " : ", ") + name;
  return list.empty() ? "; it has none" : list;
}

// Those of Slice and Pad that are as many as others.
attributes with_lists(attributes a, const op& o) {
  if (o.info.name == "slice" && a.has("starts")) {
    std::vector<std::int64_t> axes(a.integers("starts").size());
    std::iota(axes.begin(), axes.end(), 0);
    if (!a.has("axes")) a.set("axes", axes);
    if (!a.has("steps")) a.set("steps", std::vector<std::int64_t>(axes.size(), 1));
  }
  if (o.info.name == "pad" && a.has("pads") && !a.has("axes")) {
    std::vector<std::int64_t> axes(a.integers("pads").size() / 2);
    std::iota(axes.begin(), axes.end(), 0);
    a.set("axes", axes);
  }
  return a;
}

}  // namespace

attributes completed(const op& o, const attributes& given, std::span<const shape> inputs) {
  const auto& known = known_of(o);
  for (const auto& [name, value] : given)
    if (!known.contains(name))
      throw invalid_input(fmt::format("{} has no attribute '{}'{}", o.wire_name(), quotable(name), names_of(known)));
  const attributes stated = with_lists(given, o);
  attributes out;
  for (const auto& [name, one] : known) {
    std::optional<attribute> value;
    for (const auto& [mine, text] : stated)
      if (mine == name) value = text;
    if (!value) value = default_of(o, name, inputs);
    if (!value && one.stated < samples_looked_at) continue;
    if (!value) throw invalid_input(fmt::format("{} needs the attribute {}", o.wire_name(), name));
    const std::optional<attribute> fitting = as(one.like, *value);
    if (!fitting) throw invalid_input(fmt::format("attribute {} of {} is of the wrong type", name, o.wire_name()));
    out.set(name, *fitting);
  }
  return out;
}

}  // namespace backproof::networks
