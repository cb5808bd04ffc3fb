#include "worker/call.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <exception>

#include "backproof/tensor/safetensors.hpp"
#include "worker/rpc.hpp"

bp_status bp_call::fail(bp_status why, std::string_view text) {
  if (status == BP_OK) {
    status = why;
    message = text.substr(0, backproof::worker::max_message_bytes);
  }
  return why;
}

bp_status bp_call::allocate(std::uint32_t index, bp_dtype code, std::int32_t ndim, const std::int64_t* dims,
                            bp_tensor** out) {
  using namespace backproof;
  constexpr std::int32_t max_rank = 16;
  const worker::format_code* known = worker::format_with(code);
  if (known == nullptr)
    return fail(BP_INTERNAL,
                fmt::format("result {} has an element type that backproof does not carry (code {}, {} bits)", index,
                            code.code, code.bits));
  if (index >= result_limit) return fail(BP_INTERNAL, fmt::format("there is no result {}", index));
  if (results.contains(index)) return fail(BP_INTERNAL, fmt::format("result {} was allocated twice", index));
  if (ndim < 0 || ndim > max_rank || (ndim > 0 && dims == nullptr))
    return fail(BP_INTERNAL, fmt::format("result {} has rank {}", index, ndim));
  std::size_t wanted = bytes_of(known->type);
  for (std::int32_t k = 0; k < ndim; ++k) {
    if (dims[k] < 0) return fail(BP_INTERNAL, fmt::format("result {} has the extent {}", index, dims[k]));
    const auto extent = static_cast<std::size_t>(dims[k]);
    if (extent > max_payload_bytes || (extent != 0 && wanted > max_payload_bytes / extent))
      return fail(BP_RESOURCE_EXHAUSTED, fmt::format("result {} is larger than {} bytes", index, max_payload_bytes));
    wanted *= extent;
  }
  if (wanted > max_payload_bytes - bytes)
    return fail(BP_RESOURCE_EXHAUSTED, fmt::format("the results are larger than {} bytes", max_payload_bytes));
  bytes += wanted;
  *out = results.try_emplace(index, known->type, shape(dims, dims + ndim)).first->second.view();
  return BP_OK;
}

namespace backproof::worker {
namespace {

// What the plugin may call. None of it throws into the plugin.
bp_status host_alloc_output(bp_call* c, std::uint32_t index, bp_dtype code, std::int32_t ndim, const std::int64_t* dims,
                            bp_tensor** out) {
  if (c == nullptr || out == nullptr) return BP_INVALID_ARGUMENT;
  *out = nullptr;
  try {
    return c->allocate(index, code, ndim, dims, out);
  } catch (const std::exception&) {
    return c->fail(BP_RESOURCE_EXHAUSTED, "the worker is out of memory");
  }
}

void host_set_error(bp_call* c, bp_status status, bp_str message) {
  if (c != nullptr && status != BP_OK) c->fail(status, view_of(message));
}

void host_log(void* host, std::int32_t level, bp_str message) {
  const std::string_view text = view_of(message).substr(0, max_message_bytes);
  if (level >= 3) *static_cast<std::string*>(host) = text;
  std::fprintf(stderr, "adapter: %.*s\n", static_cast<int>(text.size()), text.data());
}

std::int32_t host_cancelled(bp_call* c) {
  return c != nullptr && c->deadline_ns != 0 && now_ns() > c->deadline_ns ? 1 : 0;
}

const void* host_get_extension(const char*) { return nullptr; }

}  // namespace

std::uint64_t now_ns() {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
          .count());
}

bp_host_api host_api(std::string& last_error) {
  return {sizeof(bp_host_api), BP_ABI_MAJOR,       BP_ABI_MINOR, host_alloc_output, host_set_error, host_log,
          host_cancelled,      host_get_extension, &last_error};
}

}  // namespace backproof::worker
