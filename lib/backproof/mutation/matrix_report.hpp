// The kill matrix for people and for scripts.
#pragma once

#include <iosfwd>
#include <string>

#include "backproof/mutation/matrix.hpp"

namespace backproof {

std::string matrix_as_text(const matrix& x, const matrix_plan& p);
std::string matrix_as_json(const matrix& x, const matrix_plan& p);  // schema backproof.mutants/1
std::string matrix_as_html(const matrix& x, const matrix_plan& p);  // one page, without scripts

}  // namespace backproof
