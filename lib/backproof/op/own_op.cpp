#include "backproof/op/own_op.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <set>

#include "backproof/base/limits.hpp"
#include "backproof/base/text.hpp"
#include "backproof/op/draw.hpp"
#include "backproof/op/sample.hpp"

namespace backproof {
namespace {

constexpr index_t most_drawn = 200, most_extent = limits::sample_numbers, largest_drawn = 17;

using extents = std::map<std::string, index_t>;

// Of some extents that might be drawn; with others the signature may be sound.
struct does_not_fit : invalid_input {
  using invalid_input::invalid_input;
};

// An expression of extents, evaluated as it is read: sum := product (+|- product)*, product := atom (*|/ atom)*.
class expression {
 public:
  expression(std::string_view text, const extents& known) : text_(text), known_(known) {}

  index_t value() {
    const index_t v = sum();
    if (at_ != text_.size()) trouble("has something behind its end");
    if (v < 0 || v > most_extent) misfit(fmt::format("is {}", v));
    return v;
  }

 private:
  [[noreturn]] void trouble(const std::string& what) const {
    throw invalid_input(fmt::format("extent '{}' {}", text_, what));
  }
  [[noreturn]] void misfit(const std::string& what) const {
    throw does_not_fit(fmt::format("extent '{}' {}", text_, what));
  }
  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  index_t checked(index_t v) const {
    if (v > most_extent || v < -most_extent) misfit("is too large");
    return v;
  }
  index_t sum() {
    for (index_t v = product();;) {
      if (take('+'))
        v = checked(v + product());
      else if (take('-'))
        v = checked(v - product());
      else
        return v;
    }
  }
  index_t product() {
    for (index_t v = atom();;) {
      if (take('*')) {
        v = checked(v * atom());
      } else if (take('/')) {
        const index_t by = atom();
        if (by == 0) misfit("divides by 0");
        if (v % by != 0) misfit("does not divide");
        v /= by;
      } else {
        return v;
      }
    }
  }
  index_t atom() {
    if (take('(')) {
      if (++depth_ > 16) trouble("is nested too deeply");
      const index_t v = sum();
      if (!take(')')) trouble("lacks a )");
      --depth_;
      return v;
    }
    const std::size_t begin = at_;
    while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) || text_[at_] == '_')) ++at_;
    const std::string name(text_.substr(begin, at_ - begin));
    if (name.empty()) trouble("is not an expression of names and numbers");
    if (std::isdigit(static_cast<unsigned char>(name[0]))) {
      if (name.size() > 7 || !std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; }))
        trouble("has a number that is none");
      return checked(std::stoll(name));
    }
    const auto found = known_.find(name);
    if (found == known_.end())
      trouble(fmt::format("has the name {}, which stands alone as an extent of no input", name));
    return found->second;
  }

  std::string_view text_;
  const extents& known_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

bool is_name(std::string_view text) {
  return !text.empty() && !std::isdigit(static_cast<unsigned char>(text[0])) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; });
}

// The names that an expression consists of.
std::set<std::string> names_in(std::string_view text) {
  std::set<std::string> names;
  std::string word;
  for (std::size_t k = 0; k <= text.size(); ++k) {
    if (k < text.size() && (std::isalnum(static_cast<unsigned char>(text[k])) || text[k] == '_')) {
      word += text[k];
      continue;
    }
    if (is_name(word)) names.insert(word);
    word.clear();
  }
  return names;
}

struct shaped_operand {
  std::string name;  // with its marks
  std::vector<std::string> dims;
  bool any = false;   // [...]
  std::string below;  // of indices
};

// Splits at commas that are in no bracket.
std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts(1);
  int depth = 0;
  for (const char c : text) {
    if (c == ' ') continue;
    depth += (c == '[' || c == '(') - (c == ']' || c == ')');
    if (c == ',' && depth == 0)
      parts.emplace_back();
    else
      parts.back() += c;
  }
  return parts;
}

std::string bare(const std::string& marked) { return marked.substr(0, marked.find_first_of("?#~")); }

