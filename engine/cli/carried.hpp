// What is carried from one start of the router to the next beside keys, counters and the log: who serves
// which conversation, what answers left for their next turn, what tokens cost, who answers how well.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.hpp"
#include "base/keyed_hash.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "chat/calibration.hpp"
#include "policy/policy.hpp"
#include "relay/conversations.hpp"
#include "relay/snapshot.hpp"
#include "store/cipher.hpp"
#include "store/request_log.hpp"
#include "store/vault.hpp"

namespace freellmapi::cli {

/// The key that conversations are sealed with on the disk; made and kept in the vault at the first start.
base::Result<store::MasterKey> conversation_key(store::Vault& vault, const base::Clock& clock);
/// Under which their names are hashed.
base::KeyedHash::Key names_key(const store::MasterKey& key);

/// Loads when it is made, writes behind the request log on its thread, and writes the rest when it dies. No
/// request ever waits for it. Thread safety: apply() from the main thread.
class Carried {
 public:
  /// What it is given outlives it; so does `database`, which is there. What cannot be loaded is logged and
  /// learned anew.
  Carried(const std::filesystem::path& database, store::RequestLog& requests, store::MasterKey key,
          relay::Conversations& conversations, chat::Calibration& calibration, const relay::Current& current,
          const base::Clock& clock, const base::Log& log);
  Carried(const Carried&) = delete;
  Carried& operator=(const Carried&) = delete;
  ~Carried();

  /// A policy came into force: how long things are kept.
  void apply(const policy::Policy& policy);

 private:
  void load(store::Database& database);
  void write(store::Database& database);
  base::Result<void> write_pins(store::Database& database);
  base::Result<void> write_thoughts(store::Database& database);
  bool due(std::optional<base::Instant>& last, std::chrono::seconds between) const;
  base::Result<void> write_costs(store::Database& database);
  base::Result<void> write_measured(store::Database& database);
  base::Result<void> retain(store::Database& database);
  base::WallTime wall_of(base::Instant at) const;
  void report(const base::Error& error);

  store::RequestLog& requests_;
  const store::MasterKey key_;
  relay::Conversations& conversations_;
  chat::Calibration& calibration_;
  const relay::Current& current_;
  const base::Clock& clock_;
  const base::Log& log_;
  static constexpr std::chrono::milliseconds longest{std::chrono::hours{24 * 30}};
  std::atomic<std::int64_t> sticky_ms_{longest.count()}, conversations_ms_{longest.count()};
  std::atomic<bool> hurry_{false};  ///< a policy that keeps less applies at once
  std::atomic<bool> last_{false};
  // The log's thread alone, but for the constructor:
  std::vector<chat::Calibration::Learned> written_costs_;
  std::vector<routing::Sticky::Kept> pins_;
  std::optional<base::Instant> costs_at_, measured_at_, retained_, reported_;
  base::Instant measured_since_{};
};

}  // namespace freellmapi::cli
