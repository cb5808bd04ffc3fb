#include "backproof/host/connection.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "backproof/host/frame_limits.hpp"
#include "backproof/host/untrusted_json.hpp"

namespace backproof::host {
namespace {

using namespace std::chrono_literals;
using kind = answer::kind;

constexpr std::size_t read_step = std::size_t{16} << 20;  // memory is taken as bytes arrive, not as they are promised

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Whether the beginning of a frame is somebody's print instead: no frame has a header that long.
bool is_text(std::string_view start) {
  return start.size() >= 4 && std::all_of(start.begin(), start.begin() + 4, [](unsigned char c) {
           return c == '\n' || c == '\t' || c == '\r' || (c >= ' ' && c != 0x7f && c < 0xf8);  // UTF-8 has no more
         });
}

answer parse_error(const json& error) {
  answer a{.what = kind::refusal, .result = {}, .code = 0, .message = {}, .frame = {}};
  const json* code = member(error, "code");
  if (code == nullptr || !code->is_number_integer()) throw json_trouble("error.code: expected an integer");
  // Codes beyond an int are nobody's: clamping them keeps them unknown.
  a.code = static_cast<int>(std::clamp<std::int64_t>(code->get<std::int64_t>(), -1'000'000, 1'000'000));
  a.message = text_or(error, "message", "", "error.");
  if (a.message.empty()) a.message = fmt::format("error {}", a.code);
  return a;
}

answer parse_answer(const std::string& rpc, int id) {
  const json j = parse_untrusted(rpc);
  const json *version = member(j, "jsonrpc"), *number = member(j, "id"), *result = member(j, "result"),
             *error = member(j, "error");
  if (version == nullptr || *version != "2.0") throw json_trouble("jsonrpc: expected \"2.0\"");
  if ((result == nullptr) == (error == nullptr)) throw json_trouble("expected either result or error");
  // An adapter that could not make out the request answers with an error and without its id.
  const bool unknown = error != nullptr && number != nullptr && number->is_null();
  if (!unknown && (number == nullptr || *number != id))
    throw json_trouble(fmt::format("id: expected {}, got {}", id,
                                   number == nullptr ? "none" : one_line(number->dump(-1, ' ', true), 40)));
  if (error != nullptr) return parse_error(*error);
  if (!result->is_object()) throw json_trouble("result: expected an object");
  return {.what = kind::result, .result = result->dump(), .code = 0, .message = {}, .frame = {}};
}

std::size_t header_bytes_of(const std::vector<std::byte>& frame) { return header_bytes(std::span(frame).first<8>()); }

// A question that cannot be put: nothing was sent, so the adapter is as well as it was.
answer too_long(const std::string& message) {
  constexpr int resource_exhausted = 8;
  return {.what = kind::refusal, .result = {}, .code = resource_exhausted, .message = message, .frame = {}};
}

}  // namespace

answer answer_in(safetensors frame, int id) {
  const auto rpc = frame.metadata.find("rpc");
  if (rpc == frame.metadata.end()) throw json_trouble("a frame without 'rpc' in its metadata");
  answer a = parse_answer(rpc->second, id);
  a.frame = std::move(frame);
  return a;
}

answer connection::call(const std::string& method, const std::string& params,
                        std::vector<std::pair<std::string, tensor>> tensors, clock::time_point deadline) {
  if (!usable_) return broken(kind::nonsense, "the connection is closed");
  const int id = ++last_id_;
  safetensors request;
  request.metadata["rpc"] = fmt::format(R"({{"jsonrpc":"2.0","id":{},"method":"{}","params":{}}})", id, method, params);
  request.tensors = std::move(tensors);

  const std::vector<std::byte> question = encode(request);
  if (const std::size_t n = header_bytes_of(question); n > max_frame_header_bytes)
    return too_long(
        fmt::format("the question has a header of {} bytes; at most {} are sent", n, max_frame_header_bytes));
  if (auto failed = send(question, deadline)) return *failed;
  std::vector<std::byte> frame;
  if (auto failed = receive(frame, max_answer_header_bytes(method), deadline)) return *failed;
  try {
    answer a = answer_in(decode(frame), id);
    if (clock::now() > deadline) return trouble(process::outcome::late);
    return a;
  } catch (const std::exception& e) {
    return broken(kind::nonsense, std::string("malformed answer: ") + e.what());
  }
}

std::optional<answer> connection::send(const std::vector<std::byte>& frame, clock::time_point deadline) {
  const process::outcome o = child_.write(frame, deadline);
  return o == process::outcome::done ? std::nullopt : std::optional(trouble(o));
}

std::optional<answer> connection::receive(std::vector<std::byte>& frame, std::size_t most_header,
                                          clock::time_point deadline) {
  const auto more = [&](std::size_t bytes) {
    process::outcome o = process::outcome::done;
    while (o == process::outcome::done && bytes > 0) {
      const std::size_t step = std::min(bytes, read_step), had = frame.size();
      frame.resize(had + step);
      o = child_.read(std::span(frame).subspan(had), deadline);
      bytes -= step;
    }
    return o;
  };
  try {
    if (const auto o = more(8); o != process::outcome::done) return trouble(o);
    const std::size_t n = header_bytes(std::span(frame).first<8>());
    if (n > most_header)
      throw format_error(fmt::format("a header of {} bytes; at most {} are read here", n, most_header));
    if (const auto o = more(n); o != process::outcome::done) return trouble(o);
    const std::size_t payload = payload_bytes(text_of(std::span(frame).subspan(8)));
    if (const auto o = more(payload); o != process::outcome::done) return trouble(o);
  } catch (const format_error& e) {
    const std::string start(text_of(frame).substr(0, 8));
    if (is_text(start)) return text_instead(start + child_.available());
    return broken(kind::nonsense, std::string("not a frame: ") + e.what());
  }
  return std::nullopt;
}

answer connection::trouble(process::outcome o) {
  using enum process::outcome;
  if (o == late) return broken(kind::silence, "no answer in time");
  if (o == stopped) return broken(kind::interruption, "interrupted");
  if (o == unasked) return text_instead(child_.available());
  // The pipe closes a moment before the process can be seen to have ended.
  if (!child_.wait(clock::now() + 2s)) return broken(kind::nonsense, "closed its standard streams but did not exit");
  return broken(kind::death, child_.ending());
}

answer connection::text_instead(const std::string& text) {
  return broken(kind::nonsense, "text on standard output, which is for frames only: '" + one_line(text) + "'");
}

answer connection::broken(answer::kind what, const std::string& message) {
  usable_ = false;
  child_.stop();
  answer a{.what = what, .result = {}, .code = 0, .message = message, .frame = {}};
  if (const std::string words = child_.last_words(); !words.empty()) a.message += "; its last words: " + words;
  return a;
}

}  // namespace backproof::host
