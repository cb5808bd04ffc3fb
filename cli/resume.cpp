#include "cli/resume.hpp"

#include <fmt/format.h>

#include "backproof/base/shell.hpp"
#include "backproof/base/text.hpp"
#include "cli/exit_codes.hpp"

namespace backproof::cli {
namespace {

// An option that an earlier run had: as it was, unless it is given again, and then it must be the same.
template <class T>
void go_on_with(const check_options& o, const std::string& option, T& now, const T& then) {
  if (o.given.contains(option) && now != then)
    throw stop_with(exit_usage, fmt::format("--resume {}: that run had another {}", o.resume, option));
  now = then;
}

}  // namespace

event_log earlier_run(check_options& o) {
  if (o.resume.empty()) return {};
  event_log log = read_event_log(o.resume);
  o.reports["ndjson"] = o.resume;
  if (log.bytes == 0) return log;  // it had not begun
  if (log.run.version != BACKPROOF_VERSION)
    throw stop_with(exit_usage, fmt::format("--resume {}: it was written by backproof {}, this is {}", o.resume,
                                            quotable(log.run.version, 20), BACKPROOF_VERSION));
  if (!log.run.adapter.empty() && o.adapter.empty())
    throw stop_with(exit_usage, fmt::format("--resume {}: that run had an adapter: add --adapter {}, if you trust that",
                                            o.resume, shell_quoted(log.run.adapter)));
  if (o.seed == "any") o.given.erase("--seed");
  go_on_with(o, "--op", o.ops, log.run.ops);
  go_on_with(o, "--check", o.checks, log.run.checks);
  go_on_with(o, "--dtype", o.dtypes, log.run.dtypes);
  go_on_with(o, "--samples", o.samples, log.run.samples);
  go_on_with(o, "--seed", o.seed, std::to_string(log.run.seed));
  go_on_with(o, "--shard", o.shard, log.run.shard);
  go_on_with(o, "--exhaustive", o.exhaustive, log.run.exhaustive);
  go_on_with(o, "--out", o.out, log.run.out);
  return log;
}

void require_same_subject(const check_options& o, const event_log& earlier, const run_info& now) {
  const run_info& then = earlier.run;
  if (earlier.bytes == 0) return;
  if (then.adapter == now.adapter && then.subject == now.subject && then.subject_version == now.subject_version) return;
  throw stop_with(exit_usage,
                  fmt::format("--resume {}: that run judged {} {} (--adapter {})", o.resume, quotable(then.subject),
                              quotable(then.subject_version), shell_quoted(then.adapter)));
}

}  // namespace backproof::cli
