// Deterministic random numbers.
//
// A stream is a pure function of (seed, id, case): the same on every machine, whatever ran before, on however many
// threads. The generator is counter-based: Philox4x32 with 10 rounds (Salmon, Moraes, Dror, Shaw, "Parallel random
// numbers: as easy as 1, 2, 3", SC'11). The distributions are ours, because those of the standard library differ
// between implementations.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace backproof {

std::uint64_t hash_of(std::string_view text);  // FNV-1a, 64 bits: stable between runs and platforms

class draw {
 public:
  draw(std::uint64_t seed, std::string_view id, std::uint64_t case_number);

  std::uint64_t bits();                                       // 64 random bits
  std::int64_t below(std::int64_t n);                         // 0 .. n-1
  std::int64_t between(std::int64_t low, std::int64_t high);  // both included
  double uniform();                                           // (0, 1), multiples of 2^-53 offset by half a step
  double uniform(double low, double high);
  double normal();  // mean 0, variance 1, |x| <= 6: a sum of twelve uniforms, which needs no libm to be portable
  bool chance(double p) { return uniform() < p; }

 private:
  std::array<std::uint32_t, 2> key_;
  std::array<std::uint32_t, 4> counter_;
  std::array<std::uint32_t, 4> block_{};
  int left_ = 0;
};

}  // namespace backproof
