#include "backproof/mutation/diagnosis.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "backproof/judge/agreement.hpp"
#include "backproof/judge/informative_sample.hpp"
#include "backproof/judge/oracle.hpp"
#include "backproof/mutation/registry.hpp"
#include "backproof/mutation/ways.hpp"

namespace backproof {
namespace {

// One question of the interview, and what is known of it.
struct asked_question {
  mode how;
  sample x;
  reply right;
  value_list<double> leeway;  // relative to the right answer's size, as differences of that size are judged
};

template <class List>
value_list<double> leeway_of(const List& expected, const precision& p) {
  constexpr double some = 8;
  value_list<double> all;
  for (const auto& e : expected) {
    all.push_back(e.present() ? values<double>(e.dims()) : values<double>{});
    for (index_t i = 0; i < e.size(); ++i) {
      const double b = bound_of(e[i], p);
      all.back()[i] = std::isfinite(b) ? some * b : 0;
    }
  }
  return all;
}

bool close(double a, double b, double right, double leeway, double unit, double largest) {
  if (a == b || (std::isnan(a) && std::isnan(b))) return true;
  if (!std::isfinite(a) || !std::isfinite(b)) return false;
  const double grown = right != 0 && std::isfinite(right) ? std::max(1.0, std::fabs(b / right)) : 1.0;
  // A wrong formula may mix elements that the right one keeps apart: what is small then has the errors of the largest.
  return std::fabs(a - b) <= leeway * grown + 8 * unit * std::fabs(b) + 4 * unit * largest;
}

bool agree(const asked_question& q, const reply& a, const reply& b) {
  if (a.code != b.code || !ways::alike(a.tensors, b.tensors) ||
      a.changed.value_or(std::vector<std::string>{}).empty() != b.changed.value_or(std::vector<std::string>{}).empty())
    return false;
  const double unit = format_of(q.x.type).unit();
  for (std::size_t k = 0; k < a.tensors.size(); ++k) {
    double largest = 0;
    for (index_t i = 0; b.tensors[k] && i < b.tensors[k]->count(); ++i)
      if (std::isfinite(b.tensors[k]->at(i))) largest = std::max(largest, std::fabs(b.tensors[k]->at(i)));
    for (index_t i = 0; a.tensors[k] && i < a.tensors[k]->count(); ++i) {
      const bool known = k < q.leeway.size() && i < q.leeway[k].size();
      const double right = k < q.right.tensors.size() && q.right.tensors[k] && i < q.right.tensors[k]->count()
                               ? q.right.tensors[k]->at(i)
                               : 0;
      if (!close(a.tensors[k]->at(i), b.tensors[k]->at(i), right, known ? q.leeway[k][i] : 0, unit, largest))
        return false;
    }
  }
  return true;
}

// The questions: the failing sample as it was put, then a few more of the same op. Each is put twice, and the second
// answer counts: what a subject kept from its last question is then known.
std::vector<asked_question> interview(const op& o, const check& c, const sample& x, subject& s) {
  const std::unique_ptr<subject> honest = honest_subject();
  std::vector<sample> samples = {x};
  constexpr std::uint64_t others = 3;
  for (std::uint64_t n = 0; n < others; ++n)
    if (const auto one = draw_informative_sample(o, x.type, x.seed, n, profile::smooth, s.scope_of(o, x.type)))
      samples.push_back(*one);
  std::vector<asked_question> list;
  for (const sample& one : samples) {
    std::vector<sample> put = {one};
    for (const call_condition under : c.tries)
      if (s.supports(under))
        if (auto other = prepared(one, under)) other->under = under, put.push_back(std::move(*other));
    const offer has = s.offers(o, x.type);
    for (const sample& p : put) {
      const precision numbers{p.type, s.accumulator(p.type)};
      const oracle truth(o, p, numbers.accumulator);
      if (has.vjp)
        list.push_back({mode::vjp, p, honest->run(mode::vjp, o, p), leeway_of(truth.bounded_gradient(), numbers)});
      if (has.forward && p.under == call_condition::plain)
        list.push_back(
            {mode::forward, p, honest->run(mode::forward, o, p), leeway_of(truth.bounded_output(), numbers)});
    }
  }
  return list;
}

// None if it dies, or does not answer in time: waiting for it again and again would tell nothing.
std::optional<std::vector<reply>> answers(const op& o, const std::vector<asked_question>& list, subject& s) {
  std::vector<reply> all;
  for (const asked_question& q : list) {
    for (int twice = 0; twice < 2; ++twice) {
      reply r = s.run(q.how, o, q.x);
      if (r.code == reply::status::crash || r.code == reply::status::timeout) return std::nullopt;
      if (twice == 1) all.push_back(std::move(r));
    }
  }
  return all;
}

}  // namespace

std::vector<const mutant*> matching_mutants(const op& o, const check& c, const sample& x, subject& s) {
  const std::vector<asked_question> questions = interview(o, c, x, s);
  const auto given = answers(o, questions, s);
  if (!given) return {};
  bool all_right = true;
  for (std::size_t k = 0; k < questions.size(); ++k)
    all_right = all_right && agree(questions[k], (*given)[k], questions[k].right);
  if (all_right) return {};

  std::vector<const mutant*> found;
  for (const mutant* m : all_mutants()) {
    if (!m->suits(o)) continue;
    const std::unique_ptr<subject> candidate = mutated_subject(*m);
    const std::vector<reply> would = *answers(o, questions, *candidate);
    bool same = true;
    for (std::size_t k = 0; k < questions.size() && same; ++k) same = agree(questions[k], (*given)[k], would[k]);
    if (same) found.push_back(m);
  }
  std::stable_partition(found.begin(), found.end(), [](const mutant* m) { return m->real(); });
  return found;
}

std::string diagnose(const op& o, const check& c, const sample& x, subject& s) {
  if (!o.has_reference() || c.info.judges == check_target::oracle) return "";
  const std::vector<const mutant*> found = matching_mutants(o, c, x, s);
  if (found.empty()) return "no known bug gives these numbers";
  constexpr std::size_t most = 3;
  std::string text = found.size() == 1 ? "matches: " : "matches any of: ";
  for (std::size_t k = 0; k < std::min(found.size(), most); ++k) {
    text += (k > 0 ? "; " : "") + std::string(found[k]->summary);
    if (!found[k]->cites.empty()) text += fmt::format(" (seen in {})", found[k]->cites);
  }
  if (found.size() > most) text += fmt::format("; and {} more", found.size() - most);
  return text;
}

}  // namespace backproof
