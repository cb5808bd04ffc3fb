// Counterexamples: a failing sample on disk, which says everything needed to judge it again.
//
// The file is safetensors. in.K, cot.K and tan.K are the sample. expected.K, bound.K and actual.K are for people: the
// right result, its bound and the subject's result, in float64 where they do not fit the sample's dtype. The metadata
// names op, dtype, attributes, check, adapter, seed and case (schema in docs/counterexample.md).
#pragma once

#include <string>

#include "backproof/judge/check.hpp"
#include "backproof/tensor/safetensors.hpp"

namespace backproof {

struct counterexample {
  std::string op;  // wire name
  std::string check;
  std::string adapter;  // as given on the command line, empty for the reference
  sample x;
};

safetensors to_file(const counterexample& c, trial& t);  // asks the trial for what it found

// The adapter that it was found with, in words that the file's author chose: to be shown, never to be started. Empty if
// there is none.
std::string adapter_of(const safetensors& s);

// Throws format_error with one line when something is missing, of the wrong shape, or unknown to the registry.
counterexample from_file(const safetensors& s);

// The same without a file: "bp1:0.1.0/Softmax/f32/CHECK/1/12" is drawn anew. Only the version that wrote a
// token can read it, because draws may change between versions, and it has to be drawn for the subject that it was
// found with, inside of what that takes. Throws format_error.
std::string token_of(const counterexample& c);
counterexample from_token(const std::string& token, const subject& drawn_for);

}  // namespace backproof
