#include "backproof/run/registry.hpp"

#include <algorithm>

#include "backproof/base/registered.hpp"
#include "backproof/run/register_check.hpp"
#include "backproof/run/register_report.hpp"

namespace backproof {

const std::vector<check>& all_checks() { return registered<check>(); }
const std::vector<report>& all_reports() { return registered<report>(); }

bool register_check(check c) { return add_registered(c); }
bool register_report(report r) { return add_registered(r); }

const check* find_check(std::string_view name) {
  const auto found =
      std::find_if(all_checks().begin(), all_checks().end(), [&](const check& c) { return c.info.name == name; });
  return found == all_checks().end() ? nullptr : &*found;
}

bool is_direct(std::string_view name) {
  const check* c = find_check(name);
  return c != nullptr && c->info.direct();
}

}  // namespace backproof
