// Every check catches the bugs it is for, lets what is right pass, and gives the verdict that fits.
//
// The planted bugs are ops derived from those of reference/, of which the subject evaluates the wrong one.
#include <algorithm>
#include <map>
#include <set>

#include "backproof/judge/check.hpp"
#include "backproof/judge/informative_sample.hpp"
#include "backproof/op/registry.hpp"
#include "backproof/run/registry.hpp"
#include "backproof/run/run.hpp"
#include "mutant_subject.hpp"
#include "reference/add.hpp"
#include "reference/average_pool.hpp"
#include "reference/conv.hpp"
#include "reference/copy.hpp"
#include "reference/exp.hpp"
#include "reference/gemm.hpp"
#include "reference/max.hpp"
#include "reference/max_pool.hpp"
#include "reference/mul.hpp"
#include "reference/reciprocal.hpp"
#include "reference/relu.hpp"
#include "reference/sigmoid.hpp"
#include "reference/softmax.hpp"
#include "reference/softmax_cross_entropy_loss.hpp"
#include "reference/sub.hpp"
#include "reference/tanh.hpp"
#include "support.hpp"

namespace backproof::tests::in_checks {

BOOST_AUTO_TEST_SUITE(checks)

namespace {

// ---- Planted bugs: wrong gradients
// -----------------------------------------------------------------------------------

struct dropped_cotangent : ops::sigmoid {
  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S>, results<S> d) {
    for (index_t i = 0; i < d[0].size(); ++i) d[0][i] = logistic::sigmoid(c.in[0][i]) * logistic::sigmoid(-c.in[0][i]);
  }
};

struct slightly_too_large : ops::sigmoid {
  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    ops::sigmoid::vjp(c, g, d);
    for (index_t i = 0; i < d[0].size(); ++i) d[0][i] = d[0][i] * (S(1) + S(0x1p-10));
  }
};

struct derivative_of_the_input_as_if_it_were_the_output : ops::tanh {
  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    for (index_t i = 0; i < d[0].size(); ++i) d[0][i] = g[0][i] * (S(1) - c.in[0][i] * c.in[0][i]);
  }
};

struct forgotten_exponential : ops::exp {
  template <scalar S>
  static void vjp(const call<S>&, cotangents<S> g, results<S> d) {
    for (index_t i = 0; i < d[0].size(); ++i) d[0][i] = g[0][i];
  }
};

struct forgotten_sign : ops::reciprocal {
  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    for (index_t i = 0; i < d[0].size(); ++i) d[0][i] = g[0][i] / c.in[0][i] / c.in[0][i];
  }
};

struct broadcast_not_summed : ops::add {
  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    const broadcasting a(c.in[0].dims(), g[0].dims()), b(c.in[1].dims(), g[0].dims());
    for (index_t i = 0; i < g[0].size(); ++i) d[0][a(i)] = d[1][b(i)] = g[0][i];  // the last one wins
  }
};

struct subtrahend_without_minus : ops::sub {
  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    ops::add::vjp(c, g, d);
  }
};

struct factors_not_switched : ops::mul {
  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    const broadcasting a(c.in[0].dims(), g[0].dims()), b(c.in[1].dims(), g[0].dims());
    sums<S> da(d[0]), db(d[1]);
    for (index_t i = 0; i < g[0].size(); ++i) {
      da[a(i)].add_product(g[0][i], c.in[0][a(i)]);
      db[b(i)].add_product(g[0][i], c.in[1][b(i)]);
    }
    da.store();
    db.store();
  }
};

struct only_the_first_branch : ops::copy {
  template <scalar S>
  static void vjp(const call<S>&, cotangents<S> g, results<S> d) {
    for (index_t i = 0; i < d[0].size(); ++i) d[0][i] = g[0][i];
  }
};

struct gate_open_everywhere : ops::relu {
  template <scalar S>
  static void vjp(const call<S>&, cotangents<S> g, results<S> d) {
    for (index_t i = 0; i < d[0].size(); ++i) d[0][i] = g[0][i];
  }
};

struct gate_by_the_cotangent : ops::relu {  // the rectifier of guided backpropagation
  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    for (index_t i = 0; i < d[0].size(); ++i) d[0][i] = S(0) < c.in[0][i] && S(0) < g[0][i] ? g[0][i] : S(0);
  }
};

struct diagonal_of_the_jacobian : ops::softmax {
  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    const values<S> p = along_axis::probabilities(c.in[0], slices(c.in[0].dims(), c.attrs.integer("axis")));
    for (index_t i = 0; i < p.size(); ++i) d[0][i] = g[0][i] * p[i] * (S(1) - p[i]);
  }
};

struct always_the_last_axis : ops::softmax {
  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    attributes last = c.attrs;
    last.set("axis", index_t{-1});
    ops::softmax::vjp(call<S>{last, c.in}, g, d);
  }
};

struct mean_not_divided : ops::softmax_cross_entropy_loss {
  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    attributes summed = c.attrs;
    if (c.attrs.text("reduction") == "mean") summed.set("reduction", std::string("sum"));
    ops::softmax_cross_entropy_loss::vjp(call<S>{summed, c.in}, g, d);
  }
};

