#include "backproof/network/graph/layout.hpp"

#include <algorithm>
#include <map>

namespace backproof::networks {
namespace {

constexpr double line_height = 50, least_margin = 60;
constexpr double beside =
    15;  // a gate's radius and some air, on either side of a label; every other column is one of labels

// A place in a column: a node's, or one that a long edge passes through.
struct place {
  std::size_t column = 0;
  double y = 0;
  std::vector<std::size_t> neighbours;
};

// Level, to the right.
drawn_edge leaving(const point& from, double length) {
  const double third = length / 3;
  return {{from, {from.x + third, from.y}, {from.x + 2 * third, from.y}, {from.x + length, from.y}},
          {from.x + length / 2 + 8, from.y}};
}

class drawing {
 public:
  drawing(const graph& g, const room& needed)
      : g_(g),
        column_(needed.label + 2 * beside),
        margin_(std::max(least_margin, needed.leaf / 2 + beside)),
        places_(g.nodes().size()),
        through_(g.nodes().size()) {
    columns();
    long_edges();
    order();
    settle();
  }

  placement result() const {
    placement p;
    double top = 0, bottom = 0;
    std::size_t last = 0;
    for (const place& one : places_) {
      top = std::min(top, one.y), bottom = std::max(bottom, one.y);
      last = std::max(last, one.column);
    }
    const auto at = [&](std::size_t k) {
      return point{margin_ + static_cast<double>(places_[k].column) * column_,
                   margin_ + (places_[k].y - top) * line_height};
    };
    for (std::size_t k = 0; k < g_.nodes().size(); ++k) {
      p.nodes.push_back(at(k));
      p.edges.emplace_back();
      for (std::size_t i = 0; i < g_.nodes()[k].in.size(); ++i) p.edges[k].push_back(edge(k, i, at));
    }
    p.width = 2 * margin_ + static_cast<double>(last) * column_ + 1.4 * column_;
    p.height = 2 * margin_ + (bottom - top) * line_height;
    p.out = leaving(at(g_.output().node), 1.4 * column_);
    return p;
  }

 private:
  // Gates stand in the column after the last of their inputs, leaves right before what uses them.
  void columns() {
    std::map<std::size_t, std::size_t> first_use;
    for (std::size_t k = 0; k < g_.nodes().size(); ++k)
      for (const port& p : g_.nodes()[k].in) {
        if (p == no_port) continue;
        places_[k].column = std::max(places_[k].column, places_[p.node].column + 2);
        if (g_.nodes()[p.node].what == nullptr) first_use.emplace(p.node, k);
      }
    for (const auto& [leaf, user] : first_use) places_[leaf].column = places_[user].column - 2;
  }

  void long_edges() {
    for (std::size_t k = 0; k < g_.nodes().size(); ++k)
      for (const port& p : g_.nodes()[k].in) {
        through_[k].emplace_back();
        if (p == no_port) continue;
        std::size_t from = p.node;
        for (std::size_t c = places_[p.node].column + 1; c < places_[k].column; ++c) {
          places_.push_back({c, 0, {}});
          through_[k].back().push_back(places_.size() - 1);
          join(from, places_.size() - 1);
          from = places_.size() - 1;
        }
        join(from, k);
      }
    for (std::size_t k = 0; k < places_.size(); ++k) {
      columns_.resize(std::max(columns_.size(), places_[k].column + 1));
      columns_[places_[k].column].push_back(k);
    }
  }

  void join(std::size_t a, std::size_t b) {
    places_[a].neighbours.push_back(b);
    places_[b].neighbours.push_back(a);
  }

  double mean_of_neighbours(std::size_t k) const {
    double sum = 0;
    for (const std::size_t n : places_[k].neighbours) sum += places_[n].y;
    return places_[k].neighbours.empty() ? places_[k].y : sum / static_cast<double>(places_[k].neighbours.size());
  }

  // To and fro, so that edges cross little.
  void order() {
    for (auto& list : columns_) number(list);
    const auto sort = [&](std::vector<std::size_t>& list) {
      std::map<std::size_t, double> wish;
      for (const std::size_t k : list) wish[k] = mean_of_neighbours(k);
      std::stable_sort(list.begin(), list.end(), [&](std::size_t a, std::size_t b) { return wish[a] < wish[b]; });
      number(list);
    };
    for (int sweep = 0; sweep < 8; ++sweep) {
      std::for_each(columns_.begin(), columns_.end(), sort);
      std::for_each(columns_.rbegin(), columns_.rend(), sort);
    }
  }

  void number(const std::vector<std::size_t>& list) {
    const double half = (static_cast<double>(list.size()) - 1) / 2;
    for (std::size_t i = 0; i < list.size(); ++i) places_[list[i]].y = static_cast<double>(i) - half;
  }

  // Each as near to the mean of its neighbours as the order, and a distance of one, allow: the least squares under that
  // condition, by pooling adjacent violators.
  void settle() {
    for (int sweep = 0; sweep < 12; ++sweep)
      for (const auto& list : columns_) {
        struct pool {
          double sum = 0;
          std::size_t n = 0;
          double mean() const { return sum / static_cast<double>(n); }
        };
        std::vector<pool> pools;
        for (std::size_t i = 0; i < list.size(); ++i) {
          pools.push_back({mean_of_neighbours(list[i]) - static_cast<double>(i), 1});
          while (pools.size() > 1 && pools[pools.size() - 2].mean() > pools.back().mean()) {
            const pool last = pools.back();
            pools.pop_back();
            pools.back().sum += last.sum, pools.back().n += last.n;
          }
        }
        std::size_t i = 0;
        for (const pool& p : pools)
          for (std::size_t n = 0; n < p.n; ++n, ++i) places_[list[i]].y = p.mean() + static_cast<double>(i);
      }
  }

  // Level where it passes a column; the label stands in the last one before its end.
  template <class At>
  drawn_edge edge(std::size_t k, std::size_t i, At at) const {
    if (g_.nodes()[k].in[i] == no_port) return {};
    drawn_edge e{{at(g_.nodes()[k].in[i].node)}, at(through_[k][i].back())};
    std::vector<std::size_t> stops = through_[k][i];
    stops.push_back(k);
    for (const std::size_t stop : stops) {
      const point a = e.line.back(), b = at(stop);
      const double middle = (a.x + b.x) / 2;
      e.line.insert(e.line.end(), {{middle, a.y}, {middle, b.y}, b});
    }
    return e;
  }

  const graph& g_;
  double column_, margin_;
  std::vector<place> places_;
  std::vector<std::vector<std::vector<std::size_t>>> through_;  // [node][input]: places of a long edge
  std::vector<std::vector<std::size_t>> columns_;
};

}  // namespace

placement layered(const graph& g, const room& needed) { return drawing(g, needed).result(); }

}  // namespace backproof::networks
