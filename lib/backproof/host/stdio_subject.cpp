#include "backproof/host/stdio_subject.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace backproof::host {
namespace {

using namespace std::chrono_literals;
using kind = answer::kind;

constexpr int most_failed_starts = 3;
constexpr auto shutdown_deadline = 5s;  // for the answer, and again for the end of the process

bool about(const capability& c, const op& o) { return c.op == o.wire_name() && c.domain == o.domain(); }

bool has(const capability& c, dtype t) { return std::find(c.dtypes.begin(), c.dtypes.end(), t) != c.dtypes.end(); }

// Waiting again for what is silent, or asking again what was refused, would only cost time.
bool worth_another_start(const answer& a) { return a.what == kind::death || a.what == kind::nonsense; }

double seconds(std::chrono::milliseconds t) { return std::chrono::duration<double>(t).count(); }

std::size_t outputs_of(const op& o, const sample& s) {
  return s.cotangents.empty() ? o.sig.outputs.size() : s.cotangents.size();
}

}  // namespace

stdio_subject::stdio_subject(std::string label, std::vector<std::string> command, stdio_options options)
    : label_(std::move(label)), command_(std::move(command)), options_(std::move(options)) {
  while (true) {
    const auto deadline = clock::now() + options_.start_deadline;
    answer a;
    try {
      a = initialize(deadline);
      if (a.ok()) a = at_start("describe", connection_->call("describe", "{}", {}, deadline));
      if (a.ok()) {
        offered_ = parse_capabilities(a.result);
        failed_starts_ = 0;
        return;
      }
    } catch (const std::exception& e) {
      give_up(e.what());  // nothing that another attempt could change
    }
    if (!worth_another_start(a) || ++failed_starts_ == most_failed_starts) give_up(a.message);
  }
}

stdio_subject::~stdio_subject() {
  if (!connection_ || !connection_->usable()) return;
  try {
    const std::string trouble = shut_down();
    if (!trouble.empty() && options_.on_bad_end)
      options_.on_bad_end(fmt::format("{} during shutdown: {}", name(), trouble));
  } catch (const std::exception&) {
    // The end of its input, which comes next, asks for the same.
  }
}

// What went wrong; empty if nothing did, or if we were told to stop.
std::string stdio_subject::shut_down() {
  const answer a = connection_->call("shutdown", "{}", {}, clock::now() + shutdown_deadline);
  if (a.what == kind::interruption) return {};
  if (!a.ok()) return a.message;
  process& child = connection_->child();
  child.close_input();
  if (!child.wait(clock::now() + shutdown_deadline))
    return told_to_stop() ? "" : fmt::format("still running after {} s", shutdown_deadline.count());
  if (child.ended_well()) return {};
  return child.ending() + (child.last_words().empty() ? "" : "; its last words: " + child.last_words());
}

std::string stdio_subject::version() const {
  return offered_.framework_version.empty() ? offered_.version : offered_.framework_version;
}

offer stdio_subject::offers(const op& o, dtype t) const {
  offer sum;
  std::vector<std::string_view> elsewhere;
  for (const capability& c : offered_.ops) {
    if (!about(c, o)) continue;
    for (const dtype other : c.dtypes) elsewhere.push_back(name_of(other));
    if (!has(c, t)) continue;
    sum.forward |= c.forward;
    sum.vjp |= c.vjp;
    sum.jvp |= c.jvp;
  }
  if (sum.any()) return sum;
  sum.why_not = elsewhere.empty() ? fmt::format("{} does not offer {}", name(), o.wire_name())
                                  : fmt::format("{} offers {} in {}, not in {}", name(), o.wire_name(),
                                                fmt::join(elsewhere, ", "), name_of(t));
  return sum;
}

// A subject has one accumulator for each type. Where ops of the same adapter disagree, the usual one stands: it is the
// stricter, so an op that sums in a narrower format is reported for it rather than excused.
format stdio_subject::accumulator(dtype t) const {
  std::optional<dtype> agreed;
  for (const capability& c : offered_.ops) {
    if (!has(c, t)) continue;
    const auto declared = c.accumulators.find(t);
    if (declared == c.accumulators.end() || (agreed && *agreed != declared->second)) return subject::accumulator(t);
    agreed = declared->second;
  }
  return agreed ? format_of(*agreed) : subject::accumulator(t);
}

std::string stdio_subject::declared_convention(const op& o) const {
  for (const capability& c : offered_.ops)
    if (about(c, o) && !c.convention.empty()) return c.convention;
  return {};
}

