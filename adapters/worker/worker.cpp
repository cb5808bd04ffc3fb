// backproof-worker FILE.so: puts an adapter plugin into a process of its own, and answers for it on stdin and stdout.
//
// Protocol bp/1: JSON-RPC 2.0 objects as the metadata "rpc" of safetensors frames. Methods: initialize, describe, run,
// echo, shutdown; the end of stdin is a shutdown too. Errors with negative codes are faults of the protocol, those with
// positive codes are the adapter's status. One line on stderr and an exit code say why the process gave up:
//   0 shutdown, 3 trouble of its own, 4 usage or input that cannot be read, 6 the plugin could not be started
//
// The worker stands between a plugin that may be wrong in any way and a host that must not be misled by it:
// - stdin and stdout are moved away before the plugin is loaded, so that nothing it prints corrupts the stream;
// - results are written into memory that is filled with NaN and watched on both sides: an overrun is error 13;
// - tensors that were given to the plugin and came back changed are named in the reply: "mutated": ["in.0"];
// - floating-point modes are restored after each call, and a change is told: "fp_environment_changed": true.
#include <dlfcn.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cfenv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "backproof/adapter.h"
#include "backproof/tensor/safetensors.hpp"

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

namespace backproof {
namespace {

using json = nlohmann::ordered_json;

// Why the process ends: with this exit code, and what() on stderr.
class fatal : public std::runtime_error {
 public:
  fatal(int code, const std::string& message) : std::runtime_error(message), exit_code(code) {}
  int exit_code;
};
constexpr int exit_internal = 3, exit_unreadable = 4, exit_no_adapter = 6;

// Why one request fails. Negative codes are JSON-RPC's, positive ones are a bp_status.
class rpc_error : public std::runtime_error {
 public:
  rpc_error(int error_code, const std::string& message) : std::runtime_error(message), code(error_code) {}
  int code;
};
constexpr int parse_error = -32700, invalid_request = -32600, method_not_found = -32601, invalid_params = -32602;

constexpr std::size_t max_message_bytes = 4000;
constexpr std::size_t max_document_bytes = max_header_bytes / 4;  // it travels as a JSON string, which escapes it
constexpr int max_json_depth = 16;
constexpr std::int32_t max_rank = 16;
constexpr bp_status last_status = 16;  // of absl's

json parse_json(std::string_view text) {
  const auto shallow = [](int depth, json::parse_event_t, json&) {
    if (depth > max_json_depth) throw std::runtime_error("nested too deeply");
    return true;
  };
  return json::parse(text, shallow);
}

std::string_view view_of(bp_str s) { return s.len == 0 ? std::string_view() : std::string_view(s.ptr, s.len); }
bp_str str_of(std::string_view s) { return {s.data(), s.size()}; }

// ---- The stream of frames ---------------------------------------------------------------------------------------

class channel {
 public:
  // Takes stdin and stdout for the protocol, and leaves /dev/null and stderr in their places.
  static channel take_standard_streams() {
    const int in = ::fcntl(0, F_DUPFD_CLOEXEC, 3), out = ::fcntl(1, F_DUPFD_CLOEXEC, 3);
    const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (in < 0 || out < 0 || null < 0 || ::dup2(null, 0) < 0 || ::dup2(2, 1) < 0)
      throw fatal(exit_internal, fmt::format("cannot take over stdin and stdout: {}", std::strerror(errno)));
    ::close(null);
    return {in, out};
  }

  // None at the end of the stream. Throws format_error when the stream makes no sense from here on.
  std::optional<std::vector<std::byte>> read() {
    std::vector<std::byte> frame(8);
    const std::size_t got = fill(frame, 0);
    if (got == 0) return std::nullopt;
    if (got < frame.size()) throw format_error("the stream ends inside of a frame");
    extend(frame, header_bytes(std::span<const std::byte>(frame).first<8>()));
    const std::string_view header(reinterpret_cast<const char*>(frame.data()) + 8, frame.size() - 8);
    extend(frame, payload_bytes(header));
    return frame;
  }

