// Training by gradient descent: of the whole batch, of mini-batches, or of one example at a time.
//
//   theta^(k+1) = theta^k - eta * mean over the batch of grad L(theta^k)
//
// with the mean as the loss takes it ("reduction": "mean"). A parameter that several layers share has one gradient, the
// sum over its uses, so that it stays shared. Source: the gradient descent of the backpropagation lectures.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "backproof/network/graph/network.hpp"

namespace backproof::networks {

// The network with those examples only: rows of the first axis of every input. Parameters keep their values. Throws
// invalid_input if the inputs do not have one number of rows.
network with_examples(const network& n, std::span<const index_t> rows);
index_t examples_in(const network& n);

struct training {
  real rate = 0;
  index_t epochs = 1;
  index_t batch = 0;       // examples in one step; 0: all of them, 1: stochastic gradient descent
  std::uint64_t seed = 1;  // of the order, which is another one in each epoch
  bool shuffle = true;
};

// After each step: its number and epoch, its loss before it, and the norm of its gradient.
struct training_step {
  index_t epoch = 0, number = 0;
  real loss = 0, gradient_norm = 0;
};
using on_step = std::function<void(const training_step&)>;

// Throws invalid_input if there is no loss, or if the loss is not finite any more.
void train(network& n, const training& how, const on_step& tell = {});

}  // namespace backproof::networks
