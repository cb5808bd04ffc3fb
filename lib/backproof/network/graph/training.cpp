#include "backproof/network/graph/training.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "backproof/network/graph/descent.hpp"
#include "backproof/op/draw.hpp"

namespace backproof::networks {
namespace {

values<real> rows_of(const values<real>& x, std::span<const index_t> rows) {
  shape dims = x.dims();
  const index_t width = dims[0] == 0 ? 0 : x.size() / dims[0];
  dims[0] = static_cast<index_t>(rows.size());
  values<real> y(dims);
  for (index_t i = 0; i < dims[0]; ++i)
    for (index_t j = 0; j < width; ++j) y[i * width + j] = x[rows[static_cast<std::size_t>(i)] * width + j];
  return y;
}

// Fisher and Yates.
std::vector<index_t> order_of(index_t n, const training& how, index_t epoch) {
  std::vector<index_t> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  if (!how.shuffle) return order;
  draw random(how.seed, "order of examples", static_cast<std::uint64_t>(epoch));
  for (std::size_t k = order.size(); k > 1; --k)
    std::swap(order[k - 1], order[static_cast<std::size_t>(random.below(static_cast<std::int64_t>(k)))]);
  return order;
}

// One step on `part`, whose parameters are those of `whole` at the same nodes.
training_step step(network& whole, const network& part, const real& rate) {
  const evaluation f = evaluate(part.g);
  const port out = part.g.output();
  training_step done;
  done.loss = f.value[out.node][out.output][0];
  if (!isfinite(done.loss)) throw invalid_input("the loss is not finite any more: the rate is too large");
  real squares = 0;
  for (const port& p : part.parameters)
    for (index_t i = 0; i < f.gradient(p).size(); ++i) squares += f.gradient(p)[i] * f.gradient(p)[i];
  done.gradient_norm = sqrt(squares);
  descend(whole.g, whole.parameters, rate, f);
  return done;
}

}  // namespace

index_t examples_in(const network& n) {
  index_t rows = -1;
  for (const port& p : n.inputs) {
    const shape& dims = n.g.shape_of(p);
    if (dims.empty() || (rows >= 0 && dims[0] != rows))
      throw invalid_input(fmt::format("input {} does not have as many rows as the others", n.name_of(p)));
    rows = dims[0];
  }
  return rows;
}

network with_examples(const network& n, std::span<const index_t> rows) {
  examples_in(n);
  network part = n;
  part.g = {};
  for (std::size_t k = 0; k < n.g.nodes().size(); ++k) {
    const node& from = n.g.nodes()[k];
    const bool input = std::find(n.inputs.begin(), n.inputs.end(), port{k, 0}) != n.inputs.end();
    if (from.what != nullptr)
      part.g.apply(from.what->info.name, from.attrs, from.in, from.name);
    else
      part.g.leaf(from.name, input ? rows_of(from.value, rows) : from.value, from.constant);
  }
  part.g.set_output(n.g.output());
  return part;
}

void train(network& n, const training& how, const on_step& tell) {
  if (size_of(n.g.shape_of(n.g.output())) != 1)
    throw invalid_input(fmt::format("{} gives more than one number: there is no loss", n.name_of(n.g.output())));
  const index_t all = examples_in(n), batch = how.batch == 0 ? all : std::min(how.batch, all);
  if (all < 1 || batch < 1) throw invalid_input("there are no examples");
  index_t number = 0;
  for (index_t epoch = 0; epoch < how.epochs; ++epoch) {
    const std::vector<index_t> order = order_of(all, how, epoch);
    for (index_t begin = 0; begin < all; begin += batch) {
      const auto first = order.begin() + begin, last = order.begin() + std::min(begin + batch, all);
      const bool whole = batch == all && !how.shuffle;
      training_step done = step(n, whole ? n : with_examples(n, std::vector<index_t>(first, last)), how.rate);
      done.epoch = epoch;
      done.number = ++number;
      if (tell) tell(done);
    }
  }
}

}  // namespace backproof::networks