struct beta_forgotten : ops::gemm {
  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    attributes one = c.attrs;
    one.set("beta", 1.0);
    ops::gemm::vjp(call<S>{one, c.in}, g, d);
  }
};

struct stride_forgotten_for_weights : ops::conv {
  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    ops::conv::vjp(c, g, d);
    for (index_t i = 0; i + 1 < d[1].size(); i += 2) std::swap(d[1][i], d[1][i + 1]);
  }
};

struct divided_by_the_whole_window : ops::average_pool {
  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    const shape& kernel = c.attrs.integers("kernel_shape");
    const S n(static_cast<int>(size_of(kernel)));
    sums<S> dx(d[0]);
    each_window(c, [&](index_t o, const S&, const auto& cells) { cells([&](index_t i) { dx[i] += g[0][o] / n; }); });
    dx.store();
  }
};

struct overlaps_overwritten : ops::max_pool {
  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    const values<S>& x = c.in[0];
    each_window(c, [&](index_t o, const auto& cells) {
      const S y = largest(x, cells);
      cells([&](index_t i) {
        if (x[i] == y) d[0][i] = g[0][o];
      });
    });
  }
};

struct smallest_takes_all : ops::max {
  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    const auto each = meeting(c, g[0].dims());
    for (index_t i = 0; i < g[0].size(); ++i) {
      const S y = winner(c, i, each);
      each(i, [&](std::size_t k, index_t j) {
        if (!(c.in[k][j] == y)) d[k][j] = g[0][i];
      });
    }
  }
};

// Right wherever there is a derivative, wrong at ties: each of the tied gets all.
struct every_tied_input_takes_all : ops::max {
  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    const auto each = meeting(c, g[0].dims());
    all_sums<S> dx(d);
    for (index_t i = 0; i < g[0].size(); ++i) {
      const S y = winner(c, i, each);
      each(i, [&](std::size_t k, index_t j) {
        if (c.in[k][j] == y) dx[k][j] += g[0][i];
      });
    }
    dx.store();
  }
};

struct first_tied_input_takes_all : ops::max {
  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    const auto each = meeting(c, g[0].dims());
    all_sums<S> dx(d);
    for (index_t i = 0; i < g[0].size(); ++i) {
      const S y = winner(c, i, each);
      bool taken = false;
      each(i, [&](std::size_t k, index_t j) {
        if (!taken && c.in[k][j] == y) dx[k][j] += g[0][i], taken = true;
      });
    }
    dx.store();
  }
};

struct gate_open_at_zero : ops::relu {
  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    for (index_t i = 0; i < d[0].size(); ++i) d[0][i] = c.in[0][i] < S(0) ? S(0) : g[0][i];
  }
};

struct twice_at_zero : ops::relu {
  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    ops::relu::vjp(c, g, d);
    for (index_t i = 0; i < d[0].size(); ++i)
      if (c.in[0][i] == S(0)) d[0][i] = g[0][i] + g[0][i];
  }
};

// ---- Planted bugs: wrong values
// --------------------------------------------------------------------------------------

struct half_a_sigmoid : ops::sigmoid {
  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    for (index_t i = 0; i < y[0].size(); ++i) y[0][i] = logistic::sigmoid(c.in[0][i] * S(0.5));
  }
};

struct leaky_relu : ops::relu {
  template <scalar S>
  static void forward(const call<S>& c, results<S> y) {
    for (index_t i = 0; i < y[0].size(); ++i) y[0][i] = c.in[0][i] < S(0) ? c.in[0][i] * S(0x1p-7) : c.in[0][i];
  }
};

// ---- Planted bugs: the oracle is wrong itself
// ------------------------------------------------------------------------

struct one_part_in_1e18 : ops::sigmoid {
  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    ops::sigmoid::vjp(c, g, d);
    for (index_t i = 0; i < d[0].size(); ++i) d[0][i] = d[0][i] * (S(1) + S(1e-18));
  }
};

struct wrong_in_one_element : ops::mul {
  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    ops::mul::vjp(c, g, d);
    const index_t last = d[1].size() - 1;
    d[1][last] = d[1][last] + d[1][last] * S(1e-18);
  }
};

struct twice_too_large : ops::softmax {
  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    ops::softmax::vjp(c, g, d);
    for (index_t i = 0; i < d[0].size(); ++i) d[0][i] = S(2) * d[0][i];
  }
};

// Adds to what an earlier call left.
struct gradient_added_to_a_dirty_buffer : ops::add {
  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    static thread_local int calls = 0;
    ops::add::vjp(c, g, d);
    for (index_t i = 0; i < d[0].size(); ++i) d[0][i] = d[0][i] + S(calls % 16);
    ++calls;
  }
};

struct divided_by_the_count : ops::sigmoid {
  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    ops::sigmoid::vjp(c, g, d);
    for (index_t i = 0; i < d[0].size(); ++i) d[0][i] = d[0][i] / S(static_cast<int>(d[0].size()));
  }
};

struct first_cell_doubled : ops::conv {
  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    ops::conv::vjp(c, g, d);
    if (d[0].size() > 0) d[0][0] = d[0][0] * S(2);
  }
};

struct first_element_doubled : ops::sigmoid {
  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    ops::sigmoid::vjp(c, g, d);
    if (d[0].size() > 0) d[0][0] = d[0][0] * S(2);
  }
};

