// The plugin: an adapter in a shared library.
#pragma once

#include <string>

#include "backproof/adapter.h"
#include "worker/call.hpp"
#include "worker/rpc.hpp"

namespace backproof::worker {

class plugin {
 public:
  explicit plugin(const std::string& path);
  plugin(const plugin&) = delete;
  // The library stays loaded: threads that it started may still be running.
  ~plugin() { adapter_->destroy(adapter_); }

  json describe();

  // Returns whether floating-point modes were changed. The status and the results are in *args.call.
  bool run(const bp_run_args& args);

  bool changed_modes_when_loaded() const { return changed_modes_; }

 private:
  void create(const std::string& path, void* symbol);

  std::string last_error_;
  bp_host_api host_ = host_api(last_error_);
  bp_adapter* adapter_ = nullptr;
  bool changed_modes_ = false;
};

}  // namespace backproof::worker
