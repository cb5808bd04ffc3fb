// Reads backproof.net/1.
#include <fmt/format.h>

#include <filesystem>

#include "backproof/base/file.hpp"
#include "backproof/base/text.hpp"
#include "backproof/network/format/json_fields.hpp"
#include "backproof/network/format/leaf_values.hpp"
#include "backproof/network/graph/attribute_defaults.hpp"
#include "backproof/network/graph/network.hpp"
#include "backproof/network/graph/parameter_uses.hpp"
#include "backproof/network/onnx/import.hpp"
#include "backproof/op/registry.hpp"
#include "backproof/tensor/json_values.hpp"

namespace backproof::networks {
namespace {

class reader {
 public:
  reader(const json& doc, std::string folder, bool allow_outside)
      : doc_(doc), values_(std::move(folder), allow_outside, static_cast<std::uint64_t>(count_of(doc, "seed", 1))) {}

  network read() {
    only(doc_,
         {"format", "name", "about", "seed", "inputs", "parameters", "weights", "init", "gain", "layers", "penalty"});
    if (!doc_.contains("format") || doc_["format"] != "backproof.net/1")
      wrong("the description is none of the format backproof.net/1");
    if (doc_.contains("name")) net_.name = text_of(doc_, "name");
    weights_ = initialiser_of(doc_, {});
    if (doc_.contains("weights")) weights_file_ = text_of(doc_, "weights");
    leaves("inputs", net_.inputs, {.name = "normal"});
    leaves("parameters", net_.parameters, weights_);
    if (net_.inputs.empty()) wrong("there are no inputs");
    before_ = net_.inputs.front();
    if (!doc_.contains("layers") || !doc_["layers"].is_array() || doc_["layers"].empty()) wrong("there are no layers");
    layers(doc_["layers"], "layers", {});
    if (doc_.contains("penalty")) in("penalty", [&] { penalise(doc_["penalty"]); });
    return std::move(net_);
  }

 private:
  // Where we are: which repetitions, whether they share their parameters.
  struct place {
    std::string suffix;         // ".2.0": of names
    std::string shared_suffix;  // the same without what is shared: of parameters
    index_t i = 0;              // number of the innermost repetition, for {i}
    int depth = 0;
  };

  template <class F>
  void in(const std::string& where, F f) {
    try {
      f();
    } catch (const json::exception&) {
      wrong(where + ": something is missing, or of the wrong type");
    } catch (const file_error& e) {
      throw file_error(where + ": " + e.what());
    } catch (const std::exception& e) {
      wrong(where + ": " + e.what());
    }
  }

  void name(const std::string& text, port p) {
    if (text.empty() || text == "before" || quotable(text, text.size()) != text)
      wrong(fmt::format("'{}' is no name", quotable(text)));
    if (!named_.emplace(text, p).second) wrong(fmt::format("there are two of the name '{}'", quotable(text)));
  }

  void leaves(const std::string& section, std::vector<port>& into, const initialiser& otherwise) {
    if (!doc_.contains(section)) return;
    if (!doc_[section].is_object()) wrong(section + " is no object");
    for (const auto& item : doc_[section].items())
      in(section + " " + quotable(item.key()), [&] {
        const port p = leaf(item.key(), values_.specified(item.key(), item.value(), std::nullopt, otherwise));
        name(item.key(), p);
        into.push_back(p);
      });
  }

  port leaf(const std::string& name, leaf_value v) {
    net_.initial[name] = std::move(v.how);
    return net_.g.leaf(name, std::move(v.value));
  }

  void layers(const json& list, const std::string& where, const place& at) {
    if (!list.is_array()) wrong(where + " is no list");
    if (at.depth > 8) wrong(where + " is nested too deeply");
    for (std::size_t k = 0; k < list.size(); ++k) {
      const std::string here = fmt::format("{}[{}]", where, k);
      if (++layers_ > limits::network_layers) wrong("there are too many layers");
      if (list[k].is_object() && list[k].contains("repeat"))
        repeat(list[k], here, at);
      else
        in(here, [&] { layer(list[k], at); });
    }
  }

