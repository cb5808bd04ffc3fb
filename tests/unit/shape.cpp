// Shapes and broadcasting, against definitions spelled out coordinate by coordinate.
#include "backproof/tensor/shape.hpp"

#include <algorithm>

#include "frames/groups.hpp"
#include "support.hpp"

namespace backproof::tests::in_shape {

BOOST_AUTO_TEST_SUITE(shape)

using backproof::shape;

namespace {

shape coordinates(const shape& s, index_t at) {
  shape c(s.size());
  for (std::size_t k = s.size(); k-- > 0; at /= s[k]) c[k] = at % s[k];
  return c;
}

// numpy's rule: align at the end; an axis of extent 1, or none at all, repeats.
index_t source(const shape& from, const shape& to, index_t at) {
  const shape c = coordinates(to, at);
  index_t flat = 0;
  for (std::size_t k = 0; k < from.size(); ++k) {
    const index_t along = c[to.size() - from.size() + k];
    flat = flat * from[k] + (from[k] == 1 ? 0 : along);
  }
  return flat;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_scalar_has_one_element_and_an_empty_axis_leaves_none) {
  BOOST_TEST(size_of({}) == 1);
  BOOST_TEST(size_of({2, 3, 4}) == 24);
  BOOST_TEST(size_of({2, 0, 4}) == 0);
}

BOOST_AUTO_TEST_CASE(shapes_are_written_in_brackets) {
  BOOST_TEST(to_string(shape{}) == "[]");
  BOOST_TEST(to_string(shape{7}) == "[7]");
  BOOST_TEST(to_string(shape{2, 3}) == "[2,3]");
}

BOOST_AUTO_TEST_CASE(strides_are_row_major) {
  BOOST_TEST((strides_of({2, 3, 4}) == shape{12, 4, 1}));
  BOOST_TEST(strides_of({}).empty());
}

BOOST_AUTO_TEST_CASE(broadcast_shapes_follow_numpy) {
  BOOST_TEST((broadcast({2, 3}, {2, 3}) == shape{2, 3}));
  BOOST_TEST((broadcast({2, 1}, {3}) == shape{2, 3}));
  BOOST_TEST((broadcast({}, {4, 5}) == shape{4, 5}));
  BOOST_TEST((broadcast({4, 1, 1}, {1, 5, 1}) == shape{4, 5, 1}));
  BOOST_TEST((broadcast({0}, {1}) == shape{0}));
  BOOST_TEST(broadcast({}, {}).empty());
  for (const auto& [a, b] :
       std::vector<std::pair<shape, shape>>{{{2}, {3}}, {{2, 3}, {2}}, {{0}, {2}}, {{3, 1, 2}, {4, 2, 2}}})
    BOOST_CHECK_THROW(broadcast(a, b), invalid_input);
}

BOOST_AUTO_TEST_CASE(broadcasting_is_symmetric_and_finds_the_source_of_every_element) {
  draw random(1, "broadcast", 0);
  claim c("source of a broadcast element");
  for (int i = 0; i < 300; ++i) {
    shape full(static_cast<std::size_t>(random.below(4)));
    for (index_t& e : full) e = random.between(1, 4);
    shape part(full.begin() + random.between(0, static_cast<index_t>(full.size())), full.end());
    for (index_t& e : part)
      if (random.chance(0.4)) e = 1;
    BOOST_TEST((broadcast(part, full) == full));
    BOOST_TEST((broadcast(full, part) == full));
    const broadcasting from(part, full);
    for (index_t at = 0; at < size_of(full); ++at)
      c.require(from(at) == source(part, full, at), [&] { return to_string(part) + " in " + to_string(full); });
  }
}

BOOST_AUTO_TEST_CASE(slices_reach_every_element_once) {
  const shape s = {2, 3, 4};
  for (index_t axis = -3; axis < 3; ++axis) {
    const slices along(s, axis);
    const std::size_t k = static_cast<std::size_t>((axis + 3) % 3);
    BOOST_TEST(along.length == s[k]);
    std::vector<int> seen(24);
    for (index_t o = 0; o < along.outer; ++o)
      for (index_t i = 0; i < along.inner; ++i)
        for (index_t j = 0; j < along.length; ++j) {
          const index_t at = along.start(o, i) + j * along.inner;
          BOOST_TEST(coordinates(s, at)[k] == j);
          ++seen[static_cast<std::size_t>(at)];
        }
    BOOST_TEST((seen == std::vector<int>(24, 1)));
  }
}

BOOST_AUTO_TEST_CASE(an_axis_outside_of_the_shape_is_refused) {
  for (const index_t axis : {2, -3, 100}) BOOST_CHECK_THROW(slices({2, 3}, axis), invalid_input);
  BOOST_CHECK_THROW(slices({}, 0), invalid_input);
}

BOOST_AUTO_TEST_CASE(groups_hold_what_shares_the_coordinates_of_the_other_axes) {
  const shape dims = {2, 3, 4};
  for (const std::vector<index_t>& axes :
       std::vector<std::vector<index_t>>{{}, {0}, {1}, {-1}, {0, 2}, {-1, 0}, {0, 1, 2}}) {
    const groups g(dims, axes);
    std::vector<int> seen(24);
    for (index_t o = 0; o < g.count(); ++o) {
      BOOST_TEST(static_cast<index_t>(g[o].size()) == g.length());
      BOOST_TEST(std::is_sorted(g[o].begin(), g[o].end()));
      for (const index_t i : g[o]) {
        ++seen[static_cast<std::size_t>(i)];
        for (index_t k = 0; k < 3; ++k)
          if (std::none_of(axes.begin(), axes.end(), [k](index_t a) { return (a + 3) % 3 == k; }))
            BOOST_TEST(coordinates(dims, i)[static_cast<std::size_t>(k)] ==
                       coordinates(dims, g[o][0])[static_cast<std::size_t>(k)]);
      }
    }
    BOOST_TEST((seen == std::vector<int>(24, 1)));
    BOOST_TEST(size_of(g.reduced(false)) == g.count());
  }
  BOOST_TEST((groups(dims, {1}).reduced(true) == shape{2, 1, 4}));
  BOOST_TEST((groups(dims, {-1, 0}).reduced(false) == shape{3}));
  BOOST_TEST(groups({2, 0}, {1}).count() == 2);
  BOOST_TEST(groups({2, 0}, {1}).length() == 0);
  BOOST_CHECK_THROW(groups(dims, {3}), invalid_input);
  BOOST_CHECK_THROW(groups(dims, {0, -3}), invalid_input);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::tests::in_shape
