#include "backproof/op/law.hpp"

#include <fmt/format.h>

namespace backproof {

std::string to_string(const law& l) {
  const std::string where = l.input < 0 ? "" : fmt::format(" in input {}", l.input);
  switch (l.what) {
    case law::kind::linear:
      return "linear";
    case law::kind::linear_in:
      return "linear" + where;
    case law::kind::homogeneous:
      return fmt::format("f(t x) = t^{:g} f(x){}", l.constant, where);
    case law::kind::shift:
      return fmt::format("sum dx = {:g} sum g{}", l.constant, where);
    case law::kind::symmetric:
      return "J = J^T";
    case law::kind::norm:
      return fmt::format("||J|| <= {:g}", l.constant);
    case law::kind::isometry:
      return fmt::format("J J^T = {:g}^2 I", l.constant);
    case law::kind::translation:
      return "moves with its input";
    case law::kind::batch:
      return "examples along axis 0 are independent";
    case law::kind::reflection:
      break;
  }
  return fmt::format("f'(x) + f'(-x) = {:g}", l.constant);
}

}  // namespace backproof