// ---- Known lossy formulas, and the same gone wrong
// -------------------------------------------------------------------

struct sigmoid_from_its_output : ops::sigmoid {
  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    from_output::vjp(c, g, d);
  }
};

struct sigmoid_from_its_output_with_wrong_sign : ops::sigmoid {
  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    from_output::vjp(c, g, d);
    for (index_t i = 0; i < d[0].size(); ++i) d[0][i] = -d[0][i];
  }
};

struct tanh_from_its_output : ops::tanh {
  template <scalar S>
  static void vjp(const call<S>& c, cotangents<S> g, results<S> d) {
    from_output::vjp(c, g, d);
  }
};

// ---- Judging
// ---------------------------------------------------------------------------------------------------------

finding judged(const std::string& check, const op& truth, subject& s, const sample& x) {
  return judge(truth, check_called(check), s, x);
}

std::map<verdict, int> count(const std::string& check, const op& truth, subject& s, dtype t = dtype::f32,
                             profile p = profile::smooth, std::uint64_t samples = 49) {
  std::map<verdict, int> n;
  for (std::uint64_t k = 0; k < samples; ++k)
    ++n[judged(check, truth, s, draw_informative_sample(truth, t, 1, k, p)).outcome];
  return n;
}

assertion_result is(const finding& f, verdict expected, failure_kind kind = failure_kind::none) {
  assertion_result r(f.outcome == expected && f.kind == kind);
  if (!r) r.message() << "is " << name_of(f.outcome) << " " << name_of(f.kind) << " (" << f.reason << ")";
  return r;
}

// A bug, the op it is in, and the check that is to catch it. `oracle_too`: the reference makes the same mistake.
struct planted_bug {
  const char* name;
  const char* check;
  failure_kind kind;
  op truth, mutant;
};

template <class Truth, class Mutant>
planted_bug planted(const char* name, const char* check, failure_kind kind) {
  return {name, check, kind, make_op<Truth>(), make_op<Mutant>()};
}
template <class Mutant>
planted_bug in_the_oracle(const char* name, const char* check) {
  return {name, check, failure_kind::law, make_op<Mutant>(), make_op<Mutant>()};
}

const std::vector<planted_bug>& bugs() {
  constexpr const char* gradient = "reference_gradient";
  constexpr failure_kind wrong = failure_kind::wrong_gradient;
  static const std::vector<planted_bug> all = {
      planted<ops::sigmoid, dropped_cotangent>("sigmoid: cotangent dropped", gradient, wrong),
      planted<ops::sigmoid, slightly_too_large>("sigmoid: a thousandth too large", gradient, wrong),
      planted<ops::tanh, derivative_of_the_input_as_if_it_were_the_output>("tanh: 1 - x^2", gradient, wrong),
      planted<ops::exp, forgotten_exponential>("exp: dx = g", gradient, wrong),
      planted<ops::reciprocal, forgotten_sign>("reciprocal: sign", gradient, wrong),
      planted<ops::add, broadcast_not_summed>("add: broadcast axes not summed", gradient, wrong),
      planted<ops::sub, subtrahend_without_minus>("sub: no minus", gradient, wrong),
      planted<ops::mul, factors_not_switched>("mul: not switched", gradient, wrong),
      planted<ops::copy, only_the_first_branch>("copy: one branch", gradient, wrong),
      planted<ops::relu, gate_open_everywhere>("relu: open everywhere", gradient, wrong),
      planted<ops::relu, gate_by_the_cotangent>("relu: guided", gradient, wrong),
      planted<ops::softmax, diagonal_of_the_jacobian>("softmax: diagonal only", gradient, wrong),
      planted<ops::softmax, always_the_last_axis>("softmax: wrong axis", gradient, wrong),
      planted<ops::softmax_cross_entropy_loss, mean_not_divided>("loss: mean not divided", gradient, wrong),
      planted<ops::gemm, beta_forgotten>("gemm: beta", gradient, wrong),
      planted<ops::conv, stride_forgotten_for_weights>("conv: weights permuted", gradient, wrong),
      planted<ops::average_pool, divided_by_the_whole_window>("average_pool: divisor", gradient, wrong),
      planted<ops::max_pool, overlaps_overwritten>("max_pool: overlaps overwritten", gradient, wrong),
      planted<ops::max, smallest_takes_all>("max: the wrong input", gradient, wrong),
      planted<ops::sigmoid, half_a_sigmoid>("sigmoid: wrong formula", "reference_value", failure_kind::wrong_value),
      planted<ops::relu, leaky_relu>("relu: leaky", "reference_value", failure_kind::wrong_value),
      planted<ops::sigmoid, slightly_too_large>("sigmoid: a thousandth too large", "adjoint_identity",
                                                failure_kind::law),
      planted<ops::mul, factors_not_switched>("mul: not switched", "adjoint_identity", failure_kind::law),
      in_the_oracle<slightly_too_large>("sigmoid: both wrong alike", "adjoint_identity"),
      in_the_oracle<one_part_in_1e18>("sigmoid: one part in 1e18", "finite_difference"),
      in_the_oracle<wrong_in_one_element>("mul: one element, one part in 1e18", "finite_difference"),
      in_the_oracle<wrong_in_one_element>("mul: one element, one part in 1e18", "laws"),
      in_the_oracle<diagonal_of_the_jacobian>("softmax: diagonal only", "laws"),
      in_the_oracle<diagonal_of_the_jacobian>("softmax: diagonal only", "second_order"),
      in_the_oracle<one_part_in_1e18>("sigmoid: one part in 1e18", "dual_jvp"),
      in_the_oracle<twice_too_large>("softmax: twice too large", "spectral_norm"),
      in_the_oracle<wrong_in_one_element>("mul: one element, one part in 1e18", "jacobian"),
      planted<ops::relu, gate_by_the_cotangent>("relu: guided", "vjp_linearity", failure_kind::law),
      planted<ops::add, gradient_added_to_a_dirty_buffer>("add: dirty buffer", "determinism",
                                                          failure_kind::nondeterminism),
      planted<ops::sigmoid, slightly_too_large>("sigmoid: a thousandth too large", "taylor_remainder",
                                                failure_kind::law),
      planted<ops::sigmoid, slightly_too_large>("sigmoid: a thousandth too large", "chain_rule", wrong),
      in_the_oracle<wrong_in_one_element>("mul: one element, one part in 1e18", "distributed_chain_rule"),
      planted<ops::sigmoid, divided_by_the_count>("sigmoid: divided by the count", "batch_independence",
                                                  failure_kind::law),
      planted<ops::conv, first_cell_doubled>("conv: first cell doubled", "translation_equivariance", failure_kind::law),
      planted<ops::sigmoid, first_element_doubled>("sigmoid: first doubled", "permutation_equivariance",
                                                   failure_kind::law),
  };
  return all;
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_check_has_a_planted_bug_here) {
  std::set<std::string_view> covered;
  for (const planted_bug& b : bugs()) covered.insert(b.check);
  // Those that need call conditions, or an op without a reference, have theirs in only_this_check.cpp.
  for (const check& c : registered_checks())
    if (c.tries.empty() && std::any_of(registered_ops().begin(), registered_ops().end(),
                                       [&](const op& o) { return c.suits(o, profile::smooth); }))
      BOOST_TEST(covered.count(c.info.name) == 1u, "plant a bug for " << c.info.name);
}

