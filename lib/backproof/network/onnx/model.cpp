#include "backproof/network/onnx/model.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <google/protobuf/arena.h>
#include <google/protobuf/io/coded_stream.h>

#include <algorithm>

#include "backproof/network/onnx/fold.hpp"
#include "backproof/network/onnx/import.hpp"
#include "backproof/network/onnx/inputs.hpp"
#include "backproof/network/onnx/rules.hpp"
#include "backproof/tensor/safetensors.hpp"

namespace backproof::networks {
namespace {

// A message of two bytes takes a hundred in memory, so that it is the memory that has to be limited.
thread_local std::size_t taken = 0;

void* take(std::size_t n) {
  taken += n;
  if (taken > limits::onnx_bytes)
    throw invalid_input(fmt::format("would take more than {} bytes to read", limits::onnx_bytes));
  return ::operator new(n);
}

google::protobuf::ArenaOptions within_limits() {
  google::protobuf::ArenaOptions o;
  o.block_alloc = take;
  o.block_dealloc = [](void* block, std::size_t) { ::operator delete(block); };
  o.max_block_size = std::size_t{1} << 20;
  return o;
}

std::string quoted(std::string_view name) { return fmt::format("'{}'", shown(name)); }

class importer {
 public:
  importer(const onnx::ModelProto& m, std::string folder, const reading& how)
      : model_(m), folder_(std::move(folder)), how_(how) {}

  onnx_import run() {
    opset_ = opset();
    if (model_.graph().node_size() > static_cast<int>(limits::network_layers))
      throw invalid_input(
          fmt::format("it has {} nodes, and at most {} are read", model_.graph().node_size(), limits::network_layers));
    for (const onnx::NodeProto& n : model_.graph().node())
      for (const std::string& name : n.output()) made_later_.insert(name);
    initializers();
    for (const onnx::ValueInfoProto& v : model_.graph().input()) input(v);
    for (const onnx::NodeProto& n : model_.graph().node()) node(n);
    std::vector<onnx_output> outs = outputs();
    complain();
    onnx_import done{std::move(builder_).take(), std::move(outs)};
    done.net.name = shown(model_.graph().name());
    done.net.g.set_output(done.outputs.front().at);
    draw_inputs(done.net, whole_inputs_, how_.seed);
    return done;
  }

 private:
  std::int64_t opset() const {
    for (const onnx::OperatorSetIdProto& o : model_.opset_import())
      if (o.domain().empty() || o.domain() == "ai.onnx") {
        if (o.version() < 1 || o.version() > 1000) throw invalid_input(fmt::format("its opset is {}", o.version()));
        return o.version();
      }
    return 1;
  }

  void add(const std::string& name, std::shared_ptr<onnx_operand> x) {
    if (!values_.emplace(name, std::move(x)).second)
      throw invalid_input(fmt::format("there are two values of the name {}", quoted(name)));
  }

  // Numbers that the model states or its nodes compute, before there is memory for them.
  void claim(index_t numbers) {
    numbers_ += numbers;
    if (numbers_ > most_numbers) throw invalid_input(fmt::format("there are more than {} numbers", most_numbers));
  }

  onnx_constant claimed(const onnx::TensorProto& t) {
    claim(numbers_claimed(t));
    return constant_of(t, folder_);
  }

  void initializers() {
    for (const onnx::TensorProto& t : model_.graph().initializer()) {
      const std::string label = "initializer " + quoted(t.name());
      try {
        onnx_constant c = claimed(t);
        const bool weight = is_float(c.type);
        if (weight) check_finite(c.numbers);
        add(t.name(), onnx_operand::constant(t.name(), std::move(c), weight));
      } catch (const std::exception& e) {
        throw invalid_input(label + ": " + e.what());
      }
    }
  }

  static void check_finite(const values<real>& v) {
    for (index_t i = 0; i < v.size(); ++i)
      if (const double x = static_cast<double>(v[i]); !std::isfinite(x))
        throw invalid_input(fmt::format("it is {} at element {}", x, i));
  }

