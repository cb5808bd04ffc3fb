// Every check and report whose file is present: registered as ops are (op/registry.hpp).
#pragma once

#include <string_view>
#include <vector>

#include "backproof/judge/check.hpp"
#include "backproof/run/reporter.hpp"

namespace backproof {

const std::vector<check>& all_checks();  // sorted by name
const std::vector<report>& all_reports();

const check* find_check(std::string_view name);  // null if there is none
bool is_direct(std::string_view check);          // whether there is one of that name, and it is (check_info::direct)

}  // namespace backproof