  void write(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::write(out_, bytes.data(), bytes.size());
      if (n >= 0)
        bytes = bytes.subspan(static_cast<std::size_t>(n));
      else
        wait(out_, POLLOUT, "write to");
    }
  }

 private:
  channel(int in, int out) : in_(in), out_(out) {}

  void extend(std::vector<std::byte>& frame, std::size_t more) {
    const std::size_t had = frame.size();
    frame.resize(had + more);
    if (fill(frame, had) < frame.size()) throw format_error("the stream ends inside of a frame");
  }

  // Reads until the frame is full or the stream ends; returns how far it came.
  std::size_t fill(std::vector<std::byte>& frame, std::size_t at) {
    while (at < frame.size()) {
      const ssize_t n = ::read(in_, frame.data() + at, frame.size() - at);
      if (n == 0) break;
      if (n > 0)
        at += static_cast<std::size_t>(n);
      else
        wait(in_, POLLIN, "read from");
    }
    return at;
  }

  // After a failed read or write: returns when it is worth trying again. Parents may hand over non-blocking pipes.
  static void wait(int fd, short events, const char* what) {
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      pollfd p{fd, events, 0};
      ::poll(&p, 1, -1);
    } else if (errno != EINTR) {
      throw fatal(exit_internal, fmt::format("cannot {} the host: {}", what, std::strerror(errno)));
    }
  }

  int in_, out_;
};

// ---- Floating-point modes ---------------------------------------------------------------------------------------

// The modes in force when it was made, to come back to: rounding, flush to zero, denormals are zero, trapping.
class fp_modes {
 public:
  fp_modes() : rounding_(std::fegetround()), control_(control()) { std::fegetenv(&all_); }

  // Returns whether they had been changed.
  bool restore() const {
    const bool changed = std::fegetround() != rounding_ || control() != control_;
    std::fesetenv(&all_);
    return changed;
  }

 private:
  static unsigned control() {
#if defined(__SSE__)               // elsewhere fesetenv restores what there is, but only rounding modes are compared
    return _mm_getcsr() & ~0x3fu;  // the low six bits only record which exceptions have occurred
#else
    return 0;
#endif
  }

  std::fenv_t all_{};
  int rounding_;
  unsigned control_;
};

// ---- Tensors on both sides of the C interface -------------------------------------------------------------------

struct format_code {
  dtype type;
  bp_dtype code;
  std::uint64_t filling;  // a quiet NaN with a payload that no arithmetic makes; for indices, a number out of any range
};
constexpr format_code formats[] = {{dtype::f64, {BP_CODE_FLOAT, 64, 1}, 0x7ff8badbadbadbad},
                                   {dtype::f32, {BP_CODE_FLOAT, 32, 1}, 0x7fcbadba},
                                   {dtype::f16, {BP_CODE_FLOAT, 16, 1}, 0x7ebd},
                                   {dtype::bf16, {BP_CODE_BFLOAT, 16, 1}, 0x7feb},
                                   {dtype::i64, {BP_CODE_INT, 64, 1}, 0x8badbadbadbadbad}};

const format_code& format_code_of(dtype t) {
  return *std::find_if(std::begin(formats), std::end(formats), [t](auto& f) { return f.type == t; });
}

// A bp_tensor, with the arrays that it points to.
struct borrowed {
  borrowed(dtype t, shape s, std::byte* data) : borrowed(t, s, strides_of(s), data) {}
  borrowed(dtype t, shape s, shape steps, std::byte* data) : dims(std::move(s)), strides(std::move(steps)) {
    view.data = data;
    view.device = {BP_DEVICE_CPU, 0};
    view.ndim = static_cast<std::int32_t>(dims.size());
    view.dtype = format_code_of(t).code;
    view.shape = dims.data();
    view.strides = strides.data();
  }
  borrowed(const borrowed&) = delete;

