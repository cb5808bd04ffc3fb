// What is written is read back: containers bit for bit, attributes value for value, counterexamples with their verdict.
// And whatever bytes are read instead, the answer is a result or format_error.
#include "backproof/run/counterexample.hpp"
#include "backproof/run/registry.hpp"
#include "backproof/run/run.hpp"
#include "generators.hpp"

namespace backproof::properties {

BOOST_AUTO_TEST_SUITE(files_round_trip)

namespace {

std::string any_text() {
  return *rc::gen::container<std::string>(rc::gen::inRange<char>(0, 127));  // control characters, quotes and all
}

tensor any_tensor() {
  const dtype t = *rc::gen::element(dtype::f64, dtype::f32, dtype::f16, dtype::bf16, dtype::i64);
  shape dims = *rc::gen::container<shape>(*rc::gen::inRange<std::size_t>(0, 5), rc::gen::inRange<index_t>(0, 4));
  tensor x(t, dims);
  for (std::byte& b : x.bytes()) b = static_cast<std::byte>(*rc::gen::inRange(0, 256));
  return x;
}

safetensors any_container() {
  safetensors s;
  for (int n = *rc::gen::inRange(0, 4); n > 0; --n) s.metadata[any_text()] = any_text();
  for (int n = *rc::gen::inRange(0, 4); n > 0; --n)
    s.tensors.emplace_back(std::to_string(n) + any_text(), any_tensor());
  return s;
}

}  // namespace

BOOST_AUTO_TEST_CASE(containers_come_back_bit_for_bit) {
  holds("safetensors", 300, [] {
    const safetensors s = any_container(), back = decode(encode(s));
    RC_ASSERT(back.metadata == s.metadata);
    RC_ASSERT(back.tensors == s.tensors);
  });
}

BOOST_AUTO_TEST_CASE(damaged_containers_are_refused_or_read) {
  holds("damage", 2000, [] {
    std::vector<std::byte> bytes = encode(any_container());
    for (int n = *rc::gen::inRange(1, 6); n > 0; --n)
      bytes[*rc::gen::inRange<std::size_t>(0, bytes.size())] = static_cast<std::byte>(*rc::gen::inRange(0, 256));
    if (*rc::gen::arbitrary<bool>()) bytes.resize(*rc::gen::inRange<std::size_t>(0, bytes.size()));
    try {
      decode(bytes);
    } catch (const format_error& e) {
      RC_ASSERT(std::string(e.what()).find_first_of("\r\n\x1b") == std::string::npos);
    }
  });
}

BOOST_AUTO_TEST_CASE(attributes_come_back_value_for_value) {
  holds("attributes", 300, [] {
    attributes a;
    a.set("int" + any_text(), *rc::gen::arbitrary<std::int64_t>());
    a.set("float", *rc::gen::arbitrary<double>());
    a.set("string", any_text());
    a.set("ints", *rc::gen::arbitrary<std::vector<std::int64_t>>());
    a.set("floats", *rc::gen::arbitrary<std::vector<double>>());
    RC_ASSERT(attributes_from_json(to_json(a)) == a);
  });
}

BOOST_AUTO_TEST_CASE(counterexamples_come_back_with_their_verdict) {
  holds_for_every_op(
      12,
      [](const question& q) {
        const std::unique_ptr<subject> s = reference_subject(order::blocked, true);
        const counterexample c{std::string(q.o->wire_name()), "reference_gradient", any_text(), q.draw()};
        const oracle truth(*q.o, c.x, s->accumulator(q.type));
        trial t(truth, *s, {q.type, s->accumulator(q.type)});
        const counterexample back = from_file(decode(encode(to_file(c, t))));
        RC_ASSERT(back.op == c.op);
        RC_ASSERT(back.adapter == c.adapter);
        RC_ASSERT(back.x.inputs == c.x.inputs);
        RC_ASSERT(back.x.cotangents == c.x.cotangents);
        RC_ASSERT(back.x.tangents == c.x.tangents);
        RC_ASSERT(back.x.attrs == c.x.attrs);
        const check& judge_by = *find_check(c.check);
        RC_ASSERT(to_json(judge_in_full(*q.o, judge_by, *s, back.x)) ==
                  to_json(judge_in_full(*q.o, judge_by, *s, c.x)));
      },
      false);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::properties
