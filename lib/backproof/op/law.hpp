// Laws: facts about an op's Jacobian that are known independently of its VJP's formula, and so can test that formula.
//
// An op lists the laws that hold for all of its attributes, at smooth points:
//
//   static constexpr law laws[] = {law::homogeneous(1), law::shift(1)};
//
// Below, f is the op, x all of its differentiable inputs together unless one is named, J its Jacobian, V(g) = J^T g its
// VJP with the cotangents g of all outputs.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace backproof {

struct law {
  enum class kind { linear, linear_in, homogeneous, shift, symmetric, norm, isometry, reflection, batch, translation };

  kind what;
  double constant = 0;
  std::ptrdiff_t input = -1;  // -1: all differentiable inputs

  // f(x) = A x + b: <V(g), u> = <g, f(u) - f(0)> for every u, and V does not depend on x.
  static constexpr law linear() { return {kind::linear}; }
  // Linear (affine) in input k: <V(g)_k, x_k> = <g, f(x) - f(x with x_k = 0)>.
  static constexpr law linear_in(std::ptrdiff_t k) { return {kind::linear_in, 0, k}; }
  // f(t x) = t^p f(x) for t > 0: <V(g), x> = p <g, f(x)> (Euler). In all inputs, or in input k alone.
  static constexpr law homogeneous(double p, std::ptrdiff_t k = -1) { return {kind::homogeneous, p, k}; }
  // f(x + t 1) = f(x) + c t 1: the elements of V(g) add up to c times those of g. In all inputs, or in input k alone.
  static constexpr law shift(double c, std::ptrdiff_t k = -1) { return {kind::shift, c, k}; }
  // J = J^T, of one input and one output of the same shape: <V(g), u> = <V(u), g>.
  static constexpr law symmetric() { return {kind::symmetric}; }
  // ||J||_2 <= c: ||V(g)|| <= c ||g||.
  static constexpr law norm(double c) { return {kind::norm, c}; }
  // J J^T = c^2 I: ||V(g)|| = c ||g||.
  static constexpr law isometry(double c) { return {kind::isometry, c}; }
  // Elementwise: f'(x) + f'(-x) = c, so that V(g) at x and V(g) at -x add up to c g.
  static constexpr law reflection(double c) { return {kind::reflection, c}; }
  // Along the last axis of input 0 and of the output, zeros stand behind both ends: moving input 0 on by the last of
  // the attribute `strides` moves the output on by one; or the other way round, if c is -1.
  static constexpr law translation(double c) { return {kind::translation, c, 0}; }
  // Axis 0 of every output, and of the inputs whose bits are set, counts examples that know nothing of each other. The
  // other inputs are shared by all, and their gradients are sums over the examples.
  static constexpr law batch(std::ptrdiff_t inputs) { return {kind::batch, 0, inputs}; }
};

std::string to_string(const law& l);  // "f(t x) = t^1 f(x)"

}  // namespace backproof
