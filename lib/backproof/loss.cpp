#include "backproof/loss.hpp"

#include <stdexcept>

#include "backproof/sample.hpp"

namespace backproof::loss {

void draw_reduction(sampler& s) { s.attribute("reduction", s.choose<std::string>({"mean", "none", "sum"})); }

shape draw_operand(sampler& s, const shape& all) {
  shape dims = all;
  switch (s.choose({0, 1, 2})) {
    case 1:  // fewer axes
      dims.erase(dims.begin(), dims.begin() + s.random().between(0, static_cast<index>(dims.size())));
      break;
    case 2:  // extent 1 somewhere
      for (index& e : dims)
        if (s.random().chance(0.5)) e = 1;
      break;
    default:
      break;
  }
  return dims;
}

void check_reduction(const attributes& a) {
  const std::string& r = a.text("reduction");
  if (r != "none" && r != "mean" && r != "sum")
    throw std::invalid_argument("reduction is '" + r + "', not none, mean or sum");
}

shape reduced(const attributes& a, const shape& all) {
  check_reduction(a);
  return a.text("reduction") == "none" ? all : shape{};
}

index averaged(const attributes& a, const shape& all) {
  return a.text("reduction") == "batchmean" ? all.at(0) : size_of(all);
}

}  // namespace backproof::loss
