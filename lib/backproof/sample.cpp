#include "backproof/sample.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

namespace backproof {
namespace {

constexpr index prime = 7;            // order of the orthogonal array: 7^2 rows, 8 columns
constexpr index most_elements = 150;  // per tensor that dims() draws: wide precision is slow

std::string stream_id(const op& o, dtype t, int attempt) {
  std::string id = std::string(o.info.name) + '/' + std::string(name_of(t));
  return attempt == 0 ? id : id + "/again/" + std::to_string(attempt);
}

double clamped(double x, const domain& where) { return std::clamp(x, where.low, where.high); }

bool inside(double x, const domain& where) { return x >= where.low && x <= where.high; }

// How one tensor's elements are distributed.
enum class spread { normal, wide, binades };

double unbounded(draw& random, spread s) {
  switch (s) {
    case spread::normal:
      return random.normal();
    case spread::wide:
      return random.uniform(-12, 12);
    case spread::binades:
      return (random.chance(0.5) ? 1 : -1) * std::exp2(random.uniform(-12, 8));
  }
  return 0;
}

double element_of(draw& random, spread s, const domain& where) {
  for (int i = 0; i < 20; ++i)
    if (const double x = unbounded(random, s); inside(x, where)) return x;
  // A narrow domain: uniform between its ends, or between one end and 10 away from it.
  const double low = std::isfinite(where.low) ? where.low : where.high - 10;
  const double high = std::isfinite(where.high) ? where.high : where.low + 10;
  return random.uniform(low, high);
}

}  // namespace

std::vector<shape> sample::input_shapes() const {
  std::vector<shape> shapes;
  for (const auto& t : inputs) shapes.push_back(t ? t->dims() : shape{});
  return shapes;
}

sampler::sampler(const op& o, dtype t, std::uint64_t seed, std::uint64_t number, index limit, int attempt)
    : op_(o), random_(seed, stream_id(o, t, attempt), number), limit_(limit) {
  result_.type = t;
  result_.seed = seed;
  result_.number = number;
}

// Bush's construction: row (a, b) and column j of the array hold a + b j mod p; for two different columns every pair
// of values appears exactly once among the p^2 rows. The columns are shifted by a keyed constant, so that few samples
// do not always start with the first options.
index sampler::pick(index options) {
  const index column = picks_++;
  const std::uint64_t row = result_.number;
  if (row >= static_cast<std::uint64_t>(prime * prime) || options > prime) return random_.below(options);
  const index a = static_cast<index>(row) % prime, b = static_cast<index>(row) / prime;
  const index value = column % (prime + 1) == prime ? b : (a + b * (column % (prime + 1))) % prime;
  draw shift(result_.seed, std::string(op_.info.name) + "/shift", static_cast<std::uint64_t>(column));
  return (value + shift.below(prime)) % prime % options;
}

index sampler::extent(index low, index high) {
  static constexpr std::array<index, 16> usual = {1, 2, 2, 3, 3, 3, 4, 4, 5, 5, 6, 7, 8, 9, 15, 17};
  const index drawn = usual[static_cast<std::size_t>(random_.below(usual.size()))];
  return std::max(low, std::min({drawn, high, limit_}));
}

shape sampler::dims(index least_rank, index most_rank) {
  shape s;
  const index rank = random_.between(least_rank, most_rank);
  index room = most_elements;
  for (index k = 0; k < rank; ++k) {
    s.push_back(extent(1, std::max<index>(1, std::min<index>(room, 17))));
    room /= s.back();
  }
  return s;
}

tensor sampler::numbers(const shape& dims, const domain& where) {
  const format& fmt = format_of(result_.type);
  const spread s = std::array{spread::normal, spread::normal, spread::wide,
                              spread::binades}[static_cast<std::size_t>(random_.below(4))];
  std::vector<double> elements(static_cast<std::size_t>(size_of(dims)));
  std::set<double> seen;
  for (double& e : elements) {
    // Redrawing until distinct ends soon: formats have far more numbers than samples have elements.
    for (int tries = 0; tries < 100; ++tries) {
      e = clamped(round_to(fmt, element_of(random_, s, where)), where);
      if (!where.distinct || seen.insert(e).second) break;
    }
  }
  return tensor(result_.type, dims, elements);
}

void sampler::input(const shape& dims, const domain& where) { result_.inputs.emplace_back(numbers(dims, where)); }

void sampler::absent() { result_.inputs.emplace_back(std::nullopt); }

void sampler::indices(const shape& dims, index low, index high) {
  tensor t(dtype::i64, dims);
  for (index i = 0; i < t.count(); ++i) t.set(i, static_cast<double>(random_.between(low, high)));
  result_.inputs.emplace_back(std::move(t));
}

void sampler::broadcast_pair(const domain& where) {
  shape a = dims(0, 3), b = a;
  switch (choose({0, 1, 2, 3})) {
    case 1:  // one operand has fewer axes
      b.erase(b.begin(), b.begin() + random_.between(0, static_cast<index>(b.size())));
      break;
    case 2:  // one operand has extent 1 somewhere
      for (index& e : b)
        if (random_.chance(0.5)) e = 1;
      break;
    case 3:  // both do, along different axes
      for (std::size_t k = 0; k < a.size(); ++k) (random_.chance(0.5) ? a : b)[k] = 1;
      break;
    default:
      break;
  }
  if (random_.chance(0.5)) std::swap(a, b);
  input(a, where);
  input(b, where);
}

sample sampler::finish() {
  for (const shape& s : op_.infer(result_.attrs, result_.input_shapes())) {
    // Cotangents are random and signed, never all ones: those hide whatever a gradient's sum cancels.
    tensor v = numbers(s, {});
    for (index i = 0; i < v.count(); ++i)
      if (v.at(i) == 0) v.set(i, 1);
    result_.cotangents.push_back(std::move(v));
  }
  for (std::size_t k = 0; k < result_.inputs.size(); ++k) {
    const auto& x = result_.inputs[k];
    const bool moves = x && op_.sig.input(k).differentiable;
    result_.tangents.push_back(moves ? std::optional(numbers(x->dims(), {})) : std::nullopt);
  }
  return std::move(result_);
}

sample draw_sample(const op& o, dtype t, std::uint64_t seed, std::uint64_t number, index limit, int attempt) {
  sampler s(o, t, seed, number, limit, attempt);
  o.draw(s);
  return s.finish();
}

}  // namespace backproof
