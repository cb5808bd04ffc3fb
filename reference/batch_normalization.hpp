// BatchNormalization of [N, C, spatial...], channel by channel.
//
//   y = scale x^ + B,   x^ = (x - m) / sqrt(v + epsilon)
//
// In training, m and v are mean and variance over the batch and all spatial axes, and
//
//   dx = N(g scale),   N(h) = (h - mean h - x^ mean(h x^)) / sqrt(v + epsilon)
//
// In inference they are input_mean and input_var, and dx = g scale / sqrt(v + epsilon). Always dscale = sum g x^ and
// dB = sum g. The running statistics are taken for constants, as frameworks do: they have no gradient here, and are no
// output. Smooth everywhere; where a channel is constant, x^ is 0.
// Source: ONNX BatchNormalization-15, output Y alone; attribute momentum, which Y does not depend on, is left out.
#pragma once

#include "frames/normalization.hpp"

namespace backproof::ops {

struct batch_normalization {
  static constexpr op_info info{.name = "batch_normalization",
                                .onnx = "BatchNormalization",
                                .opset = 15,
                                .signature = "X, scale, B, input_mean~, input_var~ -> Y",
                                .formula = "y = scale (x - m) / sqrt(v + epsilon) + B",
                                .vjp = "training: dx = (h - mean h - x^ mean(h x^)) / s, h = g scale; else dx = h / s",
                                .source = "ONNX BatchNormalization-15"};
  static constexpr law laws[] = {law::linear_in(1), law::linear_in(2)};

  static void draw(sampler& s) {
    s.attribute("training_mode", s.choose<index_t>({1, 0}));
    s.attribute("epsilon", s.choose({1e-5, 0.125, 1e-3}));
    const shape x = normalization::draw_channels(s, s.choose<index_t>({1, 0, 2}), s.extent(1, 4));
    const domain where = normalization::draw_domain(s);
    s.input(x, where);
    s.input({x[1]});
    s.input({x[1]});
    s.input({x[1]}, where);
    s.input({x[1]}, {.low = 0.25, .high = 4});
  }

  static groups sets(const attributes&, const shape& x) {
    if (x.size() < 2) throw invalid_input("X " + to_string(x) + " has no axis of channels");
    std::vector<index_t> axes;
    for (index_t k = 0; k < static_cast<index_t>(x.size()); ++k)
      if (k != 1) axes.push_back(k);
    return groups(x, axes);
  }
  static shape parameter(const shape& p, const shape& x) { return normalization::per_channel(p, x); }
  static double epsilon(const attributes& a) { return normalization::checked_epsilon(a); }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    a.flag("training_mode"), epsilon(a);
    for (std::size_t k = 1; k < in.size(); ++k) parameter(in[k], in[0]);
    return {in[0]};
  }

  // One channel in inference, in the Core's place: statistics are given.
  template <class S>
  static normalization::standardized<S> by_given(const call<S>& c, index_t channel, const std::vector<index_t>& at) {
    normalization::standardized<S> s{.x = {}, .hat = {}, .mean = c.in[3][channel], .deviation = S(0)};
    s.deviation = math::sqrt(c.in[4][channel] + S(epsilon(c.attrs)));
    for (const index_t i : at) {
      s.x.push_back(c.in[0][i]);
      s.hat.push_back((c.in[0][i] - s.mean) / s.deviation);
    }
    return s;
  }

  template <class Core>
  struct kernels {
    using training = normalization::layer_kernels<batch_normalization, Core>;

    template <scalar S>
    static void forward(const call<S>& c, results<S> y) {
      if (c.attrs.flag("training_mode")) return training::forward(c, y);
      const groups channels = sets(c.attrs, c.in[0].dims());
      for (index_t k = 0; k < channels.count(); ++k) {
        const auto s = by_given(c, k, channels[k]);
        for (std::size_t j = 0; j < s.hat.size(); ++j)
          y[0][channels[k][j]] = Core::scaled(s, j, c.in[1][k]) + c.in[2][k];
      }
    }

    template <scalar S>
    static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
      if (c.attrs.flag("training_mode")) return training::vjp(c, g, d);
      const groups channels = sets(c.attrs, c.in[0].dims());
      sums<S> dscale(d[1]), db(d[2]);
      for (index_t k = 0; k < channels.count(); ++k) {
        const auto s = by_given(c, k, channels[k]);
        for (std::size_t j = 0; j < s.hat.size(); ++j) {
          const S& here = g[0][channels[k][j]];
          d[0][channels[k][j]] = here * c.in[1][k] / s.deviation;
          dscale[k].add_product(here, s.hat[j]);
          db[k] += here;
        }
      }
      dscale.store();
      db.store();
    }
  };

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    kernels<normalization::two_pass>::forward(c, y);
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    kernels<normalization::two_pass>::vjp(c, g, d);
  }

  struct one_pass : kernels<normalization::one_pass> {
    static constexpr variant_info info = normalization::by_one_pass<batch_normalization>::info;
  };
  struct folded {
    static constexpr variant_info info{.name = "x*a+b", .loss = "b = B - m a cancels x a where the mean is large"};
    template <scalar S>
    static void forward(const call<S>& c, results<S> y) {
      const groups channels = sets(c.attrs, c.in[0].dims());
      for (index_t k = 0; k < channels.count(); ++k) {
        std::vector<S> x;
        for (const index_t i : channels[k]) x.push_back(c.in[0][i]);
        const bool training = c.attrs.flag("training_mode");
        const S e(epsilon(c.attrs)), m = training ? moments::mean(x) : c.in[3][k];
        const S a = c.in[1][k] / math::sqrt((training ? moments::variance(x) : c.in[4][k]) + e);
        const S b = c.in[2][k] - m * a;
        for (const index_t i : channels[k]) y[0][i] = c.in[0][i] * a + b;
      }
    }
  };
  using variants = variant_list<one_pass, folded>;
};

}  // namespace backproof::ops