BOOST_AUTO_TEST_CASE(every_planted_bug_is_caught_by_its_check) {
  for (const planted_bug& b : bugs()) {
    mutant_subject s(b.mutant);
    for (const dtype t : {dtype::f64, dtype::f32}) {
      int caught = 0, otherwise = 0;
      for (std::uint64_t k = 0; k < 49; ++k) {
        const finding f = judged(b.check, b.truth, s, draw_informative_sample(b.truth, t, 1, k));
        if (f.outcome == verdict::fail) ++(f.kind == b.kind ? caught : otherwise);
      }
      BOOST_TEST(caught > 0, b.name << " by " << b.check << " in " << name_of(t));
      BOOST_TEST(otherwise == 0, b.name << " by " << b.check << " in " << name_of(t) << ": failed in another way");
    }
  }
}

BOOST_AUTO_TEST_CASE(every_check_passes_what_is_right) {
  const std::unique_ptr<subject> honest = reference_subject();
  for (const check& c : registered_checks())
    for (const op& o : registered_ops()) {
      if (!c.suits(o, profile::smooth) || !c.suits(*honest)) continue;
      // Some, for there are many ops; `backproof check` tries each on all of its samples (tests/CMakeLists.txt).
      std::map<verdict, int> n = count(std::string(c.info.name), o, *honest, dtype::f32, profile::smooth, 3);
      BOOST_TEST(n[verdict::pass] + n[verdict::unresolved] == 3, c.info.name << " on " << o.info.name);
    }
}

BOOST_AUTO_TEST_CASE(an_error_of_one_part_in_1e18_is_caught_in_every_sample) {
  // finite_difference is good for 30 digits; what it needs is a derivative that stands out of the function's value.
  const op wrong = make_op<one_part_in_1e18>();
  const std::unique_ptr<subject> any = reference_subject();
  std::map<verdict, int> n = count("finite_difference", wrong, *any);
  BOOST_TEST(n[verdict::pass] == 0);
  BOOST_TEST(n[verdict::fail] >= 45);
}

BOOST_AUTO_TEST_CASE(a_mistake_shared_by_oracle_and_subject_is_caught_by_identities_alone) {
  const op wrong = make_op<slightly_too_large>();
  const std::unique_ptr<subject> same = reference_subject();  // it evaluates the op it is asked for
  std::map<verdict, int> compared = count("reference_gradient", wrong, *same);
  BOOST_TEST(compared[verdict::fail] == 0);
  BOOST_TEST(compared[verdict::pass] >= 45);
  BOOST_TEST(count("adjoint_identity", wrong, *same)[verdict::fail] >= 45);
  BOOST_TEST(count("finite_difference", wrong, *same)[verdict::fail] >= 45);
}

BOOST_AUTO_TEST_CASE(finite_difference_never_asks_the_subject) {
  scripted_subject silent({reply::status::crash, "must not be asked", {}});
  const op& o = op_called("sigmoid");
  BOOST_TEST(is(judged("finite_difference", o, silent, draw_informative_sample(o, dtype::f32, 1, 0)), verdict::pass));
}

