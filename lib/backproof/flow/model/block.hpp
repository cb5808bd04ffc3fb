// A block: one differentiable map of a batch, with its derivatives.
//
// A batch has one column per sample. A VJP and a JVP may be asked for several directions at once: `v` and `u` then hold
// batches side by side, and sample j of each is column j modulo the number of samples. So the Jacobian of one sample is
// vjp(x, identity), transposed. Blocks keep no state: a VJP recomputes what it needs from the block's input.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "backproof/flow/model/matrix.hpp"

namespace backproof::flow {

struct parameter {
  std::string name;  // "weight", "bias"
  matrix value;
};
std::vector<parameter> weight_and_bias(const matrix& weight, const vector& bias);  // an empty bias is none

class block {
 public:
  block() = default;
  block(const block&) = delete;
  block& operator=(const block&) = delete;
  virtual ~block() = default;

  virtual std::string kind() const = 0;                            // "dense", "relu"
  virtual Index outputs(Index inputs) const { return inputs; }     // throws invalid_input if it cannot
  virtual matrix forward(const matrix& x) const = 0;               // f(x)
  virtual matrix vjp(const matrix& x, const matrix& v) const = 0;  // J(x)^T v
  virtual matrix jvp(const matrix& x, const matrix& u) const = 0;  // J(x) u
  virtual std::vector<parameter> parameters() const { return {}; }
  // One per parameter, summed over the batch; v is one batch.
  virtual std::vector<matrix> parameter_gradients(const matrix&, const matrix&) const { return {}; }
  virtual bool couples_samples() const { return false; }  // as batch normalisation does
};

using block_pointer = std::shared_ptr<const block>;
using chain = std::vector<block_pointer>;  // applied first to last

matrix forward(const chain& c, const matrix& x);
matrix vjp(const chain& c, const matrix& x, const matrix& v);
matrix jvp(const chain& c, const matrix& x, const matrix& u);
std::vector<matrix> inputs_of(const chain& c,
                              const matrix& x);  // what each block of the chain is given, and the output
bool couples_samples(const chain& c);

}  // namespace backproof::flow
