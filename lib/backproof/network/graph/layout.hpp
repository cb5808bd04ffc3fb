// Where the nodes and edges of a graph stand in its picture: columns from the inputs on the left to the output on the
// right, by the layered drawing of Sugiyama, Tagawa and Toda (1981). Long edges get a place in every column that they
// cross, columns are ordered by the means of their neighbours, and nodes are drawn towards their neighbours as far as
// the order leaves room.
#pragma once

#include <vector>

#include "backproof/network/graph/graph.hpp"

namespace backproof::networks {

struct point {
  double x = 0, y = 0;
};

// A chain of cubic Bezier curves: 1 + 3n points, two of control between two that it passes through.
using curve = std::vector<point>;
struct drawn_edge {
  curve line;   // empty for an input that is not given
  point label;  // on the line: the middle of what is written above and below it
};

struct placement {
  std::vector<point> nodes;
  std::vector<std::vector<drawn_edge>> edges;  // [node][input]
  drawn_edge out;                              // from the output to the picture's edge
  double width = 0, height = 0;
};

// How much room texts take, in pixels.
struct room {
  double label = 54;  // what is written on an edge
  double leaf = 40;   // an input's name
};
placement layered(const graph& g, const room& needed = {});

}  // namespace backproof::networks
