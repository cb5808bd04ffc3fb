// Counterexamples: from the file alone, or from the token alone, the same verdict again.
#include "backproof/run/counterexample.hpp"

#include <algorithm>
#include <set>

#include "backproof/judge/informative_sample.hpp"
#include "backproof/run/run.hpp"
#include "mutant_subject.hpp"
#include "support.hpp"

namespace backproof::tests::in_counterexample {

BOOST_AUTO_TEST_SUITE(counterexample)

using backproof::counterexample;

namespace {

safetensors file_of(const counterexample& c, subject& s) {
  const op& o = op_called(c.op);
  const format accumulator = s.accumulator(c.x.type);
  const oracle truth(o, c.x, accumulator);
  trial t(truth, s, {c.x.type, accumulator});
  return to_file(c, t);
}

counterexample drawn(const op& o, dtype t, std::uint64_t number, profile p = profile::smooth) {
  return {std::string(o.wire_name()), "reference_gradient", "./adapter --with arguments",
          draw_informative_sample(o, t, 1, number, p)};
}

counterexample through_bytes(const safetensors& s) { return from_file(decode(encode(s))); }

bool same(const sample& a, const sample& b) {
  return a.type == b.type && a.attrs == b.attrs && a.inputs == b.inputs && a.cotangents == b.cotangents &&
         a.tangents == b.tangents && a.seed == b.seed && a.number == b.number && a.made_for == b.made_for;
}

std::string text_of(const finding& f) {
  return std::string(name_of(f.outcome)) + "|" + std::string(name_of(f.kind)) + "|" + f.reason + "|" + f.variant + "|" +
         f.bound + "|" + (f.worst ? f.worst->where + f.worst->expected + f.worst->actual + hex(f.worst->error) : "");
}

// A subject that is wrong in an element, now and then.
tampered_subject wrong() {
  return tampered_subject([](mode m, const op&, const sample& x, reply& r) {
    if (m != mode::vjp || x.number % 2 == 0) return;
    for (auto& t : r.tensors)
      if (t && t->count() > 0) t->set(0, t->at(0) * 1.25 + 1);
  });
}

bool one_line(const format_error& e) {
  const std::string text = e.what();
  return !text.empty() && text.size() < 300 && text.find_first_of("\r\n\x1b") == std::string::npos;
}

safetensors a_file() {
  const std::unique_ptr<subject> s = reference_subject();
  return file_of(drawn(op_called("add"), dtype::f32, 1), *s);
}

// What is refused after something was done to a sound file.
void refused(const char* what, const std::function<void(safetensors&)>& harm, safetensors s = a_file()) {
  harm(s);
  BOOST_TEST_CONTEXT(what) BOOST_CHECK_EXCEPTION(from_file(s), format_error, one_line);
}

void drop(safetensors& s, const std::string& name) {
  std::erase_if(s.tensors, [&](const auto& t) { return t.first == name; });
}
void put(safetensors& s, const std::string& name, tensor t) {
  drop(s, name);
  s.tensors.emplace_back(name, std::move(t));
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_sample_of_any_op_dtype_and_profile_comes_back_whole) {
  const std::unique_ptr<subject> s = reference_subject();
  for (const op& o : registered_ops())
    for (const dtype t : float_types)
      for (const auto& [p, n] : std::vector<std::pair<profile, std::uint64_t>>{
               {profile::smooth, 0}, {profile::smooth, 7}, {profile::kink, 1}, {profile::special, 10}}) {
        if (!draws(o, t, p)) continue;
        const counterexample c = drawn(o, t, n, p), back = through_bytes(file_of(c, *s));
        BOOST_TEST((back.op == c.op && back.check == c.check && back.adapter == c.adapter), o.info.name);
        BOOST_TEST(same(back.x, c.x), o.info.name << "/" << name_of(t) << "/" << case_name(p, n));
      }
}

BOOST_AUTO_TEST_CASE(the_verdict_after_reading_is_the_verdict_before_writing) {
  tampered_subject s = wrong();
  std::set<verdict> met;
  for (const op& o : registered_ops())
    for (const check& c : registered_checks())
      for (std::uint64_t n = 0; n < 2 && c.suits(o, profile::smooth); ++n) {
        counterexample before = drawn(o, dtype::f32, n);
        before.check = c.info.name;
        const counterexample after = through_bytes(file_of(before, s));
        const finding f = judge(o, c, s, before.x);
        BOOST_TEST(text_of(f) == text_of(judge(o, c, s, after.x)));
        met.insert(f.outcome);
      }
  BOOST_TEST((met.count(verdict::pass) == 1 && met.count(verdict::fail) == 1));
}

BOOST_AUTO_TEST_CASE(a_file_holds_what_was_expected_allowed_and_returned) {
  const std::unique_ptr<subject> s = reference_subject();
  const counterexample c = drawn(op_called("mul"), dtype::bf16, 3);
  const safetensors f = file_of(c, *s);
  for (const char* name : {"in.0", "in.1", "cot.0", "tan.0", "tan.1", "expected.0", "expected.1", "bound.0", "bound.1",
                           "actual.0", "actual.1"})
    BOOST_TEST((f.find(name) != nullptr), name);
  BOOST_TEST((f.find("in.0")->type() == dtype::bf16 && f.find("expected.0")->type() == dtype::f64));
  BOOST_TEST((f.find("expected.0")->dims() == c.x.inputs[0]->dims()));
  BOOST_TEST(f.metadata.at("format") == "backproof.counterexample/1");
  BOOST_TEST((f.metadata.at("op") == "Mul" && f.metadata.at("dtype") == "bf16" && f.metadata.at("case") == "3"));
}

BOOST_AUTO_TEST_CASE(a_subject_that_gave_no_answer_leaves_none_in_the_file) {
  scripted_subject s({reply::status::crash, "gone", {}});
  const safetensors f = file_of(drawn(op_called("mul"), dtype::f32, 3), s);
  BOOST_TEST((f.find("actual.0") == nullptr && f.find("expected.0") != nullptr));
  BOOST_CHECK_NO_THROW(through_bytes(f));
}

BOOST_AUTO_TEST_CASE(a_token_draws_the_very_sample_again) {
  for (const op& o : registered_ops())
    for (const dtype t : float_types)
      for (const profile p : {profile::smooth, profile::kink, profile::special}) {
        if (!draws(o, t, p)) continue;
        const counterexample c = drawn(o, t, 5, p), back = from_token(token_of(c), *reference_subject());
        BOOST_TEST((back.op == c.op && back.check == c.check && back.adapter.empty()));
        BOOST_TEST(same(back.x, c.x), token_of(c));
      }
}

BOOST_AUTO_TEST_CASE(malformed_tokens_are_refused_in_one_line) {
  const std::string good = token_of(drawn(op_called("add"), dtype::f32, 1));
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string t = good;
    return t.replace(t.find(from), from.size(), to);
  };
  for (const std::string& token : {std::string(),
                                   std::string("bp1:"),
                                   std::string("bp1"),
                                   std::string(":"),
                                   std::string("//////"),
                                   good + "/1",
                                   good.substr(0, good.rfind('/')),
                                   "x" + good,
                                   with("bp1:", "bp2:"),
                                   with("Add", "Addd"),
                                   with("Add", ""),
                                   with("Add", "two\nlines"),
                                   with("f32", "f33"),
                                   with("f32", "i64"),
                                   with("reference_gradient", "no_check"),
                                   with("/1/1", "/-1/1"),
                                   with("/1/1", "/1/x"),
                                   with("/1/1", "/1/"),
                                   with("/1/1", "/99999999999999999999/1"),
                                   with("/1/1", "/1/nook-1"),
                                   with(BACKPROOF_VERSION, "0.0.0")})
    BOOST_TEST_CONTEXT(token) BOOST_CHECK_EXCEPTION(from_token(token, *reference_subject()), format_error, one_line);
}

BOOST_AUTO_TEST_CASE(every_malformed_file_is_refused_in_one_line) {
  BOOST_CHECK_NO_THROW(from_file(a_file()));
  for (const char* name : {"format", "op", "dtype", "attributes", "check", "seed", "case", "inputs"})
    refused(name, [&](safetensors& s) { s.metadata.erase(name); });
  const auto metadata = [](const char* name, const char* value) {
    refused((std::string(name) + "=" + value).c_str(), [&](safetensors& s) { s.metadata[name] = value; });
  };
  metadata("format", "backproof.counterexample/2");
  metadata("op", "");
  metadata("op", "NoSuchOp");
  metadata("op", "two\nlines");
  metadata("dtype", "f33");
  metadata("dtype", "i64");
  metadata("dtype", "f64");  // the tensors are f32
  metadata("attributes", "");
  metadata("attributes", "[]");
  metadata("check", "no_such_check");
  metadata("seed", "-1");
  metadata("seed", "1 ");
  metadata("case", "1.5");
  metadata("inputs", "0");
  metadata("inputs", "65");
  metadata("inputs", "18446744073709551616");
  for (const char* name : {"in.0", "in.1", "tan.0", "tan.1", "cot.0"})
    refused(name, [&](safetensors& s) { drop(s, name); });
  for (const char* name : {"in.0", "tan.1", "cot.0"}) {
    refused(name, [&](safetensors& s) { put(s, name, tensor(dtype::f64, s.find(name)->dims())); });
    refused(name, [&](safetensors& s) { put(s, name, tensor(dtype::f32, {123, 1, 17})); });
  }
}

BOOST_AUTO_TEST_CASE(a_file_with_too_few_or_too_many_inputs_is_refused) {
  refused("one of two", [](safetensors& s) { s.metadata["inputs"] = "1"; });
  refused("three of two", [](safetensors& s) {
    s.metadata["inputs"] = "3";
    put(s, "in.2", *s.find("in.0"));
    put(s, "tan.2", *s.find("tan.0"));
  });
}

BOOST_AUTO_TEST_CASE(attributes_that_do_not_fit_the_op_are_refused) {
  const std::unique_ptr<subject> s = reference_subject();
  const auto harmed = [&](const char* op_name, const char* attributes) {
    refused(
        attributes, [&](safetensors& f) { f.metadata["attributes"] = attributes; },
        file_of(drawn(op_called(op_name), dtype::f32, 1), *s));
  };
  harmed("softmax", "{}");
  harmed("softmax", R"({"axis":{"type":"int","value":99}})");
  harmed("softmax", R"({"axis":{"type":"string","value":"0"}})");
  harmed("conv", "{}");
  harmed("copy", R"({"n":{"type":"int","value":"1000000000000"}})");
  harmed("copy", R"({"n":{"type":"int","value":-1}})");
}

BOOST_AUTO_TEST_CASE(hostile_shapes_are_refused_without_harm) {
  // Ranks and extents that no sample has, for every op: the file is refused, or it is judged; nothing is read beyond
  // what is there.
  const std::unique_ptr<subject> s = reference_subject();
  for (const op& o : registered_ops()) {
    std::uint64_t n = 0;  // the case with the most optional inputs given
    std::ptrdiff_t most = -1;
    for (std::uint64_t k = 0; k < 8; ++k) {
      const sample x = draw_informative_sample(o, dtype::f32, 1, k);
      const auto given = std::count_if(x.inputs.begin(), x.inputs.end(), [](const auto& t) { return t.has_value(); });
      if (given > most) most = given, n = k;
    }
    const safetensors sound = file_of(drawn(o, dtype::f32, n), *s);
    for (std::size_t k = 0; k < o.sig.inputs.size(); ++k)
      for (const shape& dims :
           std::vector<shape>{{}, {0}, {1}, {7}, {2, 3}, {0, 3}, {2, 3, 4}, {2, 0, 4, 4}, {1, 2, 3, 4, 5}}) {
        BOOST_TEST_CHECKPOINT(o.info.name << " with in." << k << " of shape " << to_string(dims));
        safetensors f = sound;
        const std::string number = std::to_string(k);
        if (f.find("in." + number) == nullptr) continue;
        put(f, "in." + number, tensor(f.find("in." + number)->type(), dims));
        if (f.find("tan." + number) != nullptr) put(f, "tan." + number, tensor(dtype::f32, dims));
        try {
          const counterexample c = from_file(f);
          judge(op_called(c.op), check_called(c.check), *s, c.x);
        } catch (const format_error& e) {
          BOOST_TEST(one_line(e));
        } catch (const std::exception& e) {
          BOOST_ERROR(o.info.name << " with in." << k << " of shape " << to_string(dims) << ": " << e.what());
        }
      }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::tests::in_counterexample
