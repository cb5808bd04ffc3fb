#include "backproof/run/counterexample.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <tuple>

#include "backproof/base/text.hpp"
#include "backproof/judge/informative_sample.hpp"
#include "backproof/op/registry.hpp"
#include "backproof/run/registry.hpp"

namespace backproof {
namespace {

constexpr std::string_view file_format = "backproof.counterexample/1";

tensor as_f64(const values<bounded<real>>& x, double (*f)(const bounded<real>&)) {
  tensor t(dtype::f64, x.dims());
  for (index_t i = 0; i < x.size(); ++i) t.set(i, f(x[i]));
  return t;
}

void add_findings(safetensors& s, trial& t) {
  const value_list<bounded<real>> d =
      t.truth().of().has_reference() ? t.truth().bounded_gradient() : value_list<bounded<real>>{};
  for (std::size_t k = 0; k < d.size(); ++k) {
    if (!d[k].present()) continue;
    s.tensors.emplace_back(fmt::format("expected.{}", k),
                           as_f64(d[k], [](auto& g) { return static_cast<double>(g.value()); }));
    s.tensors.emplace_back(fmt::format("bound.{}", k), as_f64(d[k], [](auto& g) { return g.error(); }));
  }
  try {
    const trial::answers& actual = t.vjp();
    for (std::size_t k = 0; k < actual.size(); ++k)
      if (actual[k]) s.tensors.emplace_back(fmt::format("actual.{}", k), *actual[k]);
  } catch (const no_answer&) {
    // A subject that gives no answer leaves none to store; the verdict says why.
  }
}

const std::string& field(const safetensors& s, const std::string& name) {
  const auto found = s.metadata.find(name);
  if (found == s.metadata.end()) throw format_error("not a counterexample: metadata '" + name + "' is missing");
  return found->second;
}

template <class T>
T number(const std::string& text, const std::string& what) {
  T value{};
  const auto [end, trouble] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (trouble != std::errc() || end != text.data() + text.size())
    throw format_error(fmt::format("{} is not a number: '{}'", what, quotable(text, 40)));
  return value;
}

std::pair<profile, std::uint64_t> case_of(const std::string& name) {
  if (const auto found = case_named(name)) return *found;
  throw format_error(fmt::format("unknown case '{}'", quotable(name, 40)));
}

const op& op_named(std::string_view name) {
  if (const op* o = name.empty() ? nullptr : find_op(name)) return *o;
  throw format_error(
      fmt::format("unknown op '{}' (an adapter's own op replays with that adapter only)", quotable(name)));
}

dtype float_type_named(const std::string& name) {
  const auto t = dtype_named(name);
  if (!t || !is_float(*t)) throw format_error(fmt::format("unknown dtype '{}'", quotable(name, 40)));
  return *t;
}

// A check of this name that judges such cases, which exist: none is drawn or judged that a run would not draw or judge.
void require_case(const op& o, dtype t, const std::string& check_name, const std::string& name) {
  const check* c = find_check(check_name);
  if (c == nullptr) throw format_error(fmt::format("unknown check '{}'", quotable(check_name)));
  const auto [p, number] = case_of(name);
  if (!draws(o, t, p) || number >= cases_of(p))
    throw format_error(fmt::format("{} has no case '{}' in {}", o.wire_name(), quotable(name, 40), name_of(t)));
  if (!c->suits(o, p))
    throw format_error(
        fmt::format("{} does not judge case '{}' of {}", c->info.name, quotable(name, 40), o.wire_name()));
}

// Of the extents, those that are not 0: an empty tensor must not claim slices that nobody can count.
void require_sane(const shape& s, const std::string& name) {
  constexpr index_t most = index_t{1} << 30;
  index_t cells = 1;
  for (const index_t e : s) {
    if (e > 0 && cells > most / e)
      throw format_error(fmt::format("tensor {}: shape {} is too large", name, to_string(s)));
    cells *= std::max<index_t>(e, 1);
  }
}

const tensor& float_tensor(const safetensors& s, const std::string& name, dtype t) {
  const tensor* found = s.find(name);
  if (found == nullptr) throw format_error("tensor " + name + " is missing");
  if (found->type() != t)
    throw format_error(fmt::format("tensor {} has dtype {}, expected {}", name, name_of(found->type()), name_of(t)));
  require_sane(found->dims(), name);
  return *found;
}

sample sample_of(const safetensors& s, const op& o) {
  sample x;
  x.type = float_type_named(field(s, "dtype"));
  x.attrs = attributes_from_json(field(s, "attributes"));
  x.seed = number<std::uint64_t>(field(s, "seed"), "seed");
  std::tie(x.made_for, x.number) = case_of(field(s, "case"));
  const auto count = number<std::size_t>(field(s, "inputs"), "inputs");
  if (count == 0 || count > 64) throw format_error("a sample has between 1 and 64 inputs");
  const std::vector<operand>& operands = o.sig.inputs;
  const auto required = static_cast<std::size_t>(
      std::count_if(operands.begin(), operands.end(), [](const operand& p) { return !p.optional && !p.variadic; }));
  if (count < required || (count > operands.size() && !operands.back().variadic))
    throw format_error(fmt::format("{} inputs do not fit the signature of {}", count, o.info.name));
  const auto listed = s.metadata.find("no_grad");  // " 0 2 ": inputs whose gradients are not asked for
  const std::string not_asked = listed == s.metadata.end() ? "" : listed->second;
  for (std::size_t k = 0; k < count; ++k) {
    const operand& operand = o.sig.input(k);
    const std::string name = fmt::format("in.{}", k);
    if (operand.optional && s.find(name) == nullptr) {
      x.inputs.emplace_back();
      x.tangents.emplace_back();
      continue;
    }
    x.inputs.emplace_back(float_tensor(s, name, operand.indices ? dtype::i64 : x.type));
    x.tangents.emplace_back();
    if (!operand.differentiable || not_asked.find(fmt::format(" {} ", k)) != std::string::npos) continue;
    x.tangents.back() = float_tensor(s, fmt::format("tan.{}", k), x.type);
    if (x.tangents.back()->dims() != x.inputs.back()->dims())
      throw format_error(fmt::format("tensor tan.{} has not the shape of in.{}", k, k));
  }
  const std::vector<shape> outputs = o.infer(x.attrs, x.input_shapes());
  for (std::size_t k = 0; k < outputs.size(); ++k) {
    x.cotangents.push_back(float_tensor(s, fmt::format("cot.{}", k), x.type));
    if (x.cotangents.back().dims() != outputs[k])
      throw format_error(fmt::format("tensor cot.{} has shape {}, the output {}", k,
                                     to_string(x.cotangents.back().dims()), to_string(outputs[k])));
  }
  return x;
}

}  // namespace

safetensors to_file(const counterexample& c, trial& t) {
  safetensors s;
  s.metadata = {{"format", std::string(file_format)},
                {"backproof", BACKPROOF_VERSION},
                {"op", c.op},
                {"dtype", std::string(name_of(c.x.type))},
                {"attributes", to_json(c.x.attrs)},
                {"check", c.check},
                {"adapter", c.adapter},
                {"seed", std::to_string(c.x.seed)},
                {"case", case_name(c.x.made_for, c.x.number)},
                {"inputs", std::to_string(c.x.inputs.size())}};
  std::string not_asked;
  for (std::size_t k = 0; k < c.x.inputs.size(); ++k) {
    if (c.x.inputs[k]) s.tensors.emplace_back(fmt::format("in.{}", k), *c.x.inputs[k]);
    if (c.x.inputs[k] && t.truth().of().sig.input(k).differentiable && !c.x.tangents[k])
      not_asked += fmt::format(" {}", k);
  }
  if (!not_asked.empty()) s.metadata["no_grad"] = not_asked + " ";
  for (std::size_t k = 0; k < c.x.cotangents.size(); ++k)
    s.tensors.emplace_back(fmt::format("cot.{}", k), c.x.cotangents[k]);
  for (std::size_t k = 0; k < c.x.tangents.size(); ++k)
    if (c.x.tangents[k]) s.tensors.emplace_back(fmt::format("tan.{}", k), *c.x.tangents[k]);
  add_findings(s, t);
  return s;
}

std::string adapter_of(const safetensors& s) {
  const auto found = s.metadata.find("adapter");
  return found == s.metadata.end() ? "" : found->second;
}

counterexample from_file(const safetensors& s) {
  if (field(s, "format") != file_format)
    throw format_error(fmt::format("not a counterexample: format is '{}'", quotable(field(s, "format"), 40)));
  const op& o = op_named(field(s, "op"));
  try {
    require_case(o, float_type_named(field(s, "dtype")), field(s, "check"), field(s, "case"));
    counterexample c{field(s, "op"), field(s, "check"), adapter_of(s), sample_of(s, o)};
    if (o.has_reference()) oracle(o, c.x, format_of(c.x.type)).output();  // throws where indices or lengths do not fit
    return c;
  } catch (const invalid_input& e) {
    throw format_error(e.what());
  }
}

std::string token_of(const counterexample& c) {
  return fmt::format("bp1:{}/{}/{}/{}/{}/{}", BACKPROOF_VERSION, c.op, name_of(c.x.type), c.check, c.x.seed,
                     case_name(c.x.made_for, c.x.number));
}

counterexample from_token(const std::string& token, const subject& drawn_for) {
  std::vector<std::string> parts;
  for (std::size_t at = token.find(':') + 1, slash; at <= token.size(); at = slash + 1) {
    slash = std::min(token.find('/', at), token.size());
    parts.push_back(token.substr(at, slash - at));
  }
  if (!token.starts_with("bp1:") || parts.size() != 6)
    throw format_error("not a token: expected bp1:VERSION/OP/DTYPE/CHECK/SEED/CASE");
  if (parts[0] != BACKPROOF_VERSION)
    throw format_error(fmt::format("the token was written by backproof {}, this is {}; use the stored file instead",
                                   quotable(parts[0], 20), BACKPROOF_VERSION));
  const op& o = op_named(parts[1]);
  const dtype t = float_type_named(parts[2]);
  require_case(o, t, parts[3], parts[5]);
  const auto [made_for, number_of_case] = case_of(parts[5]);
  const auto seed = number<std::uint64_t>(parts[4], "seed");
  const auto x = draw_informative_sample(o, t, seed, number_of_case, made_for, drawn_for.scope_of(o, t));
  if (!x) throw format_error(fmt::format("{} takes no such sample", drawn_for.name()));
  return {std::string(o.wire_name()), parts[3], "", *x};
}

}  // namespace backproof