BOOST_AUTO_TEST_CASE(sign_scale_and_a_lost_element_are_caught_in_every_op) {
  const std::vector<std::pair<const char*, double (*)(double, bool last)>> tampers = {
      {"negated", [](double x, bool) { return -x; }},
      {"doubled", [](double x, bool) { return 2 * x; }},
      {"last element zero", [](double x, bool last) { return last ? 0 : x; }},
      {"last element negated", [](double x, bool last) { return last ? -x : x; }}};
  const auto caught = [](const char* check, const op& o, subject& s) {
    for (std::uint64_t k = 0; k < 49; ++k)
      if (judged(check, o, s, draw_informative_sample(o, dtype::f32, 1, k)).outcome == verdict::fail) return true;
    return false;
  };
  for (const op& o : registered_ops())
    for (const auto& [name, change] : tampers) {
      if (o.info.zero_gradient) continue;  // minus zero is zero
      tampered_subject s([&change = change](mode m, const op&, const sample&, reply& r) {
        if (m != mode::vjp) return;
        for (auto& t : r.tensors)
          for (index_t i = 0; t && i < t->count(); ++i) t->set(i, change(t->at(i), i + 1 == t->count()));
      });
      for (const char* check : {"reference_gradient", "adjoint_identity"})
        BOOST_TEST(caught(check, o, s), o.info.name << " " << name << " by " << check);
    }
}

BOOST_AUTO_TEST_CASE(a_lossy_formula_is_inaccurate_and_named) {
  // At x = 17, f32's 1 + exp(-x) is 1 and so is s, whose complement has lost all its digits.
  const sample x = sample_of(dtype::f32, {{17, 0.5, -3}}, {1.5, -2, 1});
  mutant_subject s(make_op<sigmoid_from_its_output>());
  const finding f = judged("reference_gradient", op_called("sigmoid"), s, x);
  BOOST_TEST(is(f, verdict::inaccurate));
  BOOST_TEST(f.variant == "s*(1-s)");
  BOOST_TEST(f.reason.find("s*(1-s)") != std::string::npos);
  const finding adjoint = judged("adjoint_identity", op_called("sigmoid"), s, sample_of(dtype::f32, {{17}}, {1.5}));
  BOOST_TEST(is(adjoint, verdict::inaccurate));
  BOOST_TEST(adjoint.variant == "s*(1-s)");

  mutant_subject t(make_op<tanh_from_its_output>());
  const finding other = judged("reference_gradient", op_called("tanh"), t, sample_of(dtype::f32, {{8.5, 1}}, {1, 1}));
  BOOST_TEST(is(other, verdict::inaccurate));
  BOOST_TEST(other.variant == "1-y*y");
}

// (z-1)/z is NaN where z = e^x overflows, in f32 from x = 89 on: a number that is wrong there did not come from it.
BOOST_AUTO_TEST_CASE(a_lossy_formula_that_overflows_excuses_no_number) {
  attributes a;
  a.set("beta", 1.0), a.set("threshold", std::numeric_limits<double>::infinity());
  for (const double wrong : {0.0, 0.5, 2.0}) {
    tampered_subject s([wrong](mode m, const op&, const sample& x, reply& r) {
      if (m == mode::vjp && x.inputs[0]->at(0) > 89) r.tensors[0]->set(0, wrong);
    });
    sample x = sample_of(dtype::f32, {{100}}, {1});
    x.attrs = a;
    for (const char* check : {"reference_gradient", "adjoint_identity"})
      BOOST_TEST((judged(check, op_called("softplus"), s, x).outcome == verdict::fail), check << " " << wrong);
  }
}

// Frameworks give None for a gradient that is zero, of an op on its own and of one that the chain rule brings in.
BOOST_AUTO_TEST_CASE(no_gradient_is_as_good_as_a_zero_one) {
  tampered_subject s([](mode m, const op&, const sample&, reply& r) {
    for (auto& d : r.tensors) {
      bool zero = m == mode::vjp && d;
      for (index_t i = 0; zero && i < d->count(); ++i) zero = d->at(i) == 0;
      if (zero) d.reset();
    }
  });
  for (const op& o : all_ops())
    for (std::uint64_t n = 0; n < 12; ++n) {
      sample x = draw_sample(o, dtype::f64, 1, n, 4);
      for (tensor& v : x.cotangents)
        for (index_t i = 0; n % 2 == 0 && i < v.count(); ++i) v.set(i, 0);
      const oracle truth(o, x, format_of(dtype::f64));
      trial t(truth, s, {dtype::f64, format_of(dtype::f64)});
      for (const check& c : all_checks())
        if (c.info.judges == check_target::subject && c.suits(o, x.made_for) && c.suits(s))
          BOOST_TEST((judge(c, t).outcome != verdict::fail), c.info.name << " " << o.info.name << " " << n);
    }
}

