// What an adapter sends: a frame, the answer in it, and what each kind of answer is read for.
#include <fmt/format.h>

#include "backproof/host/connection.hpp"
#include "backproof/host/messages.hpp"
#include "fuzz/target.hpp"

namespace backproof::fuzz {

namespace {

// Of an answer that any of its readers may refuse, each reads its part.
template <class Reader>
void each_on_its_own(Reader read) {
  try {
    read();
  } catch (const misuse&) {
    throw;
  } catch (const error&) {
    // Refused, as it may be.
  }
}

std::string frame_of(const std::string& rest, std::vector<std::pair<std::string, tensor>> tensors = {}) {
  safetensors s;
  s.metadata["rpc"] = R"({"jsonrpc":"2.0","id":1,)" + rest + "}";
  s.tensors = std::move(tensors);
  return text_of(encode(s));
}

}  // namespace

void try_to_read(std::string_view bytes) {
  const std::span<const std::byte> all = bytes_of(bytes);
  if (all.size() < 8) return;  // the connection waits for more
  const std::size_t header = header_bytes(all.first<8>());
  if (all.size() < 8 + header) return;
  const std::size_t payload = payload_bytes(bytes.substr(8, header));
  if (all.size() - 8 - header < payload) return;
  const host::answer a = host::answer_in(decode(all.first(8 + header + payload)), 1);
  each_on_its_own([&] { host::require_protocol(a.result); });
  each_on_its_own([&] { host::parse_capabilities(a.result); });
  each_on_its_own([&] { host::told_changes(a.result); });
  each_on_its_own([&] { host::answered_tensors(mode::vjp, a.result, 2, a.frame); });
  each_on_its_own([&] { host::answered_tensors(mode::forward, a.result, 1, a.frame); });
}

std::vector<std::string> seeds() {
  return {
      frame_of(R"("result":{"protocol":1})"), frame_of(R"("error":{"code":-32001,"message":"not today"})"),
      frame_of(R"("result":{"outputs":["y"],"mutated":["in.0"],"fp_environment_changed":true})",
               {{"y", tensor(dtype::f32, {2})}}),
      frame_of(R"("result":{"grads":["a",null]})", {{"a", tensor(dtype::f64, {1, 2})}}),
      frame_of(
          R"("result":{"protocol":1,"adapter":{"name":"a"},"ops":[{"op":"Relu","modes":["vjp"],"dtypes":["f32"]}]})")};
}

}  // namespace backproof::fuzz
