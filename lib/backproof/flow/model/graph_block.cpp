#include "backproof/flow/model/graph_block.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "backproof/flow/model/random.hpp"
#include "backproof/judge/oracle.hpp"
#include "backproof/judge/subject.hpp"
#include "backproof/network/audit/parts.hpp"

namespace backproof::flow {
namespace {

using networks::network;
using networks::node;
using networks::port;

tensor to_tensor(const values<rounded>& x) {
  tensor t(dtype::f64, x.dims());
  for (backproof::index_t i = 0; i < x.size(); ++i) t.set(i, static_cast<double>(x[i]));
  return t;
}

void add_to(tensor& sum, const values<rounded>& x) {
  for (backproof::index_t i = 0; i < x.size(); ++i) sum.set(i, sum.at(i) + static_cast<double>(x[i]));
}

}  // namespace

// The network that a section is taken from, while it is.
struct graph_block::surroundings {
  const network& n;
  std::string prefix;                                 // of the names of the section's own parameters
  std::vector<port> parameters;                       // so far
  std::optional<networks::evaluation> computed = {};  // what flows in it, once that is asked for
};

graph_block::graph_block(const network& n, const section& s)
    : entry_(n.g.shape_of(s.entry)), exit_(n.g.shape_of({s.nodes.back(), 0})), batch_(entry_.empty() ? 0 : entry_[0]) {
  if (size_of(entry_) < 1 || size_of(exit_) < 1 || exit_.empty() || exit_[0] != batch_)
    throw invalid_input(fmt::format("'{}' has no axis of samples", n.g.nodes()[s.nodes.back()].name));
  surroundings around{.n = n, .prefix = n.g.nodes()[s.nodes.back()].name + ".", .parameters = {}};
  for (const std::size_t k : s.nodes) {
    const node& one = n.g.nodes()[k];
    step made{one.what, one.attrs, {}, one.outputs};
    for (const port& p : one.in) {
      const auto inside = std::find(s.nodes.begin(), s.nodes.end(), p.node);
      operand o;
      if (p == s.entry)
        o.step = from_entry;
      else if (inside != s.nodes.end())
        o.step = static_cast<int>(inside - s.nodes.begin()), o.output = p.output;
      else if (!(p == networks::no_port))
        o = outside(around, p);
      made.in.push_back(std::move(o));
    }
    steps_.push_back(std::move(made));
  }
  coupled_ = see_each_other();
  if (!coupled_) use_one_sample();
}

// A parameter, another input, or what the network computes of these.
graph_block::operand graph_block::outside(surroundings& around, port p) {
  const network& n = around.n;
  const node& from = n.g.nodes()[p.node];
  if (from.what != nullptr && !around.computed) around.computed = networks::evaluate(n.g);
  operand o;
  o.value =
      networks::rounded_to(dtype::f64, from.what == nullptr ? from.value : around.computed->value[p.node][p.output]);
  const shape& dims = o.value->dims();
  o.by_sample = !dims.empty() && dims[0] == batch_ && std::any_of(n.inputs.begin(), n.inputs.end(), [&](const port& i) {
    return p == i || depending_on(n, i)[p.node];
  });
  if (std::find(n.parameters.begin(), n.parameters.end(), p) == n.parameters.end()) return o;
  const auto known = std::find(around.parameters.begin(), around.parameters.end(), p);
  o.parameter = static_cast<int>(known - around.parameters.begin());
  if (known != around.parameters.end()) return o;
  around.parameters.push_back(p);
  matrix value(o.value->count(), 1);
  for (backproof::index_t i = 0; i < o.value->count(); ++i) value(i, 0) = o.value->at(i);
  const std::string& name = n.name_of(p);
  parameters_.push_back({name.starts_with(around.prefix) ? name.substr(around.prefix.size()) : name, std::move(value)});
  return o;
}

// Whether the first sample's result depends on the others, or theirs on it, as later steps of a sequence do.
bool graph_block::see_each_other() const {
  if (batch_ == 1) return false;
  const auto width = static_cast<Index>(size_of(entry_) / batch_);
  const matrix x = source(1, "samples").gaussian(width, batch_, 1), y = source(2, "samples").gaussian(width, batch_, 1);
  matrix first = x, rest = y;
  first.col(0) = y.col(0), rest.col(0) = x.col(0);
  const auto result = [&](const matrix& of) { return run(packed(entry_, of, 0, batch_)).back()[0]; };
  const tensor a = result(x), b = result(rest), c = result(first);
  const backproof::index_t one = size_of(exit_) / batch_;
  for (backproof::index_t i = 0; i < a.count(); ++i)
    if (i < one ? a.at(i) != b.at(i) : a.at(i) != c.at(i)) return true;
  return false;
}

// What else is given sample by sample, as the inputs of later times are, is that of the first sample for all: then
// every place in the batch computes the same function.
void graph_block::use_one_sample() {
  for (step& s : steps_)
    for (operand& o : s.in)
      if (o.by_sample)
        for (backproof::index_t one = o.value->count() / batch_, i = one; i < o.value->count(); ++i)
          o.value->set(i, o.value->at(i % one));
}

std::string graph_block::kind() const {
  return steps_.size() == 1 ? std::string(steps_[0].what->info.name) : fmt::format("{} ops", steps_.size());
}

Index graph_block::outputs(Index inputs) const {
  const auto width = static_cast<Index>(size_of(entry_) / batch_);
  if (inputs != width) throw invalid_input(fmt::format("{} of {} inputs is given {}", kind(), width, inputs));
  return static_cast<Index>(size_of(exit_) / batch_);
}

sample graph_block::question(const step& s, const tensor& entry, const tensors& known) const {
  sample x;
  x.type = dtype::f64;
  x.attrs = s.attrs;
  for (const operand& o : s.in) {
    x.inputs.push_back(o.step == from_entry     ? entry
                       : o.step == from_outside ? o.value
                                                : std::optional(known[static_cast<std::size_t>(o.step)][o.output]));
    const bool able = x.inputs.back() && s.what->sig.input(x.inputs.size() - 1).differentiable;
    x.tangents.push_back(able ? x.inputs.back() : std::nullopt);  // a VJP gives all gradients, wanted or not
  }
  return x;
}

graph_block::tensors graph_block::run(const tensor& entry) const {
  tensors known;
  for (const step& s : steps_) {
    known.emplace_back();
    for (const auto& y : emulated(mode::forward, *s.what, s.what->rounded_kernels, question(s, entry, known), {}))
      known.back().push_back(to_tensor(y));
  }
  return known;
}

graph_block::gradients graph_block::pull(const tensor& entry, const tensor& cotangent) const {
  const tensors known = run(entry);
  tensors back;
  for (const step& s : steps_) {
    back.emplace_back();
    for (const shape& y : s.outputs) back.back().emplace_back(dtype::f64, y);
  }
  back.back()[0] = cotangent;
  gradients found{tensor(dtype::f64, entry_), {}};
  for (const parameter& p : parameters_) found.parameters.push_back(matrix::Zero(p.value.rows(), 1));
  for (std::size_t k = steps_.size(); k-- > 0;) {
    const step& s = steps_[k];
    sample x = question(s, entry, known);
    x.cotangents = back[k];
    const auto d = emulated(mode::vjp, *s.what, s.what->rounded_kernels, x, {});
    for (std::size_t i = 0; i < s.in.size(); ++i) {
      if (!d[i].present()) continue;
      const operand& o = s.in[i];
      if (o.step == from_entry) add_to(found.entry, d[i]);
      if (o.step >= 0) add_to(back[static_cast<std::size_t>(o.step)][o.output], d[i]);
      for (backproof::index_t e = 0; o.parameter >= 0 && e < d[i].size(); ++e)
        found.parameters[static_cast<std::size_t>(o.parameter)](e, 0) += static_cast<double>(d[i][e]);
    }
  }
  return found;
}

tensor graph_block::push(const tensor& entry, const tensor& tangent) const {
  const auto lifted = [](const tensor& t, const tensor* along) {
    values<dual<real>> x(t.dims());
    for (backproof::index_t i = 0; i < t.count(); ++i)
      x[i] = {real(t.at(i)), along == nullptr ? real(0) : real(along->at(i))};
    return x;
  };
  std::vector<value_list<dual<real>>> known;
  for (const step& s : steps_) {
    value_list<dual<real>> in, out;
    for (const operand& o : s.in)
      in.push_back(o.step == from_entry ? lifted(entry, &tangent)
                   : o.step >= 0        ? known[static_cast<std::size_t>(o.step)][o.output]
                   : o.value            ? lifted(*o.value, nullptr)
                                        : values<dual<real>>());
    for (const shape& y : s.outputs) out.emplace_back(y);
    s.what->dual_forward({s.attrs, in}, out);
    known.push_back(std::move(out));
  }
  tensor y(dtype::f64, exit_);
  for (backproof::index_t i = 0; i < y.count(); ++i) y.set(i, static_cast<double>(known.back()[0][i].tangent));
  return y;
}

// Columns first..end-1 of a batch, repeated as often as it takes, one after the other; zeros beyond.
tensor graph_block::packed(const shape& dims, const matrix& x, Index first, Index end) const {
  tensor t(dtype::f64, dims);
  for (Index j = first; j < end; ++j)
    for (Index i = 0; i < x.rows(); ++i) t.set((j - first) * x.rows() + i, x(i, j % x.cols()));
  return t;
}

// f(entry, packed other) for as many columns as there are, batch after batch. Places that are left over see the first
// samples again, with nothing in `other`.
template <class F>
matrix graph_block::by_batches(const matrix& x, const matrix& other, const shape& given, const shape& result,
                               F f) const {
  const Index columns = std::max(x.cols(), other.cols());
  if (coupled_ && x.cols() != batch_)
    throw invalid_input(fmt::format("{} takes batches of {} samples, not {}", kind(), batch_, x.cols()));
  matrix y(static_cast<Index>(size_of(result) / batch_), columns);
  for (Index first = 0; first < columns; first += batch_) {
    const Index end = std::min<Index>(first + batch_, columns);
    const tensor part = f(packed(entry_, x, first, first + batch_), packed(given, other, first, end));
    for (Index j = first; j < end; ++j)
      for (Index i = 0; i < y.rows(); ++i) y(i, j) = part.at((j - first) * y.rows() + i);
  }
  return y;
}

matrix graph_block::forward(const matrix& x) const {
  return by_batches(x, x, entry_, exit_, [&](const tensor& entry, const tensor&) { return run(entry).back()[0]; });
}

matrix graph_block::vjp(const matrix& x, const matrix& v) const {
  return by_batches(x, v, exit_, entry_, [&](const tensor& entry, const tensor& g) { return pull(entry, g).entry; });
}

matrix graph_block::jvp(const matrix& x, const matrix& u) const {
  return by_batches(x, u, entry_, exit_, [&](const tensor& entry, const tensor& t) { return push(entry, t); });
}

std::vector<parameter> graph_block::parameters() const { return parameters_; }

std::vector<matrix> graph_block::parameter_gradients(const matrix& x, const matrix& v) const {
  std::vector<matrix> sum;
  for (const parameter& p : parameters_) sum.push_back(matrix::Zero(p.value.rows(), 1));
  by_batches(x, v, exit_, entry_, [&](const tensor& entry, const tensor& g) {
    gradients found = pull(entry, g);
    for (std::size_t k = 0; k < sum.size(); ++k) sum[k] += found.parameters[k];
    return found.entry;
  });
  return sum;
}

}  // namespace backproof::flow