  void input(const onnx::ValueInfoProto& v) {
    if (values_.contains(v.name())) return;  // an initializer is its value
    const std::string label = "input " + quoted(v.name());
    try {
      auto x = std::make_shared<onnx_operand>();
      x->name = v.name();
      x->type = type_of_input(v);
      x->dims = shape_of_input(v, how_);
      x->at = builder_.input(v.name(), x->dims);
      if (!is_float(x->type)) whole_inputs_.push_back({*x->at, x->type});
      add(v.name(), x);
    } catch (const unsupported& e) {
      complaints_.push_back(label + " " + e.what());
      missing_[v.name()] = "";
    } catch (const std::exception& e) {
      throw invalid_input(label + ": " + e.what());
    }
  }

  static std::string label_of(const onnx::NodeProto& n) {
    if (!n.name().empty()) return n.name();
    return n.output_size() > 0 && !n.output(0).empty() ? n.output(0) : n.op_type();
  }

  void node(const onnx::NodeProto& n) {
    const std::string label = label_of(n);
    for (const std::string& name : n.output()) made_later_.erase(name);
    try {
      check_op(n);
      onnx_call c = call_of(n, label);
      if (inputs_of(n, c.in)) return process(c);
    } catch (const unsupported& e) {
      complaints_.push_back(shown(label) + ": " + e.what());
    } catch (const std::exception& e) {
      throw invalid_input(shown(label) + ": " + e.what());
    }
    for (const std::string& name : n.output()) missing_[name] = "";
  }

  static void check_op(const onnx::NodeProto& n) {
    const bool standard = n.domain().empty() || n.domain() == "ai.onnx";
    if (standard && (has_rule(n.op_type()) || can_only_be_folded(n.op_type()))) return;
    throw unsupported(
        fmt::format("there is no op '{}{}'", standard ? "" : shown(n.domain()) + "::", shown(n.op_type())));
  }

  // False if one of them is missing for a reason that has been given.
  bool inputs_of(const onnx::NodeProto& n, onnx_operands& in) const {
    for (const std::string& name : n.input()) {
      if (name.empty()) {
        in.push_back(nullptr);
        continue;
      }
      if (const auto at = missing_.find(name); at != missing_.end()) {
        if (at->second.empty()) return false;
        throw unsupported(at->second);
      }
      const auto at = values_.find(name);
      if (at == values_.end() && (made_later_.contains(name) || makes(n, name)))
        throw invalid_input(
            fmt::format("it takes {}, which is made later: a cycle, or nodes out of order", quoted(name)));
      if (at == values_.end()) throw invalid_input(fmt::format("there is no value {}", quoted(name)));
      in.push_back(at->second);
    }
    return true;
  }

  static bool makes(const onnx::NodeProto& n, const std::string& name) {
    return std::find(n.output().begin(), n.output().end(), name) != n.output().end();
  }

  onnx_call call_of(const onnx::NodeProto& n, const std::string& label) {
    onnx_call c{.op = shown(n.op_type()),
                .name = label,
                .opset = opset_,
                .attrs = {},
                .value = {},
                .in = {},
                .out = {n.output().begin(), n.output().end()},
                .graph = builder_};
    for (const onnx::AttributeProto& a : n.attribute())
      if (a.name() == "value" && a.has_t())
        c.value = claimed(a.t());
      else
        c.attrs.set(shown(a.name()), attribute_of(a));
    return c;
  }

  void process(onnx_call& c) {
    if (std::optional<std::vector<onnx_constant>> known = folded(c)) {
      for (const onnx_constant& one : *known) claim(one.numbers.size());
      for (std::size_t k = 0; k < c.out.size(); ++k)
        if (k < known->size() && c.asks_for(k)) add(c.out[k], onnx_operand::constant(c.out[k], std::move((*known)[k])));
      return lack(c, known->size());
    }
    if (!has_rule(c.op)) throw unsupported(fmt::format("{} of what is not known before the network runs", c.op));
    if (hands_on(c)) {
      if (c.asks_for(0)) add(c.out[0], handed_on(c));
      return lack(c, 1);
    }
    const onnx_type type = type_of_result(c);
    const std::vector<port> made = translated(c);
    for (std::size_t k = 0; k < c.out.size(); ++k)
      if (k < made.size() && c.asks_for(k)) {
        auto y = std::make_shared<onnx_operand>();
        y->name = c.out[k];
        y->type = type;
        y->dims = builder_.net().g.shape_of(made[k]);
        y->at = made[k];
        add(c.out[k], y);
      }
    lack(c, made.size());
  }

