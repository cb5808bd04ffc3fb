// Recorded gradients as named tensors, and what is made of them, up to the pages.
#include "backproof/flow/recording/recording.hpp"

#include "backproof/flow/pages/pages.hpp"
#include "backproof/flow/rules/rules.hpp"
#include "backproof/tensor/safetensors.hpp"
#include "fuzz/target.hpp"

namespace backproof::fuzz {

void try_to_read(std::string_view bytes) {
  flow::flow_record r = flow::analyze(flow::read_recording(file_with(bytes, ".safetensors")), {});
  flow::judge(r);
  if (r.layers.empty()) return;  // the command says that there are no gradients
  flow::text_of(r), flow::json_of(r), flow::markdown_of(r), flow::html_of(r), flow::junit_of(r);
}

std::vector<std::string> seeds() {
  safetensors one, steps;
  for (const std::string& layer : {"0/in", "1/fc1", "2/fc2"}) {
    one.tensors.emplace_back("delta/" + layer, tensor(dtype::f32, {2, 3}));
    for (const std::string& step : {"step/0/", "step/7/"})
      steps.tensors.emplace_back(step + "delta/" + layer, tensor(dtype::f64, {2, 2}));
  }
  one.tensors.emplace_back("grad/fc1.weight", tensor(dtype::f32, {3, 3}));
  one.tensors.emplace_back("weight/fc1.weight", tensor(dtype::f32, {3, 3}));
  one.tensors.emplace_back("jac/fc1", tensor(dtype::f64, {3, 3}));
  for (safetensors* s : {&one, &steps})
    for (auto& [name, t] : s->tensors)
      for (index_t i = 0; i < t.count(); ++i) t.set(i, 0.5 / static_cast<double>(i + 1));
  return {text_of(encode(one)), text_of(encode(steps))};
}

}  // namespace backproof::fuzz
