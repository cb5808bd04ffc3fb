// The names of the files that were present when the build was configured; a test compares them with the registry.
#pragma once

#include <string_view>
#include <vector>

namespace backproof {

std::vector<std::string_view> op_files();
std::vector<std::string_view> check_files();
std::vector<std::string_view> report_files();
std::vector<std::string_view> mutant_files();

}  // namespace backproof