  shape dims, strides;
  bp_tensor view{};
};

// The memory for one result, between two guards whose bytes are known.
class guarded_result {
 public:
  guarded_result(dtype t, const shape& dims)
      : type_(t), bytes_(static_cast<std::size_t>(size_of(dims)) * bytes_of(t)), memory_(bytes_ + 2 * guard) {
    for (std::size_t i = 0; i < guard; ++i) memory_[i] = memory_[guard + bytes_ + i] = guard_byte(i);
    const std::uint64_t filling = format_code_of(t).filling;
    for (std::size_t i = 0; i < bytes_; i += bytes_of(t)) std::memcpy(elements() + i, &filling, bytes_of(t));
    view_.emplace(t, dims, elements());
  }

  bp_tensor* view() { return &view_->view; }

  // What happened to the guards; empty if nothing did.
  const char* damage() const {
    for (std::size_t i = 0; i < guard; ++i) {
      if (memory_[i] != guard_byte(i)) return "wrote in front of";
      if (memory_[guard + bytes_ + i] != guard_byte(i)) return "wrote past the end of";
    }
    return "";
  }

  tensor take() const {
    tensor t(type_, view_->dims);
    std::copy_n(memory_.begin() + guard, bytes_, t.bytes().begin());
    return t;
  }

 private:
  static constexpr std::size_t guard = 1024;
  static std::byte guard_byte(std::size_t i) { return static_cast<std::byte>(0xa5 ^ (i & 0xff)); }
  std::byte* elements() { return memory_.data() + guard; }

  dtype type_;
  std::size_t bytes_;
  std::vector<std::byte> memory_;
  std::optional<borrowed> view_;
};

}  // namespace
}  // namespace backproof

// The host's side of one call of run. Its functions are those of bp_host_api.
struct bp_call {
  std::uint32_t result_limit = 0;  // results are numbered below it
  std::uint64_t deadline_ns = 0;
  std::map<std::uint32_t, backproof::guarded_result> results;
  std::size_t bytes = 0;
  bp_status status = BP_OK;
  std::string message;

  bp_status fail(bp_status why, std::string_view text) {
    if (status == BP_OK) {
      status = why;
      message = text.substr(0, backproof::max_message_bytes);
    }
    return why;
  }
  bp_status allocate(std::uint32_t index, bp_dtype code, std::int32_t ndim, const std::int64_t* dims, bp_tensor** out);
};

