// One running adapter: JSON-RPC 2.0 requests and answers, each inside of a safetensors frame, over the standard
// streams of its process.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "backproof/host/process.hpp"
#include "backproof/tensor/safetensors.hpp"

namespace backproof::host {

struct answer {
  enum class kind {
    result,
    refusal,       // a well-formed error object
    death,         // the process ended
    silence,       // the deadline passed
    nonsense,      // what came back is not an answer to the question
    interruption,  // supervision::stop was set: nothing is known about the adapter
  };
  kind what = kind::result;
  std::string result;   // JSON text of the result object
  int code = 0;         // of a refusal
  std::string message;  // one line; of all but a result
  safetensors frame;    // with the tensors of the answer

  bool ok() const { return what == kind::result; }
};

// What a frame says in answer to the request of that number. Throws invalid_input, one line, if it is no answer to it.
answer answer_in(safetensors frame, int id);

class connection {
 public:
  explicit connection(const std::vector<std::string>& command, const supervision& how = {}) : child_(command, how) {}

  // `params` is JSON text of an object. The deadline is for the whole: until the answer has been read and understood.
  // After anything but a result or a refusal the process is stopped and the connection is of no further use: nobody can
  // tell where the next frame would begin.
  answer call(const std::string& method, const std::string& params, std::vector<std::pair<std::string, tensor>> tensors,
              clock::time_point deadline);

  bool usable() const { return usable_; }
  process& child() { return child_; }

 private:
  // None if all went well; otherwise why the frame could not be sent or read.
  std::optional<answer> send(const std::vector<std::byte>& frame, clock::time_point deadline);
  std::optional<answer> receive(std::vector<std::byte>& frame, std::size_t most_header, clock::time_point deadline);
  answer trouble(process::outcome o);
  answer text_instead(const std::string& text);
  answer broken(answer::kind what, const std::string& message);

  process child_;
  bool usable_ = true;
  int last_id_ = 0;
};

}  // namespace backproof::host
