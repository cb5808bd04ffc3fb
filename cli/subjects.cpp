#include "cli/subjects.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "backproof/host/open.hpp"
#include "backproof/op/registry.hpp"
#include "cli/print.hpp"
#include "cli/streams.hpp"

namespace backproof::cli {
namespace {

using namespace std::chrono_literals;

// Whoever shortens the deadline of an answer does not want to wait a minute for the start either; but to load a
// framework takes its time, however short the answers are.
constexpr std::chrono::milliseconds least_to_start = 10s;

// Every job has a subject, and one line says what all of them would.
std::function<void(const std::string&)> told_once() {
  return [told = std::make_shared<std::atomic<bool>>(false)](const std::string& trouble) {
    if (!told->exchange(true)) tell(fmt::format("backproof: {}\n", trouble));
  };
}

}  // namespace

subject_factory subjects_of(const std::string& adapter, const adapter_limits& limits, const std::atomic<bool>* stop) {
  if (adapter.empty() || adapter == "reference") return [] { return reference_subject(); };
  host::open_options options;
  host::stdio_options& stdio = options.stdio;
  if (limits.call_seconds > 0) {
    stdio.call_deadline = std::chrono::milliseconds(static_cast<std::int64_t>(limits.call_seconds * 1000));
    stdio.start_deadline = std::max(least_to_start, stdio.call_deadline);
  }
  if (limits.memory) stdio.bounds.memory = *limits.memory;
  stdio.bounds.address_space = limits.address_space;
  stdio.bounds.stop = stop;
  stdio.on_bad_end = told_once();
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