  // The same value; of another type, if it was cast.
  std::shared_ptr<onnx_operand> handed_on(const onnx_call& c) {
    const onnx_type type = type_of_result(c);
    if (type == c.operand(0).type) return c.in[0];
    builder_.at(*c.in[0]);
    auto y = std::make_shared<onnx_operand>(*c.in[0]);
    y->type = type;
    return y;
  }

  // Outputs that the catalogue does not have: of indices, masks, running means.
  void lack(const onnx_call& c, std::size_t has) {
    for (std::size_t k = has; k < c.out.size(); ++k) {
      if (!c.asks_for(k)) continue;
      missing_[c.out[k]] = fmt::format("{} is output {} of {}, which is not computed here", quoted(c.out[k]), k, c.op);
      if (k == 1 && (c.op == "TopK" || c.op == "MaxPool" || c.op == "Dropout")) no_gradient_.insert(c.out[k]);
    }
  }

  std::vector<onnx_output> outputs() {
    std::vector<onnx_output> list;
    for (const onnx::ValueInfoProto& v : model_.graph().output()) {
      if (const auto at = missing_.find(v.name()); at != missing_.end()) {
        if (!at->second.empty() && !no_gradient_.contains(v.name())) complaints_.push_back("output " + at->second);
        continue;
      }
      const auto at = values_.find(v.name());
      if (at == values_.end())
        throw invalid_input(fmt::format("there is no value {} for the output", quoted(v.name())));
      list.push_back({shown(v.name()), at->second->type, builder_.at(*at->second)});
    }
    if (list.empty() && complaints_.empty()) throw invalid_input("the model has no outputs");
    return list;
  }

  void complain() const {
    if (complaints_.empty()) return;
    constexpr std::size_t most = 20;
    const std::size_t n = std::min(complaints_.size(), most);
    const std::string more = complaints_.size() > n ? fmt::format("; and {} more", complaints_.size() - n) : "";
    throw invalid_input(fmt::format(
        "{}{}", fmt::join(complaints_.begin(), complaints_.begin() + static_cast<std::ptrdiff_t>(n), "; "), more));
  }

  const onnx::ModelProto& model_;
  std::string folder_;
  reading how_;
  std::int64_t opset_ = 1;
  index_t numbers_ = 0;
  onnx_builder builder_;
  std::map<std::string, std::shared_ptr<onnx_operand>> values_;
  std::map<std::string, std::string> missing_;  // values that are not there, and why; empty if that has been said
  std::set<std::string> no_gradient_;           // of them, indices and masks: as outputs they are left out
  std::multiset<std::string> made_later_;
  std::vector<whole_input> whole_inputs_;
  std::vector<std::string> complaints_;
};

}  // namespace

std::shared_ptr<onnx::ModelProto> parsed_onnx(std::string_view bytes) {
  if (bytes.size() > limits::onnx_bytes)
    throw invalid_input(fmt::format("is larger than {} bytes", limits::onnx_bytes));
  google::protobuf::io::CodedInputStream in(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                            static_cast<int>(bytes.size()));
  in.SetTotalBytesLimit(static_cast<int>(bytes.size()));
  in.SetRecursionLimit(static_cast<int>(limits::onnx_levels));
  taken = 0;
  const auto arena = std::make_shared<google::protobuf::Arena>(within_limits());
  auto* model = google::protobuf::Arena::CreateMessage<onnx::ModelProto>(arena.get());
  if (!model->ParseFromCodedStream(&in) || !in.ConsumedEntireMessage() || !model->has_graph())
    throw invalid_input("is no ONNX model, or is cut off");
  return {arena, model};
}

onnx_import imported(const onnx::ModelProto& model, const std::string& folder, const reading& how) {
  return importer(model, folder, how).run();
}

network network_of_onnx(std::string_view bytes, const std::string& folder, const reading& how) {
  onnx_import done = imported(*parsed_onnx(bytes), folder, how);
  give_objective(done, how.seed);
  return std::move(done.net);
}

}  // namespace backproof::networks
