#include "backproof/flow/model/network.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "backproof/flow/model/activation.hpp"
#include "backproof/flow/model/convolution.hpp"
#include "backproof/flow/model/dense.hpp"
#include "backproof/flow/model/graph_block.hpp"
#include "backproof/flow/model/normalization.hpp"
#include "backproof/flow/model/residual.hpp"
#include "backproof/flow/model/scaling.hpp"

namespace backproof::flow {
namespace {

using networks::network;
using networks::node;
using networks::port;

// What no block is for, at this node.
class unknown_node : public unknown_block {
 public:
  unknown_node(std::size_t k, const std::string& why) : unknown_block(why), at(k) {}
  std::size_t at;
};

class translation {
 public:
  // Each section becomes one block.
  translation(const network& n, const std::vector<section>& sections)
      : network_(n), sections_(sections), at_(n.inputs.empty() ? port{} : n.inputs[0]) {
    if (n.inputs.empty()) throw unknown_block("the network has no input");
    const shape& s = n.g.shape_of(at_);
    if (s.size() < 2) throw unknown_block("its first input has no axis of samples");
    if (size_of(s) == 0) throw unknown_block("its first input is empty");
    model_.inputs = size_of(s) / s[0];
    reached_.push_back({at_, 0});
  }

  model translated() {
    const auto& nodes = network_.g.nodes();
    for (std::size_t k = 0; k < nodes.size(); ++k)
      if (nodes[k].what != nullptr && !is_loss(nodes[k], k)) add(nodes[k], k);
    if (model_.layers.empty()) throw unknown_block("no layer of it has weights");
    // What follows the last weights belongs to them: a softmax before the loss.
    for (reached& r : since_) model_.layers.back().blocks.push_back(r.block);
    widths(model_);
    return std::move(model_);
  }

 private:
  struct place {
    port p;
    std::size_t blocks;  // how many blocks came before
  };
  struct reached {
    std::string name;
    block_pointer block;
  };

  // What gives one number, and the weighting of an output that is summed into one.
  bool is_loss(const node& n, std::size_t k) const {
    if (n.outputs[0].empty()) return true;
    const auto& nodes = network_.g.nodes();
    const bool weighting = n.what->info.name == "mul" && std::any_of(n.in.begin(), n.in.end(), [&](const port& p) {
                             return nodes[p.node].what == nullptr;
                           });
    return weighting && std::all_of(nodes.begin(), nodes.end(), [&](const node& user) {
             return std::find(user.in.begin(), user.in.end(), port{k, 0}) == user.in.end() || user.outputs[0].empty();
           });
  }

  // A network with a penalty has nodes beside the chain, which only see parameters: those are passed by.
  void add(const node& n, std::size_t k) {
    for (const section& s : sections_)
      if (std::find(s.nodes.begin(), s.nodes.end(), k) != s.nodes.end()) return add_section(n, k, s);
    if (n.what->info.name == "add" && fold_residual(n, k)) return;
    const bool follows = !n.in.empty() && n.in[0] == at_;
    bool sees_data = follows;
    for (const port& p : n.in)
      for (const place& known : reached_) sees_data = sees_data || p == known.p;
    if (!sees_data) return;
    if (!follows) throw unknown_node(k, fmt::format("layer '{}' takes what is not the layer's before it", n.name));
    block_pointer b;
    try {
      b = block_of(n);
    } catch (const unknown_block& e) {
      throw unknown_node(k, e.what());
    }
    if (b) append(n.name, b);
    at_ = {k, 0};
    reached_.push_back({at_, count()});
  }

  void add_section(const node& n, std::size_t k, const section& s) {
    if (k != s.nodes.back()) return;
    if (!(s.entry == at_))
      throw unknown_node(k, fmt::format("layer '{}' takes what is not the layer's before it", n.name));
    append(n.name, std::make_shared<graph_block>(network_, s));
    at_ = {k, 0};
    reached_.push_back({at_, count()});
  }

  std::size_t count() const { return blocks_.size(); }

  void append(const std::string& name, block_pointer b) {
    blocks_.push_back(b);
    since_.push_back({name, std::move(b)});
    if (since_.back().block->parameters().empty()) return;
    close_layer();
  }

  void close_layer() {
    layer l{since_.back().name, {}};
    for (reached& r : since_) l.blocks.push_back(r.block);
    model_.layers.push_back(std::move(l));
    since_.clear();
  }

  // x + branch(x), where x was reached before: everything since then is the branch.
  bool fold_residual(const node& n, std::size_t k) {
    if (n.in.size() != 2 || !(n.in[0] == at_ || n.in[1] == at_)) return false;
    const port skip = n.in[0] == at_ ? n.in[1] : n.in[0];
    for (const place& known : reached_) {
      if (!(known.p == skip)) continue;
      chain branch(blocks_.begin() + static_cast<std::ptrdiff_t>(known.blocks), blocks_.end());
      rewind(known.blocks);
      since_.push_back({n.name, std::make_shared<residual>(std::move(branch))});
      blocks_.push_back(since_.back().block);
      close_layer();
      at_ = {k, 0};
      reached_.push_back({at_, count()});
      return true;
    }
    return false;
  }