shaped_operand operand_of(const std::string& text) {
  const std::size_t open = text.find('['), close = text.rfind(']');
  if (open == std::string::npos || close == std::string::npos || close < open)
    throw invalid_input(fmt::format("operand '{}' has no shape, as X[N,C] has", text));
  shaped_operand o;
  o.name = text.substr(0, open);
  const std::string marks = "?#~", plain = bare(o.name);
  if (!is_name(plain) || o.name.find_first_not_of(marks, plain.size()) != std::string::npos)
    throw invalid_input(fmt::format("operand '{}' has no proper name", text));
  if (const std::string inside = text.substr(open + 1, close - open - 1); inside == "...")
    o.any = true;
  else if (!inside.empty())
    o.dims = split(inside);
  if (o.dims.size() > limits::signature_axes) throw invalid_input(fmt::format("operand '{}' has too many axes", text));
  if (const std::string rest = text.substr(close + 1); rest.starts_with('<'))
    o.below = rest.substr(1);
  else if (!rest.empty())
    throw invalid_input(fmt::format("operand '{}' has something behind its shape", text));
  return o;
}

// All that the op's functions need, and the text that its record points into.
struct brought {
  own_op_description d;
  std::string plain_signature;  // without shapes
  std::vector<shaped_operand> inputs, outputs;
  std::vector<std::string> drawn;  // names of extents, in the order in which they appear
  extents sound;                   // with these the whole signature makes sense
  bool any_shape = false;
  std::vector<law> laws;

  shape dims_of(const shaped_operand& o, const extents& known, const shape& any) const {
    if (o.any) return any;
    shape s;
    index_t size = 1;
    for (const std::string& e : o.dims) {
      s.push_back(expression(e, known).value());
      size *= s.back();
      if (size > most_extent) throw does_not_fit(fmt::format("operand {} is too large", o.name));
    }
    return s;
  }

  // What does not fit, and the names that it depends on.
  struct misfitting {
    std::string what;
    std::set<std::string> names;
  };
  std::optional<misfitting> misfit_of(const extents& known) const {
    for (const auto* list : {&inputs, &outputs})
      for (const shaped_operand& o : *list) {
        std::set<std::string> names;
        try {
          for (const std::string& e : o.dims) {
            names = names_in(e);
            expression(e, known).value();
          }
          for (const std::string& e : o.dims) names.merge(names_in(e));
          const bool empty = size_of(dims_of(o, known, {})) == 0;
          if (o.below.empty()) continue;
          names.merge(names_in(o.below));
          if (expression(o.below, known).value() == 0 && !empty)
            throw does_not_fit(fmt::format("operand {}: no index is below {}", o.name, o.below));
        } catch (const does_not_fit& e) {
          return misfitting{e.what(), std::move(names)};
        }
      }
    return std::nullopt;
  }

  // Draws those names anew that something depends on which does not fit, until all fits.
  bool repair(extents& known, ::backproof::draw& random, index_t largest, int tries) const {
    for (; tries > 0; --tries) {
      const std::optional<misfitting> found = misfit_of(known);
      if (!found) return true;
      for (const std::string& name : found->names)
        if (const auto at = known.find(name); at != known.end()) at->second = random.between(1, largest);
    }
    return !misfit_of(known);
  }

  // Small extents first, because a counterexample is to be small: the limit gives way where nothing below it fits.
  void make_fit(extents& known, sampler& s) const {
    if (!misfit_of(known)) return;
    constexpr int tries = 40;
    for (index_t largest = std::min(s.limit(), largest_drawn); largest <= largest_drawn; ++largest)
      if (repair(known, s.random(), std::max<index_t>(largest, 1), tries)) return;
    known = sound;
  }

  void draw(sampler& s, const signature& sig) const {
    for (const auto& [name, choices] : d.attributes)
      s.attribute(name, choices[static_cast<std::size_t>(s.pick(static_cast<index_t>(choices.size())))]);
    extents known;
    for (const std::string& name : drawn) known[name] = s.extent();
    const shape any = any_shape ? s.dims(0, 3) : shape{};
    make_fit(known, s);
    shrink_to_fit(known, any);
    for (std::size_t k = 0; k < inputs.size(); ++k) {
      const shaped_operand& o = inputs[k];
      if (sig.inputs[k].optional && s.choose({0, 1}) == 0) {
        s.absent();
      } else if (sig.inputs[k].indices) {
        s.indices(dims_of(o, known, any), 0, std::max<index_t>(expression(o.below, known).value(), 1) - 1);
      } else {
        const auto range = d.ranges.find(sig.inputs[k].name);
        s.input(dims_of(o, known, any),
                range == d.ranges.end() ? domain{} : domain{.low = range->second.first, .high = range->second.second});
      }
    }
  }

