// The backward pass takes other parameters than the forward pass did.
#pragma once

#include <cmath>

#include "backproof/mutation/ways.hpp"

namespace backproof::mutants {

struct parameters {
  static constexpr family_info info{.name = "parameters", .what = "another parameter backward than forward"};

  static std::vector<mutant> all() {
    return {{.name = "stale_parameter",
             .bug_class = "stale-parameter",
             .summary = "the backward pass takes the default of a parameter, whatever the forward pass took",
             .where = "the parameter is not the default",
             .wrong = each_attribute([](attribute& a) { return neutral(a); }),
             .probed = true,
             .equivalent = [](const op& o) -> std::string_view {
               if (o.info.name == "add_const") return "its derivative is 1 whatever the constant";
               return of_shapes_alone(o);
             }},
            {.name = "swapped_extents",
             .bug_class = "swap",
             .summary = "two entries of a parameter with one per axis are exchanged, as height and width",
             .where = "the two entries differ",
             .wrong = each_attribute([](attribute& a) {
               auto* list = std::get_if<std::vector<std::int64_t>>(&a);
               if (list == nullptr || list->size() < 2 || list->front() == list->back()) return false;
               std::swap(list->front(), list->back());
               return true;
             }),
             .probed = true,
             .equivalent = [](const op& o) -> std::string_view {
               if (o.info.name.starts_with("reduce_") ||
                   among(o.info.name, "mean_variance_normalization standard_deviation variance"))
                 return "its axes have no order";
               return of_shapes_alone(o);
             }},
            {.name = "another_guard",
             .bug_class = "guard-mismatch",
             .summary = "the backward pass takes another epsilon than the forward pass",
             .where = "epsilon does not vanish beside what it guards",
             .wrong = each_attribute(
                 [](attribute& a) {
                   auto* eps = std::get_if<double>(&a);
                   if (eps == nullptr) return false;
                   *eps = *eps * 2 + 0.001;
                   return true;
                 },
                 {"eps", "epsilon"}),
             .probed = true},
            {.name = "bound_in_storage_type",
             .bug_class = "low-precision",
             .summary = "a parameter is rounded to the type of the tensors before it is compared with them",
             .where = "16-bit types, a parameter that they do not represent",
             .wrong =
                 [](const question& q, reply& r) {
                   const format& f = format_of(q.x.type);
                   each_attribute([&](attribute& a) {
                     auto* v = std::get_if<double>(&a);
                     if (v == nullptr || round_to(f, *v) == *v) return false;
                     *v = round_to(f, *v);
                     return true;
                   })(q, r);
                 },
             .dtypes = {dtype::bf16, dtype::f16},
             .probed = true,
             .equivalent = [](const op& o) -> std::string_view {
               if (o.info.name == "add_const") return "its derivative is 1 whatever the constant";
               return among(o.info.name, "batch_normalization instance_normalization")
                          ? "the rounding of epsilon is below that of the variance that it is added to"
                          : "";
             }}};
  }

 private:
  // The first attribute that `change` changes with effect.
  template <class F>
  static std::function<void(const question&, reply&)> each_attribute(F change,
                                                                     std::vector<std::string_view> only = {}) {
    return [change, only](const question& q, reply& r) {
      for (const auto& [name, value] : q.x.attrs) {
        if (!only.empty() && std::find(only.begin(), only.end(), name) == only.end()) continue;
        attribute other = value;
        if (!change(other) || other == value) continue;
        sample x = q.x;
        x.attrs.set(name, other);
        const std::optional<reply> wrong = ways::instead(q, x, r);
        if (!wrong || wrong->tensors == r.tensors) continue;
        r = *wrong;
        return;
      }
    };
  }

  static std::string_view of_shapes_alone(const op& o) {
    if (o.info.name == "max_unpool") return "its gradient depends on the indices alone";
    return among(o.info.name, "concat expand glu reshape split")
               ? "its gradient depends on the shapes alone, and another value that gives the same ones changes nothing"
               : "";
  }

  // What most libraries take as a default: 1 for a number or an extent, 0 for a pad or an axis.
  static bool neutral(attribute& a) {
    if (auto* n = std::get_if<std::int64_t>(&a)) *n = *n == 1 ? 0 : 1;
    if (auto* v = std::get_if<double>(&a)) *v = *v == 1 ? 0 : 1;
    if (auto* list = std::get_if<std::vector<std::int64_t>>(&a))
      std::fill(list->begin(), list->end(), list->empty() || list->front() == 1 ? 0 : 1);
    return !std::holds_alternative<std::string>(a);
  }
};

}  // namespace backproof::mutants
