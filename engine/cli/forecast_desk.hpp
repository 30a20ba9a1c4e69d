// Makes forecasts while the router serves.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>

#include "base/clock.hpp"
#include "relay/snapshot.hpp"
#include "surfaces/ops/inspection.hpp"

namespace freellmapi::cli {

/// One thread that sleeps until somebody asks. All arguments outlive it.
class ForecastDesk final : public surfaces::Foresight {
 public:
  static constexpr std::chrono::seconds fresh_for{30};

  ForecastDesk(const relay::Current& current, const quota::Ledger& ledger, const base::Clock& clock,
               std::filesystem::path database);
  ~ForecastDesk() override;
  std::optional<base::Result<std::string>> ask() override;

 private:
  void work(const std::stop_token& stop);
  base::Result<std::string> make() const;

  const relay::Current& current_;
  const quota::Ledger& ledger_;
  const base::Clock& clock_;
  const std::filesystem::path database_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable_any wake_;
  bool wanted_ = false;
  std::optional<base::Result<std::string>> made_;
  base::Instant made_at_{};
  std::jthread worker_;
};

}  // namespace freellmapi::cli