  // Takes blocks back until so many are left, layers too; a layer that begins before is cut.
  void rewind(std::size_t blocks) {
    std::vector<reached> rest;
    std::size_t seen = 0;
    std::vector<layer> kept;
    const auto keep = [&](const std::string& name, const chain& c) {
      layer l{name, {}};
      for (const block_pointer& b : c)
        if (seen++ < blocks) l.blocks.push_back(b);
      if (l.blocks.empty()) return;
      if (l.blocks.size() == c.size())
        kept.push_back(std::move(l));
      else
        for (block_pointer& b : l.blocks) rest.push_back({name, std::move(b)});
    };
    for (const layer& l : model_.layers) keep(l.name, l.blocks);
    for (const reached& r : since_)
      if (seen++ < blocks) rest.push_back(r);
    model_.layers = std::move(kept);
    since_ = std::move(rest);
    blocks_.resize(blocks);
  }

  matrix numbers(port p, Index rows, Index columns) const {
    const auto& v = network_.g.nodes()[p.node].value;
    if (!v.present() || v.size() != rows * columns)
      throw unknown_block("weights that are computed by the network itself");
    matrix m(rows, columns);
    for (Index i = 0; i < rows; ++i)
      for (Index j = 0; j < columns; ++j) m(i, j) = static_cast<double>(v[i * columns + j]);
    return m;
  }

  bool given(const node& n, std::size_t input) const {
    return input < n.in.size() && !(n.in[input] == networks::no_port);
  }

  vector bias(const node& n, std::size_t input, Index size) const {
    return given(n, input) ? vector(numbers(n.in[input], size, 1)) : vector();
  }

  image image_of(const node& n) const {
    const shape& s = network_.g.shape_of(n.in[0]);
    if (s.size() == 3) return {s[1], 1, s[2]};
    if (s.size() == 4) return {s[1], s[2], s[3]};
    throw unknown_block(fmt::format("layer '{}': only images of one or two axes are known to flow", n.name));
  }

  block_pointer dense_of(const node& n) const {
    const shape& s = network_.g.shape_of(n.in[1]);
    if (network_.g.shape_of(n.in[0]).size() != 2)
      throw unknown_block(fmt::format("layer '{}': a linear map of more than one axis", n.name));
    return std::make_shared<dense>(numbers(n.in[1], s[0], s[1]), bias(n, 2, s[0]));
  }

  // ONNX's linear map: alpha A B' + beta C.
  block_pointer gemm_of(const node& n) const {
    if (n.attrs.flag("transA")) throw unknown_block(fmt::format("layer '{}': a Gemm of transposed samples", n.name));
    const shape& s = network_.g.shape_of(n.in[1]);
    const matrix b = n.attrs.number("alpha") * numbers(n.in[1], s[0], s[1]);
    const matrix w = n.attrs.flag("transB") ? b : matrix(b.transpose());
    return std::make_shared<dense>(w, n.attrs.number("beta") * bias(n, 2, w.rows()));
  }

  block_pointer convolution_of(const node& n) const {
    const image in = image_of(n);
    const shape& w = network_.g.shape_of(n.in[1]);
    const auto &strides = n.attrs.integers("strides"), &pads = n.attrs.integers("pads"),
               &dilations = n.attrs.integers("dilations");
    const bool flat = w.size() == 3;
    bool plain = n.attrs.integer("group") == 1 && (!n.attrs.has("auto_pad") || n.attrs.text("auto_pad") == "NOTSET");
    for (const backproof::index_t d : dilations) plain = plain && d == 1;
    for (const backproof::index_t s : strides) plain = plain && s == strides[0];
    if (flat && strides[0] != 1) plain = false;  // a stride would skip rows of an image that has only one
    if (!plain)
      throw unknown_block(
          fmt::format("layer '{}': groups, dilations and unequal strides are not known to flow", n.name));
    convolution_shape s{in, w[0], flat ? 1 : w[2], w[flat ? 2 : 3], strides[0]};
    if (flat)
      s.left = pads[0], s.right = pads[1];
    else
      s.above = pads[0], s.left = pads[1], s.below = pads[2], s.right = pads[3];
    return std::make_shared<convolution>(s, numbers(n.in[1], w[0], in.channels * s.taps()), bias(n, 2, w[0]));
  }

