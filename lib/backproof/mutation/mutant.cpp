#include "backproof/mutation/mutant.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>

#include "backproof/judge/agreement.hpp"

namespace backproof {
namespace {

// A gradient that is zero everywhere cannot be wrong in most ways.
bool has_gradient(const op& o) {
  return o.has_reference() &&
         std::any_of(o.sig.inputs.begin(), o.sig.inputs.end(), [](const operand& x) { return x.differentiable; });
}

class honest : public subject {
 public:
  explicit honest(order sums) : reference_(reference_subject(sums)) {}
  std::string name() const override { return "honest"; }
  std::string version() const override { return reference_->version(); }
  offer offers(const op& o, dtype t) const override { return reference_->offers(o, t); }
  bool supports(call_condition) const override { return true; }

  reply run(mode how, const op& o, const sample& x) override {
    reply r = reference_->run(how, o, x);
    if (how == mode::vjp) put_under(x, r);
    r.changed.emplace();  // it is watched always, and changes nothing
    return r;
  }

  // What the call condition makes of the plain answer.
  static void put_under(const sample& x, reply& r) {
    if (x.under == call_condition::accumulated)
      for (auto& d : r.tensors)
        for (index_t i = 0; d && i < d->count(); ++i) d->set(i, 2 * d->at(i));
    if (x.under == call_condition::shared) share(x, r);
    if (x.under == call_condition::partial)
      for (std::size_t k = 0; k < r.tensors.size(); ++k)
        if (!x.tangents[k]) r.tensors[k].reset();
  }

 private:
  // The first of equal tensors gets the gradients of all.
  static void share(const sample& x, reply& r) {
    for (std::size_t k = 0; k < r.tensors.size(); ++k)
      for (std::size_t first = 0; r.tensors[k] && first < k; ++first) {
        auto &all = r.tensors[first], &own = r.tensors[k];
        if (!all || !(x.inputs[first] == x.inputs[k])) continue;
        for (index_t i = 0; i < own->count(); ++i) all->set(i, all->at(i) + own->at(i));
        own.reset();
      }
  }

  std::unique_ptr<subject> reference_;
};

class mutated : public honest {
 public:
  mutated(const mutant& m, order sums) : honest(sums), mutant_(m), honest_(sums) {}
  std::string name() const override { return std::string(mutant_.name); }
  std::string declared_convention(const op& o) const override {
    return mutant_.suits(o) ? std::string(mutant_.declares) : "";
  }

  reply run(mode how, const op& o, const sample& x) override {
    if (!mutant_.suits(o) || (how == mode::forward && !mutant_.forward)) return honest_.run(how, o, x);
    if (mutant_.depends_on_condition) return spoilt(how, o, x, honest_.run(how, o, x));
    if (x.under == call_condition::plain) return spoilt(how, o, x, honest_.run(how, o, x));
    reply r = run(how, o, asking_for_all(o, x));
    if (how == mode::vjp) put_under(x, r);
    return r;
  }

 private:
  reply spoilt(mode how, const op& o, const sample& x, reply r) {
    ++kept_.asked;
    if (r.code == reply::status::ok) mutant_.wrong({how, o, x, honest_, kept_}, r);
    return r;
  }

  const mutant& mutant_;
  honest honest_;
  memory kept_;
};

bool same_numbers(const reply& a, const reply& b) {
  for (std::size_t k = 0; k < a.tensors.size(); ++k) {
    if (a.tensors[k].has_value() != b.tensors[k].has_value()) return false;
    if (a.tensors[k] && a.tensors[k]->dims() != b.tensors[k]->dims()) return false;
    for (index_t i = 0; a.tensors[k] && i < a.tensors[k]->count(); ++i) {
      const double x = a.tensors[k]->at(i), y = b.tensors[k]->at(i);
      if (x != y && !(std::isnan(x) && std::isnan(y))) return false;
    }
  }
  return true;
}

mutant::attempt attempted(const mutant& m, const op& o) {
  auto outcome = mutant::attempt::no_way;
  const std::unique_ptr<subject> right = honest_subject();
  constexpr std::uint64_t array = 49;  // of the sampler: any two choices of a draw meet
  for (const dtype t : m.dtypes)
    for (std::uint64_t n = 0; n < array; ++n)
      for (const call_condition c :
           {call_condition::plain, call_condition::aliased, call_condition::shared, call_condition::partial}) {
        if (c != call_condition::plain && !m.depends_on_condition) continue;
        std::optional<sample> x = prepared(draw_sample(o, t, 1, n), c);
        if (!x) continue;
        x->under = c;
        const reply before = right->run(mode::vjp, o, *x);
        reply after = before;
        memory none;
        m.wrong({mode::vjp, o, *x, *right, none}, after);
        if (!same_numbers(before, after)) return mutant::attempt::effect;
        if (none.had_way) outcome = mutant::attempt::no_effect;
      }
  return outcome;
}

}  // namespace

bool mutant::suits(const op& o) const { return would_suit(o) && tried(o) == attempt::effect; }

bool mutant::would_suit(const op& o) const {
  // Where the gradient is zero everywhere most bugs have nothing to spoil; those that do name the ops.
  return has_gradient(o) && (ops == "*" ? !o.info.zero_gradient : among(o.info.name, ops)) &&
         (applies == nullptr || applies(o)) && (equivalent == nullptr || equivalent(o).empty());
}

mutant::attempt mutant::tried(const op& o) const {
  if (!probed) return attempt::effect;
  static std::map<std::pair<const mutant*, std::string_view>, attempt> known;
  static std::mutex guard;
  const std::lock_guard lock(guard);
  const auto [at, is_new] = known.try_emplace({this, o.info.name}, attempt::effect);
  if (is_new) at->second = attempted(*this, o);
  return at->second;
}

bool among(std::string_view name, std::string_view names) {
  for (std::size_t at = 0; at < names.size();) {
    const std::size_t end = std::min(names.find(' ', at), names.size());
    if (names.substr(at, end - at) == name) return true;
    at = end + 1;
  }
  return false;
}

sample asking_for_all(const op& o, sample x) {
  x.under = call_condition::plain;
  for (std::size_t k = 0; k < x.inputs.size(); ++k)
    if (!x.tangents[k] && x.inputs[k] && o.sig.input(k).differentiable) x.tangents[k] = x.inputs[k];
  return x;
}

std::unique_ptr<subject> honest_subject(order sums) { return std::make_unique<honest>(sums); }
std::unique_ptr<subject> mutated_subject(const mutant& m, order sums) { return std::make_unique<mutated>(m, sums); }

}  // namespace backproof
