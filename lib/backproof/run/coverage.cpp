#include "backproof/run/coverage.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

namespace backproof {
namespace {

using counts = by_mode<std::uint64_t>;

bool any(const counts& n) {
  return std::any_of(n.of.begin(), n.of.end(), [](std::uint64_t k) { return k > 0; });
}

bool decided(verdict v) { return v == verdict::pass || v == verdict::inaccurate || v == verdict::fail; }

void keep_first(std::string& kept, const std::string& reason) {
  if (kept.empty()) kept = reason;
}

}  // namespace

void coverage::add(const check& c, const finding& f, const trial& t) {
  if (gravity(f.outcome) > gravity(gravest_)) gravest_ = f.outcome;
  if (f.outcome == verdict::skip) keep_first(first_declined_, f.reason);
  if (c.info.compares) elements_ += f.elements, resolved_ += f.resolved;
  if (!c.info.proves_gradients()) return;
  gradients_looked_at_ = true;
  gradients_proved_ |= decided(f.outcome);
  if (f.outcome == verdict::unresolved) keep_first(first_undecided_, f.reason);
  if (!c.info.compares || !t.asked().answered[mode::vjp]) return;
  const sample& x = t.truth().on();
  const std::vector<std::string> names = t.gradient_names();
  for (std::size_t k = 0; k < x.inputs.size(); ++k) {
    if (!x.tangents[k] || x.tangents[k]->count() == 0) continue;
    gradient& d = gradients_["d" + t.truth().of().sig.input(k).name];  // those of a variadic operand are one
    ++d.due;
    d.shown |= std::find(f.resolved_in.begin(), f.resolved_in.end(), names[k]) != f.resolved_in.end();
  }
}

void coverage::sample_done(const trial& t) {
  ++samples_;
  for (const mode m : all_modes) {
    wanted_[m] += t.asked().wanted[m] ? 1 : 0;
    put_[m] += t.asked().put[m] ? 1 : 0;
    answered_[m] += t.asked().answered[m] ? 1 : 0;
  }
}

std::string coverage::unproved() const {
  if (!gradients_looked_at_) return "";
  if (!gradients_proved_)
    return "no sample says whether the VJP is the derivative of the forward function; the first: " + first_undecided_;
  constexpr std::uint64_t few = 4;  // samples in which an optional operand was given may be ill-conditioned by chance
  std::vector<std::string> never;
  for (const auto& [name, d] : gradients_)
    if (!d.shown && d.due >= few) never.push_back(name);
  return never.empty() ? "" : fmt::format("no sample resolves {}", fmt::join(never, ", "));
}

std::pair<verdict, std::string> coverage::verdict_and_reason() const {
  if (is_trouble(gravest_)) return {gravest_, ""};
  if (samples_ == 0) return {verdict::skip, "no check of this run applies to it"};
  if (!any(wanted_)) return {gravest_, ""};  // the reference alone was judged
  const auto declined = [&](mode m) { return put_[m] > 0 && answered_[m] == 0; };
  if (any(put_) && !any(answered_))
    return {verdict::vacuous, fmt::format("it declined all of {} samples; the first: {}", samples_, first_declined_)};
  if (declined(mode::vjp))
    return {verdict::forward_only,
            fmt::format("it offers a VJP, and declined all of {}; the first: {}", put_[mode::vjp], first_declined_)};
  if (wanted_[mode::vjp] > 0 && put_[mode::vjp] == 0) return {verdict::forward_only, "no VJP is offered"};
  for (const mode m : {mode::forward, mode::jvp})
    if (declined(m))
      return {verdict::vacuous, fmt::format("it offers {}, and declined all of {} questions", name_of(m), put_[m])};
  if (const std::string open = unproved(); !open.empty()) return {verdict::vacuous, open};
  return {gravest_, ""};
}

void coverage::conclude(unit_result& u) const {
  std::tie(u.outcome, u.reason) = verdict_and_reason();
  u.declared = u.outcome == verdict::forward_only && put_[mode::vjp] == 0;
  u.samples = samples_;
  u.answered =
      put_[mode::vjp] > 0 && u.outcome != verdict::forward_only ? answered_[mode::vjp] : answered_[mode::forward];
  u.elements = elements_, u.resolved = resolved_;
  u.executed = samples_ > 0 && (any(answered_) || !any(wanted_));
  u.gradients = answered_[mode::vjp] > 0 && (!gradients_looked_at_ || gradients_proved_);
}

}  // namespace backproof
