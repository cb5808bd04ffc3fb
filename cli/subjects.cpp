#include "cli/subjects.hpp"

#include "backproof/registry.hpp"
#include "host/open.hpp"

namespace backproof::cli {

subject_factory subjects_of(const std::string& adapter, double call_seconds) {
  if (adapter.empty() || adapter == "reference") return [] { return reference_subject(); };
  host::open_options options;
  if (call_seconds > 0)
    options.stdio.call_deadline = std::chrono::milliseconds(static_cast<std::int64_t>(call_seconds * 1000));
  return host::open_adapter(adapter, options);
}

void introduce_ops_of(const subject& s) {
  for (op& o : s.own_ops()) introduce(std::move(o));
}

}  // namespace backproof::cli
