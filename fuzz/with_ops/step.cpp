// A recorded training step of a network, and its audit.
#include "backproof/network/audit/step.hpp"

#include "backproof/network/audit/audit.hpp"
#include "fuzz/target.hpp"

namespace backproof::fuzz {

namespace {

const networks::network& audited_network() {
  static const networks::network n = networks::network_of(
      R"({"format":"backproof.net/1","inputs":{"x":{"shape":[2,3]}},"layers":[{"name":"fc","op":"Linear","units":2},{"name":"act","op":"Relu"},{"name":"loss","op":"ReduceSum"}]})");
  return n;
}

}  // namespace

void try_to_read(std::string_view bytes) { networks::audited(audited_network(), decode(bytes_of(bytes))); }

std::vector<std::string> seeds() {
  const networks::network& n = audited_network();
  safetensors whole = networks::step_of(n, networks::evaluate(n.g)), part = whole;
  std::erase_if(part.tensors, [](const auto& t) { return t.first == "value/act" || t.first == "delta/act"; });
  return {text_of(encode(whole)), text_of(encode(part))};
}

}  // namespace backproof::fuzz
