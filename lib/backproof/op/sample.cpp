#include "backproof/op/sample.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <set>

namespace backproof {
namespace {

constexpr index_t prime = 7;            // order of the orthogonal array: 7^2 rows, 8 columns
constexpr index_t most_elements = 150;  // per tensor that dims() draws: wide precision is slow

constexpr std::array<std::string_view, 4> profile_names = {"", "kink", "special", "exhaustive"};

std::string stream_id(const op& o, dtype t, profile p, int attempt, int redraw) {
  std::string id = std::string(o.info.name) + '/' + std::string(name_of(t));
  if (p != profile::smooth) id += '/' + std::string(profile_names[static_cast<std::size_t>(p)]);
  if (attempt > 0) id += "/again/" + std::to_string(attempt);
  if (redraw > 0) id += "/redraw/" + std::to_string(redraw);
  return id;
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
  if (!where.only.empty())
    return where.only[static_cast<std::size_t>(random.below(static_cast<index_t>(where.only.size())))];
  for (int i = 0; i < 20; ++i)
    if (const double x = unbounded(random, s); inside(x, where)) return x;
  // A narrow domain: uniform between its ends, or between one end and 10 away from it.
  const double low = std::isfinite(where.low) ? where.low : where.high - 10;
  const double high = std::isfinite(where.high) ? where.high : where.low + 10;
  return random.uniform(low, high);
}

// Of numbers whose squares are normal, or are nothing at all, as formulas have them: x*x that is subnormal has lost
// some of its digits, and nobody is to blame.
int far_exponent(draw& random, const format& f) {
  const int most = std::ilogb(f.largest()), least = std::ilogb(f.tiny());
  constexpr int room = 4;  // for the spread of normal numbers, and for a sum of them
  const index_t mild = std::max(1, most / 2 - room), gone = least / 2 - room, last = std::ilogb(f.smallest()) + room;
  const index_t kind = random.below(last < gone ? 3 : 2);
  return static_cast<int>(kind == 0   ? random.between(1, mild)
                          : kind == 1 ? -random.between(1, mild)
                                      : random.between(last, gone));
}

}  // namespace

std::string_view name_of(call_condition c) {
  static constexpr std::array<std::string_view, all_call_conditions.size()> names = {
      "plain",   "strided", "expanded",    "unaligned", "aliased", "retained",
      "threads", "watched", "accumulated", "shared",    "partial"};
  return names[static_cast<std::size_t>(c)];
}

std::vector<shape> sample::input_shapes() const {
  std::vector<shape> shapes;
  for (const auto& t : inputs) shapes.push_back(t ? t->dims() : absent_shape);
  return shapes;
}

std::string case_name(profile p, std::uint64_t number) {
  const std::string_view name = profile_names[static_cast<std::size_t>(p)];
  return name.empty() ? std::to_string(number) : std::string(name) + '-' + std::to_string(number);
}

std::optional<std::pair<profile, std::uint64_t>> case_named(const std::string& name) {
  const std::size_t dash = name.find('-');
  const std::string_view prefix = dash == std::string::npos ? "" : std::string_view(name).substr(0, dash);
  const std::string_view digits = std::string_view(name).substr(dash == std::string::npos ? 0 : dash + 1);
  const auto p = std::find(profile_names.begin(), profile_names.end(), prefix);
  std::uint64_t number = 0;
  const auto [end, trouble] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (p == profile_names.end() || (dash != std::string::npos && prefix.empty()) || trouble != std::errc() ||
      end != digits.data() + digits.size())
    return std::nullopt;
  return std::pair(static_cast<profile>(p - profile_names.begin()), number);
}

sampler::sampler(const op& o, dtype t, profile p, std::uint64_t seed, std::uint64_t number, index_t limit, int attempt,
                 int redraw)
    : op_(o), random_(seed, stream_id(o, t, p, attempt, redraw), number), limit_(limit), varies_(redraw > 0) {
  result_.type = t;
  result_.made_for = p;
  result_.seed = seed;
  result_.number = number;
  if (special(special_values)) limit_ = 1;
}

// Bush's construction: row (a, b) and column j of the array hold a + b j mod p; for two different columns every pair
// of values appears exactly once among the p^2 rows. The columns are shifted by a keyed constant, so that few samples
// do not always start with the first options. A case that is drawn again keeps most of its choices, so that pairs which
// are wanted meet although one with a third is not.
index_t sampler::pick(index_t options) {
  const index_t column = picks_++;
  const std::uint64_t row = result_.number;
  if (row >= static_cast<std::uint64_t>(prime * prime) || options > prime) return random_.below(options);
  if (varies_ && random_.chance(0.15)) return random_.below(options);
  const index_t a = static_cast<index_t>(row) % prime, b = static_cast<index_t>(row) / prime;
  const index_t value = column % (prime + 1) == prime ? b : (a + b * (column % (prime + 1))) % prime;
  draw shift(result_.seed, std::string(op_.info.name) + "/shift", static_cast<std::uint64_t>(column));
  return (value + shift.below(prime)) % prime % options;
}

bool sampler::special(std::uint64_t which) const {
  return result_.made_for == profile::special && result_.number % special_cases == which;
}

index_t sampler::extent(index_t low, index_t high) {
  static constexpr std::array<index_t, 16> usual = {1, 2, 2, 3, 3, 3, 4, 4, 5, 5, 6, 7, 8, 9, 15, 17};
  const index_t drawn = usual[static_cast<std::size_t>(random_.below(usual.size()))];
  return std::max(low, std::min({drawn, high, limit_}));
}

shape sampler::dims(index_t least_rank, index_t most_rank) {
  shape s;
  const index_t rank = random_.between(least_rank, most_rank);
  index_t room = most_elements;
  for (index_t k = 0; k < rank; ++k) {
    s.push_back(extent(1, std::max<index_t>(1, std::min<index_t>(room, 17))));
    room /= s.back();
  }
  if (special(special_values + 1) && rank > 0) s[static_cast<std::size_t>(random_.below(rank))] = 0;  // empty
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

// Integers in [-2, 2] tie often, within a tensor and between tensors; constants are hit by every other element.
void sampler::seek_kinks(tensor& t, const domain& where) {
  for (index_t i = 0; i < t.count(); ++i) {
    if (where.distinct) t.set(i, clamped(static_cast<double>(random_.between(-2, 2)), where));
    if (!where.kinks.empty() && random_.chance(0.5))
      t.set(i, where.kinks[static_cast<std::size_t>(random_.below(static_cast<index_t>(where.kinks.size())))]);
  }
}

// Of each kind in turn. A range is kept to; what it has no room for is left out.
void sampler::seek_edges(tensor& t, const domain& where) {
  constexpr std::uint64_t kinds = 4;
  const std::uint64_t kind = result_.number % kinds;
  if (kind == 3) {
    draw shared(result_.seed, "magnitude of " + std::string(op_.info.name), result_.number);
    const double scale = std::exp2(far_exponent(shared, format_of(result_.type)));
    for (index_t i = 0; i < t.count(); ++i)
      if (const double x = random_.normal() * scale; inside(x, where)) t.set(i, x);
    return;
  }
  const index_t sure = random_.below(std::max<index_t>(1, t.count()));
  for (index_t i = 0; i < t.count(); ++i) {
    if (i != sure && !random_.chance(0.3)) continue;
    const double end = random_.chance(0.5) ? where.low : where.high;
    const double x = kind == 0 ? 0 : kind == 1 ? t.at(random_.below(t.count())) : end;
    if (inside(x, where) && std::isfinite(x)) t.set(i, x);
  }
}

void sampler::input(const shape& dims, const domain& where) {
  result_.inputs.emplace_back(numbers(dims, where));
  if (result_.made_for != profile::kink) return;
  tensor& t = *result_.inputs.back();
  op_.has_reference() ? seek_kinks(t, where) : seek_edges(t, where);
}

// One of the special values goes into about a third of the elements of one input, so that it meets ordinary numbers.
void sampler::inject_special() {
  const format& f = format_of(result_.type);
  const std::uint64_t which = result_.number % special_cases;
  if (which >= special_values) return;  // those are about shapes
  const std::array<double, special_values> special = {
      0.0, -0.0, f.tiny(), -f.tiny(), f.smallest(), -f.smallest(), f.largest(), -f.largest(), INFINITY, -INFINITY, NAN};
  std::vector<tensor*> candidates;
  for (std::size_t k = 0; k < result_.inputs.size(); ++k)
    if (auto& x = result_.inputs[k]; x && op_.sig.input(k).differentiable && x->count() > 0) candidates.push_back(&*x);
  if (candidates.empty()) return;
  tensor& t = *candidates[static_cast<std::size_t>(random_.below(static_cast<index_t>(candidates.size())))];
  const double value = special[which];
  const index_t sure = random_.below(t.count());
  for (index_t i = 0; i < t.count(); ++i)
    if (i == sure || random_.chance(0.3)) t.set(i, value);
  // In every second place it meets itself, if there is another input of the shape: equal infinities, 0 / 0.
  for (tensor* const twin : candidates)
    for (index_t i = 0; twin != &t && twin->dims() == t.dims() && i < t.count(); i += 2)
      if (t.at(i) == value || (std::isnan(value) && std::isnan(t.at(i)))) twin->set(i, value);
}

// Case n holds the bit patterns from 1024 n on.
void sampler::enumerate() {
  constexpr index_t per_case = 65536 / static_cast<index_t>(exhaustive_cases);
  tensor t(result_.type, {per_case});
  for (index_t i = 0; i < per_case; ++i)
    t.set(i, from_bits(result_.type, static_cast<std::uint16_t>(static_cast<index_t>(result_.number) * per_case + i)));
  result_.inputs.front() = std::move(t);
}

void sampler::absent() { result_.inputs.emplace_back(std::nullopt); }

void sampler::indices(const shape& dims, index_t low, index_t high) {
  tensor t(dtype::i64, dims);
  for (index_t i = 0; i < t.count(); ++i) t.set(i, static_cast<double>(random_.between(low, high)));
  result_.inputs.emplace_back(std::move(t));
}

void sampler::indices(const shape& dims, const std::vector<index_t>& elements) {
  tensor t(dtype::i64, dims);
  for (index_t i = 0; i < t.count(); ++i) t.set(i, static_cast<double>(elements.at(static_cast<std::size_t>(i))));
  result_.inputs.emplace_back(std::move(t));
}

void sampler::broadcast_pair(const domain& of_a, const domain& of_b) {
  shape a = dims(0, 3), b = a;
  switch (choose({0, 1, 2, 3})) {
    case 1:  // one operand has fewer axes, and sometimes extent 1 in those that it has
      b.erase(b.begin(), b.begin() + random_.between(0, static_cast<index_t>(b.size())));
      for (index_t& e : b)
        if (random_.chance(0.25)) e = 1;
      break;
    case 2:  // one operand has extent 1 somewhere
      for (index_t& e : b)
        if (random_.chance(0.5)) e = 1;
      break;
    case 3:  // both do, along different axes
      for (std::size_t k = 0; k < a.size(); ++k) (random_.chance(0.5) ? a : b)[k] = 1;
      break;
    default:
      break;
  }
  if (random_.chance(0.5)) std::swap(a, b);
  input(a, of_a);
  input(b, of_b);
}

sample sampler::finish() {
  if (result_.made_for == profile::special) inject_special();
  if (result_.made_for == profile::exhaustive) enumerate();
  for (const shape& s : op_.infer(result_.attrs, result_.input_shapes())) {
    // Cotangents are random and signed, never all ones: those hide whatever a gradient's sum cancels.
    tensor v = numbers(s, {});
    for (index_t i = 0; i < v.count(); ++i)
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

sample draw_sample(const op& o, dtype t, std::uint64_t seed, std::uint64_t number, index_t limit, int attempt,
                   profile p, int redraw) {
  sampler s(o, t, p, seed, number, limit, attempt, redraw);
  o.draw(s);
  return s.finish();
}

bool draws(const op& o, dtype t, profile p) {
  switch (p) {
    case profile::smooth:
    case profile::special:
      return true;
    case profile::kink:
      return o.kinks != nullptr || !o.has_reference();
    case profile::exhaustive:
      return o.unary && bytes_of(t) == 2;
  }
  return false;
}

std::uint64_t cases_of(profile p) {
  switch (p) {
    case profile::smooth:
    case profile::kink:
      break;
    case profile::special:
      return special_cases;
    case profile::exhaustive:
      return exhaustive_cases;
  }
  return std::numeric_limits<std::uint64_t>::max();
}

}  // namespace backproof
