#include "backproof/tensor/shape.hpp"

#include <algorithm>

namespace backproof {

index_t size_of(const shape& s) {
  index_t n = 1;
  for (const index_t e : s) n *= e;
  return n;
}

std::string to_string(const shape& s) {
  std::string text = "[";
  for (std::size_t k = 0; k < s.size(); ++k) text += (k ? "," : "") + std::to_string(s[k]);
  return text + "]";
}

shape strides_of(const shape& s) {
  shape strides(s.size());
  index_t step = 1;
  for (std::size_t k = s.size(); k-- > 0; step *= s[k]) strides[k] = step;
  return strides;
}

shape broadcast(const shape& a, const shape& b) {
  shape out(std::max(a.size(), b.size()));
  for (std::size_t k = 1; k <= out.size(); ++k) {
    const index_t x = k <= a.size() ? a[a.size() - k] : 1;
    const index_t y = k <= b.size() ? b[b.size() - k] : 1;
    if (x != y && x != 1 && y != 1)
      throw invalid_input("shapes " + to_string(a) + " and " + to_string(b) + " do not broadcast");
    out[out.size() - k] = x == 1 ? y : x;
  }
  return out;
}

broadcasting::broadcasting(const shape& from, const shape& to) {
  shape step = strides_of(from);
  step.insert(step.begin(), to.size() - from.size(), 0);
  for (std::size_t k = 0; k < from.size(); ++k)
    if (from[k] == 1) step[to.size() - from.size() + k] = 0;
  const shape strides = strides_of(to);
  source_.resize(static_cast<std::size_t>(size_of(to)));
  for (std::size_t i = 0; i < source_.size(); ++i) {
    index_t rest = static_cast<index_t>(i), at = 0;
    for (std::size_t k = 0; k < to.size(); ++k) {
      at += rest / strides[k] * step[k];
      rest %= strides[k];
    }
    source_[i] = at;
  }
}

slices::slices(const shape& s, index_t axis) : outer(1), length(1), inner(1) {
  const index_t rank = static_cast<index_t>(s.size());
  const index_t at = axis < 0 ? axis + rank : axis;
  if (at < 0 || at >= rank)
    throw invalid_input("axis " + std::to_string(axis) + " is outside of shape " + to_string(s));
  for (index_t k = 0; k < rank; ++k) (k < at ? outer : k == at ? length : inner) *= s[static_cast<std::size_t>(k)];
}

}  // namespace backproof
