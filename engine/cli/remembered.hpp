// What serve remembers of requests and keys: between the relay's words and the store's.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "policy/policy.hpp"
#include "relay/key_watch.hpp"
#include "relay/record.hpp"
#include "store/key_health.hpp"
#include "store/request_log.hpp"

namespace freellmapi::cli {

/// Thread safety: keep(), worked() and refused() from any core; tick() from the main thread.
class Remembered final : public relay::RecordSink, public relay::KeyWatch {
 public:
  /// The database must be there: the vault makes it.
  static base::Result<std::unique_ptr<Remembered>> open(const std::filesystem::path& database,
                                                        const base::Clock& clock, const base::Log& log);
  ~Remembered() override;

  void keep(const relay::Record& record, base::WallTime at,
            std::chrono::microseconds total) noexcept override;
  void worked(const policy::Provider& provider, const policy::Key& key, base::WallTime now) noexcept override;
  void refused(const policy::Provider& provider, const policy::Key& key,
               base::WallTime now) noexcept override;

  /// About once a second.
  void tick();
  void set_retention(const policy::Store& store);
  store::KeyHealth& health() noexcept { return *health_; }
  store::RequestLog& requests() noexcept { return *requests_; }
  std::uint64_t rows_written() const noexcept { return requests_->written(); }
  std::uint64_t rows_dropped() const noexcept { return requests_->dropped(); }

 private:
  Remembered(std::unique_ptr<store::RequestLog> requests, std::unique_ptr<store::KeyHealth> health,
             const base::Clock& clock, const base::Log& log);
  void save_health();

  const std::unique_ptr<store::RequestLog> requests_;
  const std::unique_ptr<store::KeyHealth> health_;
  const base::Clock& clock_;
  const base::Log& log_;
  base::Instant saved_;
  bool failing_ = false;
};

}  // namespace freellmapi::cli
