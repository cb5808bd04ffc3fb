// Norms and spectra of a network's Jacobians.
#include <fmt/format.h>

#include <cmath>

#include "backproof/flow/measure/inspect.hpp"
#include "backproof/flow/model/activation.hpp"
#include "backproof/flow/model/convolution.hpp"
#include "backproof/flow/model/dense.hpp"
#include "backproof/flow/model/random.hpp"
#include "backproof/flow/model/residual.hpp"

namespace backproof::flow {
namespace {

// Of what is larger, a dense decomposition takes minutes.
constexpr Index largest_dense = 600;
constexpr double most_work = 1e10;  // multiplications, about ten seconds

linear_map map_of(const layer& l, const matrix& x, Index outputs) {
  return {outputs, x.rows(), [&l, &x](const matrix& u) { return jvp(l.blocks, x, u); },
          [&l, &x](const matrix& v) { return vjp(l.blocks, x, v); }};
}

double bound_of(const chain& c, const matrix& x);

// A bound from above of one block's norm at x; infinite where none is known that is cheap.
double bound_of(const block& b, const matrix& x) {
  if (const auto* d = dynamic_cast<const dense*>(&b)) return norm_from_above(d->weight());
  if (const auto* c = dynamic_cast<const convolution*>(&b))
    return c->shape().pad == padding::zero ? padded_convolution_bound(c->shape(), c->kernel())
                                           : circular_singular_values(c->shape(), c->kernel())(0);
  if (const auto* a = dynamic_cast<const activation_block*>(&b))
    return x.unaryExpr(a->function().slope).cwiseAbs().maxCoeff();
  if (dynamic_cast<const pool*>(&b) != nullptr)
    return 1;  // disjoint windows: at most 1 of the maximum, 1/k of the mean
  if (const auto* r = dynamic_cast<const residual*>(&b)) return 1 + r->scale() * bound_of(r->branch(), x);
  return INFINITY;
}

double bound_of(const chain& c, const matrix& x) {
  const std::vector<matrix> given = inputs_of(c, x);
  double product = 1;
  for (std::size_t k = 0; k < c.size(); ++k) product *= bound_of(*c[k], given[k]);
  return product;
}

// Of a dense layer before or after slopes of 0 and 1: what is left of the weights are the rows and columns of units
// that are active.
std::optional<singular_bulk> bulk_of(const layer& l, const matrix& jacobian) {
  for (const block_pointer& b : l.blocks) {
    const auto* a = dynamic_cast<const activation_block*>(b.get());
    const bool switches = a != nullptr && (a->function().name == "relu" || a->function().name == "identity");
    if (!switches && dynamic_cast<const dense*>(b.get()) == nullptr) return std::nullopt;
  }
  const auto rows = static_cast<int>((jacobian.rowwise().squaredNorm().array() > 0).count()),
             columns = static_cast<int>((jacobian.colwise().squaredNorm().array() > 0).count());
  if (rows == 0) return std::nullopt;
  return flow::bulk_of(rows, columns, jacobian.norm());
}

void inspect_matrix(layer_record& record, const matrix& j, bool spectrum) {
  record.norm = spectral_norm(j);
  record.frobenius = j.norm();
  if (!spectrum) return;
  const vector s = singular_values(j);
  record.spectrum.assign(s.begin(), s.end());
}

void inspect_layer(layer_record& record, const layer& l, const matrix& x, const linear_map& j, bool spectrum) {
  for (const block_pointer& b : l.blocks)
    if (const auto* c = dynamic_cast<const convolution*>(b.get()))
      record.reshaped_norm = spectral_norm(c->kernel()).lower;
  if (j.columns > largest_dense || j.rows > largest_dense) {
    const norm_bound below = norm_from_below(j);
    const double bound = bound_of(l.blocks, x);
    record.norm = {below.value, std::isfinite(bound) ? bound : 0, below.steps};
    return;
  }
  const matrix dense = j.columns <= j.rows ? j.along(matrix::Identity(j.columns, j.columns))
                                           : matrix(j.back(matrix::Identity(j.rows, j.rows)).transpose());
  inspect_matrix(record, dense, spectrum);
  if (spectrum) record.bulk = bulk_of(l, dense);
}

// The product from the first layer's output on.
void inspect_product(flow_record& r, const std::vector<linear_map>& maps) {
  whole_jacobian w;
  w.norm_product = 1, w.norm.upper = 1;
  double work = 0;
  Index narrowest = maps[0].columns;
  for (std::size_t l = 0; l < maps.size(); ++l) {
    const norm_bracket& n = *r.layers[l + 1].norm;
    w.norm_product *= n.lower;
    w.norm.upper = n.upper > 0 ? w.norm.upper * n.upper : INFINITY;
    narrowest = std::min(narrowest, maps[l].rows);
  }
  const linear_map product{maps.back().rows, maps[0].columns,
                           [&](matrix u) {
                             for (const linear_map& m : maps) u = m.along(u);
                             return u;
                           },
                           [&](matrix v) {
                             for (std::size_t l = maps.size(); l-- > 0;) v = maps[l].back(v);
                             return v;
                           }};
  w.norm.lower = norm_from_below(product).value;
  for (const linear_map& m : maps) work += static_cast<double>(m.rows * m.columns * narrowest);
  if (work * 6 > most_work || maps[0].columns > largest_dense) {
    w.left_out = fmt::format("it would take {:.0e} multiplications; at most {:.0e} are spent", work * 6, most_work);
  } else {
    const moments m = moments_of(product.along(matrix::Identity(product.columns, product.columns)));
    w.variance_ratio = m.variance_ratio();
    w.spectrum = spectrum_of_product(maps, 1);
  }
  r.whole = std::move(w);
}

// From every place to every later one, by 32 random signs each: its relative error is below sqrt(2/32), and far below
// where many singular values contribute.
void inspect_partial(flow_record& r, const std::vector<linear_map>& maps) {
  constexpr Index probes = 32;
  constexpr std::size_t most_places = 120;
  if (maps.size() > most_places) {
    r.remarks.push_back(fmt::format("partial Jacobians are left out: more than {} layers", most_places));
    return;
  }
  for (std::size_t to = maps.size(); to > 0; --to) {
    matrix v = source(1, "probes", to).signs(maps[to - 1].rows, probes);
    for (std::size_t from = to; from-- > 0;) {
      v = maps[from].back(v);
      r.partial.push_back({from, to, v.squaredNorm() / (probes * static_cast<double>(maps[to - 1].rows))});
    }
  }
}

}  // namespace

void inspect_jacobians(flow_record& r, const model& m, const trace& t) {
  if (couples_samples(m)) {
    r.remarks.emplace_back("Jacobians are left out: the samples of a batch see each other, as in batch normalisation");
    return;
  }
  std::vector<matrix> at;
  for (const matrix& x : t.at) at.emplace_back(x.leftCols(1));
  std::vector<linear_map> maps;
  double work = 0;
  for (std::size_t l = 0; l < m.layers.size(); ++l) {
    maps.push_back(map_of(m.layers[l], at[l], at[l + 1].rows()));
    work += std::pow(static_cast<double>(std::min(maps[l].rows, maps[l].columns)), 3) * 20;
  }
  const bool spectra = work <= most_work;
  if (!spectra) r.remarks.emplace_back("layers' spectra are left out: decomposing them would take too long");
  for (std::size_t l = 0; l < maps.size(); ++l) inspect_layer(r.layers[l], m.layers[l], at[l], maps[l], spectra);
  if (maps.size() > 1) inspect_product(r, {maps.begin() + 1, maps.end()});
  inspect_partial(r, maps);
}

void inspect_jacobians(flow_record& r, const std::vector<matrix>& given) {
  std::vector<linear_map> maps;
  bool all = given.size() > 1;
  for (std::size_t l = 0; l < given.size(); ++l) {
    const matrix& j = given[l];
    if (j.size() != 0) inspect_matrix(r.layers[l], j, std::max(j.rows(), j.cols()) <= largest_dense);
    if (l == 0) continue;
    all = all && j.size() != 0 && (l == 1 || j.cols() == given[l - 1].rows());
    maps.push_back(backproof::map_of(j));
  }
  if (!all) return;
  inspect_product(r, maps);
  inspect_partial(r, maps);
  for (partial_jacobian& p : r.partial) ++p.from, ++p.to;  // these maps begin at the first layer's output
}

}  // namespace backproof::flow
