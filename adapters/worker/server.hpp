// Answers requests, one after the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "backproof/tensor/safetensors.hpp"
#include "worker/channel.hpp"
#include "worker/plugin.hpp"
#include "worker/rpc.hpp"

namespace backproof::worker {

class server {
 public:
  server(channel& c, plugin& p) : channel_(c), plugin_(p) {}

  void serve();  // until shutdown, or the end of the stream

 private:
  void answer(std::span<const std::byte> bytes);
  json call(const std::string& method, const json& params, safetensors& frame, safetensors& reply);
  json initialize(const json& params);
  json run(const json& params, safetensors& frame, safetensors& reply);
  void respond(safetensors reply, const json& rpc);
  void respond_error(const json& id, int code, std::string_view message);

  channel& channel_;
  plugin& plugin_;
  std::uint64_t timeout_ns_ = 0;
  bool done_ = false;
};

}  // namespace backproof::worker
