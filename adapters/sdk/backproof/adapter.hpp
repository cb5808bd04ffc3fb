// A backproof adapter in C++17, without writing the C interface by hand. Needs nlohmann/json, and nothing to link.
//
//   #include <backproof/adapter.hpp>
//   #include <cmath>
//
//   static void sigmoid(const bp::call& c) {
//     const auto x = c.input<float>(0);
//     auto y = c.output<float>(0, x.shape());
//     for (std::size_t i = 0; i < x.size(); ++i) y[i] = 1 / (1 + std::exp(-x[i]));
//   }
//
//   static void sigmoid_vjp(const bp::call& c) {
//     const auto x = c.input<float>(0);
//     const auto g = c.cotangent<float>(0);
//     auto dx = c.gradient<float>(0);
//     for (std::size_t i = 0; i < x.size(); ++i) dx[i] = g[i] / ((1 + std::exp(x[i])) * (1 + std::exp(-x[i])));
//   }
//
//   static bp::adapter make() {
//     bp::adapter a("mine", "1.0");
//     a.add("Sigmoid", {bp::f32}).forward(sigmoid).vjp(sigmoid_vjp);
//     return a;
//   }
//   BACKPROOF_ADAPTER(make)
//
// Ops and attributes are ONNX's. A function that cannot do a case throws bp::unimplemented("why"): the case is skipped
// and counted. Other exceptions are failures of the adapter; std::invalid_argument means that it refuses a case that it
// had promised. If an op needs more (a device, a handle), capture it in a lambda. adapter.h explains the interface
// underneath.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <new>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "backproof/adapter.h"

namespace bp {

using shape = std::vector<std::int64_t>;

enum dtype { f64, f32, f16, bf16, i64 };

// The 16-bit formats come as bits: a conversion in this header would come between the case and the code under test.
struct f16_bits {
  std::uint16_t bits;
};
struct bf16_bits {
  std::uint16_t bits;
};

class error : public std::runtime_error {
 public:
  error(bp_status status, const std::string& message) : std::runtime_error(message), status_(status) {}
  bp_status status() const { return status_; }

 private:
  bp_status status_;
};

// To be thrown: throw bp::unimplemented("ceil_mode=1").
inline error unimplemented(const std::string& reason) { return {BP_UNIMPLEMENTED, reason}; }

namespace detail {

inline std::string_view view_of(bp_str s) { return s.len == 0 ? std::string_view() : std::string_view(s.ptr, s.len); }
inline bp_str str_of(std::string_view s) { return {s.data(), s.size()}; }

struct format_row {
  dtype type;
  const char* name;
  bp_dtype code;
};
constexpr format_row formats[] = {{f64, "f64", {BP_CODE_FLOAT, 64, 1}},
                                  {f32, "f32", {BP_CODE_FLOAT, 32, 1}},
                                  {f16, "f16", {BP_CODE_FLOAT, 16, 1}},
                                  {bf16, "bf16", {BP_CODE_BFLOAT, 16, 1}},
                                  {i64, "i64", {BP_CODE_INT, 64, 1}}};

inline dtype dtype_of(bp_dtype code) {
  for (const format_row& f : formats)
    if (f.code.code == code.code && f.code.bits == code.bits && code.lanes == 1) return f.type;
  throw unimplemented("an element type that the adapter header does not name");
}

inline const char* mode_name(std::int32_t mode) {
  return mode == BP_FORWARD ? "forward" : mode == BP_VJP ? "vjp" : mode == BP_JVP ? "jvp" : "unknown mode";
}

template <class T>
struct element;
template <>
struct element<double> {
  static constexpr dtype type = f64;
};
template <>
struct element<float> {
  static constexpr dtype type = f32;
};
template <>
struct element<f16_bits> {
  static constexpr dtype type = f16;
};
template <>
struct element<bf16_bits> {
  static constexpr dtype type = bf16;
};
template <>
struct element<std::int64_t> {
  static constexpr dtype type = i64;
};

}  // namespace detail

inline const char* name_of(dtype t) { return detail::formats[t].name; }
inline dtype dtype_of(const bp_tensor& t) { return detail::dtype_of(t.dtype); }
inline shape shape_of(const bp_tensor& t) { return t.ndim == 0 ? shape() : shape(t.shape, t.shape + t.ndim); }
inline void* data_of(const bp_tensor& t) { return static_cast<char*>(t.data) + t.byte_offset; }

namespace detail {

// Whether the elements lie in row-major order without gaps. Strides do not matter where there is nothing to step over.
inline bool compact(const bp_tensor& t) {
  if (t.strides == nullptr) return true;
  std::int64_t step = 1;
  bool in_order = true;
  for (std::int32_t k = t.ndim; k-- > 0;) {
    in_order = in_order && (t.shape[k] <= 1 || t.strides[k] == step);
    step *= t.shape[k];
  }
  return in_order || step == 0;
}

}  // namespace detail

// The elements of a tensor, in row-major order. The memory is the host's and lasts as long as the call.
template <class T>
class view {
 public:
  explicit view(const bp_tensor& t) : data_(static_cast<T*>(data_of(t))), shape_(shape_of(t)) {
    constexpr dtype read_as = detail::element<std::remove_const_t<T>>::type;
    if (dtype_of(t) != read_as)
      throw error(BP_INTERNAL, std::string("a tensor of ") + name_of(dtype_of(t)) + " is read as " + name_of(read_as));
    for (const std::int64_t extent : shape_) size_ *= static_cast<std::size_t>(extent);
    if (!detail::compact(t)) throw unimplemented("a strided tensor");
  }

