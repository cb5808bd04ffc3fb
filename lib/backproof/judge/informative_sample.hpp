// Samples that are worth asking about.
#pragma once

#include <cstdint>

#include "backproof/op/sample.hpp"

namespace backproof {

// The sample of a case: a pure function of its arguments. One whose true gradient is zero or underflows everywhere
// would test nothing, and one that hits a kink by chance is no smooth one, so it is drawn again; not for ever, because
// for some op it may be all there is, and then the verdict is `vacuous` or `unresolved`.
sample draw_informative_sample(const op& o, dtype t, std::uint64_t seed, std::uint64_t number,
                               profile p = profile::smooth);

}  // namespace backproof
