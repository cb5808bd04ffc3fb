#include "worker/plugin.hpp"

#include <dlfcn.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "backproof/tensor/safetensors.hpp"
#include "worker/fp_modes.hpp"
#include "worker/trouble.hpp"

namespace backproof::worker {
namespace {

constexpr std::size_t max_document_bytes = max_header_bytes / 4;  // it travels as a JSON string, which escapes it
constexpr bp_status last_status = 16;                             // of absl's

void check_readable(const std::string& path) {
  std::error_code trouble;
  if (!std::filesystem::is_regular_file(path, trouble))
    throw fatal(exit_unreadable, fmt::format("cannot read {}: {}", path, trouble ? trouble.message() : "not a file"));
  if (::access(path.c_str(), R_OK) != 0)
    throw fatal(exit_unreadable, fmt::format("cannot read {}: {}", path, std::strerror(errno)));
}

std::string last_dl_error() {
  const char* text = ::dlerror();
  return text == nullptr ? "no reason given" : text;
}

}  // namespace

plugin::plugin(const std::string& path) {
  check_readable(path);
  const fp_modes before;
  // Without a slash, dlopen would search the system's library path instead.
  const std::string file = path.find('/') == std::string::npos ? "./" + path : path;
  void* library = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw fatal(exit_no_adapter, fmt::format("cannot load {}: {}", path, last_dl_error()));
  create(path, ::dlsym(library, "backproof_adapter_create_v1"));
  changed_modes_ = before.restore();
}

json plugin::describe() {
  const fp_modes before;
  const std::string_view text = view_of(adapter_->describe(adapter_));
  before.restore();
  if (text.size() > max_document_bytes) throw rpc_error(BP_INTERNAL, "the capability document is too long");
  try {
    json document = parse_json(text);
    if (document.is_object() && document.contains("adapter") && document.contains("ops")) {
      json& under = document["under"];
      if (!under.is_array()) under = json::array();
      // Those that take no cooperation.
      for (const char* what : {"unaligned", "aliased", "watched", "partial"}) under.push_back(what);
      return document;
    }
  } catch (const std::exception&) {
  }
  throw rpc_error(BP_INTERNAL, "the adapter's capability document is no JSON object with \"adapter\" and \"ops\"");
}

bool plugin::run(const bp_run_args& args) {
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

void plugin::create(const std::string& path, void* symbol) {
  if (symbol == nullptr)
    throw fatal(exit_no_adapter, fmt::format("{} does not export backproof_adapter_create_v1", path));
  const bp_status status = reinterpret_cast<bp_adapter_create_fn>(symbol)(&host_, str_of("{}"), &adapter_);
  if (status != BP_OK)
    throw fatal(exit_no_adapter, fmt::format("{}: the adapter could not be created: status {}, {}", path, status,
                                             last_error_.empty() ? "no reason given" : last_error_));
  if (adapter_ == nullptr || adapter_->abi_major != BP_ABI_MAJOR || adapter_->struct_size < sizeof(bp_adapter))
    throw fatal(exit_no_adapter, fmt::format("{}: the adapter's table is not one of version {}", path, BP_ABI_MAJOR));
  const char* missing = adapter_->describe == nullptr  ? "describe"
                        : adapter_->run == nullptr     ? "run"
                        : adapter_->destroy == nullptr ? "destroy"
                                                       : nullptr;
  if (missing != nullptr)
    throw fatal(exit_no_adapter, fmt::format("{}: the adapter's table has no function '{}', but NULL", path, missing));
}

}  // namespace backproof::worker