  const bp::shape& shape() const { return shape_; }
  std::size_t rank() const { return shape_.size(); }
  std::size_t size() const { return size_; }
  T* data() const { return data_; }
  T* begin() const { return data_; }
  T* end() const { return data_ + size_; }
  T& operator[](std::size_t i) const { return data_[i]; }

  // Of one axis, counted from the end if it is negative: its extent, and how far apart its neighbours are. An element
  // has the coordinate i / stride(axis) % extent(axis).
  std::size_t extent(std::int64_t axis) const { return static_cast<std::size_t>(shape_[position(axis)]); }
  std::size_t stride(std::int64_t axis) const {
    std::size_t product = 1;
    for (std::size_t k = position(axis) + 1; k < rank(); ++k) product *= static_cast<std::size_t>(shape_[k]);
    return product;
  }

 private:
  std::size_t position(std::int64_t axis) const {
    const auto ranks = static_cast<std::int64_t>(rank());
    if (axis < -ranks || axis >= ranks)
      throw std::invalid_argument("axis " + std::to_string(axis) + " is out of range");
    return static_cast<std::size_t>(axis < 0 ? axis + ranks : axis);
  }

  T* data_;
  bp::shape shape_;
  std::size_t size_ = 1;
};

// The attributes of a case. Without a fallback, an attribute that is missing is refused: std::invalid_argument.
class attributes {
 public:
  explicit attributes(std::string_view text) : all_(text.empty() ? nlohmann::json::object() : parsed(text)) {}

  bool has(const std::string& name) const { return all_.contains(name); }

  std::int64_t integer(const std::string& name) const { return integer_of(value(name)); }
  double number(const std::string& name) const { return number_of(value(name)); }
  std::string text(const std::string& name) const { return value(name).get<std::string>(); }
  std::vector<std::int64_t> integers(const std::string& name) const { return list(value(name), integer_of); }
  std::vector<double> numbers(const std::string& name) const { return list(value(name), number_of); }

  std::int64_t integer(const std::string& name, std::int64_t fallback) const {
    return has(name) ? integer(name) : fallback;
  }
  double number(const std::string& name, double fallback) const { return has(name) ? number(name) : fallback; }
  std::string text(const std::string& name, const std::string& fallback) const {
    return has(name) ? text(name) : fallback;
  }
  std::vector<std::int64_t> integers(const std::string& name, std::vector<std::int64_t> fallback) const {
    return has(name) ? integers(name) : std::move(fallback);
  }
  std::vector<double> numbers(const std::string& name, std::vector<double> fallback) const {
    return has(name) ? numbers(name) : std::move(fallback);
  }

 private:
  // Attributes are lists at most; what is deeper has not come from backproof.
  static nlohmann::json parsed(std::string_view text) {
    constexpr int deepest = 16;
    nlohmann::json all = nlohmann::json::parse(text, [](int depth, nlohmann::json::parse_event_t, nlohmann::json&) {
      if (depth > deepest) throw std::invalid_argument("the attributes are nested too deeply");
      return true;
    });
    if (!all.is_object()) throw std::invalid_argument("the attributes are no JSON object");
    return all;
  }
  const nlohmann::json& value(const std::string& name) const {
    if (!has(name)) throw std::invalid_argument("attribute " + name + " is missing");
    return all_.at(name).at("value");
  }
  // JSON numbers are doubles to many programs, so what they cannot hold comes as text.
  static std::int64_t integer_of(const nlohmann::json& j) {
    return j.is_string() ? std::stoll(j.get<std::string>()) : j.get<std::int64_t>();
  }
  static double number_of(const nlohmann::json& j) {
    return j.is_string() ? std::stod(j.get<std::string>()) : j.get<double>();
  }
  template <class T>
  static std::vector<T> list(const nlohmann::json& j, T (*convert)(const nlohmann::json&)) {
    std::vector<T> out;
    for (const nlohmann::json& one : j) out.push_back(convert(one));
    return out;
  }

