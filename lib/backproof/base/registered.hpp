// Lists of the items that registered themselves before main, sorted by name, whatever order the linker chose.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

namespace backproof {

// All of one kind. Constructed on first use, because no order among static initialisers is given.
template <class T>
std::vector<T>& registered() {
  static std::vector<T> list;
  return list;
}

// Always true, so that it can initialise a constant.
template <class T>
bool add_registered(T item) {
  std::vector<T>& list = registered<T>();
  const auto at = std::lower_bound(list.begin(), list.end(), item,
                                   [](const T& a, const T& b) { return a.info.name < b.info.name; });
  list.insert(at, std::move(item));
  return true;
}

}  // namespace backproof
