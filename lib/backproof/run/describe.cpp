#include "backproof/run/describe.hpp"

#include <fmt/format.h>

#include "backproof/base/hex_text.hpp"

namespace backproof {
namespace {

std::string hex_elements(const tensor& t) {
  std::string text;
  for (index_t i = 0; i < t.count(); ++i) {
    if (i > 0) text += ',';
    text += t.type() == dtype::i64 ? fmt::format("{:.0f}", t.at(i)) : hex_text(t.at(i));
  }
  return "[" + text + "]";
}

// "X f32[2,3] = [0x1p+0,...]"; elements only where a person could still read them.
std::string described(const std::string& name, const tensor& t) {
  constexpr index_t readable = 32;
  std::string text = fmt::format("{} {}{}", name, name_of(t.type()), to_string(t.dims()));
  if (t.count() <= readable) text += " = " + hex_elements(t);
  return text;
}

std::vector<std::string> described(const op& o, const sample& x) {
  std::vector<std::string> lines;
  for (std::size_t k = 0; k < x.inputs.size(); ++k)
    if (x.inputs[k]) lines.push_back(described(o.sig.input_name(k), *x.inputs[k]));
  for (std::size_t k = 0; k < x.cotangents.size(); ++k)
    lines.push_back(described("cotangent of " + o.sig.output_name(k), x.cotangents[k]));
  return lines;
}

}  // namespace

std::string shapes_of(const op& o, const sample& x) {
  std::string text;
  for (std::size_t k = 0; k < x.inputs.size(); ++k)
    if (x.inputs[k])
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", o.sig.input_name(k), to_string(x.inputs[k]->dims()));
  return text;
}

void describe_sample(result& r, const op& o, const sample& x) {
  r.attributes = to_string(x.attrs);
  r.tensors = described(o, x);
}

result blank(const op& o, const subject& s, const check& c, const sample& x) {
  result r;
  r.op = o.wire_name();
  r.domain = o.domain();
  r.subject = s.name();
  r.dtype = name_of(x.type);
  r.sample = case_name(x.made_for, x.number);
  r.check = c.info.name;
  r.claim = c.info.claim;
  return r;
}

}  // namespace backproof
