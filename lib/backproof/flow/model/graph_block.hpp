// A section of a network as a block, computed by the ops' own formulas in double precision. It is for sections that
// have no block of their own: attention, a recurrent cell, batch normalisation in training. A specific block knows
// more, such as a bound of its norm from above; this one works for any section.
//
// Axis 0 of the section's input and output counts samples, as many as the network's description says; the columns of a
// batch are put through that many at a time. Whether samples influence each other is tried out, not assumed.
#pragma once

#include <optional>

#include "backproof/flow/model/block.hpp"
#include "backproof/flow/model/section.hpp"
#include "backproof/op/sample.hpp"

namespace backproof::flow {

class graph_block : public block {
 public:
  // Throws invalid_input if axis 0 does not count samples.
  graph_block(const networks::network& n, const section& s);

  std::string kind() const override;
  Index outputs(Index inputs) const override;
  matrix forward(const matrix& x) const override;
  matrix vjp(const matrix& x, const matrix& v) const override;
  matrix jvp(const matrix& x, const matrix& u) const override;  // by dual numbers, in wide precision: slow
  std::vector<parameter> parameters() const override;
  std::vector<matrix> parameter_gradients(const matrix& x, const matrix& v) const override;
  bool couples_samples() const override { return coupled_; }

 private:
  static constexpr int from_entry = -1, from_outside = -2;
  struct operand {
    int step = from_outside;  // or the step whose output it is
    std::size_t output = 0;
    std::optional<tensor> value;  // of what comes from outside; absent if it is not given
    int parameter = -1;
    bool by_sample = false;  // its axis 0 counts samples: another input of the network, or computed from one
  };
  struct step {
    const op* what;
    attributes attrs;
    std::vector<operand> in;
    std::vector<shape> outputs;
  };
  using tensors = std::vector<std::vector<tensor>>;  // [step][output]
  struct gradients {
    tensor entry;
    std::vector<matrix> parameters;
  };

  sample question(const step& s, const tensor& entry, const tensors& known) const;
  tensors run(const tensor& entry) const;
  gradients pull(const tensor& entry, const tensor& cotangent) const;
  tensor push(const tensor& entry, const tensor& tangent) const;
  tensor packed(const shape& dims, const matrix& x, Index first, Index end) const;
  template <class F>
  matrix by_batches(const matrix& x, const matrix& other, const shape& given, const shape& result, F f) const;
  struct surroundings;
  operand outside(surroundings& around, networks::port p);
  bool see_each_other() const;
  void use_one_sample();

  std::vector<step> steps_;
  std::vector<parameter> parameters_;
  shape entry_, exit_;
  backproof::index_t batch_ = 1;
  bool coupled_ = false;
};

}  // namespace backproof::flow
