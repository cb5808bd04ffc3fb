#include "worker/params.hpp"

#include <algorithm>

#include "backproof/number/dtype.hpp"

namespace backproof::worker {

json list_param(const json& params, const char* key) {
  json list = params.value(key, json::array());
  if (!list.is_array()) throw rpc_error(invalid_params, fmt::format("params.{} must be a list", key));
  return list;
}

std::string text_param(const json& params, const char* key) {
  if (!params.contains(key) || !params[key].is_string())
    throw rpc_error(invalid_params, fmt::format("params.{} must be a string", key));
  return params[key].get<std::string>();
}

layout layout_param(const json& params) {
  const std::string under = params.value("under", std::string());
  if (under == "strided") return layout::strided;
  if (under == "expanded") return layout::expanded;
  if (under == "unaligned") return layout::unaligned;
  if (under == "aliased") return layout::aliased;
  return layout::plain;
}

std::int32_t mode_param(const json& params) {
  const std::string mode = text_param(params, "mode");
  if (mode == "forward") return BP_FORWARD;
  if (mode == "vjp") return BP_VJP;
  if (mode == "jvp") return BP_JVP;
  throw rpc_error(invalid_params, "params.mode must be forward, vjp or jvp");
}

bp_dtype dtype_param(const json& params) {
  const auto type = dtype_named(text_param(params, "dtype"));
  if (!type || !is_float(*type)) throw rpc_error(invalid_params, "params.dtype must be f64, f32, f16 or bf16");
  return format_code_of(*type).code;
}

std::uint32_t flags_param(const json& params) {
  const std::string under = params.value("under", std::string());
  if (under == "threads") return BP_THREADS;
  if (under == "retained") return BP_RETAINED;
  if (under == "accumulated") return BP_ACCUMULATED;
  return 0;
}

std::vector<std::uint8_t> needs_grad_param(const json& params, std::size_t inputs) {
  std::vector<std::uint8_t> flags;
  for (const json& flag : list_param(params, "needs_grad")) {
    if (!flag.is_boolean()) throw rpc_error(invalid_params, "params.needs_grad must be a list of true and false");
    flags.push_back(flag.get<bool>() ? 1 : 0);
  }
  flags.resize(std::max<std::size_t>(inputs, 1), 1);  // never empty, so that there is a pointer to give
  return flags;
}

}  // namespace backproof::worker
