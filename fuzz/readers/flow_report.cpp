// The report of an earlier flow analysis, as a baseline.
#include "backproof/flow/pages/pages.hpp"
#include "backproof/flow/rules/baseline.hpp"
#include "fuzz/target.hpp"

namespace backproof::fuzz {

namespace {

flow::flow_record some() {
  flow::flow_record r;
  for (const char* name : {"fc1", "fc2"}) {
    r.layers.emplace_back();
    r.layers.back().name = name;
    r.layers.back().gain = 0.25;
  }
  return r;
}

}  // namespace

void try_to_read(std::string_view bytes) {
  flow::flow_record r = some();
  flow::compare_with_baseline(r, file_with(bytes, ".json"), 0.5);
  flow::text_of(r);
}

std::vector<std::string> seeds() {
  return {
      R"({"schema":"backproof.flow-report/1","layers":[]})",
      R"({"schema":"backproof.flow-report/1","layers":[{"name":"fc1","gain_decades":0.2},{"name":"x","gain_decades":null}]})"};
}

}  // namespace backproof::fuzz
