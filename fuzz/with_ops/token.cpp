// Tokens: a sample in one line, drawn anew.
#include "backproof/base/config.hpp"
#include "backproof/run/counterexample.hpp"
#include "fuzz/target.hpp"

namespace backproof::fuzz {

void try_to_read(std::string_view bytes) {
  const std::unique_ptr<subject> reference = reference_subject();
  const std::string written = token_of(from_token(std::string(bytes), *reference));
  if (token_of(from_token(written, *reference)) != written) found("written and read again, it is another");
}

std::vector<std::string> seeds() {
  const std::string start = "bp1:" BACKPROOF_VERSION "/";
  return {start + "Add/f32/reference_gradient/1/12", start + "Relu/bf16/reference_value/7/kink-3",
          start + "Softmax/f64/adjoint_identity/1/special-2", start + "Sigmoid/f16/reference_gradient/1/exhaustive-5"};
}

}  // namespace backproof::fuzz
