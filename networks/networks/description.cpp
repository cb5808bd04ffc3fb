// Reads backproof.net/1.
#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "backproof/oracle.hpp"
#include "backproof/registry.hpp"
#include "backproof/text.hpp"
#include "networks/attribute_defaults.hpp"
#include "networks/network.hpp"
#include "networks/onnx_model.hpp"
#include "networks/parameter_uses.hpp"
#include "networks/tensor_files.hpp"

namespace backproof::networks {
namespace {

using json = nlohmann::ordered_json;  // the first input is the one that is given first

constexpr int deepest = 32;
constexpr std::size_t most_layers = 100'000;
constexpr index largest_extent = index{1} << 31;

[[noreturn]] void wrong(const std::string& what) { throw std::invalid_argument(what); }

json parsed(std::string_view text) {
  if (text.size() > most_description_bytes) wrong("the description is larger than 64 MiB");
  const auto shallow = [](int depth, json::parse_event_t, json&) {
    if (depth > deepest) wrong("the description is nested too deeply");
    return true;
  };
  try {
    json doc = json::parse(text, shallow);
    if (!doc.is_object()) wrong("the description is no JSON object");
    return doc;
  } catch (const json::parse_error& e) {
    wrong(fmt::format("the description is no JSON, at byte {}", e.byte));
  }
}

void only(const json& j, const std::set<std::string>& keys) {
  for (const auto& [key, value] : j.items())
    if (!keys.contains(key)) wrong(fmt::format("'{}' is not known here", quotable(key)));
}

std::string text_of(const json& j, const std::string& key) {
  if (!j.at(key).is_string()) wrong(key + " is no text");
  return j.at(key).get<std::string>();
}

double number_of(const json& j, const std::string& key, double otherwise) {
  if (!j.contains(key)) return otherwise;
  if (!j.at(key).is_number() || !std::isfinite(j.at(key).get<double>())) wrong(key + " is no finite number");
  return j.at(key).get<double>();
}

index count_of(const json& j, const std::string& key, index otherwise) {
  if (!j.contains(key)) return otherwise;
  if (!j.at(key).is_number_integer() || j.at(key).get<index>() < 0) wrong(key + " is no count");
  return j.at(key).get<index>();
}

shape shape_of(const json& j, const std::string& key) {
  if (!j.at(key).is_array() || j.at(key).size() > 16) wrong(key + " is no list of up to 16 extents");
  shape s;
  for (const json& n : j.at(key)) {
    if (!n.is_number_integer() || n.get<index>() < 0 || n.get<index>() > largest_extent)
      wrong(key + " holds something that is no extent");
    s.push_back(n.get<index>());
  }
  return s;
}

// Nested lists of numbers, all of one length on each level.
void flatten(const json& j, std::size_t level, shape& dims, std::vector<double>& into) {
  if (!j.is_array()) {
    if (!j.is_number() || level != dims.size()) wrong("values are no numbers in even rows");
    into.push_back(j.get<double>());
    return;
  }
  if (level == dims.size()) {
    if (!into.empty()) wrong("values are no numbers in even rows");
    dims.push_back(static_cast<index>(j.size()));
  }
  if (dims[level] != static_cast<index>(j.size())) wrong("values are no numbers in even rows");
  for (const json& one : j) flatten(one, level + 1, dims, into);
}

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
  return i;
}

const std::set<std::string> tensor_keys = {"shape", "values", "file", "tensor", "init", "gain",
                                           "std",   "low",    "high", "value",  "below"};

class reader {
 public:
  reader(const json& doc, std::string folder) : doc_(doc), folder_(std::move(folder)) {}

