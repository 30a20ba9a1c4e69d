// Numbers for names that are known before they are counted under.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace freellmapi::relay {

/// Gives each name (of one or two parts) a number from 1 on, up to a bound; 0 stands for every name without
/// one. A number once given stays. Thread safety: any thread; find() takes no lock.
class Places {
 public:
  /// `most` names, at least one.
  explicit Places(std::size_t most);

  struct Name {
    std::string first, second;
  };

  /// Not for the hot path: it locks, and allocates. A name that finds no room is found at 0.
  void add(std::string_view first, std::string_view second = {});
  std::size_t find(std::string_view first, std::string_view second = {}) const noexcept;

  /// The names in the order of their numbers; the first one, of number 0, is "other".
  std::vector<Name> names() const;
  /// How many numbers there can be, 0 included.
  std::size_t capacity() const noexcept { return most_ + 1; }

 private:
  struct Entry {
    std::uint64_t hash = 0;
    Name name;
  };
  static std::uint64_t hash_of(std::string_view first, std::string_view second) noexcept;

  const std::size_t most_, mask_;
  const std::unique_ptr<Entry[]> entries_;  // by number; written before the number is
  const std::unique_ptr<std::atomic<std::uint32_t>[]> numbers_;
  std::atomic<std::size_t> count_{1};
  std::mutex adding_;
};

}  // namespace freellmapi::relay
