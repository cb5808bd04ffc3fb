// Attributes as they are written in files and in requests.
#include "backproof/tensor/attributes.hpp"

#include "fuzz/target.hpp"

namespace backproof::fuzz {

void try_to_read(std::string_view bytes) {
  const attributes a = attributes_from_json(bytes);
  to_string(a);
  const std::string written = to_json(a);
  if (to_json(attributes_from_json(written)) != written) found("written and read again, they are others");
}

std::vector<std::string> seeds() {
  return {R"({})", R"({"axis":{"type":"int","value":-1},"alpha":{"type":"float","value":0.5}})",
          R"({"pads":{"type":"ints","value":[0,1,"9007199254740993"]},"mode":{"type":"string","value":"same"}})",
          R"({"scales":{"type":"floats","value":[1e300,"NaN","-Infinity"]}})"};
}

}  // namespace backproof::fuzz
