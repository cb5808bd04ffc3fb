// Counterexamples of every op, changed in their parts: a sample is drawn and stored, then fields, attributes, shapes,
// elements and bytes are changed as the input decides. What a fuzzer of bytes would take years to stumble upon, a file
// that is right but for one attribute, is the rule here.
#include <limits>
#include <map>
#include <tuple>

#include "fuzz/choices.hpp"
#include "fuzz/stored.hpp"

namespace backproof::fuzz {

namespace {

constexpr std::int64_t extreme_integers[] = {0,
                                             1,
                                             -1,
                                             2,
                                             -2,
                                             3,
                                             7,
                                             16,
                                             255,
                                             65536,
                                             2147483647,
                                             -2147483648,
                                             1'000'000'000'000,
                                             9223372036854775807,
                                             -9223372036854775807 - 1};
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double extreme_numbers[] = {
    0, -0.0, 1, -1, 0.5, 2, 1e-320, 1e308, -1e308, infinity, -infinity, std::numeric_limits<double>::quiet_NaN()};

const safetensors& drawn(choices& by) {
  constexpr dtype types[] = {dtype::f32, dtype::f64, dtype::bf16, dtype::f16};
  constexpr profile profiles[] = {profile::smooth, profile::kink, profile::special};
  const std::size_t which = by.below(all_ops().size());
  const dtype t = by.of(types);
  const profile p = by.of(profiles);
  const std::uint64_t number = by.below(16);
  static std::map<std::tuple<std::size_t, dtype, profile, std::uint64_t>, safetensors> known;
  const auto key = std::make_tuple(which, t, p, number);
  if (const auto found = known.find(key); found != known.end()) return found->second;
  if (known.size() > 20'000) known.clear();
  const op& o = *std::next(all_ops().begin(), static_cast<std::ptrdiff_t>(which));
  return known[key] = stored(o, t, 1, number, p);
}

attribute any_attribute(choices& by) {
  switch (by.below(5)) {
    case 0:
      return by.of(extreme_integers);
    case 1:
      return by.of(extreme_numbers);
    case 2:
      return std::string(by.text());
    case 3: {
      std::vector<std::int64_t> list(by.below(6));
      for (auto& x : list) x = by.of(extreme_integers);
      return list;
    }
    default: {
      std::vector<double> list(by.below(6));
      for (auto& x : list) x = by.of(extreme_numbers);
      return list;
    }
  }
}

// One attribute is gone, another, or has one element changed.
void change_attributes(choices& by, safetensors& s) {
  const attributes before = attributes_from_json(s.metadata["attributes"]);
  std::vector<std::pair<std::string, attribute>> list(before.begin(), before.end());
  if (list.empty()) return;
  const std::size_t k = by.below(list.size());
  const std::size_t how = by.below(4);
  if (how == 0)
    list.erase(list.begin() + static_cast<std::ptrdiff_t>(k));
  else if (how == 1)
    list[k].second = any_attribute(by);
  else if (auto* one = std::get_if<std::int64_t>(&list[k].second))
    *one = by.of(extreme_integers);
  else if (auto* number = std::get_if<double>(&list[k].second))
    *number = by.of(extreme_numbers);
  else if (auto* several = std::get_if<std::vector<std::int64_t>>(&list[k].second); several && !several->empty())
    (*several)[by.below(several->size())] = by.of(extreme_integers);
  attributes after;
  for (auto& [name, value] : list) after.set(name, value);
  s.metadata["attributes"] = to_json(after);
}

void change_field(choices& by, safetensors& s) {
  static const std::string values[] = {
      "",     "0",   "1",  "-1", "64",  "18446744073709551615", "kink-1", "special-3", "exhaustive-2", "f32", "f64",
      "bf16", "i64", "{}", "[]", "null"};
  auto field = std::next(s.metadata.begin(), static_cast<std::ptrdiff_t>(by.below(s.metadata.size())));
  switch (by.below(4)) {
    case 0:
      s.metadata.erase(field);
      return;
    case 1:
      field->second = by.of(values);
      return;
    case 2:
      s.metadata["check"] = all_checks()[by.below(all_checks().size())].info.name;
      return;
    default:
      field->second = std::string(by.text());
  }
}

std::size_t any_tensor(choices& by, const safetensors& s) { return by.below(s.tensors.size()); }

// Another shape; of huge extents only where one of them is 0.
void change_shape(choices& by, safetensors& s) {
  constexpr index_t extents[] = {0, 1, 2, 3, 4, 5, 1 << 20, index_t{1} << 30, index_t{1} << 40};
  auto& [name, t] = s.tensors[any_tensor(by, s)];
  shape dims = t.dims();
  if (const std::size_t how = by.below(4); how == 0)
    dims.push_back(by.of(extents));
  else if (how == 1 && !dims.empty())
    dims.pop_back();
  else if (!dims.empty())
    for (std::size_t n = 1 + by.below(2); n > 0; --n) dims[by.below(dims.size())] = by.of(extents);
  index_t size = 1;
  bool empty = false;
  for (const index_t n : dims) {
    empty |= n == 0;
    if (size <= 4096) size *= n == 0 ? 1 : std::min<index_t>(n, 5000);
  }
  if (!empty && size > 4096) return;
  const tensor before = t;
  t = tensor(before.type(), dims);
  for (index_t k = 0; k < t.count(); ++k) t.set(k, before.count() > 0 ? before.at(k % before.count()) : 1);
}

void change_elements(choices& by, safetensors& s) {
  auto& [name, t] = s.tensors[any_tensor(by, s)];
  if (t.count() == 0) return;
  const auto k = static_cast<index_t>(by.below(static_cast<std::size_t>(t.count())));
  if (by.below(2) == 0)
    t.bytes()[by.below(t.bytes().size())] = static_cast<std::byte>(by.byte());
  else if (is_float(t.type()))
    t.set(k, by.of(extreme_numbers));
  else
    t.set(k, static_cast<double>(by.of(std::initializer_list<int>{-1, 0, 1, 2, 100, 1 << 30, -(1 << 30)})));
}

void change_tensors(choices& by, safetensors& s) {
  const std::size_t k = any_tensor(by, s), other = any_tensor(by, s);
  switch (by.below(4)) {
    case 0:
      s.tensors.erase(s.tensors.begin() + static_cast<std::ptrdiff_t>(k));
      return;
    case 1:
      s.tensors[k].second = s.tensors[other].second;
      return;
    case 2:
      std::swap(s.tensors[k].first, s.tensors[other].first);
      return;
    default:
      s.tensors[k].second =
          tensor(by.of(std::initializer_list<dtype>{dtype::f32, dtype::f64, dtype::i64}), s.tensors[k].second.dims());
  }
}

}  // namespace

void try_to_read(std::string_view bytes) {
  choices by(bytes);
  safetensors s = drawn(by);
  for (int n = 0; n < 4 && by.any_left(); ++n) {
    const std::size_t how = by.below(6);
    if (how == 0)
      change_attributes(by, s);
    else if (how == 1 && !s.metadata.empty())
      change_field(by, s);
    else if (!s.tensors.empty())
      (how == 2 ? change_shape : how == 3 ? change_tensors : change_elements)(by, s);
  }
  judge_as_stored(s);
}

// A few, for each costs as much as a run: the others are one byte away.
std::vector<std::string> seeds() {
  std::vector<std::string> all;
  for (std::size_t k = 0; k < all_ops().size(); k += 1 + all_ops().size() / 8)
    all.push_back(std::string({static_cast<char>(k), 0, 0, 2}));
  return all;
}

}  // namespace backproof::fuzz
