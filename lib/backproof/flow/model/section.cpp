#include "backproof/flow/model/section.hpp"

#include <algorithm>

namespace backproof::flow {

using networks::network;
using networks::node;
using networks::port;

std::vector<bool> depending_on(const network& n, port p) {
  const std::vector<node>& nodes = n.g.nodes();
  std::vector<bool> yes(nodes.size(), false);
  for (std::size_t k = 0; k < nodes.size(); ++k)
    yes[k] = std::any_of(nodes[k].in.begin(), nodes[k].in.end(),
                         [&](const port& i) { return i == p || (!(i == networks::no_port) && yes[i.node]); });
  return yes;
}

namespace {

class search {
 public:
  explicit search(const network& n) : network_(n), nodes_(n.g.nodes()), sees_data_(depending_on(n, n.inputs[0])) {
    sees_data_[n.inputs[0].node] = true;
  }

  std::optional<section> around(std::size_t k, std::size_t more_than) const {
    for (std::size_t e = k; e-- > 0;) {
      if (!sees_data_[e] || !has_samples({e, 0})) continue;
      const std::vector<bool> after = depending_on(network_, {e, 0});
      if (!after[k]) continue;
      for (std::size_t end = k; end < nodes_.size(); ++end)
        if (after[end] && has_samples({end, 0}))
          if (auto s = between({e, 0}, after, end);
              s && s->nodes.size() > more_than && std::find(s->nodes.begin(), s->nodes.end(), k) != s->nodes.end())
            return s;
    }
    return std::nullopt;
  }

 private:
  bool has_samples(port p) const {
    const shape& s = network_.g.shape_of(p);
    return s.size() > 1 && s[0] == network_.g.shape_of(network_.inputs[0])[0];
  }

  // What lies on a way from the entry to the end, if nothing else goes in or out there.
  std::optional<section> between(port entry, const std::vector<bool>& after, std::size_t end) const {
    std::vector<bool> within(nodes_.size(), false);
    within[end] = true;
    for (std::size_t k = end + 1; k-- > entry.node + 1;)
      if (within[k])
        for (const port& i : nodes_[k].in)
          if (!(i == networks::no_port) && after[i.node]) within[i.node] = true;
    section s{entry, {}};
    for (std::size_t k = 0; k < nodes_.size(); ++k) {
      for (const port& i : nodes_[k].in) {
        if (i == networks::no_port) continue;
        const bool inside = within[i.node], known = inside || i == entry || !sees_data_[i.node];
        if (within[k] && !known) return std::nullopt;                           // a second way in
        if (!within[k] && inside && !(i == port{end, 0})) return std::nullopt;  // a second way out
      }
      if (within[k]) s.nodes.push_back(k);
    }
    return s;
  }

  const network& network_;
  const std::vector<node>& nodes_;
  std::vector<bool> sees_data_;
};

}  // namespace

std::optional<section> section_around(const network& n, std::size_t node, std::size_t more_than) {
  return search(n).around(node, more_than);
}

}  // namespace backproof::flow
