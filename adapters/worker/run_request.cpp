#include "worker/run_request.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "worker/trouble.hpp"

namespace backproof::worker {
namespace {

constexpr std::uint32_t max_outputs = 64;

}  // namespace

void tensor_list::add(const json& name, const char* key, const safetensors& frame) {
  if (name.is_null()) return pointers_.push_back(nullptr);
  if (!name.is_string()) throw rpc_error(invalid_params, fmt::format("params.{}: neither a name nor null", key));
  const auto text = name.get<std::string>();
  const auto found = std::find_if(frame.tensors.begin(), frame.tensors.end(), [&](auto& t) { return t.first == text; });
  if (found == frame.tensors.end())
    throw rpc_error(invalid_params, fmt::format("params.{}: the frame has no tensor '{}'", key, text.substr(0, 80)));
  if (how_ == layout::aliased)
    for (given& g : given_)
      if (*g.source == found->second) return pointers_.push_back(&g.view.view);
  pointers_.push_back(&given_.emplace_back(text, found->second, how_).view.view);
}

run_request::run_request(const json& params, const safetensors& frame, std::uint64_t timeout_ns)
    : op_(text_param(params, "op")),
      domain_(text_param(params, "domain")),
      attrs_(params.value("attrs", json::object()).dump()),
      inputs_(params, "inputs", frame, layout_param(params)),
      cotangents_(params, "cotangents", frame, layout_param(params)),
      tangents_(params, "tangents", frame, layout_param(params)),
      needs_grad_(needs_grad_param(params, inputs_.count())) {
  args_.struct_size = sizeof args_;
  args_.op = str_of(op_);
  args_.domain = str_of(domain_);
  args_.opset = integer_param<std::int32_t>(params, "opset");
  args_.mode = mode_param(params);
  args_.dtype = dtype_param(params);
  args_.attrs_json = str_of(attrs_);
  args_.seed = integer_param<std::uint64_t>(params, "seed");
  args_.n_inputs = inputs_.count();
  args_.inputs = inputs_.data();
  args_.n_cotangents = cotangents_.count();
  args_.cotangents = cotangents_.data();
  args_.n_tangents = tangents_.count();
  args_.tangents = tangents_.data();
  args_.needs_grad = is_vjp() ? needs_grad_.data() : nullptr;
  args_.call = &call_;
  args_.flags = flags_param(params);
  call_.result_limit = is_vjp() ? inputs_.count() : max_outputs;
  if (timeout_ns != 0) args_.deadline_ns = call_.deadline_ns = now_ns() + timeout_ns;
}

json run_request::collect(safetensors& reply) const {
  const char* what = is_vjp() ? "gradient" : "output";
  for (const auto& [index, result] : call_.results)
    if (const char* damage = result.damage(); *damage != '\0')
      throw rpc_error(BP_INTERNAL, fmt::format("the adapter {} {} {}", damage, what, index));
  if (call_.status != BP_OK) throw rpc_error(call_.status, call_.message);
  if (!is_vjp() && call_.results.empty()) throw rpc_error(BP_INTERNAL, "the adapter gave no output");

  json names = json::array();
  const std::size_t slots = is_vjp() ? inputs_.count() : call_.results.rbegin()->first + std::size_t{1};
  for (std::uint32_t k = 0; k < slots; ++k) {
    const auto found = call_.results.find(k);
    const bool unasked = is_vjp() && needs_grad_[k] == 0;  // computed all the same, which does no harm
    if (found == call_.results.end() || unasked) {
      names.push_back(nullptr);
      continue;
    }
    names.push_back(fmt::format("{}.{}", is_vjp() ? "grad" : "out", k));
    reply.tensors.emplace_back(names.back().get<std::string>(), found->second.take());
  }
  json result = json::object();
  result[is_vjp() ? "grads" : "outputs"] = std::move(names);
  return result;
}

json run_request::mutated() const {
  json names = json::array();
  for (const tensor_list* list : {&inputs_, &cotangents_, &tangents_}) list->name_changed(names);
  return names;
}

}  // namespace backproof::worker
