// The run loop: ops x dtypes x samples x checks, put to a subject.
//
// Lifetimes: a plan points to ops and checks of the registries, and nothing may be added to those while it runs
// (op/registry.hpp). Records are handed to the listener by reference, for the time of the call.
// Threads: there are at most `jobs` of them, each with a subject of its own. The factory and `diagnose` may be called
// by several threads at once; the listener is called by one at a time.
#pragma once

#include "backproof/run/judging.hpp"
#include "backproof/run/plan.hpp"

namespace backproof {

// Results arrive in the order of op, dtype, case and check, whatever `jobs` is. Throws adapter_error if no subject can
// be started at all, and invalid_input if `earlier` is of another plan. What goes wrong in a unit (one op in one dtype)
// costs that unit alone: what it came to is `error`, and the run goes on. A counterexample that cannot
// be stored is told in its record (not_stored).
summary run(const plan& p, const subject_factory& make, const listener& to);

}  // namespace backproof