  // Halves the largest extent until no operand is too large for a sample, or makes it still smaller where the half does
  // not fit.
  void shrink_to_fit(extents& known, const shape& any) const {
    const auto largest = [&] {
      index_t most = 0;
      for (const auto* list : {&inputs, &outputs})
        for (const shaped_operand& o : *list) most = std::max(most, size_of(dims_of(o, known, any)));
      return most;
    };
    while (!known.empty() && largest() > most_drawn) {
      std::vector<std::pair<index_t, std::string>> by_size;
      for (const auto& [name, e] : known) by_size.emplace_back(-e, name);
      std::sort(by_size.begin(), by_size.end());
      if (std::none_of(by_size.begin(), by_size.end(), [&](auto& e) { return shrink(known, e.second); })) return;
    }
  }

  bool shrink(extents& known, const std::string& name) const {
    extents smaller = known;
    for (index_t e = known[name] / 2; e >= 1; --e) {
      smaller[name] = e;
      if (misfit_of(smaller)) continue;
      known = smaller;
      return true;
    }
    return false;
  }

  std::vector<shape> infer(std::span<const shape> in) const {
    extents known;
    std::optional<shape> any;
    if (in.size() != inputs.size())
      throw invalid_input(fmt::format("{} inputs do not fit the signature of {}", in.size(), d.name));
    for (std::size_t k = 0; k < inputs.size(); ++k) {
      if (!given(in, k)) continue;
      if (inputs[k].any) {
        any = any.value_or(in[k]);
        continue;
      }
      if (in[k].size() != inputs[k].dims.size()) throw invalid_input(misfit(k, in[k]));
      for (std::size_t a = 0; a < in[k].size(); ++a)
        if (is_name(inputs[k].dims[a])) known.try_emplace(inputs[k].dims[a], in[k][a]);
    }
    for (std::size_t k = 0; k < inputs.size(); ++k)
      if (given(in, k) && in[k] != dims_of(inputs[k], known, any.value_or(shape{})))
        throw invalid_input(misfit(k, in[k]));
    std::vector<shape> out;
    for (const shaped_operand& o : outputs) out.push_back(dims_of(o, known, any.value_or(shape{})));
    return out;
  }

  std::string misfit(std::size_t k, const shape& s) const {
    return fmt::format("{} of shape {} does not fit the signature of {}", inputs[k].name, to_string(s), d.name);
  }
};

std::vector<shaped_operand> operands_of(const std::string& text) {
  std::vector<shaped_operand> list;
  if (text.find_first_not_of(' ') == std::string::npos) throw invalid_input("the signature lacks inputs or outputs");
  for (const std::string& part : split(text)) list.push_back(operand_of(part));
  if (list.size() > limits::signature_operands) throw invalid_input("the signature has too many operands");
  return list;
}

std::string without_shapes(const std::vector<shaped_operand>& list) {
  std::string text;
  for (const shaped_operand& o : list) text += (text.empty() ? "" : ", ") + o.name;
  return text;
}

// The inputs that begin with the extent of the batch; nothing else may depend on it.
std::ptrdiff_t batched(const brought& b) {
  const auto first = [&](const shaped_operand& o) { return !o.dims.empty() && o.dims[0] == b.d.batch; };
  std::ptrdiff_t mask = 0;
  for (std::size_t k = 0; k < b.inputs.size(); ++k)
    if (first(b.inputs[k])) mask |= std::ptrdiff_t{1} << k;
  if (mask == 0 || !std::all_of(b.outputs.begin(), b.outputs.end(), first))
    throw invalid_input(fmt::format("batch '{}' is not the first extent of an input and of every output", b.d.batch));
  for (const auto* list : {&b.inputs, &b.outputs})
    for (const shaped_operand& o : *list) {
      std::vector<std::string> others(o.dims.begin() + (first(o) ? 1 : 0), o.dims.end());
      others.push_back(o.below);
      for (const std::string& e : others)
        if (names_in(e).contains(b.d.batch))
          throw invalid_input(fmt::format("'{}' of {} depends on the batch '{}': fewer examples do not fit", e,
                                          bare(o.name), b.d.batch));
    }
  return mask;
}

// Every message about a description quotes it, and is one line.
void require_printable(const std::string& text, const char* what) {
  if (text != unbroken(text) || text.find_first_of("\t\r\n") != std::string::npos)
    throw invalid_input(fmt::format("{} holds characters that cannot be printed", what));
}