bp_status bp_call::allocate(std::uint32_t index, bp_dtype code, std::int32_t ndim, const std::int64_t* dims,
                            bp_tensor** out) {
  using namespace backproof;
  const auto known = std::find_if(std::begin(formats), std::end(formats), [&](auto& f) {
    return f.code.code == code.code && f.code.bits == code.bits && f.code.lanes == code.lanes;
  });
  if (known == std::end(formats))
    return fail(BP_UNIMPLEMENTED,
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

namespace backproof {
namespace {

// ---- The plugin -------------------------------------------------------------------------------------------------

std::uint64_t now_ns() {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
          .count());
}

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

class plugin {
 public:
  explicit plugin(const std::string& path) {
    check_readable(path);
    const fp_modes before;
    // Without a slash, dlopen would search the system's library path instead.
    const std::string file = path.find('/') == std::string::npos ? "./" + path : path;
    void* library = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) throw fatal(exit_no_adapter, fmt::format("cannot load {}: {}", path, last_dl_error()));
    create(path, ::dlsym(library, "backproof_adapter_create_v1"));
    changed_modes_ = before.restore();
  }
  plugin(const plugin&) = delete;
  // The library stays loaded: threads that it started may still be running.
  ~plugin() { adapter_->destroy(adapter_); }

  json describe() {
    const fp_modes before;
    const std::string_view text = view_of(adapter_->describe(adapter_));
    before.restore();
    if (text.size() > max_document_bytes) throw rpc_error(BP_INTERNAL, "the capability document is too long");
    try {
      json document = parse_json(text);
      if (document.is_object() && document.contains("adapter") && document.contains("ops")) {
        json& under = document["under"];
        if (!under.is_array()) under = json::array();
        for (const char* what : {"unaligned", "aliased", "watched"})
          under.push_back(what);  // which take no cooperation
        return document;
      }
    } catch (const std::exception&) {
    }
    throw rpc_error(BP_INTERNAL, "the adapter's capability document is no JSON object with \"adapter\" and \"ops\"");
  }

  // Returns whether floating-point modes were changed. The status and the results are in *args.call.
  bool run(const bp_run_args& args) {
    const fp_modes before;
    bp_status status = BP_INTERNAL;
    try {
      status = adapter_->run(adapter_, &args);
    } catch (...) {
      args.call->fail(BP_INTERNAL, "an exception left the adapter");
    }
    const bool changed = before.restore();
    if (status < BP_OK || status > last_status)
      args.call->fail(BP_INTERNAL, fmt::format("the adapter returned the status {}", status));
    else if (status != BP_OK)
      args.call->fail(status, "the adapter gave no reason");
    return changed;
  }

  bool changed_modes_when_loaded() const { return changed_modes_; }

 private:
  static void check_readable(const std::string& path) {
    std::error_code trouble;
    if (!std::filesystem::is_regular_file(path, trouble))
      throw fatal(exit_unreadable, fmt::format("cannot read {}: {}", path, trouble ? trouble.message() : "not a file"));
    if (::access(path.c_str(), R_OK) != 0)
      throw fatal(exit_unreadable, fmt::format("cannot read {}: {}", path, std::strerror(errno)));
  }

  static std::string last_dl_error() {
    const char* text = ::dlerror();
    return text == nullptr ? "no reason given" : text;
  }

  void create(const std::string& path, void* symbol) {
    if (symbol == nullptr)
      throw fatal(exit_no_adapter, fmt::format("{} does not export backproof_adapter_create_v1", path));
    const bp_status status = reinterpret_cast<bp_adapter_create_fn>(symbol)(&host_, str_of("{}"), &adapter_);
    if (status != BP_OK)
      throw fatal(exit_no_adapter, fmt::format("{}: the adapter could not be created: status {}, {}", path, status,
                                               last_error_.empty() ? "no reason given" : last_error_));
    if (adapter_ == nullptr || adapter_->abi_major != BP_ABI_MAJOR || adapter_->struct_size < sizeof(bp_adapter))
      throw fatal(exit_no_adapter, fmt::format("{}: the adapter's table is not one of version {}", path, BP_ABI_MAJOR));
  }

  std::string last_error_;
  bp_host_api host_{sizeof(bp_host_api), BP_ABI_MAJOR,       BP_ABI_MINOR, host_alloc_output, host_set_error, host_log,
                    host_cancelled,      host_get_extension, &last_error_};
  bp_adapter* adapter_ = nullptr;
  bool changed_modes_ = false;
};

// ---- The method run ---------------------------------------------------------------------------------------------

json list_param(const json& params, const char* key) {
  json list = params.value(key, json::array());
  if (!list.is_array()) throw rpc_error(invalid_params, fmt::format("params.{} must be a list", key));
  return list;
}

// How operands lie in memory, as the request has it.
enum class layout { plain, strided, expanded, unaligned, aliased };

layout layout_param(const json& params) {
  const std::string under = params.value("under", std::string());
  if (under == "strided") return layout::strided;
  if (under == "expanded") return layout::expanded;
  if (under == "unaligned") return layout::unaligned;
  if (under == "aliased") return layout::aliased;
  return layout::plain;
}

// An operand's elements in memory, in the layout that is asked for; what lies between them is as NaN as results are.
class operand_memory {
 public:
  operand_memory(const tensor& t, layout how) : strides_(strides_of(t.dims())) {
    const std::size_t width = bytes_of(t.type());
    if (how == layout::expanded && uniform(t)) std::fill(strides_.begin(), strides_.end(), index{0});
    if (how == layout::strided) stretch(t.dims());
    // Vectors of the standard library begin at multiples of 16 or more.
    offset_ = how == layout::unaligned ? width : 0;
    index last = 0;
    for (std::size_t k = 0; k < strides_.size(); ++k) last += std::max<index>(t.dims()[k] - 1, 0) * strides_[k];
    bytes_.resize(offset_ + (static_cast<std::size_t>(last) + 1) * width);
    for (std::size_t i = 0; i < bytes_.size(); i += width)
      std::memcpy(bytes_.data() + i, &format_code_of(t.type()).filling, std::min(width, bytes_.size() - i));
    for (index i = 0; i < t.count(); ++i)
      std::memcpy(elements() + static_cast<std::size_t>(place(t.dims(), i)) * width,
                  t.bytes().data() + static_cast<std::size_t>(i) * width, width);
    before_ = bytes_;
  }

  std::byte* elements() { return bytes_.data() + offset_; }
  const shape& strides() const { return strides_; }
  bool changed() const { return bytes_ != before_; }

 private:
  static bool uniform(const tensor& t) {
    for (index i = 1; i < t.count(); ++i)
      if (t.at(i) != t.at(0)) return false;
    return true;
  }

  // The axes in the opposite order, and room for a second element behind each.
  void stretch(const shape& dims) {
    index step = 2;
    for (std::size_t k = 0; k < dims.size(); ++k) {
      strides_[k] = step;
      step *= std::max<index>(dims[k], 1);
    }
  }

  index place(const shape& dims, index i) const {
    index at = 0;
    for (std::size_t k = dims.size(); k-- > 0; i /= dims[k]) at += i % dims[k] * strides_[k];
    return at;
  }

  shape strides_;
  std::size_t offset_ = 0;
  std::vector<std::byte> bytes_, before_;
};

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

  void add(const json& name, const char* key, const safetensors& frame) {
    if (name.is_null()) return pointers_.push_back(nullptr);
    if (!name.is_string()) throw rpc_error(invalid_params, fmt::format("params.{}: neither a name nor null", key));
    const auto text = name.get<std::string>();
    const auto found =
        std::find_if(frame.tensors.begin(), frame.tensors.end(), [&](auto& t) { return t.first == text; });
    if (found == frame.tensors.end())
      throw rpc_error(invalid_params, fmt::format("params.{}: the frame has no tensor '{}'", key, text.substr(0, 80)));
    if (how_ == layout::aliased)
      for (given& g : given_)
        if (*g.source == found->second) return pointers_.push_back(&g.view.view);
    pointers_.push_back(&given_.emplace_back(text, found->second, how_).view.view);
  }

  layout how_;
  std::deque<given> given_;  // a deque, because pointers into it are kept
  std::vector<const bp_tensor*> pointers_;
};

std::string text_param(const json& params, const char* key) {
  if (!params.contains(key) || !params[key].is_string())
    throw rpc_error(invalid_params, fmt::format("params.{} must be a string", key));
  return params[key].get<std::string>();
}

template <class T>
T integer_param(const json& params, const char* key) {
  if (!params.contains(key)) return 0;
  const json& j = params[key];
  const bool fits = j.is_number_integer() &&
                    (std::is_unsigned_v<T> ? j.is_number_unsigned() : j >= json(INT32_MIN) && j <= json(INT32_MAX));
  if (!fits) throw rpc_error(invalid_params, fmt::format("params.{} must be an integer in range", key));
  return j.get<T>();
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

// One flag per input; those that are not given get true.
std::vector<std::uint8_t> needs_grad_param(const json& params, std::size_t inputs) {
  std::vector<std::uint8_t> flags;
  for (const json& flag : list_param(params, "needs_grad")) {
    if (!flag.is_boolean()) throw rpc_error(invalid_params, "params.needs_grad must be a list of true and false");
    flags.push_back(flag.get<bool>() ? 1 : 0);
  }
  flags.resize(std::max<std::size_t>(inputs, 1), 1);  // never empty, so that there is a pointer to give
  return flags;
}

// A request for a run, and the arguments for the plugin that point into it.
class run_request {
 public:
  run_request(const json& params, const safetensors& frame, std::uint64_t timeout_ns)
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
  run_request(const run_request&) = delete;

  const bp_run_args& args() const { return args_; }

  // Throws rpc_error if the run failed. Puts the results into `reply`, and returns their names.
  json collect(safetensors& reply) const {
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
      if (found == call_.results.end()) {
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

  json mutated() const {
    json names = json::array();
    for (const tensor_list* list : {&inputs_, &cotangents_, &tangents_}) list->name_changed(names);
    return names;
  }

 private:
  static constexpr std::uint32_t max_outputs = 64;
  bool is_vjp() const { return args_.mode == BP_VJP; }

  std::string op_, domain_, attrs_;
  tensor_list inputs_, cotangents_, tangents_;
  std::vector<std::uint8_t> needs_grad_;
  bp_call call_;
  bp_run_args args_{};
};

// ---- The requests -----------------------------------------------------------------------------------------------

class server {
 public:
  server(channel& c, plugin& p) : channel_(c), plugin_(p) {}

  void serve() {
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

 private:
  void answer(std::span<const std::byte> bytes) {
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

  static json request_of(const safetensors& frame) {
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

  json call(const std::string& method, const json& params, safetensors& frame, safetensors& reply) {
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

  json initialize(const json& params) {
    const json versions = params.value("protocol", json::array());
    if (std::find(versions.begin(), versions.end(), json(1)) == versions.end())
      throw rpc_error(invalid_params, "params.protocol must list a version that the worker speaks: 1");
    timeout_ns_ = integer_param<std::uint64_t>(params, "timeout_ms") * 1'000'000;
    return {{"protocol", 1},
            {"adapter", plugin_.describe()["adapter"]},
            {"fp_environment_changed", plugin_.changed_modes_when_loaded()}};
  }

  json run(const json& params, safetensors& frame, safetensors& reply) {
    run_request request(params, frame, timeout_ns_);
    const bool changed_modes = plugin_.run(request.args());
    json result = request.collect(reply);
    result["fp_environment_changed"] = changed_modes;
    result["mutated"] = request.mutated();
    return result;
  }

  void respond(safetensors reply, const json& rpc) {
    reply.metadata["rpc"] = rpc.dump(-1, ' ', false, json::error_handler_t::replace);
    channel_.write(encode(reply));
  }

  void respond_error(const json& id, int code, std::string_view message) {
    const json error = {{"code", code},
                        {"message", message.substr(0, max_message_bytes)},
                        {"data", {{"kind", code < 0 ? "protocol" : "adapter"}}}};
    respond({}, {{"jsonrpc", "2.0"}, {"id", id}, {"error", error}});
  }

  channel& channel_;
  plugin& plugin_;
  std::uint64_t timeout_ns_ = 0;
  bool done_ = false;
};

void work(int argc, char** argv) {
  if (argc != 2 || argv[1][0] == '-')
    throw fatal(exit_unreadable, "usage: backproof-worker FILE.so (speaks the protocol bp/1 on stdin and stdout)");
  channel to_host = channel::take_standard_streams();
  plugin subject(argv[1]);
  server(to_host, subject).serve();
}

}  // namespace
}  // namespace backproof

int main(int argc, char** argv) {
  try {
    backproof::work(argc, argv);
    return 0;
  } catch (const backproof::fatal& e) {
    std::fprintf(stderr, "backproof-worker: %s\n", e.what());
    return e.exit_code;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "backproof-worker: %s\n", e.what());
    return backproof::exit_internal;
  }
}
