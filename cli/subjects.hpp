// From the --adapter argument to subjects.
#pragma once

#include <string>

#include "backproof/subject.hpp"

namespace backproof::cli {

// Empty: the reference itself. Throws adapter_error when there is no such adapter.
subject_factory subjects_of(const std::string& adapter);

}  // namespace backproof::cli
