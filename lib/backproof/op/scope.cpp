#include "backproof/op/scope.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace backproof {
namespace {

// A document says 0.1, and 1 where the op has 1.0.
bool same(const attribute& a, const attribute& b) {
  const auto x = numbers_in(a), y = numbers_in(b);
  if (!x || !y) return a == b;
  return std::equal(x->begin(), x->end(), y->begin(), y->end(),
                    [](double p, double q) { return static_cast<float>(p) == static_cast<float>(q); });
}

const attribute* find(const attributes& all, const std::string& name) {
  for (const auto& [key, value] : all)
    if (key == name) return &value;
  return nullptr;
}

bool within(double x, const scope_part::range& r) { return r.first <= x && x <= r.second; }

bool within(const attribute& a, const scope_part::range& r) {
  const auto all = numbers_in(a);
  return all && std::all_of(all->begin(), all->end(), [&](double x) { return within(x, r); });
}

// Every input of that name; a variadic one has as many as are given.
template <class Holds>
bool all_called(const std::string& name, const op& o, const sample& x, Holds holds) {
  bool known = false, all = true;
  for (std::size_t k = 0; k < x.inputs.size(); ++k) {
    if (o.sig.input(k).name != name) continue;
    known = true;
    all = all && (!x.inputs[k] || holds(x.inputs[k]->dims()));
  }
  return known && all;
}

}  // namespace

std::string scope_part::excludes(const op& o, const sample& x) const {
  for (const auto& [name, values] : attributes) {
    const attribute* given = find(x.attrs, name);
    const auto is_it = [&](const auto& one) {
      return one && given != nullptr ? same(*one, *given) : !one && given == nullptr;
    };
    if (std::none_of(values.begin(), values.end(), is_it)) return fmt::format("attribute {}", name);
  }
  for (const auto& [name, allowed] : attribute_ranges)
    if (const attribute* given = find(x.attrs, name); given == nullptr || !within(*given, allowed))
      return fmt::format("attribute {}", name);
  for (const auto& [name, range_of_ranks] : ranks) {
    const range& r = range_of_ranks;
    if (!all_called(name, o, x, [&](const shape& s) { return within(static_cast<double>(s.size()), r); }))
      return fmt::format("the rank of {}", name);
  }
  for (const auto& [name, range_of_extents] : extents) {
    const range& r = range_of_extents;
    const auto fits = [&](const shape& s) {
      return std::all_of(s.begin(), s.end(), [&](index_t e) { return within(static_cast<double>(e), r); });
    };
    if (!all_called(name, o, x, fits)) return fmt::format("an extent of {}", name);
  }
  return "";
}

std::optional<sample> scope::admit(const op& o, sample x) const {
  if (parts_.empty()) return x;
  const auto takes = [&](const scope_part& p) { return p.excludes(o, x).empty(); };
  const auto part = std::find_if(parts_.begin(), parts_.end(), takes);
  if (part == parts_.end()) return std::nullopt;
  for (std::size_t k = 0; k < x.tangents.size(); ++k) {
    const auto is_it = [&](const std::string& n) { return n == o.sig.input(k).name || n == std::to_string(k); };
    if (std::any_of(part->no_grad.begin(), part->no_grad.end(), is_it)) x.tangents[k].reset();
  }
  return x;
}

std::string scope::excludes(const op& o, const sample& x) const {
  std::string why;
  for (const scope_part& p : parts_) {
    why = p.excludes(o, x);
    if (why.empty()) break;
  }
  return why;
}

}  // namespace backproof
