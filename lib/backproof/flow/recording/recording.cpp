#include "backproof/flow/recording/recording.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <set>

#include "backproof/base/file.hpp"
#include "backproof/base/limits.hpp"
#include "backproof/base/text.hpp"
#include "backproof/network/format/tensor_files.hpp"
#include "backproof/tensor/safetensors.hpp"

namespace backproof::flow {
namespace {

long whole_number(std::string_view text, const std::string& name) {
  long n = -1;
  const auto [end, trouble] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (trouble != std::errc() || end != text.data() + text.size() || n < 0 || n > 1'000'000'000)
    throw format_error("tensor '" + quotable(name) + "': '" + quotable(text, 20) + "' is no whole number");
  return n;
}

// Cuts the text before the next slash off.
std::string_view cut(std::string_view& rest, const std::string& name) {
  const std::size_t slash = rest.find('/');
  if (slash == std::string_view::npos || slash + 1 == rest.size())
    throw format_error("tensor '" + quotable(name) +
                       "': expected delta/INDEX/LAYER, grad/PARAMETER, weight/PARAMETER or jac/LAYER");
  const std::string_view head = rest.substr(0, slash);
  rest.remove_prefix(slash + 1);
  return head;
}

}  // namespace

recorded_tensor parsed_name(const std::string& name) {
  recorded_tensor t;
  std::string_view rest = name;
  std::string_view head = cut(rest, name);
  if (head == "step") {
    t.step = whole_number(cut(rest, name), name);
    head = cut(rest, name);
  }
  if (head == "delta") {
    t.what = quantity::delta;
    t.index = whole_number(cut(rest, name), name);
  } else if (head == "grad") {
    t.what = quantity::grad;
  } else if (head == "weight") {
    t.what = quantity::weight;
  } else if (head == "jac") {
    t.what = quantity::jac;
  } else {
    throw format_error("tensor '" + quotable(name) + "': '" + quotable(head, 20) +
                       "' is none of delta, grad, weight and jac");
  }
  t.name = rest;
  return t;
}

recording read_tensors(const std::string& path) {
  recording r{path, {}};
  const networks::tensor_file file(path);
  const std::vector<std::string> names = file.names();
  if (names.size() > limits::recorded_tensors)
    throw format_error(fmt::format("more than {} tensors", limits::recorded_tensors));
  std::size_t elements = 0;
  for (const std::string& name : names) {
    recorded_tensor one = parsed_name(name);
    const tensor t = file.at(name);
    const std::size_t count = static_cast<std::size_t>(t.count());
    if (count > limits::recorded_elements)
      throw format_error(
          fmt::format("tensor '{}' has more than {} elements", quotable(name), limits::recorded_elements));
    if ((elements += count) > limits::recorded_numbers)
      throw format_error(fmt::format("more than {} numbers", limits::recorded_numbers));
    std::vector<double> x(count);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = t.at(static_cast<index_t>(i));
    if (x.empty()) throw format_error("tensor '" + quotable(name) + "' has no elements");
    one.statistics = statistics_of(x);
    one.width = t.dims().size() > 1 && t.dims()[0] > 0 ? x.size() / static_cast<std::size_t>(t.dims()[0]) : x.size();
    one.dtype = name_of(t.type());
    if (one.what == quantity::jac && t.dims().size() != 2)
      throw format_error("tensor '" + quotable(name) + "': a Jacobian has two axes, outputs and inputs");
    // Of one sample alone a Jacobian can say whether its gradient is right.
    if (one.what == quantity::jac || (one.what == quantity::delta && one.width == x.size()))
      one.elements = Eigen::Map<const Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>(
          x.data(), one.what == quantity::jac ? t.dims()[0] : 1, one.what == quantity::jac ? t.dims()[1] : t.count());
    r.tensors.push_back(std::move(one));
  }
  return r;
}

recording read_recording(const std::string& path) {
  const auto ends = [&](std::initializer_list<const char*> list) {
    return std::any_of(list.begin(), list.end(), [&](const char* end) { return path.ends_with(end); });
  };
  try {
    if (ends({".npz", ".safetensors"})) return read_tensors(path);
    if (ends({".jsonl", ".ndjson"})) return read_jsonl(path);
    throw format_error("no recording: expected .npz, .safetensors or .jsonl");
  } catch (const invalid_input& e) {
    const std::string what = e.what();
    throw format_error(what.starts_with(path) ? what : path + ": " + what);
  }
}

std::string sha256_of(const std::string& path) {
  open_file file(path);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr);
  std::array<std::byte, 65536> buffer{};
  for (std::size_t n; (n = file.read(buffer)) > 0;) EVP_DigestUpdate(context.get(), buffer.data(), n);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  EVP_DigestFinal_ex(context.get(), digest.data(), &length);
  std::string text;
  for (unsigned k = 0; k < length; ++k) text += fmt::format("{:02x}", digest[k]);
  return text;
}

}  // namespace backproof::flow
