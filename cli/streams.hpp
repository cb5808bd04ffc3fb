// The standard streams, which whoever started us may have closed, or filled a disk with.
#pragma once

#include <string_view>

namespace backproof::cli {

// A descriptor below 3 that is closed would go to the next file that is opened, and a report would get our messages. In
// its place comes one that can neither be read nor written.
void occupy_standard_streams();

// To standard error, as far as that takes it: what cannot be told must not become a failure of its own.
void tell(std::string_view text);

}  // namespace backproof::cli
