#include "backproof/network/graph/parameter_uses.hpp"

#include <fmt/format.h>

#include <array>

namespace backproof::networks {
namespace {

using kind = parameter_use::kind;

struct context {
  const shape& x;
  const attributes& attrs;
  const layer_size& size;

  index_t units() const { return positive(size.units, "units"); }
  index_t features() const { return x.empty() ? 1 : x.back(); }
  index_t channels() const { return x.size() < 2 ? features() : x[1]; }
  index_t group() const { return attrs.has("group") ? std::max<index_t>(1, attrs.integer("group")) : 1; }
  shape kernel() const {
    if (size.kernel.empty()) throw invalid_input("kernel is missing");
    return size.kernel;
  }
  static index_t positive(index_t n, const char* name) {
    if (n < 1) throw invalid_input(fmt::format("{} is missing, or not positive", name));
    return n;
  }
};

// A matrix that maps `in` features to `out`, stored [out, in] or [in, out].
parameter_use matrix(index_t out, index_t in, bool out_first) {
  return {kind::weight, out_first ? shape{out, in} : shape{in, out}, in, out};
}

parameter_use vector_of(kind what, index_t n, index_t fan_in = 1) { return {what, {n}, fan_in, 1}; }

parameter_use window(index_t out, index_t in, index_t group, const shape& kernel, bool transposed) {
  if (in % group != 0 || out % group != 0) throw invalid_input("group does not divide the channels");
  parameter_use u{kind::weight, transposed ? shape{in, out / group} : shape{out, in / group}, 1, 1, !transposed};
  u.dims.insert(u.dims.end(), kernel.begin(), kernel.end());
  const index_t taps = size_of(kernel);
  u.fan_in = (transposed ? out : in) / group * taps;
  u.fan_out = (transposed ? in : out) / group * taps;
  return u;
}

// Gates that lie under each other in one matrix: each of them is a map of its own.
parameter_use gates(index_t directions, index_t count, index_t hidden, index_t in) {
  parameter_use u{kind::weight, {count * hidden, in}, in, hidden};
  u.torch_fan = hidden;
  if (directions > 0) u.dims.insert(u.dims.begin(), directions);
  return u;
}

index_t directions_of(const context& c) {
  if (!c.attrs.has("direction")) return 0;
  return c.attrs.text("direction") == "bidirectional" ? 2 : 1;
}

using rule = parameter_use (*)(const context&);
struct use_row {
  std::string_view op, input;
  rule use;
};

template <int Gates, bool Recurrent>
parameter_use gate_weights(const context& c) {
  return gates(directions_of(c), Gates, c.units(), Recurrent ? c.units() : c.features());
}
template <int Gates>
parameter_use gate_biases(const context& c) {
  parameter_use u{kind::bias, {index_t{2} * Gates * c.units()}, c.units(), 1};
  if (const index_t d = directions_of(c); d > 0) u.dims.insert(u.dims.begin(), d);
  return u;
}
parameter_use of_channels_scale(const context& c) { return vector_of(kind::scale, c.channels()); }
parameter_use of_channels_bias(const context& c) { return vector_of(kind::shift, c.channels()); }

parameter_use of_last_axes(const context& c, kind what) {
  const index_t rank = static_cast<index_t>(c.x.size());
  index_t axis = c.attrs.has("axis") ? c.attrs.integer("axis") : -1;
  if (axis < 0) axis += rank;
  if (axis < 0 || axis >= rank) throw invalid_input("axis is out of range");
  return {what, shape(c.x.begin() + axis, c.x.end()), 1, 1};
}

index_t fan_of_window(const context& c) { return c.channels() / c.group() * size_of(c.kernel()); }

constexpr std::array<use_row, 34> uses = {{
    {"linear", "weight", [](auto& c) { return matrix(c.units(), c.features(), true); }},
    {"linear", "bias", [](auto& c) { return vector_of(kind::bias, c.units(), c.features()); }},
    {"gemm", "B", [](auto& c) { return matrix(c.units(), c.features(), c.attrs.flag("transB")); }},
    {"gemm", "C", [](auto& c) { return vector_of(kind::bias, c.units(), c.features()); }},
    {"matmul", "B", [](auto& c) { return matrix(c.units(), c.features(), false); }},
    {"bias_add", "b", of_channels_bias},
    {"conv", "W", [](auto& c) { return window(c.units(), c.channels(), c.group(), c.kernel(), false); }},
    {"conv", "B", [](auto& c) { return vector_of(kind::bias, c.units(), fan_of_window(c)); }},
    {"conv_transpose", "W", [](auto& c) { return window(c.units(), c.channels(), c.group(), c.kernel(), true); }},
    {"conv_transpose", "B", [](auto& c) { return vector_of(kind::bias, c.units(), fan_of_window(c)); }},
    {"batch_normalization", "scale", of_channels_scale},
    {"batch_normalization", "B", of_channels_bias},
    {"batch_normalization", "input_mean", [](auto& c) { return vector_of(kind::mean, c.channels()); }},
    {"batch_normalization", "input_var", [](auto& c) { return vector_of(kind::variance, c.channels()); }},
    {"instance_normalization", "scale", of_channels_scale},
    {"instance_normalization", "B", of_channels_bias},
    {"group_normalization", "scale", of_channels_scale},
    {"group_normalization", "bias", of_channels_bias},
    {"layer_normalization", "Scale", [](auto& c) { return of_last_axes(c, kind::scale); }},
    {"layer_normalization", "B", [](auto& c) { return of_last_axes(c, kind::shift); }},
    {"rms_normalization", "scale", [](auto& c) { return of_last_axes(c, kind::scale); }},
    {"prelu", "slope", [](auto&) { return vector_of(kind::slope, 1); }},
    {"rnn", "W", gate_weights<1, false>},
    {"rnn", "R", gate_weights<1, true>},
    {"rnn", "B", gate_biases<1>},
    {"gru", "W", gate_weights<3, false>},
    {"gru", "R", gate_weights<3, true>},
    {"gru", "B", gate_biases<3>},
    {"lstm", "W", gate_weights<4, false>},
    {"lstm", "R", gate_weights<4, true>},
    {"lstm", "B", gate_biases<4>},
    {"rnn_cell", "W", gate_weights<1, false>},
    {"rnn_cell", "R", gate_weights<1, true>},
    {"rnn_cell", "B", gate_biases<1>},
}};

}  // namespace

std::optional<parameter_use> parameter_use_of(const op& o, std::size_t k, const shape& x, const attributes& attrs,
                                              const layer_size& size) {
  const operand& input = o.sig.input(k);
  if (o.info.name == "embedding" && input.name == "weight") {
    const shape dims = {context::positive(size.entries, "entries"), context::positive(size.units, "units")};
    return parameter_use{kind::embedding, dims, 1, 1};
  }
  for (const use_row& r : uses) {
    if (r.op != o.info.name || r.input != input.name) continue;
    const context c{x, attrs, size};
    parameter_use u = r.use(c);
    if ((u.what == kind::bias || u.what == kind::shift) && input.optional && !size.bias) return std::nullopt;
    return u;
  }
  return std::nullopt;
}

parameter_use use_of_shape(const op& o, std::size_t k, const shape& dims) {
  const std::string& name = o.sig.input(k).name;
  if (dims.size() < 2) {
    const bool scale = name == "scale" || name == "Scale" || name == "slope";
    return {scale ? kind::scale : kind::bias, dims, 1, 1};
  }
  parameter_use u{kind::weight, dims, 1, 1};
  u.convolution = o.info.name == "conv";
  const bool out_first = u.convolution || o.info.name == "linear";
  const index_t taps = size_of({dims.begin() + 2, dims.end()});
  u.fan_in = (out_first ? dims[1] : dims[0]) * taps;
  u.fan_out = (out_first ? dims[0] : dims[1]) * taps;
  return u;
}

}  // namespace backproof::networks