const scope& stdio_subject::scope_of(const op& o, dtype t) const {
  const auto [at, is_new] = scopes_.try_emplace({std::string(o.wire_name()), t});
  if (is_new) {
    std::vector<scope_part> parts;
    bool everything = false;
    for (const capability& c : offered_.ops) {
      if (!about(c, o) || !has(c, t)) continue;
      everything |= !c.takes.has_value();
      if (c.takes) parts.push_back(*c.takes);
    }
    if (!everything) at->second = scope(std::move(parts));
  }
  return at->second;
}

bool stdio_subject::supports(call_condition c) const {
  return subject::supports(c) || std::find(offered_.under.begin(), offered_.under.end(), c) != offered_.under.end();
}

// An op may have several rows, for different dtypes; the first signature counts.
std::vector<op> stdio_subject::own_ops() const {
  std::vector<op> brought;
  for (const capability& c : offered_.ops)
    if (c.own && std::none_of(brought.begin(), brought.end(), [&](const op& o) { return about(c, o); }))
      brought.push_back(own_op(*c.own));
  return brought;
}

std::vector<std::string> stdio_subject::without_signature() const {
  std::vector<std::string> names;
  for (const capability& c : offered_.ops)
    if (!c.own && std::find(names.begin(), names.end(), c.op) == names.end()) names.push_back(c.op);
  return names;
}

reply stdio_subject::run(mode m, const op& o, const sample& s) {
  if (told_to_stop()) return {reply::status::error, "interrupted", {}};
  if (std::string why_not; !started(why_not)) return {reply::status::crash, why_not, {}};
  request r = run_request(m, o, s);
  const answer a = connection_->call("run", r.params, std::move(r.tensors), clock::now() + options_.call_deadline);
  return reply_to(m, o, s, a);
}

reply stdio_subject::reply_to(mode m, const op& o, const sample& s, const answer& a) const {
  using status = reply::status;
  const std::string during = fmt::format("{} during {} of {}: ", name(), name_of(m), o.wire_name());
  switch (a.what) {
    case kind::result:
      break;
    case kind::refusal:
      if (a.code == unimplemented) return {status::unimplemented, a.message, {}};
      if (a.code == invalid_argument) return {status::rejected, a.message, {}};
      return {status::error, fmt::format("{}error {}: {}", during, a.code, a.message), {}};
    case kind::death:
      return {status::crash, during + a.message, {}};
    case kind::silence:
      return {status::timeout, fmt::format("{}{} ({} s)", during, a.message, seconds(options_.call_deadline)), {}};
    case kind::interruption:
      return {status::error, a.message, {}};
    case kind::nonsense:
      return {status::error, during + a.message, {}};
  }
  const std::size_t expected = m == mode::vjp ? s.inputs.size() : outputs_of(o, s);
  try {
    return {status::ok, {}, answered_tensors(m, a.result, expected, a.frame), told_changes(a.result)};
  } catch (const std::exception& e) {
    return {status::error, during + e.what(), {}};
  }
}

bool stdio_subject::started(std::string& why_not) {
  if (connection_ && connection_->usable()) return true;
  while (failed_starts_ < most_failed_starts) {
    try {
      const answer a = initialize(clock::now() + options_.start_deadline);
      if (a.ok()) {
        failed_starts_ = 0;
        return true;
      }
      why_not = a.message;
      if (!worth_another_start(a)) failed_starts_ = most_failed_starts;
    } catch (const std::exception& e) {
      why_not = e.what();
    }
    connection_.reset();  // it may be alive and well, but it was not initialized
    ++failed_starts_;
  }
  why_not = fmt::format("{} could not be started again after it had broken", name()) +
            (why_not.empty() ? "" : ": " + why_not);
  return false;
}

answer stdio_subject::initialize(clock::time_point deadline) {
  connection_.reset();  // the old process ends before a new one begins
  connection_ = std::make_unique<connection>(command_, options_.bounds);
  answer a =
      at_start("initialize", connection_->call("initialize", initialize_params(options_.call_deadline), {}, deadline));
  if (a.ok()) require_protocol(a.result);
  return a;
}

// What went wrong at the start is told with where it did, and with the time that it had.
answer stdio_subject::at_start(const std::string& method, answer a) const {
  if (a.ok() || a.what == kind::interruption) return a;
  a.message = fmt::format("during {}: {}", method, a.message);
  if (a.what == kind::silence) a.message += fmt::format(" ({} s to start)", seconds(options_.start_deadline));
  return a;
}

void stdio_subject::give_up(const std::string& why) const {
  const std::string hint = options_.install_hint.empty() ? "" : "; to install what it needs: " + options_.install_hint;
  throw adapter_error(fmt::format("adapter {}: {}{}", label_, why, hint));
}

}  // namespace backproof::host
