#include "worker/server.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <optional>
#include <utility>
#include <vector>

#include "worker/params.hpp"
#include "worker/run_request.hpp"
#include "worker/trouble.hpp"

namespace backproof::worker {
namespace {

json request_of(const safetensors& frame) {
  const auto found = frame.metadata.find("rpc");
  if (found == frame.metadata.end()) throw rpc_error(invalid_request, "the frame has no metadata \"rpc\"");
  try {
    json request = parse_json(found->second);
    if (request.is_object()) return request;
  } catch (const std::exception&) {
    throw rpc_error(parse_error, "the metadata \"rpc\" is not valid JSON");
  }
  throw rpc_error(invalid_request, "the metadata \"rpc\" is not a JSON object");
}

}  // namespace

void server::serve() {
  while (!done_) {
    std::optional<std::vector<std::byte>> bytes;
    try {
      bytes = channel_.read();
    } catch (const format_error& e) {
      // How long the frame is cannot be known, so nothing that follows can be understood either.
      respond_error(nullptr, parse_error, e.what());
      throw fatal(exit_unreadable, e.what());
    }
    if (!bytes) return;
    answer(*bytes);
  }
}

void server::answer(std::span<const std::byte> bytes) {
  json id = nullptr;
  try {
    safetensors frame = decode(bytes);
    const json request = request_of(frame);
    if (request.contains("id") && (request["id"].is_number() || request["id"].is_string())) id = request["id"];
    if (id.is_null() || request.value("jsonrpc", json()) != "2.0" || !request.value("method", json()).is_string())
      throw rpc_error(invalid_request, "a request needs jsonrpc \"2.0\", an id and a method");
    const json params = request.value("params", json::object());
    if (!params.is_object()) throw rpc_error(invalid_params, "params must be an object");
    safetensors reply;
    json result = call(request["method"].get<std::string>(), params, frame, reply);
    respond(std::move(reply), {{"jsonrpc", "2.0"}, {"id", id}, {"result", std::move(result)}});
  } catch (const rpc_error& e) {
    respond_error(id, e.code, e.what());
  } catch (const format_error& e) {
    respond_error(id, parse_error, e.what());
  } catch (const json::exception& e) {
    respond_error(id, invalid_params, e.what());
  } catch (const std::bad_alloc&) {
    respond_error(id, BP_RESOURCE_EXHAUSTED, "the worker is out of memory");
  }
}

json server::call(const std::string& method, const json& params, safetensors& frame, safetensors& reply) {
  if (method == "run") return run(params, frame, reply);
  if (method == "echo") {
    reply.tensors = std::move(frame.tensors);
    return json::object();
  }
  if (method == "initialize") return initialize(params);
  if (method == "describe") return plugin_.describe();
  if (method == "shutdown") {
    done_ = true;
    return json::object();
  }
  throw rpc_error(method_not_found, fmt::format("no method '{}'", method.substr(0, 80)));
}

json server::initialize(const json& params) {
  const json versions = params.value("protocol", json::array());
  if (std::find(versions.begin(), versions.end(), json(1)) == versions.end())
    throw rpc_error(invalid_params, "params.protocol must list a version that the worker speaks: 1");
  timeout_ns_ = integer_param<std::uint64_t>(params, "timeout_ms") * 1'000'000;
  return {{"protocol", 1},
          {"adapter", plugin_.describe()["adapter"]},
          {"fp_environment_changed", plugin_.changed_modes_when_loaded()}};
}

json server::run(const json& params, safetensors& frame, safetensors& reply) {
  run_request request(params, frame, timeout_ns_);
  const bool changed_modes = plugin_.run(request.args());
  json result = request.collect(reply);
  result["fp_environment_changed"] = changed_modes;
  result["mutated"] = request.mutated();
  return result;
}

void server::respond(safetensors reply, const json& rpc) {
  reply.metadata["rpc"] = rpc.dump(-1, ' ', false, json::error_handler_t::replace);
  channel_.write(encode(reply));
}

void server::respond_error(const json& id, int code, std::string_view message) {
  const json error = {{"code", code},
                      {"message", message.substr(0, max_message_bytes)},
                      {"data", {{"kind", code < 0 ? "protocol" : "adapter"}}}};
  respond({}, {{"jsonrpc", "2.0"}, {"id", id}, {"error", error}});
}

}  // namespace backproof::worker
