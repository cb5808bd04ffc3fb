#include "backproof/host/adapter_check.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <limits>
#include <memory>

#include "backproof/op/registry.hpp"
#include "backproof/op/sample.hpp"

namespace backproof::host {
namespace {

using namespace std::chrono_literals;
using kind = answer::kind;

constexpr auto echo_types = {dtype::f64, dtype::f32, dtype::f16, dtype::bf16, dtype::i64};

// A claim that does not hold; the text says why.
class broken_claim : public error {
 public:
  using error::error;
};

template <class T>
tensor tensor_of_bits(dtype t, std::initializer_list<T> patterns) {
  tensor out(t, {static_cast<index_t>(patterns.size())});
  std::memcpy(out.bytes().data(), patterns.begin(), out.bytes().size());
  return out;
}

// Bits that are easily lost: quiet and signalling NaNs of either sign with payloads, infinities, -0, the least
// subnormal, the largest number.
tensor awkward(dtype t) {
  switch (t) {
    case dtype::f64:
      return tensor_of_bits<std::uint64_t>(
          t, {0x7ff80000deadbeef, 0xfff0000000000001, 0x7ff0000000000000, 0xfff0000000000000, 0x8000000000000000, 1,
              0x800fffffffffffff, 0x7fefffffffffffff});
    case dtype::f32:
      return tensor_of_bits<std::uint32_t>(
          t, {0x7fc0beef, 0xff800001, 0x7f800000, 0xff800000, 0x80000000, 1, 0x807fffff, 0x7f7fffff});
    case dtype::f16:
      return tensor_of_bits<std::uint16_t>(t, {0x7e0d, 0xfc01, 0x7c00, 0xfc00, 0x8000, 1, 0x83ff, 0x7bff});
    case dtype::bf16:
      return tensor_of_bits<std::uint16_t>(t, {0x7fcd, 0xff81, 0x7f80, 0xff80, 0x8000, 1, 0x807f, 0x7f7f});
    case dtype::i64:
      return tensor_of_bits<std::int64_t>(t,
                                          {0, -1, (std::int64_t{1} << 53) + 1, std::numeric_limits<std::int64_t>::min(),
                                           std::numeric_limits<std::int64_t>::max()});
  }
  return {};
}

class suite {
 public:
  suite(const adapter_command& command, const stdio_options& options) : command_(command), options_(options) {}

  std::vector<adapter_finding> run() {
    claim("starts", [this] { return start(); });
    claim("initialize answers protocol 1", [this] { return initialize(); });
    claim("describe returns a valid capability document", [this] { return describe(); });
    claim("what it offers is well formed", [this] { return offers(); });
    for (const dtype t : echo_types)
      claim(fmt::format("echo returns {} bit for bit", name_of(t)), [=, this] { return echo(t); });
    claim("an unknown method is refused with -32601",
          [this] { return refuses("no_such_method", "{}", method_not_found); });
    claim("an unknown op is refused with 12", [this] { return refuses_unknown_op(); });
    claim("every op it offers answers", [this] { return answers(); });
    claim("standard output carries frames only", [this] { return clean_output(); });
    claim("shutdown ends it with exit code 0", [this] { return shuts_down(); });
    claim("end of input ends it within 5 s", [this] { return ends_with_input(); });
    return std::move(findings_);
  }

 private:
  // The adapter is started anew when an earlier claim broke it, but not when it could not be started at first.
  void claim(const std::string& name, const std::function<std::string()>& test) {
    adapter_finding f{.name = name, .ok = true, .detail = {}};
    try {
      if (hopeless_) throw broken_claim("not tried, because it did not start");
      if (!findings_.empty() && (!connection_ || !connection_->usable())) start_again();
      f.detail = test();
    } catch (const std::exception& e) {
      f.ok = false;
      f.detail = e.what();
    }
    const bool first_failure = !f.ok && findings_.size() < 2 && !hopeless_;
    if (first_failure && !command_.install_hint.empty())
      f.detail += "; to install what it needs: " + command_.install_hint;
    hopeless_ = hopeless_ || first_failure;
    findings_.push_back(std::move(f));
  }

  std::string start() {
    began_ = clock::now();
    connection_ = std::make_unique<connection>(command_.words, options_.bounds);
    return {};
  }

  void start_again() {
    start();
    initialize();
  }

  std::string initialize() {
    const answer a = expect(call("initialize", initialize_params(options_.call_deadline), options_.start_deadline));
    require_protocol(a.result);
    return fmt::format("after {} ms",
                       std::chrono::duration_cast<std::chrono::milliseconds>(clock::now() - began_).count());
  }

  std::string describe() {
    offered_ = parse_capabilities(expect(call("describe", "{}", options_.start_deadline)).result);
    const std::string framework = offered_.framework.empty() ? "" : ", for " + offered_.framework;
    return fmt::format("{} {}{} {}", offered_.name, offered_.version, framework, offered_.framework_version);
  }

  std::string offers() {
    std::vector<std::string> known, own, unknown;
    for (const capability& c : offered_.ops) {
      if (!(c.forward || c.vjp || c.jvp) || c.dtypes.empty())
        throw broken_claim(c.op + " is offered without a mode or a dtype");
      if (c.own && find_op(c.op) == nullptr) introduce(own_op(*c.own));
      auto& list = known_op(c) == nullptr ? unknown : known_op(c)->has_reference() ? known : own;
      if (std::find(list.begin(), list.end(), c.op) == list.end()) list.push_back(c.op);
    }
    if (known.empty() && own.empty() && unknown.empty()) throw broken_claim("nothing is offered");
    return fmt::format("{} ops known to backproof{}{}", known.size(),
                       own.empty() ? "" : fmt::format(", {} by their signature", own.size()),
                       unknown.empty()
                           ? ""
                           : fmt::format("; not to be judged, for want of a signature or a name of their own: {}",
                                         fmt::join(unknown, ", ")));
  }