  void repeat(const json& j, const std::string& where, const place& at) {
    index_t times = 0;
    bool share = false;
    in(where, [&] {
      only(j, {"repeat", "share", "layers", "about"});
      times = count_of(j, "repeat", 0);
      if (times < 1) wrong("repeat is not positive");
      if (j.contains("share")) share = j["share"].get<bool>();
      if (!j.contains("layers") || !j["layers"].is_array() || j["layers"].empty()) wrong("layers are missing");
    });
    for (index_t i = 0; i < times; ++i) {
      const std::string mine = fmt::format(".{}", i);
      const port flowing_in = before_;
      outer_.push_back(flowing_in);
      layers(j["layers"], where + ".layers",
             {at.suffix + mine, share ? at.shared_suffix : at.shared_suffix + mine, i, at.depth + 1});
      outer_.pop_back();
    }
  }

  std::string with_number(std::string text, const place& at) const {
    for (std::size_t k; (k = text.find("{i}")) != std::string::npos;) text.replace(k, 3, std::to_string(at.i));
    return text;
  }

  // By name: in this repetition, or outside of all. "before" is what flowed into this repetition.
  port find(const std::string& text, const place& at) const {
    if (text == "before") return outer_.empty() ? before_ : outer_.back();
    std::string base = with_number(text, at);
    std::size_t output = 0;
    if (const std::size_t colon = base.rfind(':'); colon != std::string::npos) {
      const std::string number = base.substr(colon + 1);
      if (number.empty() || number.size() > 3 || number.find_first_not_of("0123456789") != std::string::npos)
        wrong(fmt::format("'{}' names no output by its number", quotable(text)));
      output = std::stoul(number);
      base.resize(colon);
    }
    auto found = named_.find(base + at.suffix);
    if (found == named_.end()) found = named_.find(base);
    if (found == named_.end())
      wrong(fmt::format("there is no '{}' before this layer (a cycle, or a name that is not given)", quotable(text)));
    const port p{found->second.node, output};
    if (output >= net_.g.nodes()[p.node].outputs.size()) wrong(fmt::format("'{}' has no such output", quotable(text)));
    return p;
  }

  std::vector<port> data_of(const json& j, const place& at) const {
    if (!j.contains("inputs")) return {before_};
    if (!j["inputs"].is_array() || j["inputs"].empty()) wrong("inputs is no list of names");
    std::vector<port> list;
    for (const json& one : j["inputs"]) {
      if (one.is_null())
        list.push_back(no_port);
      else if (one.is_string())
        list.push_back(find(one.get<std::string>(), at));
      else
        wrong("inputs is no list of names");
    }
    return list;
  }

  static layer_size size_in(const json& j) {
    layer_size s;
    s.units = count_of(j, j.contains("channels") ? "channels" : "units", 0);
    s.entries = count_of(j, "entries", 0);
    for (const char* key : {"kernel", "kernel_shape"})
      if (j.contains(key)) s.kernel = networks::shape_of(j, key);
    if (j.contains("bias") && j["bias"].is_boolean()) s.bias = j["bias"].get<bool>();
    return s;
  }

  static attribute attribute_of(const json& v, const std::string& key) {
    if (v.is_boolean()) return std::int64_t{v.get<bool>()};
    if (std::optional<attribute> value = attribute_in(v)) return *std::move(value);
    wrong(key + " is no attribute");
  }

  static attributes attributes_in(const json& j, const op& o) {
    static const std::set<std::string> ours = {"name",    "about",  "op",   "inputs", "units",     "channels",
                                               "entries", "kernel", "init", "gain",   "parameters"};
    const bool window = o.info.name == "conv" || o.info.name == "conv_transpose";
    attributes a;
    for (const auto& [key, value] : j.items()) {
      if (ours.contains(key) || (key == "bias" && value.is_boolean()) || (key == "kernel_shape" && window)) continue;
      a.set(key, attribute_of(value, key));
    }
    if (o.info.name == "gru" || o.info.name == "lstm" || o.info.name == "rnn")
      if (const index_t units = count_of(j, "units", 0); units > 0 && !a.has("hidden_size"))
        a.set("hidden_size", units);
    return a;
  }

