// The random numbers: the published generator, bit for bit, and distributions within what chance allows.
//
// Bounds on statistics are five standard deviations; a right generator would exceed one for one seed in two million,
// and the seeds are fixed.
#include "backproof/op/draw.hpp"

#include <set>

#include "support.hpp"

namespace backproof::tests::in_draw {

BOOST_AUTO_TEST_SUITE(draw)

using backproof::draw;

namespace {

using block = std::array<std::uint32_t, 4>;

// Philox4x32-10 as in the paper, written independently of the one under test.
block philox(block counter, std::uint32_t key0, std::uint32_t key1) {
  for (int round = 0; round < 10; ++round, key0 += 0x9E3779B9u, key1 += 0xBB67AE85u) {
    const std::uint64_t left = std::uint64_t{counter[0]} * 0xD2511F53u, right = std::uint64_t{counter[2]} * 0xCD9E8D57u;
    const auto high = [](std::uint64_t x) { return static_cast<std::uint32_t>(x >> 32); };
    const auto low = [](std::uint64_t x) { return static_cast<std::uint32_t>(x); };
    counter = {high(right) ^ counter[1] ^ key0, low(right), high(left) ^ counter[3] ^ key1, low(left)};
  }
  return counter;
}

// The stream of a seed takes the blocks of ascending counters, of each its two upper words first.
std::uint64_t expected_bits(std::uint64_t key, std::uint64_t case_number, std::uint64_t k) {
  const auto word = [](std::uint64_t x, int n) { return static_cast<std::uint32_t>(x >> (32 * n)); };
  const block b =
      philox({word(k / 2, 0), word(k / 2, 1), word(case_number, 0), word(case_number, 1)}, word(key, 0), word(key, 1));
  const std::size_t first = k % 2 == 0 ? 2 : 0;
  return std::uint64_t{b[first]} << 32 | b[first + 1];
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_independent_philox_reproduces_the_published_vectors) {
  // Random123, kat_vectors: philox4x32, 10 rounds.
  BOOST_TEST((philox({0, 0, 0, 0}, 0, 0) == block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  constexpr std::uint32_t ones = 0xffffffff;
  BOOST_TEST((philox({ones, ones, ones, ones}, ones, ones) == block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  BOOST_TEST((philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, 0xa4093822, 0x299f31d0) ==
              block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

BOOST_AUTO_TEST_CASE(the_stream_with_zero_key_and_counter_is_the_published_vector) {
  draw zero(hash_of("any id"), "any id", 0);  // the key is seed xor hash
  BOOST_TEST(zero.bits() == 0xbc57ac4c9b00dbd8u);
  BOOST_TEST(zero.bits() == 0x6627e8d5e169c58du);
}

BOOST_AUTO_TEST_CASE(every_stream_is_philox_in_counter_mode) {
  for (const std::uint64_t seed : {0ull, 1ull, 0x123456789abcdef0ull})
    for (const std::uint64_t number : {0ull, 1ull, 48ull, 0xfedcba9876543210ull}) {
      draw random(seed, "Sigmoid/f32", number);
      for (std::uint64_t k = 0; k < 100; ++k)
        BOOST_TEST(random.bits() == expected_bits(seed ^ hash_of("Sigmoid/f32"), number, k));
    }
}

BOOST_AUTO_TEST_CASE(hashes_are_fnv_1a) {  // the reference values of draft-eastlake-fnv
  BOOST_TEST(hash_of("") == 0xcbf29ce484222325u);
  BOOST_TEST(hash_of("a") == 0xaf63dc4c8601ec8cu);
  BOOST_TEST(hash_of("foobar") == 0x85944171f73967e8u);
}

BOOST_AUTO_TEST_CASE(streams_stay_what_they_are) {
  // Stored seeds and tokens mean these numbers: changing one of them changes every sample of every user.
  draw random(1, "pinned", 7);
  BOOST_TEST(random.bits() == expected_bits(1 ^ hash_of("pinned"), 7, 0));
  draw distributions(1, "pinned", 0);
  BOOST_TEST(distributions.bits() == 0x94455f409193fc2eu);
  BOOST_TEST(distributions.below(1000) == 111);
  BOOST_TEST(distributions.between(-500, 500) == -421);
  BOOST_TEST(hex(distributions.uniform()) == "0x1.7bd89f932b951p-1");
  BOOST_TEST(hex(distributions.uniform(-12, 12)) == "-0x1.1b7b7a84dfd6ep+3");
  BOOST_TEST(hex(distributions.normal()) == "-0x1.1e588ea0a140ep+0");
}

BOOST_AUTO_TEST_CASE(a_stream_depends_on_nothing_but_seed_id_and_case) {
  draw first(3, "id", 4);
  first.bits(), first.normal();
  draw second(3, "id", 4), other(9, "else", 9);
  other.bits();
  draw third(3, "id", 4);
  for (int i = 0; i < 50; ++i) BOOST_TEST(second.bits() == third.bits());
}

BOOST_AUTO_TEST_CASE(streams_of_different_seeds_ids_and_cases_share_nothing) {
  std::set<std::uint64_t> seen;
  std::size_t drawn = 0;
  for (std::uint64_t seed = 0; seed < 8; ++seed)
    for (const char* id : {"a", "b", "a/b", ""})
      for (std::uint64_t number = 0; number < 8; ++number) {
        draw random(seed, id, number);
        for (int i = 0; i < 64; ++i, ++drawn) seen.insert(random.bits());
      }
  // 16384 values of 64 bits: any two agree by chance with probability 2^-37.
  BOOST_TEST(seen.size() == drawn);
}

BOOST_AUTO_TEST_CASE(neighbouring_streams_are_uncorrelated) {
  constexpr int n = 20000;
  for (const auto& [a, b] : {std::pair(draw(1, "a", 0), draw(2, "a", 0)), std::pair(draw(1, "a", 0), draw(1, "a", 1)),
                             std::pair(draw(1, "a", 0), draw(1, "b", 0))}) {
    draw x = a, y = b;
    double covariance = 0;
    for (int i = 0; i < n; ++i) covariance += (x.uniform() - 0.5) * (y.uniform() - 0.5);
    // Each product has mean 0 and variance 1/144.
    BOOST_TEST(std::fabs(covariance) <= 5 * std::sqrt(n / 144.0));
  }
}

BOOST_AUTO_TEST_CASE(uniform_numbers_fill_the_open_interval_evenly) {
  draw random(1, "uniform", 0);
  constexpr int n = 100000, bins = 64;
  std::array<int, bins> count{};
  double mean = 0, least = 1, most = 0;
  for (int i = 0; i < n; ++i) {
    const double u = random.uniform();
    BOOST_REQUIRE((u > 0 && u < 1));
    ++count[static_cast<std::size_t>(u * bins)];
    mean += u / n;
    least = std::min(least, u), most = std::max(most, u);
  }
  BOOST_TEST(std::fabs(mean - 0.5) <= 5 / std::sqrt(12.0 * n));
  double chi_squared = 0;
  for (const int c : count) chi_squared += std::pow(c - double(n) / bins, 2) / (double(n) / bins);
  // 63 degrees of freedom: mean 63, variance 126.
  BOOST_TEST(std::fabs(chi_squared - 63) <= 5 * std::sqrt(126.0));
  BOOST_TEST((least < 1e-3 && most > 1 - 1e-3));  // missing either has probability e^-100
}

BOOST_AUTO_TEST_CASE(uniform_numbers_between_bounds_stay_between_them) {
  draw random(1, "range", 0);
  for (int i = 0; i < 10000; ++i) {
    const double x = random.uniform(-12, 12);
    BOOST_REQUIRE((x > -12 && x < 12));
  }
}

BOOST_AUTO_TEST_CASE(integers_take_every_value_equally_often) {
  draw random(1, "below", 0);
  constexpr int n = 70000;
  std::array<int, 7> count{};
  for (int i = 0; i < n; ++i) {
    const std::int64_t k = random.below(7);
    BOOST_REQUIRE((k >= 0 && k < 7));
    ++count[static_cast<std::size_t>(k)];
  }
  for (const int c : count) BOOST_TEST(std::fabs(c - n / 7.0) <= 5 * std::sqrt(n * (1 / 7.0) * (6 / 7.0)));
}

BOOST_AUTO_TEST_CASE(between_includes_both_ends_and_nothing_else) {
  draw random(1, "between", 0);
  std::set<std::int64_t> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(random.between(-2, 2));
  BOOST_TEST((seen == std::set<std::int64_t>{-2, -1, 0, 1, 2}));
  BOOST_TEST(random.between(5, 5) == 5);
  BOOST_TEST(random.below(1) == 0);
}

BOOST_AUTO_TEST_CASE(normal_numbers_have_the_moments_of_a_sum_of_twelve_uniforms) {
  draw random(1, "normal", 0);
  constexpr int n = 100000;
  double first = 0, second = 0, fourth = 0;
  for (int i = 0; i < n; ++i) {
    const double x = random.normal();
    BOOST_REQUIRE(std::fabs(x) <= 6);
    first += x / n, second += x * x / n, fourth += x * x * x * x / n;
  }
  // The kurtosis is 3 - 6/5/12 = 2.9; E x^4 - (E x^2)^2 = 1.9, and E x^8 - (E x^4)^2 is below that of a normal, 96.
  BOOST_TEST(std::fabs(first) <= 5 / std::sqrt(n));
  BOOST_TEST(std::fabs(second - 1) <= 5 * std::sqrt(1.9 / n));
  BOOST_TEST(std::fabs(fourth - 2.9) <= 5 * std::sqrt(96.0 / n));
}

BOOST_AUTO_TEST_CASE(chance_has_its_probability) {
  draw random(1, "chance", 0);
  int hits = 0;
  for (int i = 0; i < 40000; ++i) hits += random.chance(0.25);
  BOOST_TEST(std::fabs(hits - 10000) <= 5 * std::sqrt(40000 * 0.25 * 0.75));
  for (int i = 0; i < 100; ++i) BOOST_TEST((!random.chance(0) && random.chance(1)));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::tests::in_draw
