#include "cli/subjects.hpp"

#include <fmt/format.h>

#include "backproof/host/open.hpp"
#include "backproof/op/registry.hpp"
#include "cli/print.hpp"

namespace backproof::cli {

subject_factory subjects_of(const std::string& adapter, double call_seconds) {
  if (adapter.empty() || adapter == "reference") return [] { return reference_subject(); };
  host::open_options options;
  if (call_seconds > 0)
    options.stdio.call_deadline = std::chrono::milliseconds(static_cast<std::int64_t>(call_seconds * 1000));
  return host::open_adapter(adapter, options);
}

void introduce_ops_of(const subject& s) {
  for (op& o : s.own_ops()) {
    const op* known = find_op(o.wire_name());
    if (known != nullptr && known->domain() != o.domain())
      print("not judged: {}::{}, because {}::{} has the same name\n", o.domain(), o.wire_name(), known->domain(),
            known->wire_name());
    introduce(std::move(o));
  }
  for (const std::string& name : s.without_signature())
    if (find_op(name) == nullptr)
      print("not judged: {}, which is no op of the reference, and is offered without a signature\n", name);
}

}  // namespace backproof::cli
