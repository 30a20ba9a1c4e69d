// What answers carried for their next turn, kept for clients that do not send it back.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "chat/amend.hpp"

namespace freellmapi::relay {

/// Bounded in number, bytes and age, least recently used out first. Thread safety: any thread. Requests
/// whose model never left anything behind ask may_know() alone, which takes no lock.
class Thoughts {
 public:
  static constexpr std::size_t most = 8'192;
  static constexpr std::size_t most_bytes = std::size_t{16} << 20;
  static constexpr std::size_t longest = std::size_t{192} << 10;  ///< of one

  /// Who made it.
  struct Maker {
    std::uint64_t model = 0;   ///< hash of "provider/model"
    std::uint64_t family = 0;  ///< of the model's family; 0: none
  };
  struct Kept {
    chat::CallName name;
    base::WallTime at{};
    Maker maker;
    chat::Thought thought;
  };

  /// Longer ones and empty ones are not kept.
  void keep(Kept kept);
  /// As it was written down; what has been kept since counts more.
  void restore(Kept kept);
  std::shared_ptr<const Kept> find(const chat::CallName& name, base::WallTime now);
  /// May anything that a model of this name or family made be here? Rather too often yes.
  bool may_know(const Maker& maker) const noexcept;
  /// 0: nothing is kept, and what was is forgotten.
  void set_age(std::chrono::milliseconds age);
  /// Takes what was kept since the last time.
  std::vector<std::shared_ptr<const Kept>> take_changed();

 private:
  using Entries = std::list<std::shared_ptr<const Kept>>;
  void insert(Kept kept, bool newest);
  void erase(Entries::iterator at);

  std::atomic<std::uint64_t> makers_{0};  // a bit for each model and family; bits are shared
  std::atomic<std::int64_t> age_ms_{24 * 3'600'000};
  std::mutex mutex_;  // guards what follows
  Entries entries_;   // least recently used at the back
  std::vector<std::shared_ptr<const Kept>> changed_;
  std::unordered_map<std::uint64_t, Entries::iterator> by_id_, by_place_;
  std::size_t bytes_ = 0, changed_bytes_ = 0;
};

/// As they are sealed on the disk, and back; nothing: these are no such bytes.
std::string bytes_of(const Thoughts::Kept& kept);
std::optional<Thoughts::Kept> kept_of(std::string_view bytes);

}  // namespace freellmapi::relay
