// Looking into a manifest and saying what is wrong with it, with the way to the place.
#pragma once

#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "kit/facts.hpp"
#include "kit/suite.hpp"

namespace freellmapi::kit {

/// One node and how one gets there: "models.gpt-x.quota".
class Place {
 public:
  Place(YAML::Node node, std::string path, Judge& judge)
      : node_(std::move(node)), path_(std::move(path)), judge_(judge) {}

  bool there() const { return node_.IsDefined(); }
  bool is_map() const { return node_.IsDefined() && node_.IsMap(); }
  bool is_list() const { return node_.IsDefined() && node_.IsSequence(); }
  const YAML::Node& node() const { return node_; }
  const std::string& path() const { return path_; }
  Place member(const std::string& name) const;
  Place item(std::size_t index) const;

  void fail(const std::string& what) const { judge_.fail(path_ + ": " + what); }
  void advise(const std::string& what) const { judge_.advise(path_ + ": " + what); }

  /// Each of these fails and gives nothing when the node is there and not of the kind.
  std::optional<std::string> text(std::size_t most) const;
  std::optional<std::uint64_t> whole(std::uint64_t least, std::uint64_t most) const;
  std::optional<bool> truth() const;
  bool one_of(std::span<const std::string_view> words) const;
  bool url() const;
  bool date() const;
  /// A map whose members all are among `known`; true when it is a map.
  bool map_of(std::span<const std::string_view> known) const;

 private:
  YAML::Node node_;
  std::string path_;
  Judge& judge_;
};

/// The manifest's root; nothing (and a failure) when it is no map.
std::optional<Place> manifest_root(const Facts& facts, Judge& judge);
bool is_duration(std::string_view text);
/// Milliseconds of what is_duration; 0 else.
std::uint64_t duration_ms(std::string_view text);
bool is_name(std::string_view text);

}  // namespace freellmapi::kit
