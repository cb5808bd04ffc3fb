// Text in columns, two spaces apart.
#pragma once

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "backproof/base/text.hpp"

namespace backproof::cli {

using table = std::vector<std::vector<std::string>>;

inline void print(table rows) {
  for (auto& row : rows)
    for (std::string& cell : row) cell = unbroken(cell);  // names may come from a file
  std::vector<std::size_t> widths;
  for (const auto& row : rows)
    for (std::size_t k = 0; k < row.size(); ++k) {
      widths.resize(std::max(widths.size(), k + 1));
      widths[k] = std::max(widths[k], row[k].size());
    }
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t k = 0; k < row.size(); ++k) {
      line += row[k];
      if (k + 1 < row.size()) line.append(widths[k] - row[k].size() + 2, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    std::printf("%s\n", line.c_str());
  }
}

}  // namespace backproof::cli
