#include "backproof/host/messages.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "backproof/base/config.hpp"
#include "backproof/host/untrusted_json.hpp"
#include "backproof/tensor/json_values.hpp"

namespace backproof::host {
namespace {

constexpr std::size_t most_ops = limits::adapter_ops;

dtype float_type(const json& j, const std::string& where) {
  const auto t = j.is_string() ? dtype_named(j.get_ref<const std::string&>()) : std::nullopt;
  if (!t || !is_float(*t))
    throw json_trouble(where + ": " + one_line(j.dump(-1, ' ', true), 40) + " is none of f64, f32, f16, bf16");
  return *t;
}

// {"ties": "first"} and {"slope": "0"} in the words of a finding. "any" promises nothing.
std::string convention_of(const json& kink, const std::string& where) {
  if (!kink.is_object()) throw json_trouble(where + "kink: expected an object");
  const std::string ties = text_or(kink, "ties", "any", where + "kink."),
                    slope = text_or(kink, "slope", "any", where + "kink.");
  if (slope != "any") return "slope " + slope;
  return ties == "any" ? "" : "ties: " + ties;
}

double number_of(const json& j, const std::string& where) {
  if (!j.is_number()) throw json_trouble(where + ": expected a number");
  return j.get<double>();
}

attribute attribute_of(const json& j, const std::string& where) {
  if (std::optional<attribute> value = attribute_in(j)) return *std::move(value);
  throw json_trouble(where + ": expected a number, a text, or a list of numbers");
}

scope_part::range range_of(const json& j, const std::string& where) {
  if (!j.is_array() || j.size() != 2) throw json_trouble(where + ": expected [low, high]");
  return {number_of(j[0], where), number_of(j[1], where)};
}

// The member of that name, an object; calls take(name, value, place) for each of its members.
template <class Take>
void for_each_member(const json& j, const char* name, const std::string& where, Take take) {
  const json* all = member(j, name);
  if (all == nullptr) return;
  if (!all->is_object() || all->size() > 64) throw json_trouble(where + name + ": expected an object");
  for (const auto& [key, value] : all->items())
    take(key, value, fmt::format("{}{}.{}", where, name, one_line(key, 40)));
}

// The members that say how to draw an op which backproof does not know.
own_op_description parse_own(const json& j, const capability& c, const std::string& where) {
  own_op_description d;
  d.name = c.op, d.domain = c.domain;
  d.signature = text_at(j, "signature", where);
  d.batch = text_or(j, "batch", "", where);
  for_each_member(j, "attributes", where, [&](const auto& name, const json& list, const auto& at) {
    if (!list.is_array() || list.size() > 64) throw json_trouble(at + ": expected a list of the values to try");
    d.attributes[name];
    for (const json& value : list) d.attributes[name].push_back(attribute_of(value, at));
  });
  for_each_member(j, "ranges", where,
                  [&](const auto& name, const json& range, const auto& at) { d.ranges[name] = range_of(range, at); });
  try {
    own_op(d);
  } catch (const invalid_input& e) {
    throw json_trouble(where + "signature, of " + one_line(c.op, 40) + ": " + one_line(e.what(), 200));
  }
  return d;
}

// {"mode": ["linear", null], "alpha": {"low": 0, "high": 2}}
void take_attribute(scope_part& s, const std::string& name, const json& j, const std::string& at) {
  if (j.is_object()) {
    const json *low = member(j, "low"), *high = member(j, "high");
    if (low == nullptr || high == nullptr) throw json_trouble(at + ": expected low and high");
    s.attribute_ranges[name] = {number_of(*low, at), number_of(*high, at)};
    return;
  }
  if (!j.is_array() || j.empty() || j.size() > 64)
    throw json_trouble(at + ": expected a list of values, or an object with low and high");
  for (const json& value : j)
    s.attributes[name].push_back(value.is_null() ? std::nullopt : std::optional(attribute_of(value, at)));
}

// What is taken of an op that backproof knows.
std::optional<scope_part> parse_scope(const json& j, const std::string& where) {
  scope_part s;
  for_each_member(j, "attributes", where,
                  [&](const auto& name, const json& v, const auto& at) { take_attribute(s, name, v, at); });
  for_each_member(j, "ranks", where,
                  [&](const auto& name, const json& v, const auto& at) { s.ranks[name] = range_of(v, at); });
  for_each_member(j, "extents", where,
                  [&](const auto& name, const json& v, const auto& at) { s.extents[name] = range_of(v, at); });
  if (member(j, "no_grad") != nullptr)
    for (const json& name : array_at(j, "no_grad", 64, where)) {
      if (!name.is_string() && !name.is_number_unsigned())
        throw json_trouble(where + "no_grad: expected names of inputs, or their positions");
      s.no_grad.push_back(name.is_string() ? name.get<std::string>() : name.dump());
    }
  const bool everything =
      s.attributes.empty() && s.attribute_ranges.empty() && s.ranks.empty() && s.extents.empty() && s.no_grad.empty();
  return everything ? std::nullopt : std::optional(std::move(s));
}

std::vector<call_condition> parse_call_conditions(const json& list) {
  std::vector<call_condition> known;
  if (!list.is_array() || list.size() > 64) throw json_trouble("under: expected a list");
  for (const call_condition c : all_call_conditions)  // names of a later version are no mistake
    if (std::find(list.begin(), list.end(), json(name_of(c))) != list.end()) known.push_back(c);
  return known;
}

capability parse_capability(const json& j, const std::string& at) {
  const std::string where = at + ".";
  capability c;
  if (!j.is_object()) throw json_trouble(at + ": expected an object");
  c.op = text_at(j, "op", where);
  c.domain = text_or(j, "domain", "ai.onnx", where);
  c.limits = text_or(j, "limits", "", where);
  for (const json& m : array_at(j, "modes", 16, where)) {
    if (m == "forward")
      c.forward = true;
    else if (m == "vjp")
      c.vjp = true;
    else if (m == "jvp")
      c.jvp = true;
    else
      throw json_trouble(where + "modes: " + one_line(m.dump(-1, ' ', true), 40) + " is none of forward, vjp, jvp");
  }
  for (const json& t : array_at(j, "dtypes", 16, where)) c.dtypes.push_back(float_type(t, where + "dtypes"));
  if (const json* native = member(j, "native")) {
    if (!native->is_boolean()) throw json_trouble(where + "native: expected true or false");
    c.native = *native;
  }
  if (const json* kink = member(j, "kink")) c.convention = convention_of(*kink, where);
  if (const json* sums = member(j, "accumulator")) {
    if (!sums->is_object() || sums->size() > 16) throw json_trouble(where + "accumulator: expected an object");
    for (const auto& [type, format] : sums->items())
      c.accumulators[float_type(type, where + "accumulator")] = float_type(format, where + "accumulator." + type);
  }
  if (member(j, "signature") != nullptr)
    c.own = parse_own(j, c, where);
  else
    c.takes = parse_scope(j, where);
  return c;
}

capabilities parse_document(const json& j) {
  if (!j.is_object()) throw json_trouble("expected an object");
  const json *protocol = member(j, "protocol"), *adapter = member(j, "adapter");
  if (protocol == nullptr || *protocol != 1) throw json_trouble("protocol: expected 1");
  if (adapter == nullptr || !adapter->is_object()) throw json_trouble("adapter: expected an object");
  capabilities c;
  c.name = text_at(*adapter, "name", "adapter.");
  c.version = text_or(*adapter, "version", "", "adapter.");
  c.framework = text_or(*adapter, "framework", "", "adapter.");
  c.framework_version = text_or(*adapter, "framework_version", "", "adapter.");
  c.language = text_or(*adapter, "language", "", "adapter.");
  if (const json* deterministic = member(j, "deterministic")) {
    if (!deterministic->is_boolean()) throw json_trouble("deterministic: expected true or false");
    c.deterministic = *deterministic;
  }
  if (const json* under = member(j, "under")) c.under = parse_call_conditions(*under);
  for (const json& o : array_at(j, "ops", most_ops, ""))
    c.ops.push_back(parse_capability(o, fmt::format("ops[{}]", c.ops.size())));
  return c;
}

}  // namespace

capabilities parse_capabilities(const std::string& result) {
  try {
    return parse_document(parse_untrusted(result));
  } catch (const json_trouble& e) {
    throw adapter_error(std::string("bad capability document: ") + e.what());
  }
}

void require_protocol(const std::string& initialize_result) {
  const json result = parse_untrusted(initialize_result);
  const json* protocol = member(result, "protocol");
  if (protocol == nullptr || *protocol != 1)
    throw adapter_error("speaks another protocol: it answered initialize with protocol " +
                        (protocol == nullptr ? "missing" : one_line(protocol->dump(-1, ' ', true), 40)) +
                        ", expected 1");
}

std::string initialize_params(std::chrono::milliseconds call_deadline) {
  return json{
      {"protocol", {1}}, {"backproof", BACKPROOF_VERSION}, {"timeout_ms", call_deadline.count()}, {"threads", 1}}
      .dump();
}

request run_request(mode m, const op& o, const sample& s) {
  request r;
  const auto put = [&](const char* kind, std::size_t k, const tensor& t) {
    r.tensors.emplace_back(fmt::format("{}.{}", kind, k), t);
    return json(r.tensors.back().first);
  };
  json params = {{"op", o.wire_name()}, {"domain", o.domain()},     {"opset", o.info.opset},
                 {"mode", name_of(m)},  {"dtype", name_of(s.type)}, {"attrs", json_of(s.attrs)}};

  json &inputs = params["inputs"] = json::array(), &needs_grad = params["needs_grad"] = json::array();
  for (std::size_t k = 0; k < s.inputs.size(); ++k) {
    inputs.push_back(s.inputs[k] ? put("in", k, *s.inputs[k]) : json());
    needs_grad.push_back(s.tangents[k].has_value());
  }
  if (m == mode::vjp) {
    json& cotangents = params["cotangents"] = json::array();
    for (std::size_t k = 0; k < s.cotangents.size(); ++k) cotangents.push_back(put("cot", k, s.cotangents[k]));
  } else if (m == mode::jvp) {
    json& tangents = params["tangents"] = json::array();
    for (std::size_t k = 0; k < s.tangents.size(); ++k)
      tangents.push_back(s.tangents[k] ? put("tan", k, *s.tangents[k]) : json());
  }
  const auto told_otherwise = {call_condition::plain, call_condition::watched, call_condition::partial};
  if (std::find(told_otherwise.begin(), told_otherwise.end(), s.under) == told_otherwise.end())
    params["under"] = name_of(s.under);
  // A seed is only a hint for ops that draw numbers, so it may lose its upper bits on its way through JSON.
  params["seed"] = s.seed % static_cast<std::uint64_t>(exact_in_json);
  r.params = params.dump(-1, ' ', false, json::error_handler_t::replace);
  return r;
}

std::vector<std::optional<tensor>> answered_tensors(mode m, const std::string& result, std::size_t expected,
                                                    const safetensors& frame) {
  const std::string what = m == mode::vjp ? "grads" : "outputs";
  const json answer = parse_untrusted(result);
  const json* names = member(answer, what.c_str());
  if (names == nullptr || !names->is_array()) throw adapter_error("the answer has no array '" + what + "'");
  if (names->size() != expected)
    throw adapter_error(fmt::format("the answer has {} {}, expected {}", names->size(), what, expected));
  std::vector<std::optional<tensor>> tensors;
  for (const json& name : *names) {
    if (name.is_null()) {
      tensors.emplace_back();
      continue;
    }
    const tensor* t = name.is_string() ? frame.find(name.get_ref<const std::string&>()) : nullptr;
    if (t == nullptr)
      throw adapter_error(fmt::format("the answer names {} in '{}', but holds no such tensor",
                                      one_line(name.dump(-1, ' ', true), 80), what));
    tensors.emplace_back(*t);
  }
  return tensors;
}

std::optional<std::vector<std::string>> told_changes(const std::string& result) {
  const json answer = parse_untrusted(result);
  const json *mutated = member(answer, "mutated"), *modes = member(answer, "fp_environment_changed");
  if (mutated == nullptr && modes == nullptr) return std::nullopt;
  std::vector<std::string> changes;
  if (mutated != nullptr && mutated->is_array())
    for (const json& name : *mutated) changes.push_back(one_line(name.is_string() ? name.get<std::string>() : "?", 80));
  if (modes != nullptr && *modes == true) changes.emplace_back("floating-point modes");
  return changes;
}

}  // namespace backproof::host
