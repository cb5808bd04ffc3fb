// The method run: the tensors that a request for it names, and its arguments as the plugin takes them.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "backproof/adapter.h"
#include "backproof/tensor/safetensors.hpp"
#include "worker/call.hpp"
#include "worker/memory.hpp"
#include "worker/params.hpp"
#include "worker/rpc.hpp"

namespace backproof::worker {

// A list of tensors that the request names: ["in.0", null]. Null entries stay null pointers.
class tensor_list {
 public:
  tensor_list(const json& params, const char* key, const safetensors& frame, layout how) : how_(how) {
    for (const json& name : list_param(params, key)) add(name, key, frame);
  }
  std::uint32_t count() const { return static_cast<std::uint32_t>(pointers_.size()); }
  const bp_tensor* const* data() const { return pointers_.data(); }

  // The names of those whose bytes are no longer what they were.
  void name_changed(json& names) const {
    for (const given& g : given_)
      if (g.memory.changed()) names.push_back(g.name);
  }

 private:
  struct given {
    given(std::string n, const tensor& t, layout how)
        : name(std::move(n)),
          source(&t),
          memory(t, how),
          view(t.type(), t.dims(), memory.strides(), memory.elements()) {}
    std::string name;
    const tensor* source;
    operand_memory memory;
    borrowed view;
  };

  void add(const json& name, const char* key, const safetensors& frame);

  layout how_;
  std::deque<given> given_;  // a deque, because pointers into it are kept
  std::vector<const bp_tensor*> pointers_;
};

// A request for a run, and the arguments for the plugin that point into it.
class run_request {
 public:
  run_request(const json& params, const safetensors& frame, std::uint64_t timeout_ns);
  run_request(const run_request&) = delete;

  const bp_run_args& args() const { return args_; }

  // Throws rpc_error if the run failed. Puts the results into `reply`, and returns their names.
  json collect(safetensors& reply) const;
  json mutated() const;

 private:
  bool is_vjp() const { return args_.mode == BP_VJP; }

  std::string op_, domain_, attrs_;
  tensor_list inputs_, cotangents_, tangents_;
  std::vector<std::uint8_t> needs_grad_;
  bp_call call_;
  bp_run_args args_{};
};

}  // namespace backproof::worker
