// The parameters of a request. One that is missing, or of the wrong type, is an rpc_error that names it.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

#include "backproof/adapter.h"
#include "worker/memory.hpp"
#include "worker/rpc.hpp"
#include "worker/trouble.hpp"

namespace backproof::worker {

json list_param(const json& params, const char* key);
std::string text_param(const json& params, const char* key);
layout layout_param(const json& params);
std::int32_t mode_param(const json& params);
bp_dtype dtype_param(const json& params);
std::uint32_t flags_param(const json& params);
// One flag per input; those that are not given get true.
std::vector<std::uint8_t> needs_grad_param(const json& params, std::size_t inputs);

template <class T>
T integer_param(const json& params, const char* key) {
  if (!params.contains(key)) return 0;
  const json& j = params[key];
  const bool fits = j.is_number_integer() &&
                    (std::is_unsigned_v<T> ? j.is_number_unsigned() : j >= json(INT32_MIN) && j <= json(INT32_MAX));
  if (!fits) throw rpc_error(invalid_params, fmt::format("params.{} must be an integer in range", key));
  return j.get<T>();
}

}  // namespace backproof::worker
