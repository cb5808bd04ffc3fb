// Subjects made for tests: the reference running a wrong op, the reference in another arithmetic, an honest subject
// whose answers are tampered with, and one that says what it is told to.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "backproof/judge/subject.hpp"

namespace backproof::tests {

class test_subject : public subject {
 public:
  std::string name() const override { return "test"; }
  std::string version() const override { return "0"; }
  offer offers(const op&, dtype) const override { return {.forward = true, .vjp = true, .jvp = false, .why_not = ""}; }
};

// Asked for the op that the mutant is derived from, it evaluates the mutant.
class mutant_subject : public test_subject {
 public:
  explicit mutant_subject(op mutant, order sums = order::forward, bool fused = false)
      : mutant_(std::move(mutant)), reference_(reference_subject(sums, fused)) {}
  reply run(mode m, const op& o, const sample& s) override {
    return reference_->run(m, o.info.name == mutant_.info.name ? mutant_ : o, s);
  }

 private:
  op mutant_;
  std::unique_ptr<subject> reference_;
};

// An honest subject, whose answers pass through `tamper` on their way.
class tampered_subject : public test_subject {
 public:
  using tamper = std::function<void(mode, const op&, const sample&, reply&)>;
  explicit tampered_subject(tamper t) : tamper_(std::move(t)), reference_(reference_subject()) {}
  reply run(mode m, const op& o, const sample& s) override {
    reply r = reference_->run(m, o, s);
    tamper_(m, o, s, r);
    return r;
  }

 private:
  tamper tamper_;
  std::unique_ptr<subject> reference_;
};

// Replies alike to everything.
class scripted_subject : public test_subject {
 public:
  explicit scripted_subject(reply r) : reply_(std::move(r)) {}
  reply run(mode, const op&, const sample&) override { return reply_; }

 private:
  reply reply_;
};

// The reference with every operation rounded to the storage type, sums included. What it declares as its accumulator is
// another matter.
class storage_arithmetic_subject : public test_subject {
 public:
  explicit storage_arithmetic_subject(bool honest) : honest_(honest) {}
  format accumulator(dtype t) const override { return honest_ ? format_of(t) : subject::accumulator(t); }
  reply run(mode m, const op& o, const sample& s) override {
    const rounded::use in_force({.fmt = format_of(s.type)});
    std::vector<values<rounded>> in, out, v;
    for (const auto& t : s.inputs) in.push_back(t ? load(*t) : values<rounded>{});
    for (const tensor& t : s.cotangents) v.push_back(load(t));
    const call<rounded> c{s.attrs, in};
    if (m == mode::forward) {
      for (const shape& y : o.infer(s.attrs, s.input_shapes())) out.emplace_back(y);
      o.rounded_kernels.forward(c, out);
    } else {
      for (std::size_t k = 0; k < in.size(); ++k)
        out.push_back(s.tangents[k] ? values<rounded>(in[k].dims()) : values<rounded>{});
      o.rounded_kernels.vjp(c, v, out);
    }
    reply r;
    for (const values<rounded>& x : out)
      r.tensors.push_back(x.present() ? std::optional(store(x, s.type)) : std::nullopt);
    return r;
  }

 private:
  static values<rounded> load(const tensor& t) {
    values<rounded> x(t.dims());
    for (index_t i = 0; i < t.count(); ++i) x[i] = rounded(t.at(i));
    return x;
  }
  static tensor store(const values<rounded>& x, dtype type) {
    tensor t(type, x.dims());
    for (index_t i = 0; i < x.size(); ++i) t.set(i, static_cast<double>(x[i]));
    return t;
  }
  bool honest_;
};

}  // namespace backproof::tests