  std::string layer_name(const json& j, const op& o) {
    if (j.contains("name")) return text_of(j, "name");
    std::string base(o.wire_name());
    for (char& c : base) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return fmt::format("{}{}", base, ++unnamed_[base]);
  }

  void layer(const json& j, const place& at) {
    if (!j.is_object() || !j.contains("op")) wrong("expected a layer, an object with op");
    const std::string op_name = text_of(j, "op");
    const bool flat = op_name == "Flatten";
    const op* o = find_op(flat ? "reshape" : op_name);
    if (o == nullptr || !o->has_reference()) wrong(fmt::format("there is no op '{}'", quotable(op_name)));
    const std::string base = with_number(
        flat && !j.contains("name") ? fmt::format("flatten{}", ++unnamed_["flatten"]) : layer_name(j, *o), at);
    in(quotable(base), [&] {
      const std::vector<port> data = data_of(j, at);
      std::vector<shape> shapes;
      for (const port& p : data) shapes.push_back(p == no_port ? absent_shape : net_.g.shape_of(p));
      attributes a = flat ? flattened(shapes) : attributes_in(j, *o);
      a = completed(*o, a, shapes);
      const std::vector<port> in = operands(j, *o, data, a, base, at);
      require_whole_numbers(*o, in);
      before_ = net_.g.apply(o->info.name, a, in, base + at.suffix);
      name(base + at.suffix, before_);
    });
  }

  void require_whole_numbers(const op& o, const std::vector<port>& in) const {
    for (std::size_t k = 0; k < in.size(); ++k) {
      if (in[k] == no_port || !o.sig.input(k).indices || net_.g.nodes()[in[k].node].what != nullptr) continue;
      const values<real>& v = net_.g.nodes()[in[k].node].value;
      for (index_t i = 0; i < v.size(); ++i)
        if (floor(v[i]) != v[i])
          wrong(fmt::format("{} takes whole numbers, and {} holds {} (draw them with below, or init integers)",
                            o.sig.input(k).name, quotable(net_.name_of(in[k])), static_cast<double>(v[i])));
    }
  }

  static attributes flattened(const std::vector<shape>& shapes) {
    attributes a;
    const shape& x = shapes.at(0);
    a.set("shape", std::vector<std::int64_t>{x.empty() ? 1 : 0, -1});
    return a;
  }

  // The op's inputs: data where it is given, parameters of the layer for what is missing.
  std::vector<port> operands(const json& j, const op& o, const std::vector<port>& data, const attributes& a,
                             const std::string& base, const place& at) {
    std::size_t required = 0;
    for (const operand& one : o.sig.inputs) required += !one.optional;
    if (data[0] == no_port && !o.sig.inputs[0].optional) wrong("the first input is missing");
    if (data.size() >= required) {
      if (j.contains("parameters")) wrong("all inputs are given, so there can be no parameters");
      return data;
    }
    const shape& x = net_.g.shape_of(data.at(0));
    const layer_size size = size_in(j);
    const initialiser weights =
        initialiser_of(j.contains("init") || j.contains("gain") ? picked(j) : json::object(), weights_);
    if (j.contains("parameters"))
      for (const auto& [key, spec] : j["parameters"].items()) known_operand(o, key);
    std::vector<port> list;
    std::size_t next = 0;
    for (std::size_t k = 0; k < o.sig.inputs.size(); ++k) {
      const std::string& input = o.sig.inputs[k].name;
      const json* spec =
          j.contains("parameters") && j["parameters"].contains(input) ? &j["parameters"][input] : nullptr;
      std::optional<parameter_use> use;
      if (spec == nullptr || !spec->contains("shape")) use = parameter_use_of(o, k, x, a, size);
      if (spec != nullptr && spec->is_string())
        list.push_back(find(spec->get<std::string>(), at));
      else if (spec != nullptr || use)
        list.push_back(parameter(o, k, base + at.shared_suffix + "." + input, spec, use, weights));
      else if (next < data.size())
        list.push_back(data[next++]);
      else if (o.sig.inputs[k].optional)
        list.push_back(no_port);
      else
        wrong(fmt::format("{} needs its input {}", o.wire_name(), input));
    }
    while (!list.empty() && list.back() == no_port) list.pop_back();
    return list;
  }

