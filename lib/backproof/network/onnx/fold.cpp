#include "backproof/network/onnx/fold.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>

#include "backproof/network/onnx/rules.hpp"

namespace backproof::networks {
namespace {

constexpr index_t most_folded = limits::folded_numbers;

using constants = std::vector<onnx_constant>;

values<real> vector_of(const std::vector<index_t>& x) {
  values<real> v({static_cast<index_t>(x.size())});
  for (index_t i = 0; i < v.size(); ++i) v[i] = real(static_cast<long>(x[static_cast<std::size_t>(i)]));
  return v;
}

void affordable(const real& count) {
  if (!(count >= real(0)) || count > real(static_cast<long>(most_folded)))
    throw invalid_input("it claims too many numbers");
}

constants shape_of(const onnx_call& c) {
  const shape& x = c.dims(0);
  const index_t rank = static_cast<index_t>(x.size());
  const auto place = [&](const char* key, index_t otherwise) {
    const index_t at = c.attrs.has(key) ? c.attrs.integer(key) : otherwise;
    return std::clamp<index_t>(at < 0 ? at + rank : at, 0, rank);
  };
  const index_t begin = place("start", 0), end = std::max(begin, place("end", rank));
  return {{onnx_type::i64, vector_of({x.begin() + begin, x.begin() + end})}};
}

constants size(const onnx_call& c) {
  return {{onnx_type::i64, scalar_of(real(static_cast<long>(size_of(c.dims(0)))))}};
}

constants constant(const onnx_call& c) {
  if (c.value) return {*c.value};
  for (const auto& [key, value] : c.attrs) {
    if (key == "value_int") return {{onnx_type::i64, scalar_of(real(static_cast<long>(c.attrs.integer(key))))}};
    if (key == "value_ints") return {{onnx_type::i64, vector_of(c.attrs.integers(key))}};
    if (key != "value_float" && key != "value_floats") continue;
    const bool one = key == "value_float";
    const std::vector<double> x = one ? std::vector<double>{c.attrs.number(key)} : c.attrs.numbers(key);
    values<real> v(one ? shape{} : shape{static_cast<index_t>(x.size())});
    for (index_t i = 0; i < v.size(); ++i) v[i] = x[static_cast<std::size_t>(i)];
    return {{onnx_type::f32, std::move(v)}};
  }
  throw unsupported("a Constant without numbers is not read");
}

constants constant_of_shape(const onnx_call& c) {
  const shape dims = c.integers(0);
  real n = 1;
  for (const index_t e : dims) {
    if (e < 0) throw invalid_input(fmt::format("its shape is {}", to_string(dims)));
    n *= real(static_cast<long>(std::max<index_t>(e, 1)));
  }
  affordable(n);
  if (c.value && c.value->numbers.size() != 1) throw invalid_input("its value is no single number");
  onnx_constant all{c.value ? c.value->type : onnx_type::f32, values<real>(dims)};
  for (index_t i = 0; c.value && i < all.numbers.size(); ++i) all.numbers[i] = c.value->numbers[0];
  return {all};
}

constants range(const onnx_call& c) {
  for (const std::size_t k : {0, 1, 2})
    if (c.known(k).size() != 1) throw invalid_input("a Range goes from one number to another");
  const real first = c.known(0)[0], last = c.known(1)[0], step = c.known(2)[0];
  if (step == real(0)) throw invalid_input("the step is 0");
  const real count = std::max(real(0), ceil((last - first) / step));
  affordable(count);
  values<real> v({whole(count)});
  for (index_t i = 0; i < v.size(); ++i) v[i] = first + real(static_cast<long>(i)) * step;
  return {{c.operand(0).type, std::move(v)}};
}

using of_two = std::function<real(const real&, const real&)>;

constants each(const onnx_call& c, const of_two& f) {
  const values<real>&a = c.known(0), &b = c.known(1);
  const shape dims = broadcast(a.dims(), b.dims());
  real n = 1;
  for (const index_t e : dims) n *= real(static_cast<long>(e));
  affordable(n);
  values<real> y(dims);
  const broadcasting at_a(a.dims(), y.dims()), at_b(b.dims(), y.dims());
  for (index_t i = 0; i < y.size(); ++i) y[i] = f(a[at_a(i)], b[at_b(i)]);
  return {{type_of_result(c), std::move(y)}};
}

real quotient_of(const real& a, const real& b) {
  if (b == real(0)) throw invalid_input("an integer is divided by 0");
  return a / b;
}

real quotient(const real& a, const real& b) {  // towards zero
  const real q = quotient_of(a, b);
  return q < real(0) ? -floor(-q) : floor(q);
}

constants remainders(const onnx_call& c) {
  const bool sign_of_first = c.attrs.has("fmod") && c.attrs.flag("fmod");
  return each(c, [sign_of_first](const real& a, const real& b) {
    return a - b * (sign_of_first ? quotient(a, b) : floor(quotient_of(a, b)));
  });
}

const std::map<std::string, of_two>& pairs() {
  static const auto yes = [](bool b) { return real(b ? 1 : 0); };
  static const std::map<std::string, of_two> table = {
      {"Equal", [](const real& a, const real& b) { return yes(a == b); }},
      {"Less", [](const real& a, const real& b) { return yes(a < b); }},
      {"LessOrEqual", [](const real& a, const real& b) { return yes(a <= b); }},
      {"Greater", [](const real& a, const real& b) { return yes(a > b); }},
      {"GreaterOrEqual", [](const real& a, const real& b) { return yes(a >= b); }},
      {"And", [](const real& a, const real& b) { return yes(a != real(0) && b != real(0)); }},
      {"Or", [](const real& a, const real& b) { return yes(a != real(0) || b != real(0)); }},
      {"Xor", [](const real& a, const real& b) { return yes((a != real(0)) != (b != real(0))); }}};
  return table;
}

constants with_type(const onnx_call& c, const std::function<real(const real&)>& f) {
  onnx_constant y{type_of_result(c), c.known(0)};
  for (index_t i = 0; i < y.numbers.size(); ++i) y.numbers[i] = f(y.numbers[i]);
  return {y};
}

constants same(const onnx_call& c) {
  return with_type(c, [](const real& x) { return x; });
}

constants inverted(const onnx_call& c) {
  return with_type(c, [](const real& x) { return x == real(0) ? real(1) : real(0); });
}

std::vector<value_list<real>> values_of(const graph& g) {
  std::vector<value_list<real>> all;
  for (const node& n : g.nodes()) {
    value_list<real> in, y;
    for (const port& p : n.in) in.push_back(p == no_port ? values<real>{} : all[p.node][p.output]);
    for (const shape& s : n.outputs) y.emplace_back(s);
    if (n.what == nullptr)
      y[0] = n.value;
    else
      n.what->real_kernels.forward({n.attrs, in}, y);
    all.push_back(std::move(y));
  }
  return all;
}

// In a graph of its own, forwards only.
constants by_the_catalogue(const onnx_call& c) {
  onnx_builder scratch(4 * limits::folded_numbers);  // what is given, what is made of it, and what stands between
  onnx_operands in;
  for (const auto& x : c.in) {
    in.push_back(x == nullptr ? nullptr : std::make_shared<onnx_operand>(*x));
    if (x != nullptr) in.back()->at.reset();
  }
  const std::vector<port> made = translated({.op = c.op,
                                             .name = c.name,
                                             .opset = c.opset,
                                             .attrs = c.attrs,
                                             .value = c.value,
                                             .in = std::move(in),
                                             .out = c.out,
                                             .graph = scratch,
                                             .folding = true});
  const std::vector<value_list<real>> all = values_of(scratch.net().g);
  constants y;
  for (const port& p : made) y.push_back({type_of_result(c), all[p.node][p.output]});
  return y;
}

using fold = constants (*)(const onnx_call&);

const std::map<std::string, fold>& by_hand() {
  static const std::map<std::string, fold> table = {
      {"Shape", shape_of}, {"Size", size},     {"Constant", constant}, {"ConstantOfShape", constant_of_shape},
      {"Range", range},    {"Cast", same},     {"CastLike", same},     {"Identity", same},
      {"Not", inverted},   {"Mod", remainders}};
  return table;
}

bool needs_no_values(const std::string& op) { return op == "Shape" || op == "Size" || op == "Constant"; }

bool all_known(const onnx_call& c) {
  index_t n = 0;
  for (const auto& x : c.in) {
    if (x == nullptr) continue;
    if (!x->known || x->weight) return false;
    n += x->known->size();
  }
  return n <= most_folded;
}

}  // namespace

bool can_only_be_folded(const std::string& op) {
  return (by_hand().contains(op) || pairs().contains(op)) && !has_rule(op);
}

std::optional<std::vector<onnx_constant>> folded(const onnx_call& c) {
  if (!needs_no_values(c.op) && !all_known(c)) return std::nullopt;
  constants y;
  if (const auto at = by_hand().find(c.op); at != by_hand().end())
    y = at->second(c);
  else if (const auto pair = pairs().find(c.op); pair != pairs().end() && c.attrs.empty())
    y = each(c, pair->second);
  else if (c.op == "Div" && !is_float(c.operand(0).type))
    y = each(c, quotient);
  else if (c.op == "Dropout")
    return std::nullopt;
  else
    y = by_the_catalogue(c);
  for (onnx_constant& one : y) store(one);
  return y;
}

}  // namespace backproof::networks
