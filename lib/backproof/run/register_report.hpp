// For the generated unit of each report, and for programs that bring reports of their own.
#pragma once

#include "backproof/run/reporter.hpp"

namespace backproof {

bool register_report(report item);

}  // namespace backproof
