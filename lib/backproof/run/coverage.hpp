// What a subject was asked about one op in one dtype, what it answered, and what that proved: the difference between
// "nothing was wrong" and "nothing was looked at".
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "backproof/judge/check.hpp"
#include "backproof/run/result.hpp"

namespace backproof {

class coverage {
 public:
  void add(const check& c, const finding& f, const trial& t);  // for every check on a sample
  void sample_done(const trial& t);                            // after all of them

  verdict gravest() const { return gravest_; }
  // Fills in what came of the unit, and how much of it was looked at.
  void conclude(unit_result& u) const;

 private:
  std::pair<verdict, std::string> verdict_and_reason() const;
  std::string unproved() const;  // what no sample shows; empty if everything was shown

  std::uint64_t samples_ = 0;
  by_mode<std::uint64_t> wanted_, put_, answered_;
  verdict gravest_ = verdict::skip;
  std::int64_t elements_ = 0, resolved_ = 0;
  std::string first_declined_, first_undecided_;
  bool gradients_looked_at_ = false, gradients_proved_ = false;
  struct gradient {
    std::uint64_t due = 0;  // samples in which there was one
    bool shown = false;     // one of them resolved it
  };
  std::map<std::string, gradient> gradients_;  // by name
};

}  // namespace backproof
