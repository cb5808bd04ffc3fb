#include "backproof/network/onnx/rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "backproof/network/onnx/old_rules.hpp"
#include "backproof/op/registry.hpp"

namespace backproof::networks {
namespace {

// Constant inputs of ONNX's that are attributes here.
enum class form { list, one, numbers };
struct stated {
  std::size_t input;
  std::string attribute;
  form as = form::list;
};

std::vector<stated> stated_inputs(const std::string& op) {
  static const std::map<std::string, std::vector<stated>> table = {
      {"Reshape", {{1, "shape"}}},
      {"Expand", {{1, "shape"}}},
      {"Tile", {{1, "repeats"}}},
      {"Slice", {{1, "starts"}, {2, "ends"}, {3, "axes"}, {4, "steps"}}},
      {"Split", {{1, "split"}}},
      {"Squeeze", {{1, "axes"}}},
      {"Unsqueeze", {{1, "axes"}}},
      {"Pad", {{1, "pads"}, {3, "axes"}}},
      {"TopK", {{1, "k", form::one}}},
      {"CumSum", {{1, "axis", form::one}}},
      {"CumProd", {{1, "axis", form::one}}},
      {"Trilu", {{1, "k", form::one}}},
      {"Col2Im", {{1, "image_shape"}, {2, "block_shape"}}},
      {"MaxUnpool", {{2, "output_shape"}}},
      {"Upsample", {{1, "scales", form::numbers}}},
      {"Resize", {{1, "roi", form::numbers}, {2, "scales", form::numbers}, {3, "sizes"}}}};
  if (op.starts_with("Reduce")) return {{1, "axes"}};
  const auto at = table.find(op);
  return at == table.end() ? std::vector<stated>{} : at->second;
}

attribute stated_as(const onnx_call& c, const stated& s) {
  if (s.as == form::numbers) {
    std::vector<double> list;
    for (index_t i = 0; i < c.known(s.input).size(); ++i) list.push_back(static_cast<double>(c.known(s.input)[i]));
    return list;
  }
  const std::vector<std::int64_t> list = c.integers(s.input);
  if (s.as == form::list) return list;
  if (list.size() != 1) throw invalid_input(fmt::format("{} is no single number", s.attribute));
  return list[0];
}

void state_inputs(onnx_call& c) {
  for (const stated& s : stated_inputs(c.op)) {
    if (!c.has(s.input)) continue;
    c.attrs.set(s.attribute, stated_as(c, s));
    c.in[s.input] = nullptr;
  }
  while (!c.in.empty() && c.in.back() == nullptr) c.in.pop_back();
}

bool moves_data(const op& o) {
  static const std::set<std::string_view> names = {
      "reshape",        "transpose",       "slice", "concat",    "expand",           "tile",
      "gather",         "gather_elements", "split", "gather_nd", "scatter_elements", "scatter_nd",
      "depth_to_space", "space_to_depth",  "trilu", "pad"};
  return names.contains(o.info.name);
}

std::vector<port> ports_for(const onnx_call& c, const op& o) {
  std::vector<port> list;
  for (std::size_t k = 0; k < c.in.size(); ++k)
    if (!c.has(k))
      list.push_back(no_port);
    else if (o.sig.input(k).indices)
      list.push_back(c.at_whole(k));
    else if (moves_data(o) || (o.info.name == "pow" && k == 1))
      list.push_back(c.at_any(k));
    else
      list.push_back(c.at(k));
  return list;
}

std::vector<port> outputs_of(const onnx_call& c, port made) {
  std::vector<port> list;
  for (std::size_t k = 0; k < c.graph.net().g.nodes()[made.node].outputs.size(); ++k) list.push_back({made.node, k});
  return list;
}

std::vector<port> as(const onnx_call& c, const std::string& name) {
  return outputs_of(c, c.apply(name, c.attrs, ports_for(c, *find_op(name))));
}

const op* same_op(const std::string& onnx) {
  const op* o = find_op(onnx);
  return o != nullptr && o->info.onnx == onnx ? o : nullptr;
}

using rule = std::vector<port> (*)(onnx_call& c);

index_t axis_in(index_t axis, std::size_t rank) {
  const index_t n = static_cast<index_t>(rank), at = axis < 0 ? axis + n : axis;
  if (at < 0 || at >= n) throw invalid_input(fmt::format("there is no axis {} of {}", axis, rank));
  return at;
}

std::vector<port> squeeze(onnx_call& c) {
  const shape& x = c.dims(0);
  std::set<index_t> gone;
  for (const index_t a : c.taken_list("axes")) gone.insert(axis_in(a, x.size()));
  for (index_t k = 0; gone.empty() && k < static_cast<index_t>(x.size()); ++k)
    if (x[static_cast<std::size_t>(k)] == 1) gone.insert(k);
  shape y;
  for (index_t k = 0; k < static_cast<index_t>(x.size()); ++k)
    if (!gone.contains(k)) y.push_back(x[static_cast<std::size_t>(k)]);
  return {c.reshaped(c.at_any(0), y, "")};
}

std::vector<port> unsqueeze(onnx_call& c) {
  const shape& x = c.dims(0);
  const std::vector<index_t> axes = c.taken_list("axes");
  std::set<index_t> added;
  for (const index_t a : axes) added.insert(axis_in(a, x.size() + axes.size()));
  if (added.size() != axes.size()) throw invalid_input(fmt::format("axes {} name one twice", to_string(axes)));
  shape y = x;
  for (const index_t a : added) y.insert(y.begin() + a, 1);
  return {c.reshaped(c.at_any(0), y, "")};
}

std::vector<port> flatten(onnx_call& c) {
  const shape& x = c.dims(0);
  const index_t axis = c.taken("axis", 1), rank = static_cast<index_t>(x.size());
  const index_t at = axis < 0 ? axis + rank : axis;
  if (at < 0 || at > rank) throw invalid_input(fmt::format("there is no axis {} of {}", axis, rank));
  return {c.reshaped(c.at_any(0), in_two(x, at), "")};
}

std::vector<port> split(onnx_call& c) {
  c.taken("num_outputs", 0);
  c.attrs.set("num_outputs", static_cast<std::int64_t>(c.out.size()));
  return as(c, "split");
}

// The kernel's shape is that of W, said twice.
std::vector<port> convolution(onnx_call& c) {
  const shape stated = c.taken_list("kernel_shape"), &w = c.dims(1);
  if (!stated.empty() && (w.size() < 2 || shape(w.begin() + 2, w.end()) != stated))
    throw invalid_input(fmt::format("kernel_shape {} is not that of W, {}", to_string(stated), to_string(w)));
  return as(c, c.op);
}

std::vector<port> layer_normalization(onnx_call& c) {
  c.taken("stash_type", 1);
  if (c.op == "LayerNormalization") c.attrs.set("outputs", std::int64_t{c.asks_for(1) || c.asks_for(2) ? 3 : 1});
  return as(c, c.op);
}

std::vector<port> group_normalization(onnx_call& c) {
  c.taken("stash_type", 1);
  if (c.opset < 21 && c.dims(0).size() > 1 && c.dims(1) != shape{c.dims(0)[1]})
    throw unsupported("GroupNormalization with a scale for each group, as before opset 21, is not read");
  return as(c, c.op);
}

// The activations are one text here; what is left out holds for each direction.
std::vector<port> recurrent(onnx_call& c) {
  if (!c.attrs.has("activations") && c.attrs.has("direction") && c.attrs.text("direction") == "bidirectional")
    c.attrs.set("activations", std::string(c.op == "LSTM"  ? "Sigmoid,Tanh,Tanh,Sigmoid,Tanh,Tanh"
                                           : c.op == "GRU" ? "Sigmoid,Tanh,Sigmoid,Tanh"
                                                           : "Tanh,Tanh"));
  return as(c, c.op);
}

std::vector<port> pad(onnx_call& c) {
  if (c.has(2) && (!c.attrs.has("mode") || c.attrs.text("mode") == "constant")) c.in = {c.in[0], c.in[2]};
  c.in.resize(std::min<std::size_t>(c.in.size(), 2));
  while (!c.in.empty() && c.in.back() == nullptr) c.in.pop_back();
  return as(c, "pad");
}

std::vector<port> col2im(onnx_call& c) {
  const std::size_t axes = c.attrs.integers("block_shape").size();
  for (const char* key : {"strides", "dilations"})
    if (!c.attrs.has(key)) c.attrs.set(key, std::vector<std::int64_t>(axes, 1));
  if (!c.attrs.has("pads")) c.attrs.set("pads", std::vector<std::int64_t>(2 * axes, 0));
  return as(c, "col2im");
}

std::vector<port> max_unpool(onnx_call& c) {
  const std::vector<std::int64_t> wanted = c.taken_list("output_shape");
  const std::vector<port> y = as(c, "max_unpool");
  if (!wanted.empty() && c.graph.net().g.shape_of(y[0]) != wanted)
    throw unsupported("MaxUnpool with an output_shape other than the usual is not read");
  return y;
}

std::vector<port> transpose(onnx_call& c) {
  shape reversed(c.dims(0).size());
  std::iota(reversed.rbegin(), reversed.rend(), index_t{0});
  if (!c.attrs.has("perm")) c.attrs.set("perm", reversed);
  return as(c, "transpose");
}

// Without an arrow the letters that occur once are meant, in the order of the alphabet.
std::vector<port> einsum(onnx_call& c) {
  std::string text = c.attrs.text("equation");
  std::erase(text, ' ');
  if (text.find("->") == std::string::npos && text.find('.') == std::string::npos) {
    std::string once;
    for (char letter = 'A'; letter <= 'z'; ++letter)
      if (letter != ',' && std::count(text.begin(), text.end(), letter) == 1) once += letter;
    text += "->" + once;
  }
  c.attrs.set("equation", text);
  return as(c, "einsum");
}

const std::map<std::string, rule>& rules() {
  static const std::map<std::string, rule> table = {
      {"Squeeze", squeeze},
      {"Unsqueeze", unsqueeze},
      {"Flatten", flatten},
      {"Split", split},
      {"Conv", convolution},
      {"ConvTranspose", convolution},
      {"LayerNormalization", layer_normalization},
      {"RMSNormalization", layer_normalization},
      {"GroupNormalization", group_normalization},
      {"LSTM", recurrent},
      {"GRU", recurrent},
      {"RNN", recurrent},
      {"Pad", pad},
      {"Transpose", transpose},
      {"Einsum", einsum},
      {"Col2Im", col2im},
      {"MaxUnpool", max_unpool},
      {"MaxPool", [](onnx_call& c) { return c.taken("storage_order", 0), as(c, "max_pool"); }},
      {"Softplus", [](onnx_call& c) { return as(c, "softplus"); }},
      {"Scatter", [](onnx_call& c) { return as(c, "scatter_elements"); }}};
  return table;
}

}  // namespace

bool has_rule(const std::string& op) {
  static const std::set<std::string> handed_on = {"Identity", "Dropout", "Cast", "CastLike", "Upsample"};
  return handed_on.contains(op) || rules().contains(op) || same_op(op) != nullptr;
}

std::vector<port> translated(onnx_call c) {
  state_inputs(c);
  modernise(c);
  if (const auto at = rules().find(c.op); at != rules().end()) return at->second(c);
  if (c.op == "Softmax" || c.op == "LogSoftmax") return softmax(c);
  return as(c, c.op);
}

bool hands_on(const onnx_call& c) {
  if (c.op == "Identity") return true;
  if (c.op == "Dropout") {
    if (trains(c)) throw unsupported("Dropout draws a mask when it trains; only inference is read");
    return true;
  }
  if (c.op != "Cast" && c.op != "CastLike") return false;
  const onnx_type from = c.operand(0).type, to = type_of_result(c);
  if (from != to && !is_float(to))
    throw unsupported(
        fmt::format("{} from {} to {} of what is not known before the network runs", c.op, name_of(from), name_of(to)));
  return true;
}

onnx_type type_of_result(const onnx_call& c) {
  static const std::set<std::string> truths = {"Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual",
                                               "And",   "Or",   "Xor",         "Not"};
  if (truths.contains(c.op)) return onnx_type::boolean;
  if (c.op == "Shape" || c.op == "Size") return onnx_type::i64;
  if (c.op == "Constant" || c.op == "ConstantOfShape") return c.value ? c.value->type : onnx_type::f32;
  if (c.op == "Where" || c.op == "CastLike") return c.operand(1).type;
  if (c.op != "Cast") return c.operand(0).type;
  if (!c.attrs.has("to")) throw invalid_input("Cast needs the attribute to");
  const std::int64_t to = c.attrs.integer("to");
  if (to < 0 || to > 100 || !is_read(static_cast<int>(to)))
    throw unsupported(fmt::format("Cast to type {}, which is not read", to));
  return static_cast<onnx_type>(to);
}

}  // namespace backproof::networks
