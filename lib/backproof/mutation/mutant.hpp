// A mutant: a bug such as people make, planted into an otherwise correct implementation. Mutants test the checks: a
// check that catches none of them is worth nothing.
//
// The mutants of a family are in one file of the same name (property_tests/mutants/pooling_bugs.hpp holds
// mutants::pooling_bugs), whose presence registers them:
//
//   struct pooling_bugs {
//     static constexpr family_info info{.name = "pooling_bugs", .what = "..."};
//     static std::vector<mutant> all();
//   };
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "backproof/judge/subject.hpp"

namespace backproof {

// The classes of bugs, each a way to turn a right VJP into a wrong one.
constexpr std::array<std::string_view, 24> bug_classes = {"drop-g",
                                                          "scale",
                                                          "drop-term",
                                                          "stale-parameter",
                                                          "swap",
                                                          "overwrite",
                                                          "dirty-buffer",
                                                          "alias",
                                                          "mask-from-output",
                                                          "compare-flip",
                                                          "tie-mass",
                                                          "divide-back",
                                                          "zero-times-inf",
                                                          "cancel",
                                                          "guard-mismatch",
                                                          "wrong-window",
                                                          "wrong-axis",
                                                          "wrong-formula",
                                                          "assume-contiguous",
                                                          "low-precision",
                                                          "size-path",
                                                          "race",
                                                          "detach",
                                                          "both-wrong"};

// What an implementation keeps from one question to the next, though it should not.
struct memory {
  reply last;
  std::uint64_t asked = 0;
  bool had_way = false;  // there was something to get wrong: another question could be asked instead
};

// A question as a mutant sees it: it may ask the honest implementation anything.
struct question {
  mode how;
  const op& o;
  const sample& x;
  subject& honest;
  memory& kept;

  reply with(const sample& other) const { return honest.run(how, o, other); }
  reply forward() const { return honest.run(mode::forward, o, x); }
};

struct mutant {
  std::string_view name;                                    // snake_case
  std::string_view bug_class;                               // one of those above
  std::string_view summary;                                 // what is wrong, as a maintainer would say it
  std::string_view where = "everywhere";                    // where it differs from the right answer
  std::string_view ops = "*";                               // names of ops, separated by blanks
  std::function<void(const question&, reply&)> wrong = {};  // turns the right answer into the wrong one
  std::string_view entry = {};           // its number in the corpus of real bugs; empty if it is a general one
  std::string_view cites = {};           // the real bug: repository and number of the issue
  bool (*applies)(const op&) = nullptr;  // to these of the ops; null: to all
  std::vector<dtype> dtypes = {dtype::f64, dtype::f32};  // that reveal it
  bool forward = false;                                  // it changes the forward function as well as the VJP
  bool depends_on_condition = false;                     // what it does depends on the call condition
  bool probed = false;  // whether it changes anything in an op is found out by trying (see tried)
  std::string_view (*equivalent)(const op&) = nullptr;  // why it changes nothing in this op; empty if it does
  std::string_view declares = {};                       // a convention at kinks, which it does not keep
  std::string_view out_of_reach = {};                   // why the samples of a check do not show it; the witness does
  std::function<sample(const op&)> witness = {};        // makes a sample on which it differs

  bool suits(const op& o) const;
  // Of a probed one, what came of trying it in this op: it changes some answer, or the op has no such parameter, axis
  // or pair of inputs, or it has, and no answer to any of its first 49 samples depends on it.
  enum class attempt { effect, no_way, no_effect };
  attempt tried(const op& o) const;
  bool would_suit(const op& o) const;  // if it has an effect
  bool real() const { return !entry.empty(); }
};

struct family_info {
  std::string_view name;  // the file, the struct and this agree
  std::string_view what;
};

// A bug of the corpus that no mutant recreates, and why.
struct not_planted {
  std::string_view entry, cites, what, why;
};

struct family {
  family_info info;
  std::vector<mutant> mutants;
  std::vector<not_planted> left_out;
};

template <class Family>
family make_mutant() {
  family f{.info = Family::info, .mutants = Family::all(), .left_out = {}};
  if constexpr (requires { Family::left_out(); }) f.left_out = Family::left_out();
  return f;
}

// The plain question of which a partial one is a part. Its tangents have no meaning.
sample asking_for_all(const op& o, sample x);

// Whether a name is among others, which are separated by blanks.
bool among(std::string_view name, std::string_view names);

// The reference as an honest implementation that can be asked in every call condition; and the same with a mutant in
// it. The order of the sums tells an implementation from the emulation that a diagnosis is made with.
std::unique_ptr<subject> honest_subject(order sums = order::forward);
std::unique_ptr<subject> mutated_subject(const mutant& m, order sums = order::forward);

}  // namespace backproof
