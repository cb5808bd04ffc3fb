// Each rule: a record that it speaks up about, and one right below its threshold about which it is silent.
#include <cmath>

#include "backproof/flow/pages/pages.hpp"
#include "backproof/flow/rules/rules.hpp"
#include "support.hpp"

namespace backproof::flow::tests::in_flow_rules {

BOOST_AUTO_TEST_SUITE(flow_rules)

namespace {

// So many layers of width 100, whose gradients' norms drift by so many decades.
flow_record healthy(std::size_t layers = 11, double drift = 0) {
  flow_record r;
  r.samples = 20;
  for (std::size_t k = 0; k < layers; ++k) {
    layer_record l;
    l.name = "layer " + std::to_string(k + 1);
    l.width = 100;
    l.gradient = flow::statistics_of(std::vector<double>{1, -0.5});
    l.log10_norm = drift * static_cast<double>(layers - 1 - k) / static_cast<double>(layers - 1);
    l.parameters.push_back({l.name + ".weight", flow::statistics_of(std::vector<double>{0.25, 1}), 1.0, false});
    r.layers.push_back(l);
    if (k + 1 < layers) r.beta += 0.01;
  }
  summarize(r);
  return r;
}

// The level at which a rule is found, or nothing.
std::optional<level> found(flow_record r, rule_id u) {
  judge(r);
  std::optional<level> worst;
  for (const flow_finding& f : r.findings)
    if (f.rule == u) worst = std::max(worst.value_or(level::info), f.level);
  return worst;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_level_gradient_has_no_findings) {
  flow_record r = healthy();
  judge(r);
  BOOST_TEST(r.findings.empty());
  BOOST_TEST(verdict_text(r) == "healthy");
}

BOOST_AUTO_TEST_CASE(vanishing_and_exploding_by_their_thresholds) {
  BOOST_TEST(!found(healthy(11, -1.95), rule_id::vanishing));
  BOOST_TEST((found(healthy(11, -2.05), rule_id::vanishing) == level::warn));
  BOOST_TEST((found(healthy(11, -3.05), rule_id::vanishing) == level::fail));
  BOOST_TEST(!found(healthy(11, 1.8), rule_id::exploding));
  BOOST_TEST((found(healthy(11, 1.9), rule_id::exploding) == level::warn));
  BOOST_TEST((found(healthy(11, 3.05), rule_id::exploding) == level::fail));
  BOOST_TEST(!found(healthy(11, 3.05), rule_id::vanishing));
}

BOOST_AUTO_TEST_CASE(a_single_sample_warns_unless_it_is_beyond_all_doubt) {
  flow_record r = healthy(11, -3.5);
  r.samples = 1;
  BOOST_TEST((found(r, rule_id::vanishing) == level::warn));
  r = healthy(11, -4.5);
  r.samples = 1;
  BOOST_TEST((found(r, rule_id::vanishing) == level::fail));
}

BOOST_AUTO_TEST_CASE(what_is_within_the_noise_is_not_vanishing) {
  flow_record r = healthy(11, -2.5);
  r.samples = 1;
  r.noise = 0.6;  // 4 times that is 2.4
  BOOST_TEST(found(r, rule_id::vanishing).has_value());
  r.noise = 0.65;
  BOOST_TEST(!found(r, rule_id::vanishing));
}

BOOST_AUTO_TEST_CASE(what_is_not_finite_is_named_in_the_order_of_the_backward_pass_and_ends_the_judging) {
  flow_record r = healthy(11, -5);
  r.layers[3].gradient.nonfinite = 1;
  r.layers[7].parameters[0].gradient.nonfinite = 2;
  judge(r);
  BOOST_TEST(r.findings.size() == 1);
  BOOST_TEST((r.findings[0].rule == rule_id::nonfinite));
  BOOST_TEST(r.findings[0].layer == "layer 8");
}

BOOST_AUTO_TEST_CASE(zeros_are_no_data) {
  flow_record r = healthy();
  r.from = flow_record::origin::network;
  r.layers[2].parameters[0].gradient = flow::statistics_of(std::vector<double>{0, 0});
  BOOST_TEST((found(r, rule_id::zero) == level::fail));
  r.from = flow_record::origin::ensemble;  // one draw of many: the next has another
  BOOST_TEST((found(r, rule_id::zero) != level::fail));
  r.samples = 20, r.silent = 3;
  BOOST_TEST((found(r, rule_id::zero) == level::warn));
  r.silent = 10;
  BOOST_TEST((found(r, rule_id::zero) == level::fail));
  r = healthy();
  r.broken = 1;
  BOOST_TEST((found(r, rule_id::nonfinite) == level::fail));
  r = healthy();
  r.from = flow_record::origin::network;
  r.layers[2].parameters[0].absent = true;
  BOOST_TEST((found(r, rule_id::zero) == level::fail));
  r = healthy();
  for (layer_record& l : r.layers)
    l.gradient = l.parameters[0].gradient = flow::statistics_of(std::vector<double>{0, 0});
  judge(r);
  BOOST_TEST(r.findings.size() == 1);
  BOOST_TEST(r.findings[0].message.find("recorder is broken") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(too_narrow_for_its_depth) {
  flow_record r = healthy();
  r.beta = 1.49;
  BOOST_TEST(!found(r, rule_id::fluctuation));
  r.beta = 1.51;
  BOOST_TEST((found(r, rule_id::fluctuation) == level::warn));
}

BOOST_AUTO_TEST_CASE(one_layer_that_breaks_is_named) {
  flow_record r = healthy();
  for (std::size_t k = 0; k < 5; ++k) r.layers[k].log10_norm -= 1.2;
  summarize(r);
  judge(r);
  BOOST_TEST(r.findings.size() == 1);
  BOOST_TEST((r.findings[0].rule == rule_id::local_break));
  BOOST_TEST(r.findings[0].layer == "layer 6");
  for (std::size_t k = 0; k < 5; ++k) r.layers[k].log10_norm += 0.3;
  summarize(r);
  BOOST_TEST(!found(r, rule_id::local_break));
}

BOOST_AUTO_TEST_CASE(underflow_where_the_dtype_is_known) {
  flow_record r = healthy();
  r.layers[0].parameters[0].gradient = flow::statistics_of(std::vector<double>{1e-9, 1, 1, 1});
  BOOST_TEST(!found(r, rule_id::underflow));
  r.config.dtype = "f16";
  BOOST_TEST((found(r, rule_id::underflow) == level::warn));
  r.layers[0].parameters[0].gradient = flow::statistics_of(std::vector<double>{1e-9, 1e-10, 1e-8, 1});
  BOOST_TEST((found(r, rule_id::underflow) == level::fail));
  r.config.dtype = "bf16";
  BOOST_TEST(!found(r, rule_id::underflow));
}

BOOST_AUTO_TEST_CASE(dead_and_saturated_units) {
  flow_record r = healthy();
  r.layers[1].zero_slopes = 0.69, r.layers[1].dead = 0.1;
  BOOST_TEST(!found(r, rule_id::dead));
  r.layers[1].zero_slopes = 0.71;
  BOOST_TEST((found(r, rule_id::dead) == level::warn));
  r = healthy();
  r.layers[1].dead = 0.91;
  BOOST_TEST((found(r, rule_id::dead) == level::warn));
  r = healthy();
  r.layers[1].saturated = 0.49;
  BOOST_TEST(!found(r, rule_id::dead));
  r.layers[1].saturated = 0.51;
  BOOST_TEST((found(r, rule_id::dead) == level::warn));
}

BOOST_AUTO_TEST_CASE(backproof_checks_itself) {
  flow_record r = healthy();
  r.layers[4].norm = norm_bracket{1.0, 1.0, 3};
  BOOST_TEST(!found(r, rule_id::bound_inversion));
  r.layers[4].norm = norm_bracket{1.0, 0.9, 3};
  BOOST_TEST((found(r, rule_id::bound_inversion) == level::fail));
  r = healthy();
  r.whole = whole_jacobian{};
  r.whole->norm = {2, 1, 3};
  BOOST_TEST((found(r, rule_id::bound_inversion) == level::fail));
}

BOOST_AUTO_TEST_CASE(isometry_is_told_and_never_fails) {
  flow_record r = healthy();
  r.whole = whole_jacobian{};
  r.whole->norm = {1, 2, 3};
  r.whole->variance_ratio = 1e6;
  BOOST_TEST((found(r, rule_id::isometry) == level::info));
}

BOOST_AUTO_TEST_CASE(an_unverified_gradient_gets_no_verdict_on_its_flow) {
  flow_record r = healthy(11, -5);
  r.gradient_mismatch = 1e-3;
  judge(r);
  BOOST_TEST(r.findings.size() == 1);
  BOOST_TEST((r.findings[0].rule == rule_id::gradient_check));
  r.gradient_mismatch = std::nan("");
  BOOST_TEST((found(r, rule_id::gradient_check) == level::fail));
}

BOOST_AUTO_TEST_CASE(the_sentence_says_it_in_numbers) {
  flow_record r =
      healthy(11, -10 * std::log10(std::sqrt(6.0)));  // nn.Linear's default with ReLU: a factor sqrt 6 per layer
  BOOST_TEST(
      sentence_of(r) ==
      "The gradient loses 0.39 decades per layer; over 10 layers the first gets 1/7,776 of the last one's gradient.");
  BOOST_TEST(sentence_of(healthy(11, 2))
                 .starts_with("The gradient gains 0.2 decades per layer; over 10 layers the first gets 100 times"));
  BOOST_TEST(sentence_of(healthy()).starts_with("The gradient keeps its size"));
}

BOOST_AUTO_TEST_CASE(a_power_of_the_depth_is_not_called_exponential) {
  flow_record power = healthy(200), exponential = healthy(200, -2.5);
  for (std::size_t k = 0; k < 200; ++k) power.layers[k].log10_norm = -std::log10(200.0 - static_cast<double>(k));
  summarize(power);
  BOOST_TEST((power.shape == trend::polynomial));
  BOOST_TEST((exponential.shape == trend::exponential));
  BOOST_TEST(sentence_of(power).find("not exponentially") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(every_rendering_escapes_what_others_wrote) {
  flow_record r = healthy(11, -5);
  r.subject = "<script>alert(1)</script>\x1b[2J";
  for (layer_record& l : r.layers) l.name = "<b>\"&'\x01" + l.name;
  r.layers[4].gradient.nonfinite = 1;
  judge(r);
  BOOST_TEST(html_of(r).find("<script") == std::string::npos);
  BOOST_TEST(html_of(r).find("<b>\"") == std::string::npos);
  BOOST_TEST(junit_of(r).find("<b>") == std::string::npos);
  for (const std::string& text : {text_of(r), html_of(r), markdown_of(r), junit_of(r), json_of(r)})
    BOOST_TEST((text.find('\x1b') == std::string::npos && text.find('\x01') == std::string::npos));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace backproof::flow::tests::in_flow_rules
