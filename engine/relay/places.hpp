// Numbers for names that are counted under.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace freellmapi::relay {

/// Gives each name (of one or two parts) a number from 1 on, up to a bound; 0 stands for every name without
/// one. A number once given stays. Thread safety: any thread.
class Places {
 public:
  /// `most` names, at least one.
  explicit Places(std::size_t most);

  using Name = std::pair<std::string, std::string>;

  /// The name's number; 0: there is no room for it. Not for the hot path: it locks, and allocates.
  std::uint32_t add(std::string_view first, std::string_view second = {});

  /// The names in the order of their numbers; the first one, of number 0, is "other".
  std::vector<Name> names() const;

 private:
  const std::size_t most_;
  mutable std::mutex mutex_;  // guards what follows
  std::vector<Name> names_;   // by number
  std::map<Name, std::uint32_t> numbers_;
};

}  // namespace freellmapi::relay