  static json picked(const json& j) {
    json out = json::object();
    for (const char* key : {"init", "gain"})
      if (j.contains(key)) out[key] = j[key];
    return out;
  }

  static void known_operand(const op& o, const std::string& key) {
    for (const operand& one : o.sig.inputs)
      if (one.name == key) return;
    wrong(fmt::format("{} has no input '{}'", o.wire_name(), quotable(key)));
  }

  port parameter(const op& o, std::size_t k, const std::string& full, const json* spec,
                 const std::optional<parameter_use>& use, const initialiser& weights) {
    if (const auto found = named_.find(full); found != named_.end()) return found->second;  // shared by repetitions
    port p;
    if (spec != nullptr) {
      std::optional<parameter_use> stated = use;
      if (!use && spec->contains("shape")) stated = use_of_shape(o, k, networks::shape_of(*spec, "shape"));
      p = leaf(full, values_.specified(full, *spec, stated, weights));
    } else if (weights_file_) {
      p = leaf(full, values_.found(full, torch_name(full, o.sig.inputs[k].name), *use, *weights_file_));
    } else {
      p = leaf(full, values_.drawn(full, *use, initialiser_for(*use, weights)));
    }
    name(full, p);
    if (o.sig.inputs[k].differentiable) net_.parameters.push_back(p);
    if (net_.g.shape_of(p).size() >= 2) penalised_.push_back(p);
    return p;
  }

  void penalise(const json& j) {
    only(j, {"l1", "l2", "m"});
    const double l1 = number_of(j, "l1", 0), l2 = number_of(j, "l2", 0);
    const index_t m = count_of(j, "m", 1);
    if (m < 1) wrong("m is not positive");
    if (size_of(net_.g.shape_of(before_)) != 1) wrong("the last layer gives more than one number: there is no loss");
    std::vector<port> terms = {before_};
    for (const port& p : penalised_) {
      attributes first, second;
      first.set("lambda", l1);
      second.set("lambda", l2);
      second.set("m", m);
      if (l1 != 0) terms.push_back(net_.g.apply("l1_penalty", first, {p}, "penalty.l1." + net_.name_of(p)));
      if (l2 != 0) terms.push_back(net_.g.apply("l2_penalty", second, {p}, "penalty.l2." + net_.name_of(p)));
    }
    if (terms.size() > 1) before_ = net_.g.apply("add_n", {}, terms, "loss with penalty");
  }

  const json& doc_;
  leaf_values values_;
  network net_;
  initialiser weights_;
  std::optional<std::string> weights_file_;
  std::map<std::string, port> named_;
  std::map<std::string, int> unnamed_;
  std::vector<port> outer_, penalised_;
  port before_;
  std::size_t layers_ = 0;
};

}  // namespace

network network_of(std::string_view description, const std::string& folder, const reading& how) {
  const json doc = parsed(description);
  return reader(doc, folder, how.allow_outside).read();
}

constexpr bool with_onnx = BACKPROOF_WITH_ONNX;

network read_network(const std::string& path, const reading& how) {
  const bool onnx = path.ends_with(".onnx");
  if (onnx && !with_onnx) wrong(path + ": is an ONNX model, and this build reads none (BACKPROOF_ONNX is OFF)");
  const std::string text = read_text(path, onnx ? limits::onnx_bytes : limits::document_bytes);
  const std::string folder = std::filesystem::path(path).parent_path().string();
  try {
    if constexpr (with_onnx)
      if (onnx) return network_of_onnx(text, folder, how);
    return network_of(text, folder, how);
  } catch (const file_error& e) {  // of tensors
    throw file_error(fmt::format("{}: {}", path, e.what()));
  } catch (const std::exception& e) {
    wrong(fmt::format("{}: {}", path, e.what()));
  }
}

}  // namespace backproof::networks