std::shared_ptr<brought> read(const own_op_description& d) {
  const bool proper = !d.name.empty() && d.name.size() <= 80 && std::all_of(d.name.begin(), d.name.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-';
  });
  if (!proper) throw invalid_input("its name has characters other than letters, digits, _ and -");
  require_printable(d.signature, "the signature");
  require_printable(d.batch, "batch");
  for (const auto& [name, choices] : d.attributes) require_printable(name, "the name of an attribute");
  for (const auto& [name, range] : d.ranges) require_printable(name, "the name of a range");
  const std::size_t arrow = d.signature.find("->");
  if (arrow == std::string::npos || d.signature.size() > limits::signature_bytes)
    throw invalid_input("the signature is not of the form X[N,C], w[C] -> Y[N,C]");
  auto b = std::make_shared<brought>();
  b->d = d;
  b->inputs = operands_of(d.signature.substr(0, arrow));
  b->outputs = operands_of(d.signature.substr(arrow + 2));
  b->plain_signature = without_shapes(b->inputs) + " -> " + without_shapes(b->outputs);
  for (const shaped_operand& o : b->inputs) {
    b->any_shape |= o.any;
    if ((o.name.find('#') != std::string::npos) == o.below.empty())
      throw invalid_input(fmt::format("operand {}: indices, and only they, need a bound, as in label#[N]<C", o.name));
    for (const std::string& e : o.dims)
      if (is_name(e) && std::find(b->drawn.begin(), b->drawn.end(), e) == b->drawn.end()) b->drawn.push_back(e);
  }
  return b;
}

// Extents with which everything fits, of those that can be drawn. There may be few of them, or none.
extents sound_extents(const brought& b) {
  extents some;
  for (const std::string& name : b.drawn) some[name] = 12;  // many small numbers divide it
  const std::optional<brought::misfitting> first = b.misfit_of(some);
  if (!first) return some;
  constexpr int tries = 20'000;
  draw random(0, b.d.signature, 0);
  if (b.repair(some, random, largest_drawn, tries)) return some;
  throw invalid_input(
      fmt::format("{} where extents are 12, and none of 1 to {} were found that fit", first->what, largest_drawn));
}

void require_sound(brought& b) {
  for (const auto* list : {&b.inputs, &b.outputs})
    for (const shaped_operand& o : *list)
      if (o.any && !b.any_shape) throw invalid_input(fmt::format("{}[...]: no input has this shape", o.name));
  b.sound = sound_extents(b);
  for (const auto& [name, choices] : b.d.attributes)
    if (choices.empty()) throw invalid_input(fmt::format("attribute {} has no values", name));
  const auto is_input = [&](const std::string& name) {
    return std::any_of(b.inputs.begin(), b.inputs.end(), [&](const shaped_operand& o) { return bare(o.name) == name; });
  };
  for (const auto& [name, range] : b.d.ranges)
    if (!is_input(name)) throw invalid_input(fmt::format("range of {}, which is no input", name));
  for (std::size_t k = 0; k < b.inputs.size(); ++k)
    for (std::size_t j = 0; j < k; ++j)
      if (bare(b.inputs[j].name) == bare(b.inputs[k].name))
        throw invalid_input(fmt::format("two inputs are called {}", bare(b.inputs[k].name)));
  for (const auto& [name, range] : b.d.ranges)
    if (!(range.first < range.second)) throw invalid_input(fmt::format("range of {} is empty", name));
}

}  // namespace

op own_op(const own_op_description& d) {
  const std::shared_ptr<brought> b = read(d);
  require_sound(*b);
  if (!d.batch.empty()) b->laws = {law::batch(batched(*b))};
  op o{.info = {.name = b->d.name,
                .opset = d.opset,
                .signature = b->plain_signature,
                .formula = "known to the subject alone",
                .vjp = "known to the subject alone",
                .source = "the subject",
                .domain = b->d.domain},
       .sig = parse_signature(b->plain_signature),
       .draw = {},
       .infer = [b](const attributes&, std::span<const shape> in) { return b->infer(in); },
       .real_kernels = {},
       .bounded_kernels = {},
       .rounded_kernels = {},
       .variants = {},
       .laws = b->laws,
       .text = b};
  o.draw = [b, sig = o.sig](sampler& s) { b->draw(s, sig); };
  return o;
}

}  // namespace backproof