  nlohmann::json all_;
};

// One case: what is asked, and where the answer goes. Tensors are numbered as in ONNX's signature of the op.
class call {
 public:
  call(const bp_host_api& host, const bp_run_args& args)
      : host_(host), args_(args), attrs_(detail::view_of(args.attrs_json)) {}

  std::string_view op() const { return detail::view_of(args_.op); }
  std::string_view domain() const { return detail::view_of(args_.domain); }
  std::int32_t opset() const { return args_.opset; }
  dtype type() const { return detail::dtype_of(args_.dtype); }
  const attributes& attrs() const { return attrs_; }
  std::uint64_t seed() const { return args_.seed; }
  // BP_THREADS, BP_RETAINED or BP_ACCUMULATED, of those that adapter::under() has declared.
  bool flag(std::uint32_t bit) const { return (args_.flags & bit) != 0; }
  bool cancelled() const { return host_.cancelled(args_.call) != 0; }

  // The inputs. Optional ones may be absent.
  std::size_t inputs() const { return args_.n_inputs; }
  bool has_input(std::size_t k) const { return k < args_.n_inputs && args_.inputs[k] != nullptr; }
  const bp_tensor& input(std::size_t k) const { return given("input", k, args_.n_inputs, args_.inputs); }
  template <class T>
  view<const T> input(std::size_t k) const {
    return view<const T>(input(k));
  }

  // The cotangents of the outputs, for a VJP, and the tangents of the inputs, for a JVP. An absent one is zero.
  bool has_cotangent(std::size_t k) const { return k < args_.n_cotangents && args_.cotangents[k] != nullptr; }
  const bp_tensor& cotangent(std::size_t k) const {
    return given("cotangent", k, args_.n_cotangents, args_.cotangents);
  }
  template <class T>
  view<const T> cotangent(std::size_t k) const {
    return view<const T>(cotangent(k));
  }
  bool has_tangent(std::size_t k) const { return k < args_.n_tangents && args_.tangents[k] != nullptr; }
  const bp_tensor& tangent(std::size_t k) const { return given("tangent", k, args_.n_tangents, args_.tangents); }
  template <class T>
  view<const T> tangent(std::size_t k) const {
    return view<const T>(tangent(k));
  }

  // Makes result k of a forward pass or a JVP.
  bp_tensor& output(std::size_t k, dtype type, const bp::shape& dims) const {
    bp_tensor* out = nullptr;
    const bp_status status = host_.alloc_output(args_.call, static_cast<std::uint32_t>(k), detail::formats[type].code,
                                                static_cast<std::int32_t>(dims.size()), dims.data(), &out);
    if (status != BP_OK) throw error(status, "the host refused the memory for result " + std::to_string(k));
    return *out;
  }
  template <class T>
  view<T> output(std::size_t k, const bp::shape& dims) const {
    return view<T>(output(k, detail::element<T>::type, dims));
  }

  // Whether anybody asks for the gradient of input k.
  bool needs_gradient(std::size_t k) const {
    return has_input(k) && (args_.needs_grad == nullptr || args_.needs_grad[k] != 0);
  }
  // Makes the gradient of input k, in a VJP. It has the shape and the type of the input.
  bp_tensor& gradient(std::size_t k) const { return output(k, dtype_of(input(k)), shape_of(input(k))); }
  template <class T>
  view<T> gradient(std::size_t k) const {
    return view<T>(gradient(k));
  }

 private:
  const bp_tensor& given(const char* what, std::size_t k, std::size_t count, const bp_tensor* const* tensors) const {
    if (k >= count || tensors[k] == nullptr)
      throw std::invalid_argument(std::string(what) + ' ' + std::to_string(k) + " is not given");
    return *tensors[k];
  }

  const bp_host_api& host_;
  const bp_run_args& args_;
  attributes attrs_;
};

using function = std::function<void(const call&)>;

// One row of the capability document, and the functions behind it.
class op {
 public:
  op(std::string name, std::vector<dtype> dtypes) : name_(std::move(name)), dtypes_(std::move(dtypes)) {}

