// For the generated unit of each check, and for programs that bring checks of their own.
#pragma once

#include "backproof/judge/check.hpp"

namespace backproof {

bool register_check(check item);

}  // namespace backproof
