// Samples that are worth asking about.
#pragma once

#include <cstdint>
#include <optional>

#include "backproof/op/sample.hpp"
#include "backproof/op/scope.hpp"

namespace backproof {

// The sample of a case: a pure function of its arguments. A sample whose true gradient is zero or underflows everywhere
// would test nothing, and one that hits a kink by chance is not smooth; in both cases it is drawn again. The number of
// attempts is limited, because some op may have no other samples; then the verdict is `vacuous` or `unresolved`.
sample draw_informative_sample(const op& o, dtype t, std::uint64_t seed, std::uint64_t number,
                               profile p = profile::smooth);

// The same inside of what a subject takes; none if that could not be drawn in many attempts.
std::optional<sample> draw_informative_sample(const op& o, dtype t, std::uint64_t seed, std::uint64_t number, profile p,
                                              const scope& inside);

}  // namespace backproof
