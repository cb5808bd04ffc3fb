// A subject behind a process that speaks the adapter protocol.
//
// The reply says what went wrong: an adapter that declines is `unimplemented` or `rejected`, one that dies is `crash`,
// one that does not answer is `timeout`, one that speaks nonsense is `error`. After the last three the process is
// started anew for the next question, so that one bad case does not affect the others.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "backproof/host/connection.hpp"
#include "backproof/host/memory_limit.hpp"
#include "backproof/host/messages.hpp"
#include "backproof/judge/subject.hpp"

namespace backproof::host {

struct stdio_options {
  std::chrono::milliseconds start_deadline{60'000};  // from the start of the process to its capability document
  std::chrono::milliseconds call_deadline{30'000};   // for each answer
  std::string install_hint;                          // command that installs what the adapter needs, for messages
  // Where its supervisor is, and within which bounds that keeps its processes. Once `stop` is set, a call that waits is
  // broken off within a tenth of a second; its reply, and that of every later one, is the error "interrupted", and must
  // not be taken for a fault of the adapter. Making a subject then throws.
  supervision bounds = {.program = {}, .memory = usual_memory_limit(), .address_space = 0, .stop = nullptr};
  // Told if the adapter did not shut down well, when there is no reply any more in which that could stand. It is called
  // in the destructor, and must not throw.
  std::function<void(const std::string&)> on_bad_end = {};
};

class stdio_subject final : public subject {
 public:
  // `label` names the adapter in messages until it has told its own name. Throws adapter_error when it cannot be
  // executed, speaks another protocol or offers nonsense, does not answer in time, or failed to start three times.
  stdio_subject(std::string label, std::vector<std::string> command, stdio_options options = {});
  ~stdio_subject() override;

  std::string name() const override { return offered_.name; }
  std::string version() const override;
  offer offers(const op& o, dtype t) const override;
  format accumulator(dtype t) const override;
  std::string declared_convention(const op& o) const override;
  const scope& scope_of(const op& o, dtype t) const override;
  bool supports(call_condition c) const override;
  bool deterministic() const override { return offered_.deterministic; }
  std::vector<op> own_ops() const override;
  std::vector<std::string> without_signature() const override;
  reply run(mode m, const op& o, const sample& s) override;

  const capabilities& offered() const { return offered_; }

 private:
  bool started(std::string& why_not);
  answer initialize(clock::time_point deadline);
  answer at_start(const std::string& method, answer a) const;
  std::string shut_down();
  bool told_to_stop() const { return options_.bounds.stop != nullptr && *options_.bounds.stop; }
  [[noreturn]] void give_up(const std::string& why) const;
  reply reply_to(mode m, const op& o, const sample& s, const answer& a) const;

  std::string label_;
  std::vector<std::string> command_;
  stdio_options options_;
  capabilities offered_;
  mutable std::map<std::pair<std::string, dtype>, scope> scopes_;  // by the op's name, of those that were asked for
  std::unique_ptr<connection> connection_;
  int failed_starts_ = 0;  // in a row
};

}  // namespace backproof::host
