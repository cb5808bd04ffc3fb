#include "backproof/registry.hpp"

#include <algorithm>
#include <cctype>

#include "backproof/register_check.hpp"
#include "backproof/register_op.hpp"
#include "backproof/register_report.hpp"

namespace backproof {
namespace {

template <class T>
std::vector<T>& all() {
  static std::vector<T> list;  // constructed on first use, because registration happens before main
  return list;
}

template <class T>
bool insert(T item) {
  std::vector<T>& list = all<T>();
  const auto at = std::lower_bound(list.begin(), list.end(), item,
                                   [](const T& a, const T& b) { return a.info.name < b.info.name; });
  list.insert(at, std::move(item));
  return true;
}

char lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

bool same(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

const std::vector<op>& all_ops() { return all<op>(); }
const std::vector<check>& all_checks() { return all<check>(); }
const std::vector<report>& all_reports() { return all<report>(); }

bool register_op(op o) { return insert(std::move(o)); }
bool register_check(check c) { return insert(c); }
bool register_report(report r) { return insert(r); }

void introduce(op o) {
  if (find_op(o.wire_name()) == nullptr) insert(std::move(o));
}

const op* find_op(std::string_view name) {
  if (name.empty()) return nullptr;  // as ONNX's name is, of an op that ONNX does not have
  const auto found = std::find_if(all_ops().begin(), all_ops().end(),
                                  [&](const op& o) { return same(o.info.name, name) || same(o.info.onnx, name); });
  return found == all_ops().end() ? nullptr : &*found;
}

const check* find_check(std::string_view name) {
  const auto found =
      std::find_if(all_checks().begin(), all_checks().end(), [&](const check& c) { return c.info.name == name; });
  return found == all_checks().end() ? nullptr : &*found;
}

bool matches(std::string_view glob, std::string_view text) {
  // Iterative matching with one point of return, the last star: linear in practice, and safe from deep recursion.
  std::size_t g = 0, t = 0, star = std::string_view::npos, retry = 0;
  while (t < text.size()) {
    if (g < glob.size() && glob[g] == '*') {
      star = g++;
      retry = t;
    } else if (g < glob.size() && (glob[g] == '?' || lower(glob[g]) == lower(text[t]))) {
      ++g, ++t;
    } else if (star != std::string_view::npos) {
      g = star + 1;
      t = ++retry;
    } else {
      return false;
    }
  }
  while (g < glob.size() && glob[g] == '*') ++g;
  return g == glob.size();
}

}  // namespace backproof
