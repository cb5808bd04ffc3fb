#include "backproof/network/graph/initialiser.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "backproof/number/decomposition.hpp"
#include "backproof/op/draw.hpp"

namespace backproof::networks {
namespace {

using drawn = std::vector<double>;

template <class F>
drawn filled(const parameter_use& use, F f) {
  drawn x(static_cast<std::size_t>(size_of(use.dims)));
  for (double& one : x) one = f();
  return x;
}

drawn normal(const parameter_use& use, draw& random, double std) {
  return filled(use, [&] { return std * random.normal(); });
}

drawn uniform(const parameter_use& use, draw& random, double low, double high) {
  return filled(use, [&] { return random.uniform(low, high); });
}

Eigen::MatrixXd orthogonal_matrix(draw& random, index_t rows, index_t columns) {
  return haar_orthogonal(rows, columns, [&] { return random.normal(); });
}

drawn orthogonal(const parameter_use& use, draw& random, double gain) {
  if (use.dims.size() < 2) throw invalid_input("orthogonal needs a matrix");
  const index_t rows = use.dims[0], columns = rows == 0 ? 0 : size_of(use.dims) / rows;
  const Eigen::MatrixXd q = orthogonal_matrix(random, rows, columns);
  drawn x;
  for (index_t i = 0; i < rows; ++i)
    for (index_t j = 0; j < columns; ++j) x.push_back(gain * q(i, j));
  return x;
}

drawn delta_orthogonal(const parameter_use& use, draw& random, double gain) {
  if (!use.convolution) throw invalid_input("delta_orthogonal is for convolutions");
  const index_t out = use.dims[0], in = use.dims[1], taps = size_of({use.dims.begin() + 2, use.dims.end()});
  for (std::size_t k = 2; k < use.dims.size(); ++k)
    if (use.dims[k] % 2 == 0) throw invalid_input("delta_orthogonal needs a window with a middle");
  const Eigen::MatrixXd q = orthogonal_matrix(random, out, in);
  drawn x(static_cast<std::size_t>(out * in * taps));
  for (index_t o = 0; o < out; ++o)
    for (index_t i = 0; i < in; ++i) x[static_cast<std::size_t>((o * in + i) * taps + taps / 2)] = gain * q(o, i);
  return x;
}

using maker = drawn (*)(const initialiser&, const parameter_use&, draw&);
struct row {
  std::string_view name;
  maker make;
};
double fan(index_t n) { return static_cast<double>(std::max<index_t>(1, n)); }

constexpr std::array<row, 12> initialisers = {{
    {"he", [](auto& h, auto& u, draw& r) { return normal(u, r, h.gain * std::sqrt(2 / fan(u.fan_in))); }},
    {"glorot",
     [](auto& h, auto& u, draw& r) {
       const double edge = h.gain * std::sqrt(6 / fan(u.fan_in + u.fan_out));
       return uniform(u, r, -edge, edge);
     }},
    {"lecun", [](auto& h, auto& u, draw& r) { return normal(u, r, h.gain * std::sqrt(1 / fan(u.fan_in))); }},
    {"torch_default",
     [](auto& h, auto& u, draw& r) {
       const double edge = h.gain / std::sqrt(fan(u.torch_fan > 0 ? u.torch_fan : u.fan_in));
       return uniform(u, r, -edge, edge);
     }},
    {"orthogonal", [](auto& h, auto& u, draw& r) { return orthogonal(u, r, h.gain); }},
    {"delta_orthogonal", [](auto& h, auto& u, draw& r) { return delta_orthogonal(u, r, h.gain); }},
    {"normal", [](auto& h, auto& u, draw& r) { return normal(u, r, h.gain * h.std); }},
    {"uniform", [](auto& h, auto& u, draw& r) { return uniform(u, r, h.gain * h.low, h.gain * h.high); }},
    {"constant", [](auto& h, auto& u, draw&) { return filled(u, [&] { return h.value; }); }},
    {"zeros", [](auto&, auto& u, draw&) { return filled(u, [] { return 0.0; }); }},
    {"ones", [](auto&, auto& u, draw&) { return filled(u, [] { return 1.0; }); }},
    {"integers",
     [](auto& h, auto& u, draw& r) { return filled(u, [&] { return static_cast<double>(r.below(h.below)); }); }},
}};

const row* find(const std::string& name) {
  for (const row& r : initialisers)
    if (r.name == name) return &r;
  return nullptr;
}

}  // namespace

bool is_initialiser(const std::string& name) { return find(name) != nullptr; }

std::string known_initialisers() {
  std::string out;
  for (const row& r : initialisers) out += (out.empty() ? "" : ", ") + std::string(r.name);
  return out;
}

initialiser initialiser_for(const parameter_use& use, const initialiser& weights) {
  using kind = parameter_use::kind;
  switch (use.what) {
    case kind::weight:
      return weights;
    case kind::bias:
      return weights.name == "torch_default" ? weights : initialiser{.name = "zeros"};
    case kind::scale:
    case kind::variance:
      return {.name = "ones"};
    case kind::slope:
      return {.name = "constant", .value = 0.25};
    case kind::embedding:
      return {.name = "normal"};
    case kind::shift:
    case kind::mean:
      return {.name = "zeros"};
  }
  return weights;
}

std::vector<double> initial_values(const initialiser& how, const parameter_use& use, std::uint64_t seed,
                                   const std::string& name) {
  const row* r = find(how.name);
  if (r == nullptr)
    throw invalid_input(fmt::format("there is no initialiser '{}': {}", how.name, known_initialisers()));
  if (how.below < 1) throw invalid_input("below is not positive");
  draw random(seed, "initial " + name, 0);
  return r->make(how, use, random);
}

}  // namespace backproof::networks
