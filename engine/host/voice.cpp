#include "host/voice.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "host/tables.hpp"

namespace freellmapi::host {

namespace {
constexpr std::int64_t burst = 20;
constexpr auto refill_time = std::chrono::seconds{1};
constexpr std::size_t message_max = 500;

base::Level level_of(std::int32_t level) noexcept {
  switch (level) {
    case 0:
      return base::Level::debug;
    case 2:
      return base::Level::warn;
    case 3:
      return base::Level::error;
    default:
      return base::Level::info;
  }
}
}  // namespace

Voice::Voice(const base::Log& log, std::string file)
    : log_(log), file_(std::move(file)), refilled_(log.clock().steady()), lines_left_(burst) {
  host_.size = sizeof host_;
  host_.abi_major = FREELLM_ABI_MAJOR;
  host_.abi_minor = FREELLM_ABI_MINOR;
  host_.ctx = this;
  host_.log = &Voice::log_line;
  host_.get_extension = &Voice::extension;
}

void Voice::log_line(const freellm_host* host, std::int32_t level, freellm_str message) noexcept {
  if (host == nullptr || host->ctx == nullptr) return;
  try {
    static_cast<Voice*>(host->ctx)->say(level, message);
  } catch (...) {
    // No memory for a log line: the plugin's work goes on without it.
  }
}

const void* Voice::extension(const freellm_host*, freellm_str) noexcept { return nullptr; }

bool Voice::may_speak(std::uint64_t& dropped_before) {
  const std::scoped_lock lock{mutex_};
  const base::Instant now = log_.clock().steady();
  const auto earned = (now - refilled_) / refill_time;
  if (earned > 0) {
    lines_left_ = std::min<std::int64_t>(burst, lines_left_ + earned);
    refilled_ += earned * refill_time;
  }
  if (lines_left_ == 0) {
    ++dropped_;
    return false;
  }
  --lines_left_;
  dropped_before = std::exchange(dropped_, 0);
  return true;
}

void Voice::say(std::int32_t level, freellm_str message) {
  const base::Level wanted = level_of(level);
  std::uint64_t dropped_before = 0;
  if (!log_.enabled(wanted) || !may_speak(dropped_before)) return;
  const std::string_view text = view(message).substr(0, message_max);
  if (dropped_before == 0) {
    log_.write(wanted, "plugin_says", {{"plugin", file_}, {"message", text}});
  } else {
    log_.write(wanted, "plugin_says",
               {{"plugin", file_}, {"message", text}, {"dropped_before", dropped_before}});
  }
}

}  // namespace freellmapi::host
