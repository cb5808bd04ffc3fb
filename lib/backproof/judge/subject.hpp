// A subject: the implementation under test, as an adapter presents it.
//
// Threads: a subject is asked by one thread at a time; a run with several jobs makes a subject for each. Throws:
// nothing. reply::status reports what goes wrong in the adapter, so that a broken adapter is never taken for a wrong
// gradient. Only making a subject may throw: adapter_error.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backproof/judge/mode.hpp"
#include "backproof/op/op.hpp"
#include "backproof/op/sample.hpp"
#include "backproof/op/scope.hpp"

namespace backproof {

// What came back from a subject. `ok` excepted, `message` says in one line what happened.
struct reply {
  enum class status {
    ok,
    unimplemented,  // the subject declares that it cannot: a hole in the coverage, not a failure
    rejected,       // it refused a case that it had declared to support
    error,          // it reported trouble of its own, or spoke nonsense
    crash,          // it died
    timeout,        // it did not answer in time
  };
  status code = status::ok;
  std::string message;
  // forward and jvp: one per output. vjp: one per input, none where the subject gave no gradient.
  // They own their memory, and may be of any shape and dtype: the checks hold them against the op's.
  std::vector<std::optional<tensor>> tensors;
  // What the run left changed, in words: an input, a floating-point mode. None if nobody watched.
  std::optional<std::vector<std::string>> changed = {};
};

// Whether a subject can be asked for an op at all, before any sample is drawn.
struct offer {
  bool forward = false, vjp = false, jvp = false;
  std::string why_not;  // if none of them: the reason, for the report
  bool any() const { return forward || vjp || jvp; }
  bool has(mode m) const { return m == mode::forward ? forward : m == mode::vjp ? vjp : jvp; }
};

class subject {
 public:
  virtual ~subject() = default;

  virtual std::string name() const = 0;     // "reference", "onednn", ...
  virtual std::string version() const = 0;  // of the library behind it
  virtual offer offers(const op& o, dtype t) const = 0;
  virtual format accumulator(dtype t) const;  // format of its sums; f32 for f16 and bf16, else the dtype's own
  // What the subject promises to do at kinks, "ties: first" or "slope 0"; empty if it leaves that open.
  virtual std::string declared_convention(const op&) const { return ""; }
  virtual const scope& scope_of(const op&, dtype) const;  // inside of which it is asked; everything, by default
  virtual bool supports(call_condition c) const { return c == call_condition::plain; }
  virtual bool deterministic() const { return true; }     // the same question gets the same bits
  virtual std::vector<op> own_ops() const { return {}; }  // that backproof does not know (own_op.hpp)
  virtual std::vector<std::string> without_signature() const { return {}; }  // names of all others that it offers
  virtual reply run(mode m, const op& o, const sample& s) = 0;
};

// Makes subjects, one for each job, from that job's thread. Throws adapter_error when the adapter cannot be started.
using subject_factory = std::function<std::unique_ptr<subject>()>;

// An op by these of its formulas in emulated arithmetic: the results, before they are stored in the sample's type.
std::vector<values<rounded>> emulated(mode m, const op& o, const kernels<rounded>& by, const sample& s,
                                      const arithmetic& how);

// The reference itself, evaluated op by op in the sample's dtype (with an f32 accumulator for f16 and bf16), as an
// honest implementation would. `how` chooses the order of its sums; the formats come from the sample.
std::unique_ptr<subject> reference_subject(order sums = order::forward, bool fused = false);

class adapter_error : public error {
 public:
  using error::error;
};

}  // namespace backproof
