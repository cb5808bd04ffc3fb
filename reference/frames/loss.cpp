#include "frames/loss.hpp"

#include "backproof/op/sample.hpp"

namespace backproof::loss {

void draw_reduction(sampler& s) { s.attribute("reduction", s.choose<std::string>({"mean", "none", "sum"})); }

void check_reduction(const attributes& a) {
  const std::string& r = a.text("reduction");
  if (r != "none" && r != "mean" && r != "sum") throw invalid_input("reduction is '" + r + "', not none, mean or sum");
}

shape reduced(const attributes& a, const shape& all) {
  check_reduction(a);
  return a.text("reduction") == "none" ? all : shape{};
}

shape rows_of(const shape& scores) {
  if (scores.empty() || scores.back() < 1)
    throw invalid_input("scores " + to_string(scores) + " have no axis of classes");
  return {scores.begin(), scores.end() - 1};
}

index_t averaged(const attributes& a, const shape& all) {
  return a.text("reduction") == "batchmean" ? all.at(0) : size_of(all);
}

}  // namespace backproof::loss
