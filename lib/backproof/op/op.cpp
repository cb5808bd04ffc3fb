#include "backproof/op/op.hpp"

#include <algorithm>

namespace backproof {
namespace {

std::string_view trimmed(std::string_view s) {
  while (!s.empty() && s.front() == ' ') s.remove_prefix(1);
  while (!s.empty() && s.back() == ' ') s.remove_suffix(1);
  return s;
}

operand parse_operand(std::string_view text) {
  operand o;
  if (text.ends_with("...")) {
    o.variadic = true;
    text.remove_suffix(3);
  }
  for (; !text.empty(); text.remove_suffix(1)) {
    if (text.back() == '?')
      o.optional = true;
    else if (text.back() == '#')
      o.indices = true, o.differentiable = false;
    else if (text.back() == '~')
      o.differentiable = false;
    else
      break;
  }
  o.name = text;
  return o;
}

std::vector<operand> parse_operands(std::string_view list) {
  std::vector<operand> operands;
  for (list = trimmed(list); !list.empty();) {
    const std::size_t comma = std::min(list.find(','), list.size());
    operands.push_back(parse_operand(trimmed(list.substr(0, comma))));
    if (operands.back().name.empty()) throw invalid_input("signature with a nameless operand");
    list = trimmed(list.substr(std::min(comma + 1, list.size())));
  }
  return operands;
}

const operand& pick(const std::vector<operand>& from, std::size_t k) { return k < from.size() ? from[k] : from.back(); }

std::string numbered(const std::vector<operand>& from, std::size_t k) {
  const operand& o = pick(from, k);
  return o.variadic ? o.name + "_" + std::to_string(k + 1 - from.size()) : o.name;
}

}  // namespace

const operand& signature::input(std::size_t k) const { return pick(inputs, k); }
const operand& signature::output(std::size_t k) const { return pick(outputs, k); }
std::string signature::input_name(std::size_t k) const { return numbered(inputs, k); }
std::string signature::output_name(std::size_t k) const { return numbered(outputs, k); }

bool signature::may_have_twins() const {
  const auto n = std::count_if(inputs.begin(), inputs.end(), [](const operand& o) { return o.differentiable; });
  return n > 1 || (n == 1 && inputs.back().variadic);
}

signature parse_signature(std::string_view text) {
  const std::size_t arrow = text.find("->");
  if (arrow == std::string_view::npos) throw invalid_input("signature without '->'");
  signature s{parse_operands(text.substr(0, arrow)), parse_operands(text.substr(arrow + 2))};
  if (s.inputs.empty() || s.outputs.empty()) throw invalid_input("signature without inputs or outputs");
  return s;
}

}  // namespace backproof
