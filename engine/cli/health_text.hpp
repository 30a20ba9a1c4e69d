// What is known of a key's health, in words.
#pragma once

#include <optional>
#include <string>

#include "base/clock.hpp"
#include "store/key_health.hpp"

namespace freellmapi::cli {

/// "good 5 min ago", "bad: refused 3 times, last 2 h ago", "not known".
std::string health_text(const store::KeyRecord& record, base::WallTime now);
/// 2026-11-22T18:00:00Z; "" for nothing.
std::string time_text(const std::optional<base::WallTime>& time);

}  // namespace freellmapi::cli