// Where the formulas are known to give up: s rounds to 1 in bf16 from 6.25 on, and tanh 9 is 1 in f32.
BOOST_AUTO_TEST_CASE(saturated_units_are_inaccurate_and_a_wrong_sign_there_is_wrong) {
  struct place {
    const char* op;
    dtype type;
    double x;
    const char* variant;
  };
  for (const place& p : {place{"sigmoid", dtype::bf16, 6.25, "s*(1-s)"},
                         {"sigmoid", dtype::f32, 17.5, "s*(1-s)"},
                         {"tanh", dtype::bf16, 9, "1-y*y"},
                         {"tanh", dtype::f32, 9.25, "1-y*y"}}) {
    const sample x = sample_of(p.type, {{p.x, 0.5}}, {1, 1});
    const auto answers = [&](double at_saturation) {
      return tampered_subject([=](mode m, const op&, const sample&, reply& r) {
        if (m == mode::vjp) r.tensors[0]->set(0, at_saturation);
      });
    };
    tampered_subject lost = answers(0), turned = answers(-format_of(p.type).smallest());
    const finding f = judged("reference_gradient", op_called(p.op), lost, x);
    BOOST_TEST(is(f, verdict::inaccurate));
    BOOST_TEST(f.variant.find(p.variant) == 0u, f.variant);
    BOOST_TEST(
        is(judged("reference_gradient", op_called(p.op), turned, x), verdict::fail, failure_kind::wrong_gradient));
  }
}

// A sum of 256 products kept in bf16 is off by up to 255 u(bf16); kept in f32 it is not.
BOOST_AUTO_TEST_CASE(a_long_sum_kept_in_bf16_is_named_and_one_kept_in_f32_passes) {
  draw random(1, "convolution", 0);
  const auto numbers = [&](shape dims) {
    tensor t(dtype::bf16, std::move(dims));
    for (index_t i = 0; i < t.count(); ++i) t.set(i, random.normal());
    return t;
  };
  sample x;
  x.type = dtype::bf16;
  x.attrs.set("strides", std::vector<std::int64_t>{1});
  x.attrs.set("pads", std::vector<std::int64_t>{0, 0});
  x.attrs.set("dilations", std::vector<std::int64_t>{1});
  x.attrs.set("group", std::int64_t{1});
  x.inputs = {numbers({1, 64, 4}), numbers({2, 64, 4}), std::nullopt};
  x.tangents = {numbers({1, 64, 4}), numbers({2, 64, 4}), std::nullopt};
  x.cotangents = {numbers({1, 2, 1})};
  storage_arithmetic_subject narrow(false);
  const finding f = judged("reference_value", op_called("conv"), narrow, x);
  BOOST_TEST(is(f, verdict::inaccurate));
  BOOST_TEST(f.variant == "computed in bf16 throughout");
  BOOST_TEST(is(judged("reference_value", op_called("conv"), *reference_subject(), x), verdict::pass));
}

BOOST_AUTO_TEST_CASE(a_lossy_formula_is_no_excuse_for_a_wrong_sign) {
  for (const double at : {16.0, 15.0, 2.0}) {  // from 17 on s (1-s) is zero, and zero has no sign to be wrong
    const sample x = sample_of(dtype::f32, {{at}}, {1.5});
    mutant_subject s(make_op<sigmoid_from_its_output_with_wrong_sign>());
    BOOST_TEST(
        is(judged("reference_gradient", op_called("sigmoid"), s, x), verdict::fail, failure_kind::wrong_gradient),
        "x = " << at);
  }
}

BOOST_AUTO_TEST_CASE(a_lossy_formula_is_no_excuse_for_another_element) {
  tampered_subject s([](mode m, const op&, const sample& x, reply& r) {
    if (m != mode::vjp) return;
    r = mutant_subject(make_op<sigmoid_from_its_output>()).run(m, op_called("sigmoid"), x);
    r.tensors[0]->set(1, r.tensors[0]->at(1) * 1.01);
  });
  const sample x = sample_of(dtype::f32, {{17, 0.5, -3}}, {1.5, -2, 1});
  BOOST_TEST(is(judged("reference_gradient", op_called("sigmoid"), s, x), verdict::fail, failure_kind::wrong_gradient));
}

BOOST_AUTO_TEST_CASE(a_lossy_formula_in_f64_is_judged_by_f64) {
  mutant_subject s(make_op<sigmoid_from_its_output>());
  const op& o = op_called("sigmoid");
  BOOST_TEST(is(judged("reference_gradient", o, s, sample_of(dtype::f64, {{1}}, {1})), verdict::pass));
  BOOST_TEST(is(judged("reference_gradient", o, s, sample_of(dtype::f64, {{36}}, {1})), verdict::inaccurate));
  // In bf16 with an f32 accumulator, x = 17 is as lossy as in f32.
  BOOST_TEST(is(judged("reference_gradient", o, s, sample_of(dtype::bf16, {{17}}, {1})), verdict::inaccurate));
}

BOOST_AUTO_TEST_CASE(sums_kept_in_the_storage_type_are_inaccurate_unless_declared) {
  storage_arithmetic_subject tacit(false), declared(true);
  for (const dtype t : {dtype::bf16, dtype::f16}) {
    const op& o = op_called("gemm");
    std::map<verdict, int> secret = count("reference_gradient", o, tacit, t),
                           open = count("reference_gradient", o, declared, t);
    BOOST_TEST(secret[verdict::inaccurate] > 10);
    BOOST_TEST(secret[verdict::fail] == 0);
    BOOST_TEST(open[verdict::inaccurate] + open[verdict::fail] == 0);
  }
  for (std::uint64_t k = 0;; ++k) {
    const sample x = draw_informative_sample(op_called("gemm"), dtype::bf16, 1, k);
    const finding f = judged("reference_gradient", op_called("gemm"), tacit, x);
    if (f.outcome != verdict::inaccurate) continue;
    BOOST_TEST(f.variant.find("computed in bf16 throughout") != std::string::npos, f.variant);
    break;
  }
}

