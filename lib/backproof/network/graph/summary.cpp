#include "backproof/network/graph/summary.hpp"

#include <array>
#include <nlohmann/json.hpp>
#include <set>

#include "backproof/base/report_json.hpp"

namespace backproof::networks {
namespace {

// What one output element sees of the first input.
struct sight {
  shape field, jump;
  bool local = true;
};

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> list) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

// The taps of a window along its axes; empty for what is no window.
shape taps_of(const network& n, const node& layer) {
  if (layer.attrs.has("kernel_shape")) return layer.attrs.integers("kernel_shape");
  if (layer.what->info.name != "conv") return {};
  const shape& w = n.g.shape_of(layer.in[1]);
  return {w.begin() + 2, w.end()};
}

bool mixes_everything(const node& layer) {
  return is_one_of(layer.what->info.name,
                   {"linear", "gemm", "matmul", "reshape", "global_average_pool", "global_max_pool", "global_lp_pool",
                    "adaptive_avg_pool", "adaptive_max_pool", "transpose", "conv_transpose", "einsum", "rnn", "lstm",
                    "gru", "resize", "col2im", "unfold", "max_unpool"});
}

sight through(const network& n, const node& layer, sight s) {
  const shape taps = taps_of(n, layer);
  if (mixes_everything(layer)) s.local = false;
  if (taps.empty() || !s.local || taps.size() != s.field.size()) return s;
  for (std::size_t k = 0; k < taps.size(); ++k) {
    const index_t dilation = layer.attrs.has("dilations") ? layer.attrs.integers("dilations")[k] : 1;
    s.field[k] += (taps[k] - 1) * dilation * s.jump[k];
    if (layer.attrs.has("strides")) s.jump[k] *= layer.attrs.integers("strides")[k];
  }
  return s;
}

sight wider(const sight& a, const sight& b) {
  sight s = a;
  if (a.field.size() != b.field.size()) return a.field.size() < b.field.size() ? b : a;
  s.local = a.local && b.local;
  for (std::size_t k = 0; k < s.field.size(); ++k) {
    s.field[k] = std::max(a.field[k], b.field[k]);
    s.jump[k] = std::max(a.jump[k], b.jump[k]);
  }
  return s;
}

sight at_leaf(const network& n, std::size_t node, const shape& dims) {
  if (n.inputs.empty() || n.inputs[0].node != node || dims.size() < 3) return {};
  return {shape(dims.size() - 2, 1), shape(dims.size() - 2, 1)};
}

index_t inner_products(const network& n, const node& layer) {
  const auto dims = [&](std::size_t k) -> const shape& { return n.g.shape_of(layer.in.at(k)); };
  const std::string_view op = layer.what->info.name;
  const index_t outputs = size_of(layer.outputs[0]);
  if (op == "linear" || op == "matmul") return outputs * (dims(0).empty() ? 1 : dims(0).back());
  if (op == "gemm") return outputs * dims(0)[layer.attrs.flag("transA") ? 0 : 1];
  if (op == "conv") return outputs * (size_of(dims(1)) / std::max<index_t>(1, dims(1)[0]));
  if (op == "conv_transpose") return size_of(dims(0)) * (size_of(dims(1)) / std::max<index_t>(1, dims(1)[0]));
  if (is_one_of(op, {"rnn_cell", "gru_cell", "lstm_cell"}))
    return dims(0)[0] * (size_of(dims(op == "lstm_cell" ? 3 : 2)) + size_of(dims(op == "lstm_cell" ? 4 : 3)));
  if (is_one_of(op, {"rnn", "gru", "lstm"})) return dims(0)[0] * dims(0)[1] * (size_of(dims(1)) + size_of(dims(2)));
  return 0;
}

}  // namespace

network_summary summary_of(const network& n) {
  network_summary all;
  std::set<std::size_t> trained, counted;
  for (const port& p : n.parameters) trained.insert(p.node);
  std::vector<sight> sights;
  for (std::size_t k = 0; k < n.g.nodes().size(); ++k) {
    const node& layer = n.g.nodes()[k];
    if (layer.what == nullptr) {
      sights.push_back(at_leaf(n, k, layer.outputs[0]));
      continue;
    }
    sight s;
    layer_summary line{layer.name, std::string(layer.what->wire_name()), layer.outputs[0], 0, 0, {}};
    for (const port& p : layer.in) {
      if (p == no_port) continue;
      s = wider(s, sights[p.node]);
      if (trained.contains(p.node) && counted.insert(p.node).second) line.parameters += size_of(n.g.shape_of(p));
    }
    sights.push_back(through(n, layer, s));
    if (sights.back().local) line.field = sights.back().field;
    line.multiply_adds = inner_products(n, layer);
    all.parameters += line.parameters;
    all.multiply_adds += line.multiply_adds;
    all.layers.push_back(std::move(line));
  }
  return all;
}

std::string json_of(const network& n, const network_summary& s) {
  using json = nlohmann::ordered_json;
  json layers = json::array(), parameters = json::array();
  for (const layer_summary& l : s.layers)
    layers.push_back({{"name", l.name},
                      {"op", l.op},
                      {"output", l.output},
                      {"parameters", l.parameters},
                      {"multiply_adds", l.multiply_adds},
                      {"receptive_field", l.field.empty() ? json(nullptr) : json(l.field)}});
  for (const port& p : n.parameters)
    parameters.push_back({{"name", n.name_of(p)}, {"shape", n.g.shape_of(p)}, {"initial", n.initial.at(n.name_of(p))}});
  const json all = {{"format", "backproof.net-summary/1"}, {"name", n.name},   {"parameters", s.parameters},
                    {"multiply_adds", s.multiply_adds},    {"layers", layers}, {"tensors", parameters}};
  return report_json(all, 2) + "\n";
}

}  // namespace backproof::networks
