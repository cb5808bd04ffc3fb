// Parsing of JSON that has not been validated; include this in .cpp files only. Every reader of JSON from outside goes
// through here: levels and values are counted before anything is built, a key that an object has twice is refused, and
// the time is linear but for the sorting of keys. nlohmann's own parser compares each key of an ordered object with all
// that came before it, so that a header of a megabyte takes a minute.
#pragma once

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "backproof/base/limits.hpp"
#include "backproof/base/text.hpp"

namespace backproof {

// What a text may hold at most.
struct json_limits {
  std::size_t levels = limits::json_levels;
  std::size_t values = limits::json_values;
};

// Adds a member whose key the object is known not to have. In an ordered object nothing is searched.
template <class Json>
Json& append_member(Json& object, std::string key, Json value = {}) {
  auto& members = object.template get_ref<typename Json::object_t&>();
  if constexpr (std::is_same_v<Json, nlohmann::ordered_json>)
    return members.emplace_back(std::move(key), std::move(value)).second;
  else
    return members.insert_or_assign(std::move(key), std::move(value)).first->second;
}

// What nlohmann's parser reports, made a document. Trouble is thrown, one line.
template <class Json, class Trouble>
class json_builder {
 public:
  json_builder(Json& root, const json_limits& most, const std::string& where)
      : root_(root), most_(most), where_(where) {}

  bool null() { return add(nullptr); }
  bool boolean(bool x) { return add(x); }
  bool number_integer(typename Json::number_integer_t x) { return add(x); }
  bool number_unsigned(typename Json::number_unsigned_t x) { return add(x); }
  bool number_float(typename Json::number_float_t x, const std::string&) { return add(x); }
  bool string(std::string& x) { return add(std::move(x)); }
  bool binary(typename Json::binary_t& x) { return add(std::move(x)); }
  bool start_array(std::size_t) { return open(Json::array()); }
  bool start_object(std::size_t) { return open(Json::object()); }
  bool end_array() { return close(); }
  bool key(std::string& k) {
    key_ = std::move(k);
    if constexpr (!ordered)
      if (open_.back()->contains(key_)) twice(key_);
    return true;
  }
  bool end_object() {
    if constexpr (ordered) refuse_twins(*open_.back());
    return close();
  }
  bool parse_error(std::size_t at, const std::string&, const nlohmann::detail::exception& e) {
    constexpr int out_of_range = 406;
    refuse(e.id == out_of_range ? "a number is too large for JSON" : "not valid JSON, at byte " + std::to_string(at));
    return false;
  }

 private:
  static constexpr bool ordered = std::is_same_v<Json, nlohmann::ordered_json>;

  [[noreturn]] void refuse(const std::string& what) const { throw Trouble(where_ + what); }
  [[noreturn]] void twice(const std::string& k) const { refuse("there are two values for '" + quotable(k) + "'"); }

  Json& place(Json value) {
    if (++values_ > most_.values) refuse("more than " + std::to_string(most_.values) + " values");
    if (open_.empty()) return root_ = std::move(value);
    Json& parent = *open_.back();
    if (parent.is_object()) return append_member(parent, std::move(key_), std::move(value));
    auto& list = parent.template get_ref<typename Json::array_t&>();
    return list.emplace_back(std::move(value));
  }
  bool add(Json value) {
    place(std::move(value));
    return true;
  }
  bool open(Json value) {
    if (open_.size() >= most_.levels) refuse("nested too deeply");
    open_.push_back(&place(std::move(value)));
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  void refuse_twins(const Json& object) const {
    std::vector<std::string_view> keys;
    keys.reserve(object.size());
    for (const auto& [k, value] : object.template get_ref<const typename Json::object_t&>()) keys.push_back(k);
    std::sort(keys.begin(), keys.end());
    const auto twin = std::adjacent_find(keys.begin(), keys.end());
    if (twin != keys.end()) twice(std::string(*twin));
  }

  Json& root_;
  const json_limits& most_;
  const std::string& where_;
  std::vector<Json*> open_;  // each lies in the one before it, which does not grow while it is open
  std::string key_;
  std::size_t values_ = 0;
};

// Throws Trouble, one line that begins with `where`.
template <class Trouble, class Json = nlohmann::ordered_json>
Json parse_untrusted(std::string_view text, const std::string& where = "", const json_limits& most = {}) {
  Json root;
  json_builder<Json, Trouble> builder(root, most, where);
  Json::sax_parse(text, &builder);
  return root;
}

}  // namespace backproof
