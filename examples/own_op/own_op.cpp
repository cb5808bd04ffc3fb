// An op that nobody else knows: y = x * silu(alpha * gate), the gate shared by all examples. It is offered twice, with
// a right VJP and with one that has a bug of a common kind: the gradient of what is shared keeps the last example's
// share only. backproof has no reference for it, and judges both by the forward function.
#include <backproof/adapter.hpp>
#include <cmath>

namespace {

template <class T>
T silu(T z) {
  return z / (1 + std::exp(-z));
}

template <class T>
T silu_slope(T z) {
  const T s = 1 / (1 + std::exp(-z));
  return s * (1 + z * (1 - s));
}

template <class T>
void forward(const bp::call& c) {
  const auto x = c.input<T>(0), gate = c.input<T>(1);
  const T alpha = static_cast<T>(c.attrs().number("alpha"));
  auto y = c.output<T>(0, x.shape());
  for (std::size_t i = 0; i < x.size(); ++i) y[i] = x[i] * silu(alpha * gate[i % gate.size()]);
}

// dx = g * silu(alpha * gate), dgate = sum over examples of g * x * alpha * silu'(alpha * gate)
template <class T, bool overwrites>
void vjp(const bp::call& c) {
  const auto x = c.input<T>(0), gate = c.input<T>(1), g = c.cotangent<T>(0);
  const T alpha = static_cast<T>(c.attrs().number("alpha"));
  auto dx = c.gradient<T>(0), dgate = c.gradient<T>(1);
  for (T& d : dgate) d = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::size_t k = i % gate.size();
    dx[i] = g[i] * silu(alpha * gate[k]);
    const T share = g[i] * x[i] * alpha * silu_slope(alpha * gate[k]);
    dgate[k] = overwrites ? share : dgate[k] + share;
  }
}

template <class T>
void add_to(bp::adapter& a, bp::dtype type) {
  const std::vector<double> alphas = {0.5, 1, 2};
  const char* signature = "X[N,C], gate[C] -> Y[N,C]";
  a.add("GatedScale", {type})
      .domain("my.lab")
      .signature(signature)
      .attribute("alpha", alphas)
      .batch("N")
      .forward(forward<T>)
      .vjp(vjp<T, false>);
  a.add("GatedScaleOverwritten", {type})
      .domain("my.lab")
      .signature(signature)
      .attribute("alpha", alphas)
      .batch("N")
      .forward(forward<T>)
      .vjp(vjp<T, true>);
}

bp::adapter make() {
  bp::adapter a("own_op", "1.0");
  add_to<float>(a, bp::f32);
  add_to<double>(a, bp::f64);
  return a;
}

}  // namespace

BACKPROOF_ADAPTER(make)
