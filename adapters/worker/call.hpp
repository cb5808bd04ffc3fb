// One call of run as the host's side of the C interface sees it, and the functions that a plugin may call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "backproof/adapter.h"
#include "worker/memory.hpp"

// Its functions are those of bp_host_api.
struct bp_call {
  std::uint32_t result_limit = 0;  // results are numbered below it
  std::uint64_t deadline_ns = 0;
  std::map<std::uint32_t, backproof::worker::guarded_result> results;
  std::size_t bytes = 0;
  bp_status status = BP_OK;
  std::string message;

  bp_status fail(bp_status why, std::string_view text);  // the first reason stays
  bp_status allocate(std::uint32_t index, bp_dtype code, std::int32_t ndim, const std::int64_t* dims, bp_tensor** out);
};

namespace backproof::worker {

inline std::string_view view_of(bp_str s) { return s.len == 0 ? std::string_view() : std::string_view(s.ptr, s.len); }
inline bp_str str_of(std::string_view s) { return {s.data(), s.size()}; }

std::uint64_t now_ns();

bp_host_api host_api(std::string& last_error);  // what a plugin logs as an error is kept in `last_error`

}  // namespace backproof::worker