  block_pointer pool_of(const node& n, pooling how) const {
    const auto &kernel = n.attrs.integers("kernel_shape"), &strides = n.attrs.integers("strides"),
               &pads = n.attrs.integers("pads");
    bool plain = strides == kernel;
    for (const backproof::index_t e : kernel) plain = plain && e == kernel[0];
    for (const backproof::index_t p : pads) plain = plain && p == 0;
    auto b = plain ? std::make_shared<pool>(how, image_of(n), kernel[0]) : nullptr;
    if (!b || b->outputs(image_of(n).size()) * n.outputs[0][0] != size_of(n.outputs[0]))
      throw unknown_block(fmt::format("layer '{}': only square pools side by side are known to flow", n.name));
    return b;
  }

  block_pointer layer_norm_of(const node& n) {
    const Index width = n.outputs[0].back();
    if (n.outputs[0].size() != 2)
      throw unknown_block(fmt::format("layer '{}': a normalisation of more than one axis", n.name));
    append(n.name, std::make_shared<layer_norm>(n.attrs.number("epsilon")));
    if (!given(n, 1)) return nullptr;
    return std::make_shared<dense>(numbers(n.in[1], width, 1).asDiagonal().toDenseMatrix(), bias(n, 2, width));
  }

  // y = scale (x - mean) / sqrt(var + epsilon) + bias, with the statistics that training has left: by channel, each of
  // which has as many elements as the image has pixels.
  block_pointer batch_norm_of(const node& n) const {
    const shape& s = n.outputs[0];
    if (n.attrs.flag("training_mode"))
      throw unknown_block(
          fmt::format("layer '{}': batch normalisation while training depends on the batch, and a "
                      "gradient's flow is measured sample by sample; record its gradients instead",
                      n.name));
    const Index channels = s[1], pixels = size_of(s) / (s[0] * channels);
    const auto of = [&](std::size_t input) { return vector(numbers(n.in[input], channels, 1)); };
    const vector spread = (of(4).array() + n.attrs.number("epsilon")).sqrt();
    const vector a = of(1).cwiseQuotient(spread), b = of(2) - a.cwiseProduct(of(3));
    const auto by_pixel = [&](const vector& v) {
      vector all(channels * pixels);
      for (Index i = 0; i < all.size(); ++i) all(i) = v(i / pixels);
      return all;
    };
    return std::make_shared<scaling>(by_pixel(a), by_pixel(b));
  }

  block_pointer global_pool_of(const node& n) const {
    const image in = image_of(n);
    if (in.rows != in.columns)
      throw unknown_block(fmt::format("layer '{}': only square pools are known to flow", n.name));
    return std::make_shared<pool>(pooling::average, in, in.columns);
  }

  // Null where nothing has to be done: images are flattened as they lie.
  block_pointer block_of(const node& n) {
    const std::string_view name = n.what->info.name;
    if (name == "linear") return dense_of(n);
    if (name == "gemm") return gemm_of(n);
    if (name == "conv") return convolution_of(n);
    if (name == "max_pool") return pool_of(n, pooling::maximum);
    if (name == "average_pool") return pool_of(n, pooling::average);
    if (name == "global_average_pool") return global_pool_of(n);
    if (name == "batch_normalization") return batch_norm_of(n);
    if (name == "layer_normalization") return layer_norm_of(n);
    if (name == "softmax" && n.outputs[0].size() == 2) return std::make_shared<softmax>();
    if (name == "reshape" || (name == "dropout" && !n.attrs.flag("training_mode"))) return nullptr;
    const activation* a = find_activation(name == "swish" ? "silu" : name);
    if (a != nullptr && n.in.size() == 1) return std::make_shared<activation_block>(*a);
    throw unknown_block(fmt::format("layer '{}': {} is not known to flow; record its gradients instead (docs/flow.md)",
                                    n.name, n.what->wire_name()));
  }

  const network& network_;
  const std::vector<section>& sections_;
  model model_;
  port at_;
  chain blocks_;                // all of them, in order
  std::vector<reached> since_;  // those after the last layer's end
  std::vector<place> reached_;
};

// One more section, or a larger one, so that this node is within; false if there is none.
bool put_around(std::vector<section>& sections, const network& n, std::size_t node) {
  std::size_t known = 0;  // how large a section is there that does not do
  for (const section& other : sections)
    if (std::find(other.nodes.begin(), other.nodes.end(), node) != other.nodes.end()) known = other.nodes.size();
  const std::optional<section> s = section_around(n, node, known);
  if (!s) return false;
  std::erase_if(sections, [&](const section& other) {
    return std::includes(s->nodes.begin(), s->nodes.end(), other.nodes.begin(), other.nodes.end());
  });
  sections.push_back(*s);
  return true;
}

}  // namespace

model model_of(const network& n) {
  std::vector<section> sections;
  for (;;) try {
      return translation(n, sections).translated();
    } catch (const unknown_node& e) {
      if (!put_around(sections, n, e.at)) throw;
    } catch (const invalid_input& e) {
      throw unknown_block(e.what());
    }
}

}  // namespace backproof::flow
