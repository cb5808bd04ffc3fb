// The rules: each looks at a record and says what it finds. Thresholds are written where they are used, with the
// reason.
#pragma once

#include <span>
#include <string_view>

#include "backproof/flow/measure/record.hpp"

namespace backproof::flow {

struct rule {
  rule_id id;
  std::string_view claim;  // what is found, with its threshold
  void (*judge)(const rule&, flow_record&);
};
std::span<const rule> rules();
const rule* find_rule(std::string_view code_or_name);  // null if there is none

constexpr double gradient_limit = 1e-4;  // of GF011: how far a gradient may be from what it should be, of its size

void judge(flow_record& r);  // all rules, in their order

}  // namespace backproof::flow
