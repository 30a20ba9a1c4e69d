#include "cli/ledger_home.hpp"

#include <fmt/format.h>

#include <charconv>
#include <string>
#include <string_view>
#include <utility>

#include "cli/files.hpp"

namespace freellmapi::cli {

namespace {

/// Zeros when the machine does not tell.
quota::BootId boot_of_this_machine() {
  const auto text = read_file("/proc/sys/kernel/random/boot_id", 100);
  if (!text) return {};
  std::string digits;
  for (const char c : *text) {
    if (c != '-' && c != '\n') digits += c;
  }
  if (digits.size() != 32) return {};
  quota::BootId boot;
  const char* const middle = digits.data() + 16;
  std::from_chars(digits.data(), middle, boot.high, 16);
  std::from_chars(middle, middle + 16, boot.low, 16);
  return boot;
}

base::Error refusal(const std::filesystem::path& file, const base::Error& error) {
  std::string_view advice = "free some space or repair the disk";
  if (error.code == base::Errc::permission) advice = "make it a file that this account may read and write";
  if (error.code == base::Errc::already_exists)
    advice = "stop that one, or give this one another directory with --data";
  if (error.code == base::Errc::protocol) {
    advice =
        "put back a good copy, or move it away to begin with empty counts (providers may refuse requests "
        "until "
        "their windows reset)";
  }
  return {error.code, fmt::format("cannot use the ledger {}: {}; {}", file.string(), error.message, advice)};
}

}  // namespace

base::Result<std::unique_ptr<LedgerHome>> LedgerHome::open(const std::filesystem::path& data,
                                                           const base::Clock& clock, const base::Log& log) {
  auto lock = store::InstanceLock::take(data);
  if (!lock) return lock.error();
  const std::filesystem::path path = data / "ledger";
  auto file = store::LedgerFile::open(path, {quota::head_size, quota::block_size, quota::most_blocks});
  if (!file) return refusal(path, file.error());
  std::unique_ptr<LedgerHome> home(new LedgerHome(std::move(*lock), std::move(*file), clock, log));
  auto ledger = quota::Ledger::open(home->bytes_, boot_of_this_machine(), {clock.since_boot(), clock.wall()});
  if (!ledger) return refusal(path, ledger.error());
  home->ledger_ = std::move(*ledger);
  home->flusher_ =
      std::jthread([&self = *home](const std::stop_token& stop) { self.flush_now_and_then(stop); });
  return home;
}

LedgerHome::LedgerHome(store::InstanceLock lock, store::LedgerFile file, const base::Clock& clock,
                       const base::Log& log)
    : lock_(std::move(lock)), bytes_(std::move(file)), clock_(clock), log_(log) {}

LedgerHome::~LedgerHome() {
  if (!ledger_) return;
  flusher_.request_stop();
  flusher_.join();
  flush();
}

void LedgerHome::flush_now_and_then(const std::stop_token& stop) {
  std::unique_lock waiting(mutex_);
  while (!stop.stop_requested()) {
    wake_.wait_for(waiting, stop, flush_interval, [] { return false; });
    flush();
  }
}

void LedgerHome::flush() {
  ledger_->read_clocks({clock_.since_boot(), clock_.wall()});
  const auto written = bytes_.flush();
  if (!written && !failed_) log_.error("ledger.flush_failed", {{"message", written.error().message}});
  failed_ = !written;
}

}  // namespace freellmapi::cli
