#include "window.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

namespace onednn {
namespace {

// Padding and output extent of axis k, once kernel, strides and dilations are known.
void place(window& w, std::size_t k, std::int64_t n, const std::string& auto_pad, bool ceil_mode) {
  const std::int64_t reach = (w.kernel[k] - 1) * (w.skipped[k] + 1) + 1, stride = w.strides[k];
  if (auto_pad == "VALID") w.before[k] = w.after[k] = 0;
  if (auto_pad == "SAME_UPPER" || auto_pad == "SAME_LOWER") {
    const std::int64_t total = std::max<std::int64_t>(0, ((n + stride - 1) / stride - 1) * stride + reach - n);
    w.before[k] = auto_pad == "SAME_UPPER" ? total / 2 : total - total / 2;
    w.after[k] = total - w.before[k];
  }
  const std::int64_t room = n + w.before[k] + w.after[k] - reach;
  if (room < 0) throw bp::unimplemented("an output without elements");
  w.out[k] = room / stride + 1;
  // Rounding up adds a window, unless it would begin behind the input. To oneDNN that is more padding.
  if (ceil_mode && room % stride != 0 && w.out[k] * stride < n + w.before[k]) {
    ++w.out[k];
    w.overhangs = true;
    w.after[k] += stride - room % stride;
  }
}

}  // namespace

window window_of(const bp::attributes& a, const bp::shape& x, dims kernel) {
  const std::size_t axes = kernel.size();
  if (x.size() != axes + 2 || axes == 0 || axes > 3) throw bp::unimplemented("not one to three spatial axes");
  window w;
  w.kernel = std::move(kernel);
  w.strides = a.integers("strides", dims(axes, 1));
  w.skipped = a.integers("dilations", dims(axes, 1));
  for (std::int64_t& d : w.skipped) --d;
  dims pads = a.integers("pads", dims(2 * axes, 0));
  if (pads.empty()) pads.assign(2 * axes, 0);
  if (w.strides.size() != axes || w.skipped.size() != axes || pads.size() != 2 * axes)
    throw std::invalid_argument("strides, dilations and pads need one entry, or two, for each spatial axis");
  w.before.assign(pads.begin(), pads.begin() + static_cast<std::ptrdiff_t>(axes));
  w.after.assign(pads.begin() + static_cast<std::ptrdiff_t>(axes), pads.end());
  w.out.resize(axes);
  for (std::size_t k = 0; k < axes; ++k)
    place(w, k, x[k + 2], a.text("auto_pad", "NOTSET"), a.integer("ceil_mode", 0) != 0);
  return w;
}

}  // namespace onednn
