#include "backproof/network/onnx/old_rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace backproof::networks {
namespace {

onnx_constant one_number(double x) {
  onnx_constant c{onnx_type::f32, values<real>{shape{}}};
  c.numbers[0] = x;
  return c;
}

// An attribute that has become an input.
void give(onnx_call& c, const std::string& key, std::size_t input) {
  if (!c.attrs.has(key)) return;
  const double x = c.attrs.number(key);
  c.drop(key);
  c.in.resize(std::max(c.in.size(), input + 1));
  c.in[input] = onnx_operand::constant(c.name + "." + key, one_number(x));
}

void rename(onnx_call& c, const std::string& from, const std::string& to) {
  if (c.attrs.has(from)) c.attrs.set(to, c.taken_list(from));
}

// The input with axes of 1 behind its own, so that it begins at that axis of the other one.
void align(onnx_call& c, std::size_t input, index_t axis) {
  const shape& x = c.dims(0);
  shape y = c.dims(input);
  if (axis < 0) axis += static_cast<index_t>(x.size());
  const index_t after = static_cast<index_t>(x.size()) - axis - static_cast<index_t>(y.size());
  if (axis < 0 || after < 0)
    throw invalid_input(fmt::format("{} does not fit into {} at axis {}", to_string(y), to_string(x), axis));
  if (after == 0) return;
  y.insert(y.end(), static_cast<std::size_t>(after), 1);
  auto aligned = std::make_shared<onnx_operand>();
  aligned->name = c.operand(input).name;
  aligned->type = c.operand(input).type;
  aligned->dims = y;
  aligned->at = c.reshaped(c.at(input), y, ".aligned");
  c.in[input] = aligned;
}

void binary(onnx_call& c) {
  const index_t broadcasts = c.taken("broadcast", 0), axis = c.taken("axis", -1000);
  if (broadcasts != 0 && axis != -1000) align(c, 1, axis);
}

void batch_normalization(onnx_call& c) {
  c.drop("momentum");
  if (c.taken("spatial", 1) == 0) throw unsupported("BatchNormalization with spatial=0 is not read");
  const index_t tests = c.taken("is_test", 0);
  const bool training = c.opset < 7 ? tests == 0 : c.asks_for(1);
  if (c.opset < 14) c.attrs.set("training_mode", std::int64_t{training});
}

void old_pad(onnx_call& c) {
  rename(c, "paddings", "pads");
  give(c, "value", 2);
}

void upsample(onnx_call& c) {
  c.op = "Resize";
  if (!c.attrs.has("scales")) throw unsupported("Upsample without scales is not read");
  if (c.attrs.has("mode") && (c.attrs.text("mode") == "bilinear" || c.attrs.text("mode") == "trilinear"))
    c.attrs.set("mode", std::string("linear"));
}

// Lists of some axes only become lists of all, where the others stay as they are.
template <class T>
void spread(onnx_call& c, const std::string& key, const std::vector<index_t>& axes, const std::vector<T>& otherwise) {
  const attribute* given = nullptr;
  for (const auto& [name, value] : c.attrs)
    if (name == key) given = &value;
  if (given == nullptr) return;
  const auto* list = std::get_if<std::vector<T>>(given);
  if (list == nullptr || list->empty()) return;
  if (list->size() * c.dims(0).size() != axes.size() * otherwise.size())
    throw invalid_input(fmt::format("{} and axes are not as many", key));
  std::vector<T> all = otherwise;
  const std::size_t rank = c.dims(0).size();
  for (std::size_t k = 0; k < list->size(); ++k) {
    index_t axis = axes[k % axes.size()];
    if (axis < 0) axis += static_cast<index_t>(rank);
    if (axis < 0 || axis >= static_cast<index_t>(rank)) throw invalid_input("there is no such axis");
    all.at(static_cast<std::size_t>(axis) + k / axes.size() * rank) = (*list)[k];
  }
  c.attrs.set(key, all);
}

void resize(onnx_call& c) {
  const auto otherwise = [&c](const std::string& key, const attribute& value) {
    if (!c.attrs.has(key)) c.attrs.set(key, value);
  };
  if (c.opset < 11) {
    otherwise("coordinate_transformation_mode", std::string("asymmetric"));
    otherwise("nearest_mode", std::string("floor"));
  }
  otherwise("coordinate_transformation_mode", std::string("half_pixel"));
  otherwise("nearest_mode", std::string("round_prefer_floor"));
  otherwise("mode", std::string("nearest"));
  otherwise("cubic_coeff_a", -0.75);
  otherwise("exclude_outside", std::int64_t{0});
  otherwise("extrapolation_value", 0.0);
  otherwise("scales", std::vector<double>{});
  otherwise("sizes", std::vector<std::int64_t>{});
  otherwise("roi", std::vector<double>{});
  if (c.taken("antialias", 0) != 0) throw unsupported("Resize with antialias is not read");
  if (c.attrs.has("keep_aspect_ratio_policy")) {
    if (c.attrs.text("keep_aspect_ratio_policy") != "stretch")
      throw unsupported("Resize that keeps the aspect ratio is not read");
    c.drop("keep_aspect_ratio_policy");
  }
  if (c.attrs.text("coordinate_transformation_mode") != "tf_crop_and_resize") c.attrs.set("roi", std::vector<double>{});
  const std::vector<index_t> axes = c.taken_list("axes");
  if (axes.empty()) return;
  const std::size_t rank = c.dims(0).size();
  spread<double>(c, "scales", axes, std::vector<double>(rank, 1));
  spread<std::int64_t>(c, "sizes", axes, c.dims(0));
  std::vector<double> whole(2 * rank, 0);
  std::fill(whole.begin() + static_cast<std::ptrdiff_t>(rank), whole.end(), 1);
  spread<double>(c, "roi", axes, whole);
}

using change = void (*)(onnx_call&);

const std::map<std::string, change>& changes() {
  static const std::map<std::string, change> table = {
      {"Add", binary},
      {"Sub", binary},
      {"Mul", binary},
      {"Div", binary},
      {"Pow", binary},
      {"Gemm", [](onnx_call& c) { c.taken("broadcast", 0); }},
      {"PRelu",
       [](onnx_call& c) {
         if (c.opset < 7 && size_of(c.dims(1)) > 1 && c.dims(0).size() > 1) align(c, 1, 1);
       }},
      {"Clip", [](onnx_call& c) { give(c, "min", 1), give(c, "max", 2); }},
      {"Concat",
       [](onnx_call& c) {
         if (c.opset < 4 && !c.attrs.has("axis")) c.attrs.set("axis", std::int64_t{1});
       }},
      {"Pad", old_pad},
      {"BatchNormalization", batch_normalization},
      {"Resize", resize}};
  return table;
}

}  // namespace

