// The small grammars inside policy values: durations, resets, zones, names.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "policy/policy.hpp"

namespace freellmapi::policy {

/// Whole numbers with units d, h, m, s, ms, each at most once, the larger first: "8s", "450ms", "1h30m". "0"
/// is zero. At most ten years.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);
/// The shortest spelling that parse_duration reads back.
std::string duration_text(std::chrono::milliseconds length);

/// [a-z0-9-]{1,64}
bool is_name(std::string_view text) noexcept;

/// A day of the calendar, written 2026-06-23.
bool is_date(std::string_view text) noexcept;

/// How a window starts anew.
struct ResetAt {
  Reset kind = Reset::rolling;
  std::string zone;
  std::chrono::minutes at{0};
};

/// "rolling", "token-bucket", "first-use" or "00:00 America/Los_Angeles". The zone is looked up in the
/// system's time zone database; the error's message suggests near names.
base::Result<ResetAt> parse_reset(std::string_view text);

/// The spelling that parse_reset reads back.
std::string reset_text(const Rule& rule);

}  // namespace freellmapi::policy