  network read() {
    only(doc_, {"format", "name", "about", "seed", "inputs", "parameters", "weights", "init", "gain", "layers", "penalty"});
    if (!doc_.contains("format") || doc_["format"] != "backproof.net/1")
      wrong("the description is none of the format backproof.net/1");
    if (doc_.contains("name")) net_.name = text_of(doc_, "name");
    seed_ = static_cast<std::uint64_t>(count_of(doc_, "seed", 1));
    weights_ = initialiser_of(doc_, {});
    if (doc_.contains("weights")) weights_file_ = path_of(text_of(doc_, "weights"));
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
    index i = 0;                // number of the innermost repetition, for {i}
    int depth = 0;
  };

  template <class F>
  void in(const std::string& where, F f) {
    try {
      f();
    } catch (const json::exception&) {
      wrong(where + ": something is missing, or of the wrong type");
    } catch (const std::exception& e) {
      wrong(where + ": " + e.what());
    }
  }

  std::string path_of(const std::string& file) const {
    return std::filesystem::path(file).is_absolute() ? file : (std::filesystem::path(folder_) / file).string();
  }

  const tensor_file& file(const std::string& path) {
    return files_.try_emplace(path, path).first->second;
  }

  void name(const std::string& text, port p) {
    if (text.empty() || text == "before") wrong(fmt::format("'{}' is no name", text));
    if (!named_.emplace(text, p).second) wrong(fmt::format("there are two of the name '{}'", quotable(text)));
  }

  void leaves(const std::string& section, std::vector<port>& into, const initialiser& otherwise) {
    if (!doc_.contains(section)) return;
    if (!doc_[section].is_object()) wrong(section + " is no object");
    for (const auto& [leaf, spec] : doc_[section].items())
      in(section + " " + quotable(leaf), [&] {
        const port p = from_spec(leaf, spec, std::nullopt, otherwise);
        name(leaf, p);
        into.push_back(p);
      });
  }

  port leaf(const std::string& name, const shape& dims, const std::vector<double>& elements, const std::string& how) {
    numbers_ += static_cast<index>(elements.size());
    if (numbers_ > most_numbers) wrong(fmt::format("the network holds more than {} numbers", most_numbers));
    values<real> v(dims);
    for (index i = 0; i < v.size(); ++i) {
      const double x = elements[static_cast<std::size_t>(i)];
      if (!std::isfinite(x)) wrong(fmt::format("{} is {} at element {}", quotable(name), x, i));
      v[i] = x;
    }
    net_.initial[name] = how;
    return net_.g.leaf(name, std::move(v));
  }

  void check_size(const shape& dims) const {
    double n = 1;
    for (const index e : dims) n *= static_cast<double>(e);
    if (n > static_cast<double>(most_numbers)) wrong(fmt::format("shape {} is too large", to_string(dims)));
  }

  port from_tensor(const std::string& name, const tensor& t, const std::optional<shape>& dims, const std::string& how) {
    if (dims && t.dims() != *dims)
      wrong(fmt::format("{} is {}, not {}", quotable(name), to_string(t.dims()), to_string(*dims)));
    std::vector<double> x;
    for (index i = 0; i < t.count(); ++i) x.push_back(t.at(i));
    return leaf(name, t.dims(), x, how);
  }

  port drawn(const std::string& name, const parameter_use& use, const initialiser& how) {
    check_size(use.dims);
    return leaf(name, use.dims, initial_values(how, use, seed_, name), how.name);
  }

  // A leaf as a description gives it; `use` if its shape follows from where it is used.
  port from_spec(const std::string& name, const json& j, const std::optional<parameter_use>& use,
                 const initialiser& otherwise) {
    if (!j.is_object()) wrong("expected an object");
    only(j, tensor_keys);
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
      return leaf(name, found, x, "given");
    }
    if (j.contains("file")) {
      const std::string path = path_of(text_of(j, "file"));
      return from_tensor(name, file(path).at(j.contains("tensor") ? text_of(j, "tensor") : name), dims,
                         "from " + text_of(j, "file"));
    }
    if (!dims) wrong("shape is missing");
    const parameter_use mine = use ? *use : parameter_use{parameter_use::kind::weight, *dims, fan(*dims, 1), fan(*dims, 0)};
    return drawn(name, mine, initialiser_of(j, use ? initialiser_for(mine, otherwise) : otherwise));
  }

