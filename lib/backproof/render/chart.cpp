#include "backproof/render/chart.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <string_view>

#include "backproof/base/text.hpp"

namespace backproof::flow {

std::string power_of_ten(double exponent) {
  if (exponent == 0) return "1";
  if (exponent == 1) return "10";
  const double whole = std::round(exponent);
  const std::string digits = whole == exponent ? fmt::format("{:.0f}", exponent) : fmt::format("{:.2g}", exponent);
  return "10<tspan dy=\"-5\" font-size=\"9\">" + (exponent < 0 ? "−" + digits.substr(1) : digits) + "</tspan>";
}

std::string diverging_fill(double decades, double scale) {
  const double strength = std::min(1.0, std::fabs(decades) / scale);
  return fmt::format("fill:color-mix(in srgb,var(--{}) {:.0f}%,var(--paper))", decades < 0 ? "blue" : "red",
                     100 * strength);
}

axis depth_axis(std::size_t layers) {
  return {"layer (input on the left, output on the right)", 0.5, static_cast<double>(layers) + 0.5, false, true};
}

std::vector<double> ticks_between(double low, double high, int most, bool whole) {
  if (!(high > low)) return {low};
  double step = std::pow(10, std::floor(std::log10((high - low) / most)));
  for (const double factor : {2.0, 2.5, 2.0})  // 1, 2, 5, 10
    if ((high - low) / step > most) step *= factor;
  if (whole) step = std::max(1.0, std::round(step));
  std::vector<double> list;
  for (double k = std::ceil(low / step - 1e-9); k * step <= high + step * 1e-9; ++k) list.push_back(k * step + 0.0);
  return list;
}

chart::chart(std::string title, std::string description, axis x, axis y, double height)
    : title_(std::move(title)),
      description_(std::move(description)),
      x_(std::move(x)),
      y_(std::move(y)),
      height_(height) {
  if (!(x_.high > x_.low)) x_.high = x_.low + 1;
  if (!(y_.high > y_.low)) y_.high = y_.low + 1;
}

double chart::px(double x) const {
  return left_ + (std::clamp(x, x_.low, x_.high) - x_.low) / (x_.high - x_.low) * (width_ - left_ - right_);
}
double chart::py(double y) const {
  return height_ - bottom_ -
         (std::clamp(y, y_.low, y_.high) - y_.low) / (y_.high - y_.low) * (height_ - top_ - bottom_);
}

void chart::line(const std::vector<point>& p, const std::string& style) {
  std::string path;
  for (const auto& [x, y] : p) path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : " L", px(x), py(y));
  marks_ += fmt::format("<path class=\"{}\" d=\"{}\"/>\n", style, path);
}

void chart::area(const std::vector<point>& upper, const std::vector<point>& lower, const std::string& style) {
  std::string path;
  for (const auto& [x, y] : upper) path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : " L", px(x), py(y));
  for (auto p = lower.rbegin(); p != lower.rend(); ++p)
    path += fmt::format(" L{:.1f} {:.1f}", px(p->first), py(p->second));
  marks_ += fmt::format("<path class=\"{}\" d=\"{} Z\"/>\n", style, path);
}

void chart::dot(double x, double y, const std::string& style, const std::string& hint, double radius) {
  marks_ += fmt::format("<circle class=\"{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{}\"><title>{}</title></circle>\n", style,
                        px(x), py(y), radius, escaped(hint));
}

void chart::box(double x0, double y0, double x1, double y1, const std::string& style, const std::string& hint,
                const std::string& fill) {
  const double a = std::min(px(x0), px(x1)), b = std::max(px(x0), px(x1)), c = std::min(py(y0), py(y1)),
               d = std::max(py(y0), py(y1));
  marks_ += fmt::format(
      "<rect class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\"{}><title>{}</title></rect>\n",
      style, a, c, b - a, d - c, fill.empty() ? "" : " style=\"" + fill + "\"", escaped(hint));
}

void chart::text(double x, double y, const std::string& words, const std::string& style, double dx, double dy) {
  marks_ += fmt::format("<text class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n", style, px(x) + dx, py(y) + dy,
                        escaped(words));
}

void chart::vertical(double x, const std::string& words, const std::string& style, double drop) {
  if (x < x_.low || x > x_.high) return;
  line({{x, y_.low}, {x, y_.high}}, style);
  text(x, y_.high, words, "note", 5, 12 + drop);
}

