#include "backproof/network/audit/audit.hpp"

#include <algorithm>
#include <cmath>

#include "backproof/network/audit/parts.hpp"

namespace backproof::networks {

tensor rounded_to(dtype type, const values<real>& v) {
  tensor t(type, v.dims());
  for (index_t i = 0; i < v.size(); ++i) t.set(i, static_cast<double>(v[i]));
  return t;
}

double distance(const tensor& t, const values<real>& truth) {
  double off = 0, size = 0;
  for (index_t i = 0; i < t.count(); ++i) {
    const double x = static_cast<double>(truth[i]), d = static_cast<double>(real(t.at(i)) - truth[i]);
    off += d * d, size += x * x;
  }
  return size == 0 ? (off == 0 ? 0 : HUGE_VAL) : std::sqrt(off / size);
}

bool holds_indices(const graph& g, port p) {
  for (const node& layer : g.nodes())
    for (std::size_t i = 0; i < layer.in.size(); ++i)
      if (layer.in[i] == p && layer.what->sig.input(i).indices) return true;
  return false;
}

const judged_tensor* audit::first_wrong() const {
  const auto wrong = [](const judged_tensor& t) { return t.found.outcome == verdict::fail; };
  const auto first = std::find_if(tensors.begin(), tensors.end(), wrong);
  return first == tensors.end() ? nullptr : &*first;
}

}  // namespace backproof::networks
