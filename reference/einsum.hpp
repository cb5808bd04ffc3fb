// Einsum, in explicit form: sums of products of elements, as the equation names their axes.
//
//   y[out]    = sum over the letters that are not in `out` of the product of x_k[term k]
//   dx_k[...] = sum over the letters that are not in term k of g[out] times the product of the other operands
//
// "ij,jk->ik" is the matrix product. Each letter has one extent throughout. A letter twice in one term walks along the
// diagonal: elements off it have gradient 0. Linear in each operand, smooth everywhere. Letters and commas before an
// explicit "->" only: no ellipsis, and no broadcasting of extent 1. Source: ONNX Einsum-12.
#pragma once

#include <algorithm>
#include <map>

#include "backproof/op/op.hpp"
#include "backproof/op/sample.hpp"
#include "frames/product.hpp"

namespace backproof::ops {

struct einsum {
  static constexpr op_info info{.name = "einsum",
                                .onnx = "Einsum",
                                .opset = 12,
                                .signature = "Inputs... -> Output",
                                .formula = "y[out] = sum over all other letters of the product of x_k[term k]",
                                .vjp = "dx_k[term k] = sum over all other letters of g[out] times the other operands",
                                .source = "ONNX Einsum-12"};
  static constexpr law laws[] = {law::linear_in(0), law::linear_in(1), law::linear_in(2)};

  static void draw(sampler& s) {
    const index_t which = s.pick(7);
    const bool rarer = s.choose({false, true});
    static constexpr std::string_view common[] = {"ij,jk->ik", "bij,bjk->bik",  "ii->i", "ij->",
                                                  "iij,j->i",  "bi,oij,bj->bo", "ij->ji"};
    static constexpr std::string_view rare[] = {"i,j->ij", "ij,kj->i",        "iji->j",      "ijk,ik->kj",
                                                "i,i,i->", "bhid,bhjd->bhij", "ij,jk,kl->il"};
    const std::string text((rarer ? rare : common)[which]);
    s.attribute("equation", text);
    const equation e(text);
    std::size_t longest = e.letters.size();
    for (const std::string& term : e.terms) longest = std::max(longest, term.size());
    const index_t most = longest > 3 ? 3 : longest == 3 ? 5 : 12;
    std::map<char, index_t> extents;
    for (const char letter : e.letters) extents[letter] = s.extent(1, most);
    for (const std::string& term : e.terms) {
      shape dims;
      for (const char letter : term) dims.push_back(extents[letter]);
      s.input(dims);
    }
  }

  struct equation {
    explicit equation(const std::string& text) {
      const std::size_t arrow = text.find("->");
      if (arrow == std::string::npos) throw invalid_input("the equation has no ->");
      terms.emplace_back();
      for (std::size_t i = 0; i < text.size(); ++i) {
        const char letter = text[i];
        std::string& term = i < arrow ? terms.back() : out;
        if (letter == ' ' || i == arrow || i == arrow + 1) continue;
        if (letter == ',' && i < arrow)
          terms.emplace_back();
        else if ((letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z'))
          term += letter;
        else
          throw invalid_input("the equation holds more than letters, commas and one ->");
      }
      // The letters of the output first, so that each output element's terms are met in a row.
      letters = out;
      for (const std::string& term : terms)
        for (const char letter : term)
          if (letters.find(letter) == std::string::npos) letters += letter;
    }
    std::vector<std::string> terms;
    std::string out, letters;
  };

  // The extent of each letter, in the order of `letters`.
  static shape extents_of(const equation& e, std::span<const shape> in) {
    if (in.size() != e.terms.size()) throw invalid_input("the equation has not as many terms as inputs");
    std::map<char, index_t> found;
    for (std::size_t k = 0; k < in.size(); ++k) {
      if (in[k].size() != e.terms[k].size())
        throw invalid_input("term " + e.terms[k] + " does not fit input " + to_string(in[k]));
      for (std::size_t axis = 0; axis < in[k].size(); ++axis)
        if (found.emplace(e.terms[k][axis], in[k][axis]).first->second != in[k][axis])
          throw invalid_input(std::string("letter ") + e.terms[k][axis] + " has two extents");
    }
    shape extents;
    double products = 1;  // of the sum that is longest if nothing is factored out
    for (const char letter : e.letters) {
      const auto at = found.find(letter);
      if (at == found.end()) throw invalid_input("the output has a letter that no input has");
      extents.push_back(at->second);
      products *= static_cast<double>(at->second);
    }
    if (products > 1 << 24) throw invalid_input("the equation has more than 2^24 products");
    return extents;
  }

  static std::vector<shape> infer(const attributes& a, std::span<const shape> in) {
    const equation e(a.text("equation"));
    for (const char letter : e.out)
      if (std::count(e.out.begin(), e.out.end(), letter) > 1) throw invalid_input("the output repeats a letter");
    const shape extents = extents_of(e, in);
    return {shape(extents.begin(), extents.begin() + static_cast<std::ptrdiff_t>(e.out.size()))};
  }

  // Calls visit(y, x, products) for each product, x holding the flat positions of its factors.
  template <scalar S, class F>
  static void each_product(const call<S>& c, F visit) {
    const equation e(c.attrs.text("equation"));
    std::vector<shape> dims;
    for (const values<S>& x : c.in) dims.push_back(x.dims());
    const shape extents = extents_of(e, dims), steps = strides_of(extents);
    const index_t summed = size_of(shape(extents.begin() + static_cast<std::ptrdiff_t>(e.out.size()), extents.end()));
    std::vector<index_t> at(c.in.size());
    for (index_t i = 0; i < size_of(extents); ++i) {
      for (std::size_t k = 0; k < c.in.size(); ++k) {
        at[k] = 0;
        for (std::size_t axis = 0; axis < dims[k].size(); ++axis) {
          const std::size_t letter = e.letters.find(e.terms[k][axis]);
          at[k] = at[k] * dims[k][axis] + i / steps[letter] % extents[letter];
        }
      }
      visit(i / summed, at, size_of(extents));
    }
  }

  // `first` and all factors of the product but the one of operand `left_out`.
  template <scalar S>
  static std::vector<S> factors(const S& first, const call<S>& c, const std::vector<index_t>& at,
                                std::size_t left_out) {
    std::vector<S> list = {first};
    for (std::size_t k = 0; k < at.size(); ++k)
      if (k != left_out) list.push_back(c.in[k][at[k]]);
    return list;
  }

  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    sums<S> total(y[0]);
    each_product(c, [&](index_t i, const std::vector<index_t>& at, index_t products) {
      add_product(total[i], factors(c.in[0][at[0]], c, at, 0), products);
    });
    total.store();
  }

  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    all_sums<S> totals(d);
    each_product(c, [&](index_t i, const std::vector<index_t>& at, index_t products) {
      for (std::size_t k = 0; k < at.size(); ++k) add_product(totals[k][at[k]], factors(g[0][i], c, at, k), products);
    });
    totals.store();
  }
};

}  // namespace backproof::ops
