// What is known of keys from requests and tests: when one last worked, and how often it has been refused
// since.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/clock.hpp"
#include "base/lock.hpp"
#include "store/sqlite.hpp"

namespace freellmapi::store {

/// A key is known by its provider and fingerprint, wherever it was found; neither tells the key.
struct KeyRecord {
  std::optional<base::WallTime> last_good, last_refused, last_probe;
  std::uint64_t refusals = 0;  ///< confirmed ones since it last worked

  enum class State { unknown, good, refused, bad };
  /// One refusal may be a provider's mistake; three in a row are the key's.
  State state() const noexcept;
};
inline constexpr std::uint64_t refusals_of_a_bad_key = 3;
std::string_view name(KeyRecord::State state) noexcept;

/// Thread safety: every method from any thread. What requests show is kept in memory and written by save();
/// at most 4,096 keys.
class KeyHealth {
 public:
  static base::Result<std::unique_ptr<KeyHealth>> open(const std::filesystem::path& file);

  /// Cheap enough for every request: a lock and a look-up.
  void good(std::string_view provider, std::uint64_t fingerprint, base::WallTime now);
  /// The provider said in so many words that the key is wrong. Several within a second are one: they were in
  /// flight together.
  void refused(std::string_view provider, std::uint64_t fingerprint, base::WallTime now);
  /// A test was tried, whatever came of it.
  void probed(std::string_view provider, std::uint64_t fingerprint, base::WallTime now);
  KeyRecord of(std::string_view provider, std::uint64_t fingerprint) const;

  /// Writes what has changed; call it now and then and at the end. Bounded by the database's busy time.
  base::Result<void> save();

 private:
  using Name = std::pair<std::string, std::uint64_t>;
  using NameView = std::pair<std::string_view, std::uint64_t>;
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(const NameView& name) const noexcept { return name.second; }
  };
  struct Same {
    using is_transparent = void;
    bool operator()(const NameView& a, const NameView& b) const noexcept { return a == b; }
  };
  struct Entry {
    KeyRecord record;
    bool changed = false;
  };
  explicit KeyHealth(std::unique_ptr<Database> database) : database_(std::move(database)) {}
  base::Result<void> load();
  Entry* entry(std::string_view provider, std::uint64_t fingerprint);

  mutable base::Lock mutex_;  // guards entries_
  std::unordered_map<Name, Entry, Hash, Same> entries_;
  std::mutex writing_;  // guards database_
  const std::unique_ptr<Database> database_;
};

}  // namespace freellmapi::store