  // Of a parameter that stands by itself: [out, in], as a linear layer's weight.
  static index fan(const shape& dims, std::size_t axis) { return dims.size() > axis ? dims[axis] : 1; }

  void layers(const json& list, const std::string& where, const place& at) {
    if (!list.is_array()) wrong(where + " is no list");
    if (at.depth > 8) wrong(where + " is nested too deeply");
    for (std::size_t k = 0; k < list.size(); ++k) {
      const std::string here = fmt::format("{}[{}]", where, k);
      if (++layers_ > most_layers) wrong("there are too many layers");
      if (list[k].is_object() && list[k].contains("repeat"))
        repeat(list[k], here, at);
      else
        in(here, [&] { layer(list[k], at); });
    }
  }

  void repeat(const json& j, const std::string& where, const place& at) {
    index times = 0;
    bool share = false;
    in(where, [&] {
      only(j, {"repeat", "share", "layers", "about"});
      times = count_of(j, "repeat", 0);
      if (times < 1) wrong("repeat is not positive");
      if (j.contains("share")) share = j["share"].get<bool>();
      if (!j.contains("layers")) wrong("layers are missing");
    });
    for (index i = 0; i < times; ++i) {
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
    if (const std::size_t colon = base.rfind(':'); colon != std::string::npos && colon + 1 < base.size()) {
      output = static_cast<std::size_t>(std::strtoul(base.c_str() + colon + 1, nullptr, 10));
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
    if (!j["inputs"].is_array()) wrong("inputs is no list of names");
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
    if (v.is_number_integer()) return v.get<std::int64_t>();
    if (v.is_number()) return v.get<double>();
    if (v.is_string()) return v.get<std::string>();
    if (v.is_array() && v.size() <= 64) {
      const bool whole = std::all_of(v.begin(), v.end(), [](const json& x) { return x.is_number_integer(); });
      const bool numbers = std::all_of(v.begin(), v.end(), [](const json& x) { return x.is_number(); });
      if (whole) return v.get<std::vector<std::int64_t>>();
      if (numbers) return v.get<std::vector<double>>();
    }
    wrong(key + " is no attribute");
  }

  static attributes attributes_in(const json& j, const op& o) {
    static const std::set<std::string> ours = {"name", "about", "op",  "inputs", "units", "channels", "entries",
                                               "kernel", "init", "gain", "parameters"};
    const bool window = o.info.name == "conv" || o.info.name == "conv_transpose";
    attributes a;
    for (const auto& [key, value] : j.items()) {
      if (ours.contains(key) || (key == "bias" && value.is_boolean()) || (key == "kernel_shape" && window)) continue;
      a.set(key, attribute_of(value, key));
    }
    if (o.info.name == "gru" || o.info.name == "lstm" || o.info.name == "rnn")
      if (const index units = count_of(j, "units", 0); units > 0 && !a.has("hidden_size")) a.set("hidden_size", units);
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
    const std::string base = with_number(flat && !j.contains("name") ? fmt::format("flatten{}", ++unnamed_["flatten"])
                                                                     : layer_name(j, *o),
                                         at);
    in(quotable(base), [&] {
      const std::vector<port> data = data_of(j, at);
      std::vector<shape> shapes;
      for (const port& p : data) shapes.push_back(p == no_port ? absent_shape : net_.g.shape_of(p));
      attributes a = flat ? flattened(shapes) : attributes_in(j, *o);
      a = completed(*o, a, shapes);
      before_ = net_.g.apply(o->info.name, a, operands(j, *o, data, a, base, at), base + at.suffix);
      name(base + at.suffix, before_);
    });
  }

  static attributes flattened(const std::vector<shape>& shapes) {
    attributes a;
    const shape& x = shapes.at(0);
    a.set("shape", std::vector<std::int64_t>{x.empty() ? 1 : x[0], -1});
    return a;
  }

  // The op's inputs: data where it is given, parameters of the layer for what is missing.
  std::vector<port> operands(const json& j, const op& o, const std::vector<port>& data, const attributes& a,
                             const std::string& base, const place& at) {
    std::size_t required = 0;
    for (const operand& one : o.sig.inputs) required += !one.optional;
    if (data.size() >= required) {
      if (j.contains("parameters")) wrong("all inputs are given, so there can be no parameters");
      return data;
    }
    const shape& x = net_.g.shape_of(data.at(0));
    const layer_size size = size_in(j);
    const initialiser weights = initialiser_of(j.contains("init") || j.contains("gain") ? picked(j) : json::object(), weights_);
    if (j.contains("parameters"))
      for (const auto& [key, spec] : j["parameters"].items()) known_operand(o, key);
    std::vector<port> list;
    std::size_t next = 0;
    for (std::size_t k = 0; k < o.sig.inputs.size(); ++k) {
      const std::string& input = o.sig.inputs[k].name;
      const json* spec = j.contains("parameters") && j["parameters"].contains(input) ? &j["parameters"][input] : nullptr;
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
      p = from_spec(full, *spec, stated, weights);
    } else if (weights_file_) {
      const tensor_file& from = file(*weights_file_);
      const std::string torch = torch_name(full, o.sig.inputs[k].name);
      p = from_tensor(full, from.at(from.has(torch) ? torch : full), use->dims, "from " + text_of(doc_, "weights"));
    } else {
      p = drawn(full, *use, initialiser_for(*use, weights));
    }
    name(full, p);
    if (o.sig.inputs[k].differentiable) net_.parameters.push_back(p);
    if (net_.g.shape_of(p).size() >= 2) penalised_.push_back(p);
    return p;
  }

  void penalise(const json& j) {
    only(j, {"l1", "l2", "m"});
    const double l1 = number_of(j, "l1", 0), l2 = number_of(j, "l2", 0), m = number_of(j, "m", 1);
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
  std::string folder_;
  network net_;
  std::uint64_t seed_ = 1;
  initialiser weights_;
  std::optional<std::string> weights_file_;
  std::map<std::string, tensor_file> files_;
  std::map<std::string, port> named_;
  std::map<std::string, int> unnamed_;
  std::vector<port> outer_, penalised_;
  port before_;
  std::size_t layers_ = 0;
  index numbers_ = 0;
};

}  // namespace

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
  static const std::map<std::string_view, std::string_view> names = {
      {"W", "weight"},   {"scale", "weight"}, {"Scale", "weight"},           {"slope", "weight"},
      {"B", "bias"},     {"C", "bias"},       {"input_mean", "running_mean"}, {"input_var", "running_var"}};
  const auto at = names.find(used_for);
  if (at == names.end() || !name.ends_with(used_for)) return name;
  return name.substr(0, name.size() - used_for.size()) + std::string(at->second);
}

network network_of(std::string_view description, const std::string& folder) {
  const json doc = parsed(description);
  return reader(doc, folder).read();
}

network read_network(const std::string& path, const reading& how) {
  try {
    std::error_code trouble;
    const std::uintmax_t size = std::filesystem::file_size(path, trouble);
    if (trouble) wrong("cannot be read");
    const bool onnx = path.ends_with(".onnx");
    if (size > (onnx ? max_payload_bytes : most_description_bytes)) wrong("is too large");
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    const std::string folder = std::filesystem::path(path).parent_path().string();
    return onnx ? network_of_onnx(text.view(), folder, how) : network_of(text.str(), folder);
  } catch (const std::exception& e) {
    wrong(fmt::format("{}: {}", path, e.what()));
  }
}

}  // namespace backproof::networks
