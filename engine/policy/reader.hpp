// The strict reading of a document: every value knows its place and its path, every fault is collected, and a
// key that nobody asked for is a fault.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/document.hpp"
#include "policy/faults.hpp"

namespace freellmapi::policy {

/// One file being read: its faults, and where each value was found.
struct Source {
  explicit Source(std::string file) : faults(std::move(file)) {}
  Faults faults;
  std::map<std::string, Place> found;  ///< exact path -> place; bounded by max_nodes
  std::set<std::string> known;  ///< every key asked for, names and indexes as '*': the shape of the format
};

/// A value with its path; cheap enough to copy. The node must outlive it.
///
/// The readers below give nothing, and report why, when the value is not what they read.
class Value {
 public:
  Value(const Element& node, Source& source, std::string path = {}, std::string shape = {})
      : node_(&node), source_(&source), path_(std::move(path)), shape_(std::move(shape)) {}

  const Element& node() const noexcept { return *node_; }
  Source& source() const noexcept { return *source_; }
  Place place() const noexcept { return node_->place; }
  const std::string& path() const noexcept { return path_; }
  const std::string& shape() const noexcept { return shape_; }
  bool is(Element::Kind kind) const noexcept { return node_->kind == kind; }

  void fault(const std::string& message) const;
  void warn(const std::string& message) const;
  /// "expected <what>, got ...".
  void wrong(const std::string& what, const std::string& hint = {}) const;

  /// A scalar of 1 to `max` bytes without control characters.
  std::optional<std::string> text(std::size_t max = 1024) const;
  /// [a-z0-9-]{1,64}: the name of a provider.
  std::optional<std::string> name() const;
  /// Decimal digits alone: no quotes, no leading zeros.
  std::optional<std::uint64_t> whole(std::uint64_t min, std::uint64_t max) const;
  /// true or false, and none of YAML's other spellings.
  std::optional<bool> truth() const;
  /// "8s", "450ms", "1h30m".
  std::optional<std::chrono::milliseconds> duration(std::chrono::milliseconds min,
                                                    std::chrono::milliseconds max) const;
  /// The index of the word in `words`.
  std::optional<std::size_t> one_of(std::span<const std::string_view> words) const;
  /// The items of a list of at most `max`.
  std::vector<Value> list(std::size_t max) const;
  /// The entries of a mapping whose keys are names that the user chose; an empty value is an empty mapping.
  std::vector<std::pair<Value, Value>> entries(std::size_t max) const;

 private:
  const Element* node_;
  Source* source_;
  std::string path_, shape_;
};

/// A mapping with known keys. An absent (null) mapping has none.
class Fields {
 public:
  explicit Fields(const Value& value);

  /// False when the value is no mapping; that is then reported, and get() finds nothing.
  bool readable() const noexcept { return readable_; }
  const Value& value() const noexcept { return value_; }
  std::optional<Value> get(std::string_view key);
  /// Reports every key that was not asked for.
  void close();

  template <class T, class Read>
  void read(std::string_view key, T& out, Read&& reader) {
    if (const auto found = get(key)) {
      if (auto value = reader(*found)) out = std::move(*value);
    }
  }
  template <class T>
  void text(std::string_view key, T& out) {
    read(key, out, [](const Value& v) { return v.text(); });
  }
  template <class T>
  void truth(std::string_view key, T& out) {
    read(key, out, [](const Value& v) { return v.truth(); });
  }
  template <class T>
  void duration(std::string_view key, T& out, std::chrono::milliseconds min, std::chrono::milliseconds max) {
    read(key, out, [&](const Value& v) { return v.duration(min, max); });
  }

 private:
  struct Entry {
    std::string key;
    const Element* name;
    const Element* value;
  };
  Value value_;
  std::vector<Entry> entries_;
  std::vector<std::string> asked_;
  bool readable_ = false;
};

/// A day, written 2026-06-23.
std::optional<std::string> read_date(const Value& value);
/// Where a figure comes from: a URL or a few words.
std::optional<std::string> read_source(const Value& value);

/// Path of a member: "a" and "b" give "a.b".
std::string member_path(const std::string& path, std::string_view key);

/// The value as one of these enumerators, by what name() calls them.
template <auto first, auto... more>
std::optional<decltype(first)> read_word(const Value& value) {
  const std::array<std::string_view, 1 + sizeof...(more)> words{name(first), name(more)...};
  constexpr std::array<decltype(first), 1 + sizeof...(more)> meanings{first, more...};
  const auto index = value.one_of(words);
  if (!index) return std::nullopt;
  return meanings[*index];
}

}  // namespace freellmapi::policy
