// A sample: everything that one question to a subject consists of. And the sampler, with which an op describes how to
// draw good samples of it.
#pragma once

#include <array>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "backproof/op/draw.hpp"
#include "backproof/op/op.hpp"
#include "backproof/tensor/attributes.hpp"
#include "backproof/tensor/tensor.hpp"

namespace backproof {

// What a sample is made to try.
enum class profile {
  smooth,   // points where the function is differentiable, drawn at random
  kink,     // constants that the op's domain names as kinks, and tied elements; of an op whose kinks nobody knows,
            // points where formulas break: zeros, equal elements, ends of ranges, magnitudes far from 1
  special,  // signed zeros, subnormals, the largest number, infinities, NaN, extents of 1 and 0; one of them per case
  exhaustive,  // every number of a 16-bit format, over 64 cases; for unary ops
};
std::string case_name(profile p, std::uint64_t number);  // "12", "kink-3": unique within op and dtype
// The inverse; none if malformed.
std::optional<std::pair<profile, std::uint64_t>> case_named(const std::string& name);

// How a question is put. The answer is the same in all of them but the last three.
enum class call_condition {
  plain,
  strided,      // inputs and cotangents lie in memory with gaps, in another order of axes
  expanded,     // a cotangent of equal elements is one number with strides 0, as the gradient of a sum is
  unaligned,    // inputs and cotangents begin one element past an aligned address
  aliased,      // inputs that are equal tensors lie in the same memory
  retained,     // the VJP is asked for twice after one forward pass, and the second answer given
  threads,      // with several threads
  watched,      // as always, and what the run leaves changed is told
  accumulated,  // the VJP is added twice into gradients that begin as zeros: twice the gradient
  shared,       // inputs that are equal tensors are one variable; the first of them gets its whole gradient
  partial,      // the gradients of some inputs are asked for, and no others
};
constexpr std::array<call_condition, 11> all_call_conditions = {
    call_condition::plain,       call_condition::strided,  call_condition::expanded, call_condition::unaligned,
    call_condition::aliased,     call_condition::retained, call_condition::threads,  call_condition::watched,
    call_condition::accumulated, call_condition::shared,   call_condition::partial};
std::string_view name_of(call_condition c);

struct sample {
  dtype type = dtype::f64;  // of every floating-point tensor in it
  attributes attrs;
  std::vector<std::optional<tensor>> inputs;    // none: an optional input that is not given
  std::vector<tensor> cotangents;               // one per output, of the output's shape
  std::vector<std::optional<tensor>> tangents;  // one per input whose gradient is asked for
  std::uint64_t seed = 0;
  profile made_for = profile::smooth;
  std::uint64_t number = 0;  // which case of its op, dtype and profile this is
  call_condition under = call_condition::plain;

  std::vector<shape> input_shapes() const;  // {} for absent inputs
};

// Where the elements of an input may lie. The sampler draws from several distributions inside of it: standard normal,
// uniform over the wide range [-12, 12], and magnitudes spread over many binades.
struct domain {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool distinct = false;           // ties between elements are kinks: avoided, or sought in the profile for kinks
  std::vector<double> kinks = {};  // as are these values
  std::vector<double> only = {};   // if there are any, every element is one of them: a target of -1 or 1
};

class sampler {
 public:
  // `limit` caps every extent; shrinking a counterexample lowers it.
  // `redraw` counts how often a sample of this case was drawn and not wanted: choices then vary about those of the
  // case.
  sampler(const op& o, dtype t, profile p, std::uint64_t seed, std::uint64_t number, index_t limit, int attempt,
          int redraw);

  draw& random() { return random_; }
  index_t limit() const { return limit_; }

  // One of the options. Over the first 49 cases the choices of a draw function, in the order it makes them, form an
  // orthogonal array of strength 2: any two choices of up to seven options meet in every combination.
  template <class T>
  T choose(std::initializer_list<T> options) {
    return options.begin()[pick(static_cast<index_t>(options.size()))];
  }
  index_t pick(index_t options);  // 0 .. options-1, in the same manner
  index_t extent(index_t low = 1,
                 index_t high = 17);                  // of one axis; favours small and unequal extents, and block edges
  shape dims(index_t least_rank, index_t most_rank);  // about a hundred elements at most

  // What the sample holds. Inputs are given in the order of the signature.
  template <class T>
  T attribute(const std::string& name, T value) {
    result_.attrs.set(name, value);
    return value;
  }
  void input(const shape& dims, const domain& where = {});
  void broadcast_pair(const domain& where = {}) { broadcast_pair(where, where); }
  void broadcast_pair(const domain& of_a, const domain& of_b);  // two inputs that broadcast, in one of several ways
  void indices(const shape& dims, index_t low, index_t high);   // an i64 input, elements in low .. high
  void indices(const shape& dims, const std::vector<index_t>& elements);  // an i64 input that the op has drawn itself
  void absent();

  sample finish();  // adds cotangents and tangents; throws invalid_input if the op cannot infer its shapes

 private:
  tensor numbers(const shape& dims, const domain& where);
  void seek_kinks(tensor& t, const domain& where);
  void seek_edges(tensor& t, const domain& where);
  void inject_special();
  bool special(std::uint64_t which) const;
  void enumerate();

  const op& op_;
  draw random_;
  index_t limit_;
  bool varies_;
  index_t picks_ = 0;
  sample result_;
};

constexpr index_t no_limit = 17;
sample draw_sample(const op& o, dtype t, std::uint64_t seed, std::uint64_t number, index_t limit = no_limit,
                   int attempt = 0, profile p = profile::smooth, int redraw = 0);

// Whether there are samples of this profile: at kinks where the op has some, exhaustive ones of unary ops in 16 bits.
bool draws(const op& o, dtype t, profile p);
std::uint64_t cases_of(profile p);  // how many there are; without end of those that are random

constexpr std::uint64_t special_values = 11;    // signed zeros, subnormals, the largest, infinities, NaN
constexpr std::uint64_t special_cases = 13;     // one for each of them, one of extents 1, and an empty one
constexpr std::uint64_t exhaustive_cases = 64;  // how many cases it takes to try every number of a 16-bit format

}  // namespace backproof
