#include "cli/reproducer.hpp"

#include <fmt/format.h>

#include <cmath>

#include "backproof/base/config.hpp"
#include "backproof/base/hex_text.hpp"
#include "backproof/run/registry.hpp"
#include "cli/exit_codes.hpp"

namespace backproof::cli {
namespace {

// What the program is made of, in either language.
struct material {
  std::string title, function, result;
  std::vector<std::optional<tensor>> inputs, cotangents, actual, expected, bound;
};

material material_of(const counterexample& c, trial& t) {
  const check* by = find_check(c.check);
  const bool forward = by != nullptr && by->info.compares == mode::forward;
  material m{.title = fmt::format("{}, {}: {}", c.op, name_of(c.x.type), c.check),
             .function = forward ? "forward" : "vjp",
             .result = forward ? "output" : "gradient",
             .inputs = c.x.inputs,
             .cotangents = {c.x.cotangents.begin(), c.x.cotangents.end()},
             .actual = forward ? t.forward() : t.vjp(),
             .expected = {},
             .bound = {}};
  for (const values<bounded<real>>& x : forward ? t.truth().bounded_output() : t.truth().bounded_gradient()) {
    m.expected.push_back(x.present() ? std::optional(tensor(dtype::f64, x.dims())) : std::nullopt);
    m.bound.push_back(m.expected.back());
    for (index_t i = 0; i < x.size(); ++i) {
      m.expected.back()->set(i, static_cast<double>(x[i].value()));
      m.bound.back()->set(i, bound_of(x[i], t.numbers()));
    }
  }
  return m;
}

std::string hex(double x, language l) {
  if (std::isnan(x)) return l == language::cpp ? "NAN" : "nan";
  if (std::isinf(x)) return (x < 0 ? "-" : "") + std::string(l == language::cpp ? "INFINITY" : "inf");
  return hex_text(x);
}

// The text between double quotes, in either language. Octal escapes have three digits at most, so nothing that follows
// joins in; a file's author must not be able to end the quotes.
std::string literal(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\')
      out += std::string("\\") + c;
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      out += fmt::format("\\{:03o}", static_cast<unsigned char>(c));
    else
      out += c;
  }
  return out;
}

std::string numpy_type(dtype t) {
  switch (t) {
    case dtype::f16:
      return "np.float16";
    case dtype::f32:
    case dtype::bf16:  // NumPy has no bfloat16; every number of it is one of float32
      return "np.float32";
    case dtype::f64:
      return "np.float64";
    case dtype::i64:
      return "np.int64";
  }
  return "";
}

std::string tensor_in(const std::optional<tensor>& t, language l) {
  const bool cpp = l == language::cpp;
  if (!t) return cpp ? "{}" : "None";
  std::string dims, elements;
  for (const index_t n : t->dims())
    dims += cpp ? (dims.empty() ? "" : ", ") + std::to_string(n) : std::to_string(n) + ",";
  for (index_t i = 0; i < t->count(); ++i) elements += (i > 0 ? (cpp ? ", " : " ") : "") + hex(t->at(i), l);
  if (cpp) return fmt::format("{{{{{}}}, {{{}}}}}", dims, elements);
  return fmt::format("numbers({}, ({}), \"{}\")", numpy_type(t->type()), dims, elements);
}

std::string list_in(const std::vector<std::optional<tensor>>& list, language l, const std::string& indent) {
  std::string text = l == language::cpp ? "{\n" : "[\n";
  for (const auto& t : list) text += indent + tensor_in(t, l) + ",\n";
  return text + indent.substr(4) + (l == language::cpp ? "}" : "]");
}

std::string as_numpy(const counterexample& c, const material& m) {
  return fmt::format(R"("""{0}: a stand-alone reproducer, written by backproof {1}.

{2}() returns what the implementation returned; put a call of yours in its place. The program exits with 1 as long as an
element of the {3} is farther from the right one than any stable evaluation may be.
"""
import sys

import numpy as np


def numbers(dtype, shape, text):
    return np.array([float.fromhex(x) for x in text.split()]).astype(dtype).reshape(shape)


attributes = "{4}"
inputs = {5}
cotangents = {6}
expected = {7}
bound = {8}


def {2}(inputs, cotangents):
    return {9}


wrong = 0
for k, (d, e, b) in enumerate(zip({2}(inputs, cotangents), expected, bound)):
    if e is None:
        continue
    if d is None or d.shape != e.shape:
        wrong += 1
        print(f"{3} {{k}} is missing, or of another shape")
        continue
    for at in np.ndindex(e.shape):
        if not abs(float(d[at]) - e[at]) <= b[at]:
            wrong += 1
            print(f"{3} {{k}}{{list(at)}} is {{float(d[at])!r}}, expected {{float(e[at])!r}} within {{float(b[at]):.3g}}")
sys.exit(wrong > 0)
)",
                     m.title, BACKPROOF_VERSION, m.function, m.result, literal(to_string(c.x.attrs)),
                     list_in(m.inputs, language::numpy, "    "), list_in(m.cotangents, language::numpy, "    "),
                     list_in(m.expected, language::numpy, "    "), list_in(m.bound, language::numpy, "    "),
                     list_in(m.actual, language::numpy, "        "));
}

std::string as_cpp(const counterexample& c, const material& m) {
  return fmt::format(R"(// {0}: a stand-alone reproducer, written by backproof {1}.
//
// {2}() returns what the implementation returned; put a call of yours in its place. The program exits with 1 as long as
// an element of the {3} is farther from the right one than any stable evaluation may be. g++ -std=c++17
#include <cmath>
#include <cstdio>
#include <vector>

struct tensor {{
  std::vector<long> shape;
  std::vector<double> elements;  // row-major; of type {10} where they are not indices
}};
using tensors = std::vector<tensor>;

const char* const attributes = "{4}";
const tensors inputs = {5};
const tensors cotangents = {6};
const tensors expected = {7};
const tensors bound = {8};

tensors {2}(const tensors&, const tensors&) {{
  return {9};
}}

int main() {{
  int wrong = 0;
  const tensors d = {2}(inputs, cotangents);
  for (std::size_t k = 0; k < expected.size(); ++k) {{
    if (k >= d.size() || d[k].elements.size() != expected[k].elements.size()) {{
      ++wrong;
      std::printf("{3} %zu is missing, or of another shape\n", k);
      continue;
    }}
    for (std::size_t i = 0; i < expected[k].elements.size(); ++i) {{
      if (std::fabs(d[k].elements[i] - expected[k].elements[i]) <= bound[k].elements[i]) continue;
      ++wrong;
      std::printf("{3} %zu, element %zu is %.17g, expected %.17g within %.3g\n", k, i, d[k].elements[i],
                  expected[k].elements[i], bound[k].elements[i]);
    }}
  }}
  return wrong > 0;
}}
)",
                     m.title, BACKPROOF_VERSION, m.function, m.result, literal(to_string(c.x.attrs)),
                     list_in(m.inputs, language::cpp, "    "), list_in(m.cotangents, language::cpp, "    "),
                     list_in(m.expected, language::cpp, "    "), list_in(m.bound, language::cpp, "    "),
                     list_in(m.actual, language::cpp, "      "), name_of(c.x.type));
}

}  // namespace

std::string reproducer_of(const counterexample& c, trial& t, language l) {
  if (!t.truth().of().has_reference())
    throw stop_with(exit_usage, c.op + " has no reference: there is no right result to write down");
  try {
    const material m = material_of(c, t);
    return l == language::numpy ? as_numpy(c, m) : as_cpp(c, m);
  } catch (const no_answer& none) {
    throw stop_with(exit_adapter, none.found.reason);
  }
}

}  // namespace backproof::cli
