#include "frames/classes.hpp"

#include <algorithm>

#include "backproof/op/sample.hpp"
#include "frames/loss.hpp"

namespace backproof::classes {

shape draw_scores(sampler& s) {
  const index_t rank = s.choose<index_t>({2, 3, 4});
  loss::draw_reduction(s);
  shape scores = {s.extent(1, 9), s.extent(2, 9)};  // with one class alone, the gradient of a softmax is 0
  for (index_t room = 150 / (scores[0] * scores[1]); static_cast<index_t>(scores.size()) < rank; room /= scores.back())
    scores.push_back(s.extent(1, std::max<index_t>(1, room)));
  return scores;
}

// If every row were ignored, a mean would be 0 / 0: a copy of the stream tells beforehand what will be drawn.
void draw_labels(sampler& s, const shape& scores) {
  const shape dims = labels_of(scores);
  const index_t kind = s.choose<index_t>({-1, 0, -100});  // of ignored labels: -1, a class, none
  const index_t low = kind == -1 ? -1 : 0, high = scores[1] - 1;
  const index_t ignored = s.attribute("ignore_index", kind == 0 ? s.random().below(scores[1]) : kind);
  const auto one_counts = [&](auto stream) {
    for (index_t i = 0; i < size_of(dims); ++i)
      if (stream.between(low, high) != ignored) return true;
    return false;
  };
  while (!one_counts(s.random())) s.random().bits();
  s.indices(dims, low, high);
}

void draw_weights(sampler& s, const shape& scores) {
  if (s.choose({true, false}))
    s.input({scores[1]}, s.choose({domain{.low = 1.25, .high = 4}, domain{.low = 0.125, .high = 0.75}}));
  else
    s.absent();
}

shape labels_of(const shape& scores) {
  if (scores.size() < 2 || scores[1] == 0)
    throw invalid_input("scores " + to_string(scores) + " have no classes along axis 1");
  shape labels = scores;
  labels.erase(labels.begin() + 1);
  return labels;
}

void check_labels(const attributes& a, std::span<const shape> in) {
  a.integer("ignore_index");  // throws if it is missing
  if (in[1] != labels_of(in[0]))
    throw invalid_input("labels " + to_string(in[1]) + " do not fit scores " + to_string(in[0]));
}

void check_weights(std::span<const shape> in, std::size_t k) {
  if (given(in, k) && in[k] != shape{in[0].at(1)})
    throw invalid_input("weights " + to_string(in[k]) + " do not fit scores " + to_string(in[0]));
}

}  // namespace backproof::classes
