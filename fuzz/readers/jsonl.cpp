// Recorded gradients as JSON lines, and what is made of them.
#include "backproof/flow/pages/pages.hpp"
#include "backproof/flow/recording/recording.hpp"
#include "backproof/flow/rules/rules.hpp"
#include "fuzz/target.hpp"

namespace backproof::fuzz {

void try_to_read(std::string_view bytes) {
  flow::flow_record r = flow::analyze(flow::read_recording(file_with(bytes, ".jsonl")), {});
  flow::judge(r);
  if (r.layers.empty()) return;  // the command says that there are no gradients
  flow::text_of(r), flow::json_of(r), flow::markdown_of(r), flow::html_of(r), flow::junit_of(r);
}

std::vector<std::string> seeds() {
  const auto line = [](const char* kind, const char* layer, int index) {
    return std::string(R"({"step":0,"kind":")") + kind + R"(","layer":")" + layer + R"(","index":)" +
           std::to_string(index) +
           R"(,"width":4,"n":8,"norm":0.5,"absmax":0.25,"zeros":1,"nonfinite":0,"dtype":"f16","loss_scale":2,)" +
           R"("clipped":false,"absent":false,"exp_hist":[[-3,4],[-2,3]]})" + "\n";
  };
  return {line("delta", "in", 1), line("delta", "fc1", 1) + line("delta", "fc2", 2) + line("grad", "fc1.weight", 0) +
                                      line("weight", "fc1.weight", 0)};
}

}  // namespace backproof::fuzz
