#include "backproof/network/onnx/inputs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "backproof/network/graph/initialiser.hpp"

namespace backproof::networks {
namespace {

constexpr std::int64_t largest = std::int64_t{1} << 53;  // beyond it integers are meant as "to the end"
constexpr int longest = 4096;                            // of texts and lists

values<real> drawn(const initialiser& how, const shape& dims, std::uint64_t seed, const std::string& name) {
  const std::vector<double> x = initial_values(how, {parameter_use::kind::weight, dims}, seed, name);
  values<real> v(dims);
  for (index_t i = 0; i < v.size(); ++i) v[i] = x[static_cast<std::size_t>(i)];
  return v;
}

index_t extent_in(const shape& s, index_t axis) {
  const index_t rank = static_cast<index_t>(s.size()), at = axis < 0 ? axis + rank : axis;
  return at >= 0 && at < rank ? s[static_cast<std::size_t>(at)] : 1;
}

// How many values an index may have that this node takes in that place.
index_t choices(const graph& g, const node& n, std::size_t k) {
  if (n.what == nullptr || !n.what->sig.input(k).indices || n.what->info.name == "where") return 2;
  const shape& x = g.shape_of(n.in[0]);
  if (n.attrs.has("axis")) return extent_in(x, n.attrs.integer("axis"));
  if (n.what->info.name == "gather_nd" || n.what->info.name == "scatter_nd")
    return x.empty() ? 1 : *std::min_element(x.begin(), x.end());
  if (n.what->info.name.find("loss") != std::string_view::npos) return extent_in(x, 1);
  return 2;
}

// The first use as an index, of the value or of what only moves it.
index_t below(const graph& g, port of) {
  std::set<std::pair<std::size_t, std::size_t>> same = {{of.node, of.output}};
  for (std::size_t at = 0; at < g.nodes().size(); ++at) {
    const node& n = g.nodes()[at];
    for (std::size_t k = 0; k < n.in.size(); ++k) {
      if (!same.contains({n.in[k].node, n.in[k].output})) continue;
      if (n.what->sig.input(k).indices) return std::max<index_t>(1, choices(g, n, k));
      for (std::size_t o = 0; o < n.outputs.size(); ++o) same.insert({at, o});
    }
  }
  return 2;
}

}  // namespace

onnx_type type_of_input(const onnx::ValueInfoProto& v) {
  if (!v.type().has_tensor_type()) throw unsupported("is no tensor");
  const int type = v.type().tensor_type().elem_type();
  if (!is_read(type)) throw unsupported(fmt::format("has elements of type {}, which is not read", type));
  if (!v.type().tensor_type().has_shape()) throw unsupported("has no shape");
  return static_cast<onnx_type>(type);
}

shape shape_of_input(const onnx::ValueInfoProto& v, const reading& how) {
  shape s;
  double n = 1;
  for (const onnx::TensorShapeProto::Dimension& d : v.type().tensor_type().shape().dim()) {
    if (s.size() == limits::axes) throw invalid_input(fmt::format("it has more than {} axes", limits::axes));
    const auto stated = how.extents.find(d.dim_param());
    if (d.has_dim_value())
      s.push_back(d.dim_value());
    else if (stated != how.extents.end())
      s.push_back(stated->second);
    else if (s.empty())
      s.push_back(how.batch);
    else
      throw invalid_input(fmt::format("axis {} ('{}') has no extent: --dim {}=N gives it one", s.size(),
                                      shown(d.dim_param()), shown(d.dim_param())));
    if (s.back() < 0) throw invalid_input(fmt::format("its shape is {}", to_string(s)));
    n *= static_cast<double>(std::max<index_t>(1, s.back()));
  }
  if (n > static_cast<double>(most_numbers))
    throw invalid_input(fmt::format("its shape {} is too large", to_string(s)));
  return s;
}

attribute attribute_of(const onnx::AttributeProto& a) {
  enum kinds { number = 1, integer = 2, text = 3, numbers = 6, integers = 7, texts = 8 };
  if (std::max({a.floats_size(), a.ints_size(), a.strings_size()}) > longest)
    throw invalid_input(fmt::format("its attribute '{}' is too long", shown(a.name())));
  std::vector<std::int64_t> whole;
  for (const std::int64_t i : a.ints()) whole.push_back(std::clamp(i, -largest, largest));
  std::string all;
  for (const std::string& s : a.strings()) all += (all.empty() ? "" : ",") + shown(s);
  const bool untyped = a.type() == 0;  // as the first version of the format had it
  if (a.type() == number || (untyped && a.has_f())) return double{a.f()};
  if (a.type() == integer || (untyped && a.has_i())) return std::clamp(a.i(), -largest, largest);
  if (a.type() == text || (untyped && a.has_s())) return shown(a.s(), longest);
  if (a.type() == numbers || (untyped && a.floats_size() > 0))
    return std::vector<double>(a.floats().begin(), a.floats().end());
  if (a.type() == integers || untyped) return whole;
  if (a.type() == texts) return all;
  throw unsupported(fmt::format("its attribute '{}' is no number, text or list", shown(a.name())));
}

void draw_inputs(network& n, const std::vector<whole_input>& whole, std::uint64_t seed) {
  for (const port& p : n.inputs) {
    initialiser how{.name = "normal"};
    for (const whole_input& w : whole)
      if (w.at == p) how = {.name = "integers", .below = w.type == onnx_type::boolean ? 2 : below(n.g, p)};
    n.g.set_value(p, drawn(how, n.g.shape_of(p), seed, n.name_of(p)));
    n.initial[n.name_of(p)] = how.name;
  }
}

void give_objective(onnx_import& done, std::uint64_t seed) {
  network& n = done.net;
  if (size_of(n.g.shape_of(done.outputs.front().at)) == 1) return;
  std::vector<port> terms;
  for (const onnx_output& y : done.outputs) {
    if (!is_float(y.type)) continue;
    const std::string suffix = done.outputs.size() == 1 ? "" : "." + y.name;
    const std::string name = "objective.v" + suffix;
    const port v = n.g.leaf(name, drawn({.name = "normal"}, n.g.shape_of(y.at), seed, name), true);
    attributes all;
    all.set("axes", std::vector<std::int64_t>{});
    all.set("keepdims", std::int64_t{0});
    all.set("noop_with_empty_axes", std::int64_t{0});
    terms.push_back(
        n.g.apply("reduce_sum", all, {n.g.apply("mul", {}, {v, y.at}, "objective.vy" + suffix)}, "objective" + suffix));
  }
  if (terms.empty()) throw invalid_input("no output is of numbers that have a gradient");
  if (terms.size() > 1) n.g.apply("add_n", {}, terms, "objective");
}

}  // namespace backproof::networks