  op& forward(function f) { return set(BP_FORWARD, std::move(f)); }
  op& vjp(function f) { return set(BP_VJP, std::move(f)); }
  op& jvp(function f) { return set(BP_JVP, std::move(f)); }

  // "ai.onnx" unless said.
  op& domain(std::string name) {
    domain_ = std::move(name);
    return *this;
  }
  // False: computed by way of another dtype.
  op& native(bool yes) {
    native_ = yes;
    return *this;
  }
  // The format of sums. Unless said it is f32 for f16 and bf16, and the dtype itself for others.
  op& accumulator(dtype of, dtype sums_in) {
    accumulators_[of] = sums_in;
    return *this;
  }
  // An op that backproof does not know, in a domain of your own: "X[N,C], scale[C] -> Y[N,C]". adapter.h explains it.
  op& signature(std::string text) {
    row_["signature"] = std::move(text);
    return *this;
  }
  // For such an op: the values of an attribute to try, where an input's elements may lie, and which extent counts
  // independent examples.
  template <class T>
  op& attribute(const std::string& name, const std::vector<T>& values) {
    row_["attributes"][name] = values;
    return *this;
  }
  op& range(const std::string& input, double low, double high) {
    row_["ranges"][input] = {low, high};
    return *this;
  }
  op& batch(std::string extent) {
    row_["batch"] = std::move(extent);
    return *this;
  }
  // What the op cannot do, in a sentence for people.
  op& limits(std::string sentence) {
    limits_ = std::move(sentence);
    return *this;
  }

  bool matches(const call& c) const {
    for (const dtype t : dtypes_)
      if (t == c.type()) return c.op() == name_ && c.domain() == domain_;
    return false;
  }
  // Null if the op does not have it.
  const function* find(std::int32_t mode) const {
    const auto found = functions_.find(mode);
    return found == functions_.end() ? nullptr : &found->second;
  }

  nlohmann::ordered_json describe() const {
    nlohmann::ordered_json modes = nlohmann::ordered_json::array(), dtypes = modes;
    for (const auto& [mode, f] : functions_) modes.push_back(detail::mode_name(mode));
    for (const dtype t : dtypes_) dtypes.push_back(name_of(t));
    nlohmann::ordered_json row = {
        {"op", name_}, {"domain", domain_}, {"modes", modes}, {"dtypes", dtypes}, {"native", native_}};
    for (const auto& [of, sums_in] : accumulators_) row["accumulator"][name_of(of)] = name_of(sums_in);
    if (!limits_.empty()) row["limits"] = limits_;
    row.update(row_);
    return row;
  }

 private:
  op& set(std::int32_t mode, function f) {
    functions_[mode] = std::move(f);
    return *this;
  }

  std::string name_, domain_ = "ai.onnx", limits_;
  std::vector<dtype> dtypes_;
  std::map<std::int32_t, function> functions_;
  std::map<dtype, dtype> accumulators_;
  nlohmann::ordered_json row_ = nlohmann::ordered_json::object();
  bool native_ = true;
};

// The adapter as a table of ops.
class adapter {
 public:
  explicit adapter(std::string name, std::string version = "0")
      : name_(std::move(name)), version_(std::move(version)) {}

  // What is under test, if it has another name than the adapter.
  adapter& framework(std::string name, std::string version) {
    framework_ = std::move(name);
    framework_version_ = std::move(version);
    return *this;
  }
  // Whether the same case gives the same bits again; true unless said.
  adapter& deterministic(bool yes) {
    deterministic_ = yes;
    return *this;
  }

  // In which call conditions it can be asked besides the plain one: "strided", "threads" ... adapter.h explains them.
  adapter& under(std::vector<std::string> call_conditions) {
    under_ = std::move(call_conditions);
    return *this;
  }

  // Adds a row; the reference stays good. An op may have several rows, for different dtypes.
  op& add(std::string name, std::vector<dtype> dtypes) { return ops_.emplace_back(std::move(name), std::move(dtypes)); }

  void run(const call& c, std::int32_t mode) const {
    for (const op& o : ops_)
      if (const function* f = o.matches(c) ? o.find(mode) : nullptr) return (*f)(c);
    throw unimplemented(std::string("the adapter has no ") + detail::mode_name(mode) + " of " + std::string(c.op()) +
                        " in " + name_of(c.type()));
  }

