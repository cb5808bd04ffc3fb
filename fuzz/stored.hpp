// Counterexamples that are small, and their judgement. For targets that see the registry.
#pragma once

#include <cstdint>

#include "backproof/op/registry.hpp"
#include "backproof/op/sample.hpp"
#include "backproof/run/counterexample.hpp"
#include "backproof/run/registry.hpp"
#include "backproof/run/run.hpp"
#include "fuzz/target.hpp"

namespace backproof::fuzz {

constexpr index_t small_extents = 2;  // so that a judgement takes milliseconds

// What is stored of a sample that an op draws.
inline safetensors stored(const op& o, dtype t, std::uint64_t seed, std::uint64_t number, profile p) {
  const std::unique_ptr<subject> s = reference_subject();
  const counterexample c{std::string(o.wire_name()), "reference_gradient", "",
                         draw_sample(o, t, seed, number, small_extents, 0, p)};
  const oracle truth(o, c.x, s->accumulator(t));
  trial asked(truth, *s, {t, s->accumulator(t)});
  return to_file(c, asked);
}

// As replay does it. What was read is sound: to judge it may not fail for what is in it.
inline void judge_as_stored(const safetensors& s) {
  const counterexample c = from_file(s);
  const std::unique_ptr<subject> subject = reference_subject();
  judge_in_full(*find_op(c.op), *find_check(c.check), *subject, c.x);
}

}  // namespace backproof::fuzz