BOOST_AUTO_TEST_CASE(flushing_subnormal_results_is_inaccurate_and_named) {
  tampered_subject s([](mode, const op&, const sample&, reply& r) {
    for (auto& t : r.tensors)
      for (index_t i = 0; t && i < t->count(); ++i)
        if (std::fabs(t->at(i)) < 0x1p-126) t->set(i, 0);
  });
  const sample x = sample_of(dtype::f32, {{0x1p-70, 2}, {0x1.8p-2, 3}}, {0x1p-126, 1});
  const finding f = judged("reference_gradient", op_called("mul"), s, x);
  BOOST_TEST(is(f, verdict::inaccurate));
  BOOST_TEST(f.variant == "subnormal numbers taken for zero");
}

BOOST_AUTO_TEST_CASE(a_gradient_that_is_zero_everywhere_is_vacuous) {
  const std::unique_ptr<subject> s = reference_subject();
  BOOST_TEST(is(judged("reference_gradient", op_called("relu"), *s, sample_of(dtype::f32, {{-1, -2}}, {1, 1})),
                verdict::vacuous));
  sample kink = sample_of(dtype::f32, {{-1, 0}}, {1, 1});
  kink.made_for = profile::kink;  // where zero is an answer like any other
  BOOST_TEST(is(judged("reference_gradient", op_called("relu"), *s, kink), verdict::pass));
}

BOOST_AUTO_TEST_CASE(no_answer_gives_the_verdict_that_says_why) {
  const op& o = op_called("sigmoid");
  const sample x = draw_informative_sample(o, dtype::f32, 1, 0);
  for (const char* check : {"reference_value", "reference_gradient", "adjoint_identity"})
    for (const auto& [status, expected, kind] : std::vector<std::tuple<reply::status, verdict, failure_kind>>{
             {reply::status::unimplemented, verdict::skip, failure_kind::none},
             {reply::status::rejected, verdict::fail, failure_kind::rejected},
             {reply::status::error, verdict::error, failure_kind::none},
             {reply::status::crash, verdict::crash, failure_kind::none},
             {reply::status::timeout, verdict::timeout, failure_kind::none}}) {
      scripted_subject s({status, "for this reason", {}});
      const finding f = judged(check, o, s, x);
      BOOST_TEST(is(f, expected, kind), check);
      BOOST_TEST(f.reason == "for this reason");
    }
}

BOOST_AUTO_TEST_CASE(each_question_is_put_once) {
  int forward = 0, vjp = 0;
  tampered_subject s([&](mode m, const op&, const sample&, reply&) { ++(m == mode::forward ? forward : vjp); });
  const op& o = op_called("sigmoid");
  const sample x = draw_informative_sample(o, dtype::f32, 1, 0);
  const oracle truth(o, x, format_of(dtype::f32));
  trial t(truth, s, {dtype::f32, format_of(dtype::f32)});
  for (int again = 0; again < 2; ++again)
    for (const char* name : {"reference_value", "reference_gradient", "adjoint_identity"}) check_called(name).run(t);
  BOOST_TEST((forward == 1 && vjp == 1));
}

BOOST_AUTO_TEST_CASE(answers_of_the_wrong_form_fail_by_name) {
  const op& o = op_called("mul");
  const sample x = sample_of(dtype::f32, {{1, 2}, {3, 4}}, {5, 6});
  const tensor right = vector_of(dtype::f32, {15, 24}), other = vector_of(dtype::f32, {5, 12});
  const auto with = [&](std::vector<std::optional<tensor>> tensors) {
    return scripted_subject({reply::status::ok, "", std::move(tensors)});
  };
  for (const char* check : {"reference_gradient", "adjoint_identity"}) {
    scripted_subject good = with({right, other}), missing = with({right, std::nullopt}), none = with({}),
                     wide = with({right, vector_of(dtype::f64, {5, 12})}),
                     flat = with({right, tensor(dtype::f32, {1, 2}, std::vector<double>{5, 12})}),
                     nan = with({right, vector_of(dtype::f32, {5, not_a_number})}),
                     infinite = with({right, vector_of(dtype::f32, {infinity, 12})});
    BOOST_TEST(is(judged(check, o, good, x), verdict::pass), check);
    BOOST_TEST(is(judged(check, o, missing, x), verdict::fail, failure_kind::missing_gradient), check);
    BOOST_TEST(is(judged(check, o, none, x), verdict::fail, failure_kind::missing_gradient), check);
    BOOST_TEST(is(judged(check, o, wide, x), verdict::fail, failure_kind::wrong_dtype), check);
    BOOST_TEST(is(judged(check, o, flat, x), verdict::fail, failure_kind::wrong_shape), check);
    BOOST_TEST(is(judged(check, o, nan, x), verdict::fail, failure_kind::nonfinite), check);
    BOOST_TEST(is(judged(check, o, infinite, x), verdict::fail, failure_kind::nonfinite), check);
  }
  scripted_subject none = with({}), flat = with({tensor(dtype::f32, {1, 2}, std::vector<double>{3, 8})}),
                   nan = with({vector_of(dtype::f32, {3, not_a_number})});
  BOOST_TEST((judged("reference_value", o, none, x).outcome == verdict::fail));
  BOOST_TEST(is(judged("reference_value", o, flat, x), verdict::fail, failure_kind::wrong_shape));
  BOOST_TEST(is(judged("reference_value", o, nan, x), verdict::fail, failure_kind::nonfinite));
}

