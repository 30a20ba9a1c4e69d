// What a plugin is given of its host: a voice in the log, bounded in length and rate.
#pragma once

#include <freellmapi/abi.h>

#include <cstdint>
#include <mutex>
#include <string>

#include "base/log.hpp"

namespace freellmapi::host {

/// The freellm_host of one plugin. Not movable: the plugin keeps its address. Thread safety: any thread.
///
/// A plugin may write 20 lines at once and one more each second; what is beyond is counted and the count goes
/// out with the next line.
class Voice {
 public:
  Voice(const base::Log& log, std::string file);
  Voice(const Voice&) = delete;
  Voice& operator=(const Voice&) = delete;

  const freellm_host* host() const noexcept { return &host_; }

 private:
  static void log_line(const freellm_host* host, std::int32_t level, freellm_str message) noexcept;
  static const void* extension(const freellm_host* host, freellm_str id) noexcept;
  void say(std::int32_t level, freellm_str message);
  /// False when the line must be dropped; else the number of lines dropped before it.
  bool may_speak(std::uint64_t& dropped_before);

  const base::Log& log_;
  const std::string file_;
  freellm_host host_{};
  std::mutex mutex_;  // guards what follows
  base::Instant refilled_;
  std::int64_t lines_left_;
  std::uint64_t dropped_ = 0;
};

}  // namespace freellmapi::host
