// The registry holds exactly what the folders hold.
#include "backproof/op/registry.hpp"

#include <algorithm>
#include <set>

#include "backproof/base/glob.hpp"
#include "backproof/base/inventory.hpp"
#include "backproof/run/registry.hpp"
#include "support.hpp"

namespace backproof::tests::in_registry {

BOOST_AUTO_TEST_SUITE(registry)

namespace {

template <class T>
std::vector<std::string_view> names_of(const std::vector<T>& registered) {
  std::vector<std::string_view> names;
  for (const T& item : registered) names.push_back(item.info.name);
  return names;
}

template <class T>
void holds(const std::vector<T>& registered, std::vector<std::string_view> files) {
  const std::vector<std::string_view> names = names_of(registered);
  std::sort(files.begin(), files.end());
  BOOST_TEST(names == files, boost::test_tools::per_element());
  BOOST_TEST(std::is_sorted(names.begin(), names.end()));
  BOOST_TEST((std::set(names.begin(), names.end()).size() == names.size()));
  BOOST_TEST(!names.empty());
}

bool snake_case(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_op_file_is_registered_once_and_nothing_else_is) { holds(all_ops(), op_files()); }
BOOST_AUTO_TEST_CASE(every_check_file_is_registered_once_and_nothing_else_is) { holds(all_checks(), check_files()); }
BOOST_AUTO_TEST_CASE(every_report_file_is_registered_once_and_nothing_else_is) { holds(all_reports(), report_files()); }

BOOST_AUTO_TEST_CASE(every_op_is_described_in_full) {
  for (const op& o : all_ops()) {
    BOOST_TEST_CONTEXT(o.info.name) {
      BOOST_TEST(snake_case(o.info.name));
      BOOST_TEST((!o.info.formula.empty() && !o.info.vjp.empty() && !o.info.source.empty()));
      BOOST_TEST((o.info.onnx.empty() == (o.info.opset == 0)));
      BOOST_TEST((o.draw && o.infer && o.real_kernels.forward && o.real_kernels.vjp && o.bounded_kernels.forward &&
                  o.bounded_kernels.vjp));
      BOOST_TEST((o.rounded_kernels.forward && o.rounded_kernels.vjp && o.dual_forward));
      BOOST_TEST(!o.wire_name().empty());
      std::set<std::string_view> variants;
      for (const op::variant& v : o.variants) {
        BOOST_TEST((!v.info.name.empty() && !v.info.loss.empty()));
        BOOST_TEST((v.bounded_kernels.forward != nullptr || v.bounded_kernels.vjp != nullptr));
        variants.insert(v.info.name);
      }
      BOOST_TEST(variants.size() == o.variants.size());
    }
  }
}

BOOST_AUTO_TEST_CASE(every_check_is_described_in_full) {
  for (const check& c : all_checks()) {
    BOOST_TEST_CONTEXT(c.info.name) {
      BOOST_TEST(snake_case(c.info.name));
      BOOST_TEST((!c.info.claim.empty() && !c.info.source.empty() && !c.info.catches.empty() && c.run != nullptr));
    }
  }
}

BOOST_AUTO_TEST_CASE(ops_are_found_by_either_name_in_any_case) {
  const op* sigmoid = find_op("sigmoid");
  BOOST_REQUIRE(sigmoid != nullptr);
  for (const char* name : {"Sigmoid", "SIGMOID", "sIgMoId"}) BOOST_TEST((find_op(name) == sigmoid));
  BOOST_TEST((find_op("MaxPool") == find_op("max_pool")));
  for (const char* name : {"sigmoi", "sigmoid ", "sigmoid*", "no such op"}) BOOST_TEST((find_op(name) == nullptr));
  for (const op& o : all_ops()) BOOST_TEST((find_op(o.info.name) == &o && find_op(o.wire_name()) == &o));
}

BOOST_AUTO_TEST_CASE(no_op_is_found_by_an_empty_name) {
  // Ops that ONNX does not have carry an empty ONNX name, which must not be taken for a match.
  BOOST_TEST((find_op("") == nullptr));
}

BOOST_AUTO_TEST_CASE(checks_are_found_by_name) {
  for (const check& c : all_checks()) BOOST_TEST((find_check(c.info.name) == &c));
  BOOST_TEST((find_check("") == nullptr && find_check("no_such_check") == nullptr));
}

BOOST_AUTO_TEST_CASE(globs_match_like_those_of_a_shell_in_any_case) {
  for (const auto& [glob, text] : std::vector<std::pair<const char*, const char*>>{{"*", ""},
                                                                                   {"*", "anything"},
                                                                                   {"", ""},
                                                                                   {"relu", "ReLU"},
                                                                                   {"r?lu", "relu"},
                                                                                   {"*pool", "max_pool"},
                                                                                   {"max*", "max"},
                                                                                   {"*a*b*", "xaybz"},
                                                                                   {"a*a*a", "aaaa"},
                                                                                   {"**", "x"},
                                                                                   {"*?", "x"},
                                                                                   {"*ab", "aab"},
                                                                                   {"?*?", "ab"}})
    BOOST_TEST(matches(glob, text), glob << " should match " << text);
  for (const auto& [glob, text] : std::vector<std::pair<const char*, const char*>>{{"", "x"},
                                                                                   {"relu", "relu6"},
                                                                                   {"r?lu", "rlu"},
                                                                                   {"?", ""},
                                                                                   {"*pool", "pooling"},
                                                                                   {"a*b", "ab c"},
                                                                                   {"*??", "x"}})
    BOOST_TEST(!matches(glob, text), glob << " should not match " << text);
}

BOOST_AUTO_TEST_CASE(hostile_globs_take_no_exponential_time) {
  // A backtracking matcher would need some 2^50 steps here, this one at most 100 * 5000.
  std::string glob;
  for (int i = 0; i < 50; ++i) glob += "*a";
  BOOST_TEST(!matches(glob + "b", std::string(5000, 'a')));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::tests::in_registry
