// The kill matrix for people and for scripts.
#pragma once

#include <iosfwd>
#include <string>

#include "backproof/mutation/kill_matrix.hpp"

namespace backproof {

std::string kill_matrix_as_text(const kill_matrix& x, const kill_matrix_plan& p);
std::string kill_matrix_as_json(const kill_matrix& x, const kill_matrix_plan& p);  // schema backproof.mutants/1
std::string kill_matrix_as_html(const kill_matrix& x, const kill_matrix_plan& p);  // one page, without scripts

}  // namespace backproof
