// Common ways to be wrong, of which most mutants are made.
#pragma once

#include <exception>
#include <utility>
#include <vector>

#include "backproof/mutation/mutant.hpp"

namespace backproof::ways {

// One element of the gradient of an op of one number.
struct at {
  double x, g, right;
  const attributes& a;
  const format& f;
  double rounded(double v) const { return round_to(f, v); }
};

// dx = wrong(x, g, dx) for each element of the first input.
template <class F>
auto elementwise(F wrong) {
  return [wrong](const question& q, reply& r) {
    tensor& d = *r.tensors[0];
    for (index_t i = 0; i < d.count(); ++i)
      d.set(i, wrong(at{q.x.inputs[0]->at(i), q.x.cotangents[0].at(i), d.at(i), q.x.attrs, format_of(q.x.type)}));
  };
}

inline bool alike(const std::vector<std::optional<tensor>>& a, const std::vector<std::optional<tensor>>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t k = 0; k < a.size(); ++k)
    if (a[k].has_value() != b[k].has_value() || (a[k] && a[k]->dims() != b[k]->dims())) return false;
  return true;
}

// The answer to another question, if there is one and it is of the same shapes.
inline std::optional<reply> instead(const question& q, const sample& other, const reply& r) {
  try {
    // What an op cannot infer its shapes from is no question; nor is one with outputs of other shapes.
    const std::vector<shape> y = q.o.infer(other.attrs, other.input_shapes());
    if (y.size() != other.cotangents.size()) return std::nullopt;
    for (std::size_t k = 0; k < y.size(); ++k)
      if (y[k] != other.cotangents[k].dims()) return std::nullopt;
    reply wrong = q.with(other);
    q.kept.had_way |= !(other.attrs == q.x.attrs && other.inputs == q.x.inputs && other.cotangents == q.x.cotangents);
    if (wrong.code != reply::status::ok || !alike(wrong.tensors, r.tensors)) return std::nullopt;
    return wrong;
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

// The answer to the question as `change` makes it; change(sample&) may be false, and nothing is wrong then.
template <class F>
auto asked(F change) {
  return [change](const question& q, reply& r) {
    sample other = q.x;
    if (!change(other)) return;
    if (auto wrong = instead(q, other, r)) r = std::move(*wrong);
  };
}

// The same with an attribute changed, if the op has it: change(value) of its type.
template <class T, class F>
auto attribute(std::string name, F change) {
  return asked([=](sample& x) {
    for (const auto& [key, value] : x.attrs)
      if (key == name && std::holds_alternative<T>(value)) {
        T other = std::get<T>(value);
        if (!change(other)) return false;
        x.attrs.set(name, std::move(other));
        return true;
      }
    return false;
  });
}

// The VJP by another formula, with the loops of the reference: a function over `rounded`, as ops have.
using formula = void (*)(const call<rounded>&, cotangents<rounded>, results<rounded>);
inline auto vjp(formula wrong) {
  return [wrong](const question& q, reply& r) {
    op other = q.o;
    other.rounded_kernels.vjp = wrong;
    r = q.honest.run(q.how, other, q.x);
  };
}

inline std::vector<std::size_t> differentiable(const reply& r) {
  std::vector<std::size_t> list;
  for (std::size_t k = 0; k < r.tensors.size(); ++k)
    if (r.tensors[k]) list.push_back(k);
  return list;
}

template <class F>  // every element of every gradient: f(value)
void each(reply& r, F f) {
  for (auto& d : r.tensors)
    for (index_t i = 0; d && i < d->count(); ++i) d->set(i, f(d->at(i)));
}

// Contributions to one element overwrite each other in the order of the outputs: each output is asked for alone.
inline void last_contribution(const question& q, reply& r) {
  constexpr index_t most = 160;
  index_t n = 0;
  for (const tensor& v : q.x.cotangents) n += v.count();
  if (n > most) return;
  sample one = q.x;
  for (tensor& v : one.cotangents)
    for (index_t i = 0; i < v.count(); ++i) v.set(i, 0);
  each(r, [](double) { return 0; });
  for (std::size_t k = 0; k < one.cotangents.size(); ++k)
    for (index_t i = 0; i < one.cotangents[k].count(); ++i) {
      one.cotangents[k].set(i, q.x.cotangents[k].at(i));
      const reply alone = q.with(one);
      one.cotangents[k].set(i, 0);
      for (std::size_t t = 0; t < r.tensors.size(); ++t)
        for (index_t j = 0; r.tensors[t] && j < r.tensors[t]->count(); ++j)
          if (const double d = alone.tensors[t]->at(j); d != 0) r.tensors[t]->set(j, d);
    }
}

inline index_t outputs(const sample& x) {
  index_t n = 0;
  for (const tensor& v : x.cotangents) n += v.count();
  return n;
}

}  // namespace backproof::ways
