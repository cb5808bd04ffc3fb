// Stored counterexamples, which every version has to read and to judge as the one that wrote them did: what the subject
// returned then still fails, in the same way, and an honest implementation still passes.
#include <filesystem>
#include <set>

#include "backproof/run/counterexample.hpp"
#include "backproof/run/registry.hpp"
#include "backproof/run/run.hpp"
#include "generators.hpp"

namespace backproof::properties {

BOOST_AUTO_TEST_SUITE(regressions)

namespace {

// Says what is stored in the file.
class recorded : public subject {
 public:
  recorded(const safetensors& file, std::size_t gradients) : answer_{} {
    for (std::size_t k = 0; k < gradients; ++k) {
      const tensor* d = file.find("actual." + std::to_string(k));
      answer_.tensors.push_back(d == nullptr ? std::nullopt : std::optional(*d));
    }
  }
  std::string name() const override { return "recorded"; }
  std::string version() const override { return "0"; }
  offer offers(const op&, dtype) const override { return {.forward = false, .vjp = true, .jvp = false, .why_not = ""}; }
  reply run(mode, const op&, const sample&) override { return answer_; }

 private:
  reply answer_;
};

std::set<std::filesystem::path> files() {
  std::set<std::filesystem::path> all;  // in order
  for (const auto& entry : std::filesystem::directory_iterator(REGRESSIONS))
    if (entry.path().extension() == ".safetensors") all.insert(entry.path());
  return all;
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_stored_counterexample_is_judged_as_it_was) {
  BOOST_TEST(files().size() >= 5U);
  for (const std::filesystem::path& path : files()) {
    BOOST_TEST_CONTEXT(path.filename().string()) {
      const safetensors file = read_file(path);
      const counterexample c = from_file(file);
      const op& o = *find_op(c.op);
      const check& by = *find_check(c.check);
      recorded then(file, c.x.inputs.size());
      BOOST_TEST((judge(o, by, then, c.x).outcome == verdict::fail));
      BOOST_TEST((judge(o, by, *reference_subject(), c.x).outcome == verdict::pass));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::properties
