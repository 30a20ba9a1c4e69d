#include "cli/forecast_desk.hpp"

#include <exception>
#include <utility>

#include "cli/simulate.hpp"

namespace freellmapi::cli {

ForecastDesk::ForecastDesk(const relay::Current& current, const quota::Ledger& ledger,
                           const base::Clock& clock, std::filesystem::path database)
    : current_(current), ledger_(ledger), clock_(clock), database_(std::move(database)) {
  worker_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
}

ForecastDesk::~ForecastDesk() {
  worker_.request_stop();
  worker_.join();
}

std::optional<base::Result<std::string>> ForecastDesk::ask() {
  const std::lock_guard lock(mutex_);
  if (made_ && clock_.steady() - made_at_ < fresh_for) return made_;
  wanted_ = true;
  wake_.notify_one();
  return std::nullopt;
}

void ForecastDesk::work(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (wake_.wait(lock, stop, [this] { return wanted_; })) {
    lock.unlock();
    base::Result<std::string> made = make();
    lock.lock();
    made_ = std::move(made);
    made_at_ = clock_.steady();
    wanted_ = false;
  }
}

base::Result<std::string> ForecastDesk::make() const {
  try {
    const auto snapshot = current_.get();
    return forecast_of(*snapshot->plan, ledger_, {clock_.since_boot(), clock_.wall()}, database_);
  } catch (const std::exception& e) {
    return base::Error{base::Errc::internal, std::string("the forecast failed: ") + e.what()};
  }
}

}  // namespace freellmapi::cli
