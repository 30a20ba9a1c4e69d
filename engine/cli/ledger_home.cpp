#include "cli/ledger_home.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <span>
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

base::Result<std::unique_ptr<LedgerCopy>> LedgerCopy::read(const std::filesystem::path& data,
                                                           const base::Clock& clock) {
  const std::filesystem::path path = data / "ledger";
  std::unique_ptr<LedgerCopy> copy(new LedgerCopy);
  std::error_code none;
  if (std::filesystem::exists(std::filesystem::symlink_status(path, none))) {
    constexpr std::size_t longest = quota::head_size + (quota::most_blocks + 1) * quota::block_size;
    const auto text = read_file(path, longest);
    if (!text) return refusal(path, text.error());
    const std::span<const std::byte> bytes = std::as_bytes(std::span(*text));
    if (bytes.size() < quota::head_size) return refusal(path, {base::Errc::protocol, "it is too short"});
    std::ranges::copy(bytes.first(quota::head_size), copy->bytes_.head().begin());
    for (std::size_t at = quota::head_size; at + quota::block_size <= bytes.size(); at += quota::block_size) {
      if (auto added = copy->bytes_.add_block(); !added) return refusal(path, added.error());
      std::ranges::copy(bytes.subspan(at, quota::block_size),
                        copy->bytes_.block(copy->bytes_.blocks() - 1).begin());
    }
  }
  auto ledger = quota::Ledger::open(copy->bytes_, boot_of_this_machine(), {clock.since_boot(), clock.wall()});
  if (!ledger) return refusal(path, ledger.error());
  copy->ledger_ = std::move(*ledger);
  return copy;
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