  std::string echo(dtype t) {
    const std::vector<std::pair<std::string, tensor>> sent = {
        {"values", awkward(t)}, {"empty", tensor(t, {2, 0, 3})}, {"scalar", tensor(t, {})}, {"none", tensor(t, {0})}};
    const answer a = expect(call("echo", "{}", options_.call_deadline, sent));
    for (const auto& [name, x] : sent) {
      const tensor* y = a.frame.find(name);
      if (y == nullptr) throw broken_claim("tensor '" + name + "' did not come back");
      if (y->type() != x.type() || y->dims() != x.dims())
        throw broken_claim(fmt::format("tensor '{}' came back as {}{}, expected {}{}", name, name_of(y->type()),
                                       to_string(y->dims()), name_of(x.type()), to_string(x.dims())));
      const auto first = std::mismatch(x.bytes().begin(), x.bytes().end(), y->bytes().begin()).first;
      if (first != x.bytes().end())
        throw broken_claim(fmt::format("tensor '{}': element {} came back with other bits", name,
                                       static_cast<std::size_t>(first - x.bytes().begin()) / bytes_of(t)));
    }
    return "NaN payloads, -0, subnormals, infinities, empty, rank 0";
  }

  std::string refuses(const std::string& method, const std::string& params, int code) {
    const answer a = call(method, params, options_.call_deadline);
    if (a.ok()) throw broken_claim("it answered as if it knew it");
    if (a.what != kind::refusal) throw broken_claim(a.message);
    if (a.code != code) throw broken_claim(fmt::format("the code is {} ({})", a.code, a.message));
    return a.message;
  }

  std::string refuses_unknown_op() {
    return refuses("run",
                   R"({"op":"NoSuchOp","domain":"backproof","opset":1,"mode":"forward","dtype":"f64",)"
                   R"("attrs":{},"inputs":[],"needs_grad":[],"seed":1})",
                   unimplemented);
  }

  // One small case of everything offered. Whether the numbers are right is not the question here.
  std::string answers() {
    if (offered_.ops.empty()) throw broken_claim("nothing is offered");
    std::size_t asked = 0, declined = 0;
    for (const capability& c : offered_.ops) {
      const op* o = known_op(c);
      if (o == nullptr) continue;
      for (const dtype t : c.dtypes)
        for (const mode m : {mode::forward, mode::vjp, mode::jvp}) {
          if (!(m == mode::forward ? c.forward : m == mode::vjp ? c.vjp : c.jvp)) continue;
          ++asked;
          declined += !answers_one(m, *o, draw_sample(*o, t, 1, 0));
        }
    }
    if (asked > 0 && declined == asked) throw broken_claim("it declines everything that it offers");
    return fmt::format("{} questions, {} declined", asked, declined);
  }

  bool answers_one(mode m, const op& o, const sample& s) {
    request r = run_request(m, o, s);
    const answer a = call("run", r.params, options_.call_deadline, std::move(r.tensors));
    const std::string where = fmt::format("{} of {} in {}: ", name_of(m), o.wire_name(), name_of(s.type));
    if (a.what == kind::refusal && a.code == unimplemented) return false;
    if (!a.ok()) throw broken_claim(where + a.message);
    try {
      answered_tensors(m, a.result, m == mode::vjp ? s.inputs.size() : s.cotangents.size(), a.frame);
    } catch (const std::exception& e) {
      throw broken_claim(where + e.what());
    }
    return true;
  }

  // By now the adapter has loaded all it needs and has computed something, which is when libraries print.
  std::string clean_output() {
    expect(call("echo", "{}", options_.call_deadline));
    if (const std::string text = connection_->child().available(); !text.empty())
      throw broken_claim("text after an answer: '" + one_line(text) + "'");
    return {};
  }

  std::string shuts_down() {
    expect(call("shutdown", "{}", options_.call_deadline));
    process& child = connection_->child();
    if (!child.wait(clock::now() + 5s)) throw broken_claim("still running after 5 s");
    const std::string ending = child.ending();
    const bool well = child.ended_well();
    connection_.reset();
    if (!well) throw broken_claim(ending);
    return ending;
  }

  std::string ends_with_input() {
    process& child = connection_->child();
    child.close_input();
    if (!child.wait(clock::now() + 5s)) throw broken_claim("still running after 5 s");
    const std::string ending = child.ending();
    if (!child.ended_well()) throw broken_claim(ending);
    return ending;
  }

  answer call(const std::string& method, const std::string& params, std::chrono::milliseconds within,
              std::vector<std::pair<std::string, tensor>> tensors = {}) {
    return connection_->call(method, params, std::move(tensors), clock::now() + within);
  }

  static answer expect(answer a) {
    if (!a.ok()) throw broken_claim(a.message);
    return a;
  }

  static const op* known_op(const capability& c) {
    const op* o = find_op(c.op);
    return o != nullptr && o->domain() == c.domain && o->wire_name() == c.op ? o : nullptr;
  }

  const adapter_command& command_;
  const stdio_options& options_;
  std::unique_ptr<connection> connection_;
  clock::time_point began_;
  capabilities offered_;
  std::vector<adapter_finding> findings_;
  bool hopeless_ = false;
};

}  // namespace

std::vector<adapter_finding> check_adapter(const adapter_command& command, const stdio_options& options) {
  return suite(command, options).run();
}

}  // namespace backproof::host