void chart::horizontal(double y, const std::string& words, const std::string& style) {
  if (y < y_.low || y > y_.high) return;
  line({{x_.low, y}, {x_.high, y}}, style);
  text(x_.low, y, words, "note", 6, -5);
}

void chart::name_rows(const std::vector<std::string>& names) { rows_ = names; }

void chart::key(const std::vector<std::pair<std::string, std::string>>& entries) {
  double x = left_;
  for (const auto& [style, words] : entries) {
    const bool stroke = style.starts_with("line") || style.starts_with("dash") || style == "guide";
    const bool round = style.starts_with("point") || style == "ring";
    if (stroke)
      key_ += fmt::format("<path class=\"{}\" d=\"M{:.0f} 18 h22\"/>", style, x);
    else if (round)
      key_ += fmt::format("<circle class=\"{}\" cx=\"{:.0f}\" cy=\"18\" r=\"5\"/>", style, x + 15);
    else
      key_ += fmt::format("<rect class=\"{}\" x=\"{:.0f}\" y=\"12\" width=\"22\" height=\"12\"/>", style, x);
    key_ += fmt::format("<text class=\"note\" x=\"{:.0f}\" y=\"22\">{}</text>\n", x + 28, escaped(words));
    x += 46 + 6.6 * static_cast<double>(words.size());
  }
}

std::string chart::ticks() const {
  std::string out;
  for (const double t : ticks_between(x_.low, x_.high, 14, x_.decades || x_.whole))
    out += fmt::format(
        "<path class=\"grid\" d=\"M{0:.1f} {1:.1f} V{2:.1f}\"/><text class=\"tick middle\" x=\"{0:.1f}\" "
        "y=\"{3:.1f}\">{4}</text>\n",
        px(t), height_ - bottom_, top_, height_ - bottom_ + 17, x_.decades ? power_of_ten(t) : fmt::format("{:g}", t));
  if (rows_.empty())
    for (const double t : ticks_between(y_.low, y_.high, 8, y_.decades || y_.whole))
      out += fmt::format(
          "<path class=\"grid\" d=\"M{0:.1f} {1:.1f} H{2:.1f}\"/><text class=\"tick end\" x=\"{3:.1f}\" "
          "y=\"{4:.1f}\">{5}</text>\n",
          left_, py(t), width_ - right_, left_ - 8, py(t) + 4, y_.decades ? power_of_ten(t) : fmt::format("{:g}", t));
  for (std::size_t k = 0; k < rows_.size(); ++k)
    out += fmt::format("<text class=\"tick end\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n", left_ - 8,
                       py(static_cast<double>(k)) + 4, escaped(rows_[k]));
  return out;
}

std::string chart::field(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + '"';
}

std::string chart::field(double number) { return std::isnan(number) ? "" : fmt::format("{}", number); }

std::string chart::figure() const {
  if (csv_.empty()) return svg();
  std::string file, encoded;
  for (const char c : title_) file += c == ' ' ? '-' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (const char c : csv_)
    encoded +=
        std::isalnum(static_cast<unsigned char>(c)) || std::string_view(",.-_:").find(c) != std::string_view::npos
            ? std::string(1, c)
            : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  return svg() + fmt::format(
                     "<p class=\"csv\"><a download=\"{}.csv\" href=\"data:text/csv;charset=utf-8,{}\">the "
                     "numbers (CSV)</a></p>\n",
                     escaped(file), encoded);
}

std::string chart::svg() const {
  const double middle_x = (left_ + width_ - right_) / 2, middle_y = (top_ + height_ - bottom_) / 2;
  return fmt::format(
             "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {:.0f} {:.0f}\" "
             "role=\"img\"><title>{}</title><desc>{}</desc>\n",
             width_, height_, escaped(title_), escaped(description_)) +
         ticks() + marks_ + key_ +
         fmt::format("<text class=\"axis middle\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n", middle_x, height_ - 10,
                     escaped(x_.label)) +
         fmt::format("<text class=\"axis middle\" transform=\"translate(16 {:.1f}) rotate(-90)\">{}</text>\n</svg>\n",
                     middle_y, escaped(y_.label));
}

}  // namespace backproof::flow
