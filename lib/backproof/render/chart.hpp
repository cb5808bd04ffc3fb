// One chart as SVG: axes with units, and marks in data coordinates. Colours are classes of the page's style, so that
// the page can define them for light and dark.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace backproof::flow {

struct axis {
  std::string label;
  double low = 0, high = 1;
  bool decades = false;  // whole numbers k stand for 10^k
  bool whole = false;    // ticks at whole numbers only
};

axis depth_axis(std::size_t layers);  // one place for each, from the input on the left

class chart {
 public:
  using point = std::pair<double, double>;

  chart(std::string title, std::string description, axis x, axis y, double height = 300);

  void line(const std::vector<point>& p, const std::string& style);
  void area(const std::vector<point>& upper, const std::vector<point>& lower, const std::string& style);
  void dot(double x, double y, const std::string& style, const std::string& hint, double radius = 3.5);
  void box(double x0, double y0, double x1, double y1, const std::string& style, const std::string& hint,
           const std::string& fill = "");
  void text(double x, double y, const std::string& words, const std::string& style = "note", double dx = 0,
            double dy = 0);
  void vertical(double x, const std::string& words, const std::string& style = "guide", double drop = 0);
  void horizontal(double y, const std::string& words, const std::string& style = "guide");
  void name_rows(const std::vector<std::string>& names);  // instead of the y axis' ticks: name k at height k
  void key(const std::vector<std::pair<std::string, std::string>>& entries);  // (style, words), above the plot

  // The numbers behind the marks, for a link below the picture: a header, and rows of fields.
  void data(const std::string& header) { csv_ = header + '\n'; }
  template <class... Field>
  void row(const Field&... fields) {
    std::string line;
    ((line += (line.empty() ? "" : ",") + field(fields)), ...);
    csv_ += line + '\n';
  }

  std::string figure() const;  // the picture, and the link
  std::string svg() const;

 private:
  double px(double x) const;
  double py(double y) const;
  std::string ticks() const;
  static std::string field(const std::string& text);
  static std::string field(double number);
  std::string title_, description_;
  axis x_, y_;
  double width_ = 920, height_, left_ = 86, right_ = 24, top_ = 34, bottom_ = 48;
  std::vector<std::string> rows_;
  std::string marks_, key_, csv_;
};

// Steps of 1, 2 or 5 times a power of ten, at most so many.
std::vector<double> ticks_between(double low, double high, int most, bool whole);

std::string power_of_ten(double exponent);  // for SVG: 10 with a raised exponent

// Blue where gradients shrink, red where they grow, nothing in between; `scale` decades are the full colour.
std::string diverging_fill(double decades, double scale);

}  // namespace backproof::flow