shape in_two(const shape& x, index_t axis) {
  shape y = {1, 1};
  for (std::size_t k = 0; k < x.size(); ++k) y[static_cast<index_t>(k) < axis ? 0 : 1] *= x[k];
  return y;
}

void modernise(onnx_call& c) {
  c.taken_list("consumed_inputs");
  if (c.op == "Upsample") upsample(c);
  if (const auto at = changes().find(c.op); at != changes().end()) at->second(c);
}

std::vector<port> softmax(onnx_call& c) {
  const shape x = c.dims(0);
  const index_t rank = static_cast<index_t>(x.size()), stated = c.taken("axis", c.opset < 13 ? 1 : -1);
  const index_t axis = stated < 0 ? stated + rank : stated;
  attributes a;
  if (c.opset >= 13 || axis == rank - 1) {
    a.set("axis", stated);
    return {c.apply(c.op, a, {c.at(0)})};
  }
  if (axis < 0 || axis > rank) throw invalid_input(fmt::format("there is no axis {} of {}", stated, rank));
  a.set("axis", std::int64_t{1});
  const port flat = c.reshaped(c.at(0), in_two(x, axis), ".flat");
  return {c.reshaped(c.apply(c.op, a, {flat}, ".rows"), x, "")};
}

bool trains(const onnx_call& c) {
  const auto nonzero = [&c](std::size_t k) { return c.known(k).size() > 0 && c.known(k)[0] != real(0); };
  if (c.opset < 7) return !c.attrs.has("is_test") || c.attrs.integer("is_test") == 0;
  if (c.opset < 12 || !c.has(2) || !nonzero(2)) return false;
  return !c.has(1) || nonzero(1);  // that drops nothing with ratio 0
}

}  // namespace backproof::networks
