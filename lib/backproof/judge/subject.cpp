#include "backproof/judge/subject.hpp"

#include "backproof/base/config.hpp"

namespace backproof {
namespace {

values<rounded> load(const std::optional<tensor>& t) {
  if (!t) return {};
  values<rounded> out(t->dims());
  for (index_t i = 0; i < t->count(); ++i) out[i] = rounded(t->at(i));
  return out;
}

std::optional<tensor> store(const values<rounded>& x, dtype type) {
  if (!x.present()) return std::nullopt;
  tensor out(type, x.dims());
  for (index_t i = 0; i < x.size(); ++i) out.set(i, static_cast<double>(x[i]));
  return out;
}

class reference : public subject {
 public:
  reference(order sums, bool fused) : sums_(sums), fused_(fused) {}

  std::string name() const override { return "reference"; }
  std::string version() const override { return BACKPROOF_VERSION; }
  offer offers(const op&, dtype t) const override {
    const bool able = is_float(t);
    return {.forward = able, .vjp = able, .jvp = false, .why_not = able ? "" : "not a floating-point type"};
  }

  reply run(mode m, const op& o, const sample& s) override {
    if (m == mode::jvp) return {reply::status::unimplemented, "the reference offers no JVP of its own", {}};
    reply r;
    for (const auto& x :
         emulated(m, o, o.rounded_kernels, s, {.fmt = accumulator(s.type), .sums = sums_, .fused = fused_}))
      r.tensors.push_back(store(x, s.type));
    return r;
  }

 private:
  order sums_;
  bool fused_;
};

}  // namespace

std::vector<values<rounded>> emulated(mode m, const op& o, const kernels<rounded>& by, const sample& s,
                                      const arithmetic& how) {
  const rounded::use in_force(how);
  std::vector<values<rounded>> in, out;
  for (const auto& t : s.inputs) in.push_back(load(t));
  const call<rounded> c{s.attrs, in};
  if (m == mode::forward) {
    for (const shape& y : o.infer(s.attrs, s.input_shapes())) out.emplace_back(y);
    by.forward(c, out);
  } else {
    std::vector<values<rounded>> v;
    for (const tensor& t : s.cotangents) v.push_back(load(t));
    for (std::size_t k = 0; k < in.size(); ++k)
      out.push_back(in[k].present() && o.sig.input(k).differentiable ? values<rounded>(in[k].dims())
                                                                     : values<rounded>{});
    by.vjp(c, v, out);
    for (std::size_t k = 0; k < in.size(); ++k)
      if (!s.tangents[k]) out[k] = {};
  }
  return out;
}

format subject::accumulator(dtype t) const { return format_of(t == dtype::f16 || t == dtype::bf16 ? dtype::f32 : t); }

const scope& subject::scope_of(const op&, dtype) const {
  static const scope everything;
  return everything;
}

std::unique_ptr<subject> reference_subject(order sums, bool fused) { return std::make_unique<reference>(sums, fused); }

}  // namespace backproof
