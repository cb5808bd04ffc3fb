// What moves its output along with its input has gradients that move along too, and weights that do not notice.
//
//   claim   x and v moved on by corresponding steps: dX moved on by that of x, the other gradients the same
//
// Along the last axis the elements that would be pushed out of x and of v are made zero first, and zeros come in at the
// other end, as if padded; then the claim holds exactly, for every stride, padding and dilation. Two right evaluations
// differ by at most the sum of their bounds.
#pragma once

#include <fmt/format.h>

#include "backproof/judge/agreement.hpp"

namespace backproof::checks {

struct translation_equivariance {
  static constexpr check_info info{
      .name = "translation_equivariance",
      .claim = "x and v moved on: dX moved on, the other gradients the same, within the bounds",
      .source = "Goodfellow, Bengio and Courville, Deep Learning, section 9.2",
      .judges = check_target::subject,
      .catches = "windows that are wrong at one end, a block of outputs treated by its place"};

  static bool applies(const op& o) { return stated(o) != nullptr; }

  static finding run(trial& t) {
    sample still = t.truth().on();
    const index_t stride = still.attrs.integers("strides").back();
    const bool transposed = stated(t.truth().of())->constant < 0;
    const index_t step_of_x = transposed ? 1 : stride, step_of_v = transposed ? stride : 1;
    tensor &x = *still.inputs[0], &v = still.cotangents[0];
    if (x.dims().back() <= step_of_x || v.dims().back() <= step_of_v) return unresolved("there is no room to move");
    still.inputs[0] = moved(x, 0, step_of_x), still.cotangents[0] = moved(v, 0, step_of_v);
    sample ahead = still;
    ahead.inputs[0] = moved(*still.inputs[0], step_of_x, 0),
    ahead.cotangents[0] = moved(still.cotangents[0], step_of_v, 0);

    trial one = t.about(still), other = t.about(ahead);
    return within_reach(
        [&](value_list<double> (*how_far)(trial&)) { return compared(one, other, step_of_x, how_far); });
  }

 private:
  static const law* stated(const op& o) {
    const auto found =
        std::find_if(o.laws.begin(), o.laws.end(), [](const law& l) { return l.what == law::kind::translation; });
    return found == o.laws.end() ? nullptr : &*found;
  }

  // Moved on by so many elements along the last axis, or with as many at the end made zero.
  static tensor moved(const tensor& t, index_t by, index_t cleared) {
    const index_t extent = t.dims().back();
    tensor to(t.type(), t.dims());
    for (index_t i = 0; i < t.count(); ++i)
      if (i % extent + by < extent && i % extent < extent - cleared) to.set(i + by, t.at(i));
    return to;
  }

  static finding compared(trial& one, trial& other, index_t step, value_list<double> (*how_far)(trial&)) {
    const value_list<double> a = how_far(one), b = how_far(other);
    agreement same(failure_kind::law);
    for (std::size_t k = 0; k < a.size(); ++k) {
      const std::optional<tensor>&d = one.vjp()[k], &e = other.vjp()[k];
      if (!a[k].present() || !d || !e || d->dims() != a[k].dims() || e->dims() != a[k].dims()) continue;
      const index_t by = k == 0 ? step : 0, extent = k == 0 ? d->dims().back() : 1;
      for (index_t i = 0; i < d->count(); ++i)
        if (k != 0 || i % extent + by < extent)
          same.add({fmt::format("{} element {}", one.gradient_names()[k], i), d->at(i), e->at(i + by),
                    a[k][i] + b[k][i + by]});
    }
    return same.found();
  }
};

}  // namespace backproof::checks
