#include "backproof/network/graph/network.hpp"

namespace backproof::networks {

const port* network::find_leaf(std::string_view leaf) const {
  for (const auto* list : {&inputs, &parameters})
    for (const port& p : *list)
      if (name_of(p) == leaf) return &p;
  return nullptr;
}

std::string network::used_by(port leaf) const {
  for (const node& layer : g.nodes())
    for (std::size_t k = 0; k < layer.in.size(); ++k)
      if (layer.in[k] == leaf) return layer.what->sig.input(k).name;
  return "";
}

std::string torch_name(const std::string& name, std::string_view used_for) {
  static const std::map<std::string_view, std::string_view> names = {{"W", "weight"},
                                                                     {"scale", "weight"},
                                                                     {"Scale", "weight"},
                                                                     {"slope", "weight"},
                                                                     {"B", "bias"},
                                                                     {"C", "bias"},
                                                                     {"input_mean", "running_mean"},
                                                                     {"input_var", "running_var"}};
  const auto at = names.find(used_for);
  if (at == names.end() || !name.ends_with(used_for)) return name;
  return name.substr(0, name.size() - used_for.size()) + std::string(at->second);
}

}  // namespace backproof::networks
