#include "backproof/network/format/leaf_values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "backproof/base/file.hpp"
#include "backproof/base/text.hpp"

namespace backproof::networks {
namespace {

const std::set<std::string> tensor_keys = {"shape", "values", "file", "tensor", "init", "gain",
                                           "std",   "low",    "high", "value",  "below"};

double checked_size(const shape& dims) {
  double n = 1, stride = 1;
  for (const index_t e : dims) n *= static_cast<double>(e), stride *= static_cast<double>(std::max<index_t>(e, 1));
  if (stride > static_cast<double>(most_numbers)) wrong(fmt::format("shape {} is too large", to_string(dims)));
  return n;
}

// Of a parameter that stands by itself: [out, in], as a linear layer's weight.
index_t fan(const shape& dims, std::size_t axis) { return dims.size() > axis ? dims[axis] : 1; }

}  // namespace

initialiser initialiser_of(const json& j, initialiser otherwise) {
  initialiser i = std::move(otherwise);
  if (j.contains("init")) i = {.name = text_of(j, "init")};
  if (!is_initialiser(i.name))
    wrong(fmt::format("there is no initialiser '{}': {}", quotable(i.name), known_initialisers()));
  i.gain = number_of(j, "gain", i.gain);
  i.std = number_of(j, "std", i.std);
  i.low = number_of(j, "low", i.low);
  i.high = number_of(j, "high", i.high);
  i.value = number_of(j, "value", i.value);
  i.below = count_of(j, "below", i.below);
  if (j.contains("below")) i.name = "integers";
  if (i.name == "uniform" && !(i.low <= i.high)) wrong("low is above high");
  return i;
}

void leaf_values::claim(double numbers) {
  numbers_ += numbers;
  if (numbers_ > static_cast<double>(most_numbers))
    wrong(fmt::format("the network holds more than {} numbers", most_numbers));
}

leaf_value leaf_values::checked(const std::string& name, const shape& dims, const std::vector<double>& elements,
                                std::string how) {
  values<real> v(dims);
  for (index_t i = 0; i < v.size(); ++i) {
    const double x = elements[static_cast<std::size_t>(i)];
    if (!std::isfinite(x)) wrong(fmt::format("{} is {} at element {}", quotable(name), x, i));
    v[i] = x;
  }
  return {std::move(v), std::move(how)};
}

leaf_value leaf_values::of(const std::string& name, const tensor& t, const std::optional<shape>& dims,
                           std::string how) {
  if (dims && t.dims() != *dims)
    wrong(fmt::format("{} is {}, not {}", quotable(name), to_string(t.dims()), to_string(*dims)));
  claim(static_cast<double>(t.count()));
  std::vector<double> x;
  for (index_t i = 0; i < t.count(); ++i) x.push_back(t.at(i));
  return checked(name, t.dims(), x, std::move(how));
}

leaf_value leaf_values::drawn(const std::string& name, const parameter_use& use, const initialiser& how) {
  claim(checked_size(use.dims));
  return checked(name, use.dims, initial_values(how, use, seed_, name), how.name);
}

leaf_value leaf_values::specified(const std::string& name, const json& j, const std::optional<parameter_use>& use,
                                  const initialiser& otherwise) {
  if (!j.is_object()) wrong("expected an object");
  only(j, tensor_keys);
  if (j.contains("values") && j.contains("file")) wrong("values and file are both given");
  std::optional<shape> dims;
  if (j.contains("shape")) dims = networks::shape_of(j, "shape");
  if (use && dims && *dims != use->dims)
    wrong(fmt::format("{} is {}, not {}", quotable(name), to_string(*dims), to_string(use->dims)));
  if (use) dims = use->dims;
  if (j.contains("values")) {
    shape found;
    std::vector<double> x;
    flatten(j["values"], 0, found, x);
    if (dims && size_of(*dims) == size_of(found) && found.size() == 1) found = *dims;
    if (dims && found != *dims)
      wrong(fmt::format("{} is {}, not {}", quotable(name), to_string(found), to_string(*dims)));
    claim(static_cast<double>(x.size()));
    return checked(name, found, x, "given");
  }
  if (j.contains("file")) {
    const std::string file = text_of(j, "file");
    return of(name, opened(file).at(j.contains("tensor") ? text_of(j, "tensor") : name), dims, "from " + file);
  }
  if (!dims) wrong("shape is missing");
  const parameter_use mine =
      use ? *use : parameter_use{parameter_use::kind::weight, *dims, fan(*dims, 1), fan(*dims, 0)};
  return drawn(name, mine, initialiser_of(j, use ? initialiser_for(mine, otherwise) : otherwise));
}

leaf_value leaf_values::found(const std::string& name, const std::string& other, const parameter_use& use,
                              const std::string& file) {
  const tensor_file& f = opened(file);
  return of(name, f.at(f.has(other) ? other : name), use.dims, "from " + file);
}

std::string leaf_values::inside(const std::string& file) const {
  try {
    return path_inside(folder_, file);
  } catch (const invalid_input& e) {
    wrong(fmt::format("{} of the description; --allow-outside reads it all the same", e.what()));
  }
}

const tensor_file& leaf_values::opened(const std::string& file) {
  if (const auto found = files_.find(file); found != files_.end()) return found->second;
  const std::string full = allow_outside_ ? (std::filesystem::path(folder_) / file).string() : inside(file);
  return files_.try_emplace(file, full).first->second;
}

}  // namespace backproof::networks
