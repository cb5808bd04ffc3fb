// A user's program: an op of their own beside the library's, judged by the library's checks. Headers of C that put
// names into the global namespace (index, among them) are included on purpose.
#include <strings.h>

#include <cstdio>
#include <cstring>

#include "backproof/op/register_op.hpp"
#include "backproof/op/registry.hpp"
#include "backproof/run/registry.hpp"
#include "backproof/run/run.hpp"

namespace {

using namespace backproof;

struct cube {
  static constexpr op_info info{
      .name = "cube", .signature = "x -> y", .formula = "y = x^3", .vjp = "dx = 3 g x^2", .source = "user"};
  static void draw(sampler& s) { s.input(s.dims(0, 2)); }
  static std::vector<shape> infer(const attributes&, std::span<const shape> in) { return {in[0]}; }
  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    for (index_t i = 0; i < y[0].size(); ++i) y[0][i] = c.in[0][i] * c.in[0][i] * c.in[0][i];
  }
  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    for (index_t i = 0; i < d[0].size(); ++i) d[0][i] = S(3) * g[0][i] * c.in[0][i] * c.in[0][i];
  }
};

}  // namespace

int main() {
  register_op(make_op<cube>());
  plan p;
  for (const op& o : all_ops())
    if (o.info.name == "cube" || o.info.name == "sigmoid") p.ops.push_back(&o);
  for (const check& c : all_checks()) p.checks.push_back(&c);
  p.dtypes = {dtype::f32};
  const summary s = run(p, [] { return reference_subject(); }, {});
  std::printf("%zu ops, %zu checks, %llu passed, exit %d\n", p.ops.size(), p.checks.size(),
              static_cast<unsigned long long>(s[verdict::pass]), s.exit_code());
  return p.ops.size() == 2 && p.checks.size() >= 4 && s[verdict::pass] > 300 ? s.exit_code() : 1;
}
