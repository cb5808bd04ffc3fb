// Sliding windows, against a walk over every position.
#include "frames/window.hpp"

#include <set>

#include "support.hpp"

namespace backproof::tests::in_window {

BOOST_AUTO_TEST_SUITE(window)

namespace {

// Windows along one axis by trial: every start that is a multiple of the stride, while the window fits. With `ceil`, a
// last one may hang over the end, but none starts in the padding there: ONNX and PyTorch alike ignore those.
index_t counted(const window_axis& a) {
  const index_t end = a.pad_begin + a.in + a.pad_end;
  index_t n = 0;
  for (index_t start = 0;; start += a.stride, ++n) {
    if (a.ceil && n > 0 && start >= a.pad_begin + a.in) return n;
    if (start + a.reach() <= end) continue;
    const bool rest_is_uncovered = n > 0 && start - a.stride + a.reach() < end;
    return n + (a.ceil && rest_is_uncovered ? 1 : 0);
  }
}

window_axis drawn(draw& random) {
  window_axis a{.in = random.between(1, 9), .kernel = random.between(1, 4), .stride = random.between(1, 4)};
  a.dilation = random.between(1, 3);
  const index_t most = a.reach() - 1;  // no window lies in the padding at one end altogether
  a.pad_begin = random.between(0, most), a.pad_end = random.between(0, most);
  a.ceil = random.chance(0.5);
  return a;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_number_of_windows_is_that_of_a_walk) {
  draw random(1, "window", 0);
  claim c("window_axis::out");
  for (int i = 0; i < 2000; ++i) {
    const window_axis a = drawn(random);
    c.require(a.out() == counted(a), [&] {
      return "in " + std::to_string(a.in) + " kernel " + std::to_string(a.kernel) + " stride " +
             std::to_string(a.stride) + " dilation " + std::to_string(a.dilation) + " pads " +
             to_string(shape{a.pad_begin, a.pad_end}) + (a.ceil ? " ceil: " : ": ") + std::to_string(a.out()) +
             " instead of " + std::to_string(counted(a));
    });
  }
}

BOOST_AUTO_TEST_CASE(known_sizes_are_right) {  // (W - K + 2 P) / S + 1
  BOOST_TEST((window_axis{.in = 227, .kernel = 11, .stride = 4}.out()) == 55);
  BOOST_TEST((window_axis{.in = 32, .kernel = 5, .pad_begin = 2, .pad_end = 2}.out()) == 32);
  BOOST_TEST((window_axis{.in = 7, .kernel = 3, .stride = 3}.out()) == 2);
  BOOST_TEST((window_axis{.in = 7, .kernel = 3, .stride = 3, .ceil = true}.out()) == 3);
  BOOST_TEST((window_axis{.in = 3, .kernel = 4}.out()) == 0);
}

BOOST_AUTO_TEST_CASE(cells_are_visited_once_per_window_and_lie_in_the_tensor) {
  draw random(2, "window", 0);
  claim c("each_cell");
  for (int i = 0; i < 300; ++i) {
    const window_axis a = drawn(random), b = drawn(random);
    window_axis second = b;
    second.ceil = a.ceil;
    if (a.out() == 0 || second.out() == 0) continue;
    const windows w({1, 1, a.in, b.in}, {a.kernel, b.kernel}, {a.stride, b.stride}, {a.dilation, b.dilation},
                    {a.pad_begin, b.pad_begin, a.pad_end, b.pad_end}, a.ceil);
    BOOST_TEST((w.count() == a.out() * second.out() && w.cells() == a.in * b.in && w.taps() == a.kernel * b.kernel));
    for (index_t o = 0; o < w.count(); ++o) {
      std::set<std::pair<index_t, index_t>> seen, expected;
      w.each_cell(o, [&](index_t cell, index_t tap) { seen.insert({cell, tap}); });
      const index_t row = o / second.out(), column = o % second.out();
      for (index_t k = 0; k < a.kernel; ++k)
        for (index_t l = 0; l < b.kernel; ++l) {
          const index_t y = a.position(row, k), x = second.position(column, l);
          if (y >= 0 && y < a.in && x >= 0 && x < b.in) expected.insert({y * b.in + x, k * b.kernel + l});
        }
      c.require(seen == expected, [&] { return "window " + std::to_string(o); });
      c.require(w.real_cells(o) == static_cast<index_t>(seen.size()), [] { return "real_cells"; });
      c.require(w.padded_cells(o) >= w.real_cells(o) && w.padded_cells(o) <= w.taps(), [] { return "padded_cells"; });
    }
  }
}

BOOST_AUTO_TEST_CASE(geometry_that_does_not_fit_is_refused) {
  const auto made = [](const shape& in, const shape& kernel, const shape& strides, const shape& dilations,
                       const shape& pads) { return windows(in, kernel, strides, dilations, pads).count(); };
  BOOST_TEST(made({1, 1, 5}, {3}, {1}, {1}, {0, 0}) == 3);
  BOOST_CHECK_THROW(made({1, 1, 5}, {}, {}, {}, {}), invalid_input);
  BOOST_CHECK_THROW(made({1, 5}, {3}, {1}, {1}, {0, 0}), invalid_input);
  BOOST_CHECK_THROW(made({1, 1, 5}, {3}, {1, 1}, {1}, {0, 0}), invalid_input);
  BOOST_CHECK_THROW(made({1, 1, 5}, {3}, {1}, {1}, {0}), invalid_input);
  BOOST_CHECK_THROW(made({1, 1, 5}, {0}, {1}, {1}, {0, 0}), invalid_input);
  BOOST_CHECK_THROW(made({1, 1, 5}, {3}, {0}, {1}, {0, 0}), invalid_input);
  BOOST_CHECK_THROW(made({1, 1, 5}, {3}, {1}, {-1}, {0, 0}), invalid_input);
  BOOST_CHECK_THROW(made({1, 1, 5}, {3}, {1}, {1}, {-1, 0}), invalid_input);
  BOOST_CHECK_THROW(made({1, 1, 5}, {6}, {1}, {1}, {0, 0}), invalid_input);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::tests::in_window