BOOST_AUTO_TEST_CASE(a_missing_gradient_that_is_zero_does_not_hide_a_wrong_one) {
  // A = 0: dB = g A is zero and may be left out; dA = g B is not what is returned.
  const sample x = sample_of(dtype::f32, {{0, 0}, {3, 4}}, {5, 6});
  scripted_subject wrong({reply::status::ok, "", {vector_of(dtype::f32, {15, 25}), std::nullopt}});
  scripted_subject right({reply::status::ok, "", {vector_of(dtype::f32, {15, 24}), std::nullopt}});
  BOOST_TEST(is(judged("reference_gradient", op_called("mul"), wrong, x), verdict::fail, failure_kind::wrong_gradient));
  BOOST_TEST(is(judged("reference_gradient", op_called("mul"), right, x), verdict::pass));
  BOOST_TEST(is(judged("adjoint_identity", op_called("mul"), right, x), verdict::pass));
  BOOST_TEST(is(judged("adjoint_identity", op_called("mul"), wrong, x), verdict::fail, failure_kind::law));
}

BOOST_AUTO_TEST_CASE(gradients_that_overflow_rightly_are_no_failure) {
  const op& o = op_called("exp");
  const std::unique_ptr<subject> s = reference_subject();
  const sample x = sample_of(dtype::f16, {{12, 1}}, {1, 1});  // e^12 is beyond f16's 65504
  BOOST_TEST(is(judged("reference_gradient", o, *s, x), verdict::pass));
  BOOST_TEST((judged("adjoint_identity", o, *s, x).outcome == verdict::unresolved));
}

BOOST_AUTO_TEST_CASE(at_kinks_every_subgradient_passes_and_the_convention_is_named) {
  const sample x = sample_of(dtype::f32, {{0, 1, -1}}, {4, 5, 6});
  const op& o = op_called("relu");
  mutant_subject closed(make_op<ops::relu>()), open(make_op<gate_open_at_zero>()), twice(make_op<twice_at_zero>());
  const finding zero = judged("reference_gradient", o, closed, x), one = judged("reference_gradient", o, open, x);
  BOOST_TEST(is(zero, verdict::pass));
  BOOST_TEST(zero.convention == "slope 0");
  BOOST_TEST(is(one, verdict::pass));
  BOOST_TEST(one.convention == "slope 1");
  BOOST_TEST(is(judged("reference_gradient", o, twice, x), verdict::fail, failure_kind::subgradient));
}

BOOST_AUTO_TEST_CASE(at_ties_the_cotangent_is_shared_in_full) {
  const sample x = sample_of(dtype::f32, {{1, 2}, {1, 3}}, {4, 5});
  const op& o = op_called("max");
  mutant_subject even(make_op<ops::max>()), first(make_op<first_tied_input_takes_all>()),
      all(make_op<every_tied_input_takes_all>());
  BOOST_TEST(judged("reference_gradient", o, even, x).convention == "ties: even");
  BOOST_TEST(judged("reference_gradient", o, first, x).convention == "ties: first");
  BOOST_TEST(is(judged("reference_gradient", o, first, x), verdict::pass));
  BOOST_TEST(is(judged("reference_gradient", o, all, x), verdict::fail, failure_kind::subgradient));
}

BOOST_AUTO_TEST_CASE(a_bug_at_ties_shows_at_kinks_only) {
  const op& o = op_called("max");
  mutant_subject s(make_op<every_tied_input_takes_all>()), right(make_op<first_tied_input_takes_all>());
  BOOST_TEST(count("reference_gradient", o, s)[verdict::fail] == 0);
  BOOST_TEST(count("reference_gradient", o, s, dtype::f32, profile::kink)[verdict::fail] > 5);
  BOOST_TEST(count("reference_gradient", o, right, dtype::f32, profile::kink)[verdict::fail] == 0);
}

BOOST_AUTO_TEST_CASE(a_declared_convention_is_required) {
  class declaring : public mutant_subject {
   public:
    declaring(op o, std::string says) : mutant_subject(std::move(o)), says_(std::move(says)) {}
    std::string declared_convention(const op&) const override { return says_; }

   private:
    std::string says_;
  };
  const sample x = sample_of(dtype::f32, {{0, 1}}, {4, 5}), smooth = sample_of(dtype::f32, {{-1, 1}}, {4, 5});
  const op& o = op_called("relu");
  declaring kept(make_op<ops::relu>(), "slope 0"), broken(make_op<gate_open_at_zero>(), "slope 0");
  BOOST_TEST(is(judged("reference_gradient", o, kept, x), verdict::pass));
  BOOST_TEST(is(judged("reference_gradient", o, broken, x), verdict::fail, failure_kind::subgradient));
  BOOST_TEST(is(judged("reference_gradient", o, broken, smooth), verdict::pass));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::tests::in_checks
