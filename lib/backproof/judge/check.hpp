// A check: one claim about any op, decided on one sample.
//
// A check is a struct in a file of the same name (checks/my_claim.hpp holds checks::my_claim):
//
//   struct my_claim {
//     static constexpr check_info info{.name = "my_claim", .claim = "|<v, J u> - <J^T v, u>| <= bound", ...};
//     static finding run(trial& t);
//     static bool applies(const op& o);    // optional: the ops that it judges
//     static constexpr call_condition tries[] = {call_condition::strided};   // optional: those in which it asks
//   };
//
// A check knows no op, and nothing refers to a check by its name: everything that others must know about it is in its
// info. It asks the trial for what it needs; if the subject gives no usable answer, the trial itself ends the check
// with the right verdict.
//
// Lifetimes: a trial refers to its oracle and its subject, and the oracle to its op and its sample; all of them have to
// outlive it. References that a trial returns stay valid as long as it does.
// Threads: `run` may be called from several threads at once, each with a trial of its own; a check keeps no state. A
// trial, its oracle and its subject belong to one thread at a time.
// Throws: `run` may let through no_answer, and what the op's own functions throw on a sample that does not suit the op
// (invalid_input); any other exception is a bug of the check.
#pragma once

#include <algorithm>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "backproof/judge/comparison.hpp"
#include "backproof/judge/oracle.hpp"
#include "backproof/judge/subject.hpp"
#include "backproof/judge/verdict.hpp"

namespace backproof {

// Whom a check puts to the test.
enum class check_target : std::uint8_t {
  subject,
  oracle,  // the reference itself
};
std::string_view name_of(check_target t);

// What a check can say about an op that a subject brought along, which backproof cannot compute itself.
enum class own_op_role : std::uint8_t {
  silent,    // nothing: it compares with the reference
  supports,  // whether answers agree with each other
  decides,   // whether the VJP is the derivative of the forward function; if it cannot tell, nothing was proved
};

struct check_info {
  std::string_view name;    // snake_case; the file, the struct and this agree
  std::string_view claim;   // an inequality
  std::string_view source;  // proof or literature
  check_target judges;
  std::string_view catches;  // classes of bugs, in words
  bool anywhere = false;     // the claim holds at kinks and special values as well
  own_op_role own_ops = own_op_role::silent;
  // Which of the subject's results it compares with the oracle's, element by element: the forward values, or the VJP.
  std::optional<mode> compares = {};
  // What stands between its name and the largest of its notes about an op, where they are listed.
  std::string_view introduces_note = ", at most:";

  // It looks at the numbers themselves, with the truth at hand or the best substitute for it. Such failures say the
  // most, and are told first.
  bool direct() const { return compares.has_value() || own_ops == own_op_role::decides; }
  // Where it passes, the VJP is proved to be the derivative on that sample.
  bool proves_gradients() const { return compares == mode::vjp || own_ops == own_op_role::decides; }
};

// Thrown by a trial when the subject gave no usable answer; the run loop turns it into its finding.
class no_answer : public error {
 public:
  explicit no_answer(finding f) : error(f.reason), found(std::move(f)) {}
  finding found;
};

// What checks have wanted to know of a subject about one sample, and how far they got.
struct questions {
  by_mode<bool> wanted, put, answered;  // put: those that the subject offers to answer
};

// One sample, put to one subject, with the oracle's answers at hand. Each question is put to the subject once.
//
// Answers are the subject's own tensors, of the shapes and dtypes that it gave them: forward and jvp have one for each
// output, vjp one for each input, and none where the subject gave no gradient. `compare` looks at presence, dtype and
// shape before any value. All that ask throw no_answer.
class trial {
 public:
  using answers = std::vector<std::optional<tensor>>;

  trial(const oracle& truth, subject& s, const precision& p) : truth_(truth), subject_(s), precision_(p) {}
  // The same subject, asked about another sample, or another op.
  trial about(const sample& x) const;
  trial about(const op& o, const sample& x) const { return {truth_.about(o, x), subject_, precision_}; }

  const oracle& truth() const { return truth_; }
  const precision& numbers() const { return precision_; }

  const answers& forward() { return ask(mode::forward, forward_); }
  const answers& vjp() { return ask(mode::vjp, vjp_); }
  const answers& jvp() { return ask(mode::jvp, jvp_); }
  answers run(mode m, const sample& s) { return run(m, truth_.of(), s); }  // another sample, not kept
  answers run(mode m, const op& o, const sample& s);
  offer offers(const op& o) const { return subject_.offers(o, precision_.storage); }
  offer offers(dtype t) const { return subject_.offers(truth_.of(), t); }
  bool supports(call_condition c) const { return subject_.supports(c); }
  bool deterministic() const { return subject_.deterministic(); }
  const questions& asked() const { return *asked_; }  // about the op, with those about samples derived from this one
  // What the questions asked so far left changed, in words; none if nobody watched.
  std::optional<std::vector<std::string>> changed() const;

  std::string declared_convention() const { return subject_.declared_convention(truth_.of()); }

  std::vector<std::string> output_names() const;    // "Y"
  std::vector<std::string> gradient_names() const;  // "dX"

 private:
  const answers& ask(mode m, std::optional<reply>& kept);
  reply put(mode m, const op& o, const sample& s);
  static const answers& usable(const reply& r);  // throws no_answer

  const oracle& truth_;
  subject& subject_;
  precision precision_;
  std::shared_ptr<questions> asked_ = std::make_shared<questions>();
  std::optional<reply> forward_, vjp_, jvp_;
};

// What a lossy variant, or sums kept in the storage format, would explain: each a name and bounds of its own.
struct explanation {
  std::string name;
  value_list<bounded<real>> expected;
  bool keeps_sign = false;  // it may lose every digit, but not turn a number round
};
const std::vector<explanation>& explanations(const oracle& truth, mode m);
// The name of one that is none of the op's known variants, where all that is known is how much it loses.
constexpr const char* lossy_formula = "a lossy formula";

// The verdict on whole results: within the stable bounds, else explained by a lossy variant, else wrong.
finding judge_results(trial& t, mode m, failure_kind kind);

struct check {
  check_info info;
  finding (*run)(trial&) = nullptr;
  bool (*applies)(const op&) = nullptr;   // null: to all
  std::span<const call_condition> tries;  // empty: plain questions only

  bool suits(const op& o, profile p) const {
    return (p == profile::smooth || info.anywhere) && (o.has_reference() || info.own_ops != own_op_role::silent) &&
           (applies == nullptr || applies(o));
  }
  bool suits(const subject& s) const {
    return tries.empty() || std::any_of(tries.begin(), tries.end(), [&](call_condition c) { return s.supports(c); });
  }
};

template <class Check>
check make_check() {
  check c{.info = Check::info, .run = &Check::run, .applies = nullptr, .tries = {}};
  if constexpr (requires { Check::tries; }) c.tries = Check::tries;
  if constexpr (requires { &Check::applies; }) c.applies = &Check::applies;
  return c;
}

}  // namespace backproof