  std::string describe() const {
    nlohmann::ordered_json rows = nlohmann::ordered_json::array();
    for (const op& o : ops_) rows.push_back(o.describe());
    const nlohmann::ordered_json document = {
        {"protocol", 1},
        {"adapter",
         {{"name", name_},
          {"version", version_},
          {"framework", framework_.empty() ? name_ : framework_},
          {"framework_version", framework_.empty() ? version_ : framework_version_},
          {"language", "C++"}}},
        {"deterministic", deterministic_},
        {"concurrency", 1},
        {"under", under_},
        {"ops", rows}};
    return document.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  }

 private:
  std::string name_, version_, framework_, framework_version_;
  std::vector<std::string> under_;
  bool deterministic_ = true;
  std::deque<op> ops_;
};

namespace detail {

// Calls `body`, and turns what it throws into a status, having passed the message to `report`. Nothing may leave
// through the C interface, so a report that throws in turn is dropped.
template <class Body, class Report>
bp_status guarded(Body body, Report report) noexcept {
  const auto failed = [&](bp_status status, const char* message) {
    try {
      report(status, str_of(message));
    } catch (...) {
    }
    return status;
  };
  try {
    body();
    return BP_OK;
  } catch (const error& e) {
    return failed(e.status(), e.what());
  } catch (const std::bad_alloc&) {
    return failed(BP_RESOURCE_EXHAUSTED, "out of memory");
  } catch (const std::invalid_argument& e) {
    return failed(BP_INVALID_ARGUMENT, e.what());
  } catch (const std::exception& e) {
    return failed(BP_INTERNAL, e.what());
  } catch (...) {
    return failed(BP_UNKNOWN, "an exception that is no std::exception");
  }
}

// An adapter behind the table of functions that the host sees.
class instance {
 public:
  instance(const bp_host_api& host, adapter ops) : host_(host), ops_(std::move(ops)), document_(ops_.describe()) {
    table_.struct_size = sizeof table_;
    table_.abi_major = BP_ABI_MAJOR;
    table_.abi_minor = BP_ABI_MINOR;
    table_.impl = this;
    table_.describe = [](bp_adapter* a) { return str_of(self(a).document_); };
    table_.run = [](bp_adapter* a, const bp_run_args* args) { return self(a).run(*args); };
    table_.get_extension = [](bp_adapter*, const char*) -> const void* { return nullptr; };
    table_.destroy = [](bp_adapter* a) { delete &self(a); };
  }
  instance(const instance&) = delete;
  instance& operator=(const instance&) = delete;

  bp_adapter* table() { return &table_; }

 private:
  static instance& self(bp_adapter* a) { return *static_cast<instance*>(a->impl); }

  bp_status run(const bp_run_args& args) noexcept {
    return guarded([&] { ops_.run(call(host_, args), args.mode); },
                   [&](bp_status status, bp_str message) { host_.set_error(args.call, status, message); });
  }

  const bp_host_api& host_;
  adapter ops_;
  std::string document_;
  bp_adapter table_{};
};

// The first version of the host's table ends with `host`; later ones only append to it.
constexpr std::size_t host_api_size = offsetof(bp_host_api, host) + sizeof(void*);

inline bp_status create(const bp_host_api* host, bp_adapter** out, adapter (*make)()) noexcept {
  if (host == nullptr || out == nullptr || host->abi_major != BP_ABI_MAJOR || host->struct_size < host_api_size)
    return BP_FAILED_PRECONDITION;
  return guarded([&] { *out = std::make_unique<instance>(*host, make()).release()->table(); },
                 [&](bp_status, bp_str message) { host->log(host->host, 3, message); });
}

// The layout that lets a bp_tensor pass for a DLTensor.
static_assert(sizeof(void*) != 8 || (offsetof(bp_tensor, device) == 8 && offsetof(bp_tensor, ndim) == 16 &&
                                     offsetof(bp_tensor, dtype) == 20 && offsetof(bp_tensor, shape) == 24 &&
                                     offsetof(bp_tensor, strides) == 32 && offsetof(bp_tensor, byte_offset) == 40 &&
                                     sizeof(bp_tensor) == 48),
              "bp_tensor must have the layout of DLTensor");

}  // namespace detail
}  // namespace bp

// Exports the adapter that `make`, a function without arguments, returns.
#define BACKPROOF_ADAPTER(make)                                                                                   \
  extern "C" BP_EXPORT bp_status backproof_adapter_create_v1(const bp_host_api* host, bp_str, bp_adapter** out) { \
    return bp::detail::create(host, out, make);                                                                   \
  }
