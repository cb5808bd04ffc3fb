// The formula of a related op.
#pragma once

#include <utility>

#include "backproof/mutation/ways.hpp"
#include "backproof/op/registry.hpp"

namespace backproof::mutants {

struct siblings {
  static constexpr family_info info{.name = "siblings", .what = "the formula of a related op"};

  static std::vector<mutant> all() {
    return {{.name = "formula_of_a_sibling",
             .bug_class = "wrong-formula",
             .summary = "the backward pass has the formula of a related op",
             .wrong =
                 [](const question& q, reply& r) {
                   const op* other = sibling(q.o);
                   if (other == nullptr) return;
                   try {
                     op formula = q.o;
                     formula.rounded_kernels.vjp = other->rounded_kernels.vjp;
                     r = q.honest.run(q.how, formula, q.x);
                   } catch (const std::exception&) {
                     // Attributes that the sibling does not have.
                   }
                 },
             .applies = [](const op& o) { return sibling(o) != nullptr; }}};
  }

 private:
  static const op* sibling(const op& o) {
    static constexpr std::pair<std::string_view, std::string_view> pairs[] = {{"softmax", "log_softmax"},
                                                                              {"sin", "cos"},
                                                                              {"cos", "sin"},
                                                                              {"sinh", "cosh"},
                                                                              {"cosh", "sinh"},
                                                                              {"tan", "tanh"},
                                                                              {"tanh", "sigmoid"},
                                                                              {"sigmoid", "tanh"},
                                                                              {"log", "log1p"},
                                                                              {"log1p", "log"},
                                                                              {"asin", "acos"},
                                                                              {"acos", "asin"},
                                                                              {"asinh", "acosh"},
                                                                              {"acosh", "asinh"},
                                                                              {"atan", "atanh"},
                                                                              {"atanh", "atan"},
                                                                              {"sqrt", "rsqrt"},
                                                                              {"rsqrt", "sqrt"},
                                                                              {"reduce_sum", "reduce_mean"},
                                                                              {"reduce_mean", "reduce_sum"},
                                                                              {"reduce_max", "reduce_min"},
                                                                              {"reduce_min", "reduce_max"},
                                                                              {"max", "min"},
                                                                              {"min", "max"},
                                                                              {"add", "sub"},
                                                                              {"sub", "add"},
                                                                              {"mul", "div"},
                                                                              {"div", "mul"},
                                                                              {"variance", "standard_deviation"},
                                                                              {"standard_deviation", "variance"},
                                                                              {"l1_loss", "mse_loss"},
                                                                              {"mse_loss", "l1_loss"},
                                                                              {"elu", "celu"},
                                                                              {"celu", "elu"},
                                                                              {"relu", "relu6"},
                                                                              {"relu6", "relu"},
                                                                              {"log_softmax", "softmax"},
                                                                              {"reduce_l1", "reduce_l2"},
                                                                              {"reduce_l2", "reduce_l1"},
                                                                              {"reduce_sum_square", "reduce_l2"},
                                                                              {"reduce_log_sum", "reduce_log_sum_exp"},
                                                                              {"softplus", "log_sigmoid"},
                                                                              {"hypot", "logaddexp"},
                                                                              {"cum_sum", "cum_prod"}};
    for (const auto& [name, other] : pairs)
      if (name == o.info.name) return find_op(other);
    return nullptr;
  }
};

}  // namespace backproof::mutants
