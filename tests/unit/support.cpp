#include "support.hpp"

#include "backproof/op/registry.hpp"
#include "backproof/run/registry.hpp"

namespace backproof::tests {

const std::vector<op>& registered_ops() { return all_ops(); }
const std::vector<check>& registered_checks() { return all_checks(); }

const op& op_called(std::string_view name) {
  if (const op* o = find_op(name)) return *o;
  throw invalid_input("no op is called " + std::string(name));
}

const check& check_called(std::string_view name) {
  if (const check* c = find_check(name)) return *c;
  throw invalid_input("no check is called " + std::string(name));
}

}  // namespace backproof::tests
