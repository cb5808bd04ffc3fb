// The laws, measured: validation [--effort fast|medium|slow]... [--markdown] [--stale FILE]
//
// Prints one line per law and exits with 1 if any is missed; with --markdown the table of docs/flow-validation.md; with
// --stale FILE the file is compared with what is measured: its statements, theories and tolerances word by word, and
// the measured numbers to within a tenth of the tolerance (another compiler may sum in another order).
#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>

#include "law.hpp"

namespace {

using namespace backproof::flow::tests;

std::vector<law> all_laws() {
  std::vector<law> all;
  for (const auto& part : {exact_laws(), one_layer_laws(), finite_width_laws(), mean_field_laws(), spectrum_laws(),
                           architecture_laws(), numerical_laws()})
    all.insert(all.end(), part.begin(), part.end());
  return all;
}

constexpr const char* names[] = {"fast", "medium", "slow"};
const char* name_of(effort e) { return names[static_cast<int>(e)]; }

// What only rounding makes nonzero is said as the power of ten that it stays below.
std::string measured_text(const law& l, double measured) {
  if (l.theory == 0 && l.tolerance > 0 && l.tolerance < 1e-6)
    return measured == 0 ? "0"
                         : fmt::format("< 1e{}", static_cast<int>(std::ceil(std::log10(std::fabs(measured)))) + 1);
  return fmt::format("{:.9g}", measured);
}

std::string beginning(const law& l) { return fmt::format("| {} | {} | {:.8g} | ", l.id, l.statement, l.theory); }
std::string ending(const law& l) { return fmt::format(" | {:g} | {} |", l.tolerance, name_of(l.cost)); }

// The measured number of this law's row; NaN if there is no such row.
double recorded(const std::string& document, const law& l) {
  const std::size_t at = document.find(beginning(l));
  if (at == std::string::npos) return std::nan("");
  const std::size_t from = at + beginning(l).size(), end = document.find('\n', from);
  const std::string rest = document.substr(from, end - from);
  if (!rest.ends_with(ending(l))) return std::nan("");
  const std::string number = rest.substr(0, rest.size() - ending(l).size());
  return number.starts_with("< ") ? 0 : std::strtod(number.c_str(), nullptr);
}

struct options {
  std::vector<std::string> efforts;
  bool markdown = false;
  std::string stale;
};

int run(const options& o) {
  std::string document;
  if (!o.stale.empty()) {
    std::ostringstream text;
    text << std::ifstream(o.stale).rdbuf();
    document = text.str();
  }
  int missed = 0, held = 0;
  for (const law& l : all_laws()) {
    bool wanted = o.efforts.empty();
    for (const std::string& e : o.efforts) wanted = wanted || e == name_of(l.cost);
    if (!wanted) continue;
    const auto start = std::chrono::steady_clock::now();
    const double measured = l.measure();
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    const bool within = std::fabs(measured - l.theory) <= l.tolerance;
    const bool fresh =
        o.stale.empty() || std::fabs(measured - recorded(document, l)) <= l.tolerance / 10 + 1e-8 * std::fabs(measured);
    ++(within && fresh ? held : missed);
    if (o.markdown)
      fmt::print("{}{}{}\n", beginning(l), measured_text(l, measured), ending(l));
    else
      fmt::print("{} {:<14} {}: theory {:.8g}, measured {:.8g}, tolerance {:g} ({:.1f} s)\n",
                 !within  ? "MISSED"
                 : !fresh ? "STALE "
                          : "ok    ",
                 l.id, l.statement, l.theory, measured, l.tolerance, seconds);
    std::fflush(stdout);
  }
  if (!o.markdown) fmt::print("{} held, {} missed\n", held, missed);
  return missed == 0 && held > 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  options o;
  for (int k = 1; k < argc; ++k) {
    if (std::strcmp(argv[k], "--markdown") == 0)
      o.markdown = true;
    else if (std::strcmp(argv[k], "--stale") == 0 && k + 1 < argc)
      o.stale = argv[++k];
    else if (std::strcmp(argv[k], "--effort") == 0 && k + 1 < argc)
      o.efforts.emplace_back(argv[++k]);
    else
      return fmt::print(stderr, "validation: unknown argument {}\n", argv[k]), 4;
  }
  return run(o);
}
