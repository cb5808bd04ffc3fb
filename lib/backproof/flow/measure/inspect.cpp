#include "backproof/flow/measure/inspect.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "backproof/flow/model/activation.hpp"
#include "backproof/flow/model/random.hpp"
#include "backproof/flow/model/residual.hpp"

namespace backproof::flow {

void inspect_parameters(flow_record& r, const model& m, const trace& t, const std::vector<matrix>& delta) {
  for (std::size_t l = 0; l < m.layers.size(); ++l) {
    const chain& blocks = m.layers[l].blocks;
    const std::vector<matrix> given = inputs_of(blocks, t.at[l]);
    matrix back = delta[l + 1];
    for (std::size_t k = blocks.size(); k-- > 0;) {
      const std::vector<parameter> parameters = blocks[k]->parameters();
      if (!parameters.empty()) {
        const std::vector<matrix> gradients = blocks[k]->parameter_gradients(given[k], back);
        for (std::size_t p = 0; p < parameters.size(); ++p) {
          const matrix &w = parameters[p].value, &g = gradients[p];
          r.layers[l].parameters.push_back({m.layers[l].name + "." + parameters[p].name,
                                            statistics_of({g.data(), static_cast<std::size_t>(g.size())}),
                                            statistics_of({w.data(), static_cast<std::size_t>(w.size())}).rms, false});
        }
      }
      if (k > 0) back = blocks[k]->vjp(given[k], back);
    }
  }
}

namespace {

struct slope_shares {
  double dead = 0, zero = 0, saturated = 0;
};

slope_shares shares_of(const activation& a, const matrix& z) {
  slope_shares s;
  const double all = static_cast<double>(z.size()), units = static_cast<double>(z.rows());
  for (Index i = 0; i < z.rows(); ++i) {
    bool alive = false;
    for (Index j = 0; j < z.cols(); ++j) {
      const double slope = std::fabs(a.slope(z(i, j)));
      alive = alive || slope > 0;
      if (slope == 0) s.zero += 1 / all;
      if (slope < 0.01 * a.steepest) s.saturated += 1 / all;
    }
    if (!alive) s.dead += 1 / units;
  }
  return s;
}

// The first activation of a chain with what it is given; looks into residual branches.
const activation* activation_in(const chain& c, const matrix& x, matrix& given) {
  const std::vector<matrix> inputs = inputs_of(c, x);
  for (std::size_t k = 0; k < c.size(); ++k) {
    if (const auto* a = dynamic_cast<const activation_block*>(c[k].get())) return given = inputs[k], &a->function();
    if (const auto* b = dynamic_cast<const residual*>(c[k].get()))
      if (const activation* a = activation_in(b->branch(), inputs[k], given)) return a;
  }
  return nullptr;
}

}  // namespace

void inspect_slopes(flow_record& r, const model& m, const std::function<matrix(std::uint64_t)>& input,
                    const settings& s) {
  constexpr std::uint64_t inputs = 32;
  matrix x = input(s.seed);
  if (x.cols() == 1) {
    matrix many(x.rows(), static_cast<Index>(inputs));
    for (std::uint64_t k = 0; k < inputs; ++k) many.col(static_cast<Index>(k)) = input(s.seed + k);
    x = std::move(many);
  }
  for (std::size_t l = 0; l < m.layers.size(); ++l) {
    matrix given;
    if (const activation* a = activation_in(m.layers[l].blocks, x, given); a != nullptr && a->name != "identity") {
      const slope_shares found = shares_of(*a, given);
      layer_record& record = r.layers[l];
      record.activation = a->name;
      if (a->rectifies) {
        record.dead = found.dead;
        record.zero_slopes = found.zero;
      } else {
        record.saturated = found.saturated;
      }
    }
    x = forward(m.layers[l].blocks, x);
  }
}

double mismatch_of_gradients(const model& m, const trace& t, std::uint64_t seed) {
  double worst = 0;
  for (std::size_t l = 0; l < m.layers.size(); ++l) {
    const chain& f = m.layers[l].blocks;
    // Near to where the gradient is taken, not there: units that are dead give the next layer zeros, and there is a
    // kink.
    const matrix& at = t.at[l];
    const double size = std::max(1e-3, at.norm() / std::sqrt(static_cast<double>(at.size())));
    const matrix x = at + 0.01 * size * source(seed, "nearby", l).gaussian(at.rows(), at.cols(), 1);
    double best = 1e300;  // a difference may step over a kink by chance, but not three times
    for (std::uint64_t attempt = 0; attempt < 3 && best > 1e-6; ++attempt) {
      source random(seed, "differences", attempt * 10000 + l);
      const matrix u = random.gaussian(x.rows(), x.cols(), 1);
      const double h = 1e-6 * size;
      const matrix difference = (forward(f, x + h * u) - forward(f, x - h * u)) / (2 * h);
      const matrix v = random.gaussian(difference.rows(), difference.cols(), 1);
      const double scale = v.norm() * difference.norm() + 1e-300;
      best = std::min(best, std::fabs(v.cwiseProduct(difference).sum() - vjp(f, x, v).cwiseProduct(u).sum()) / scale);
    }
    worst = std::max(worst, best);
  }
  return worst;
}

}  // namespace backproof::flow
