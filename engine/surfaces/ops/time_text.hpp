// Times in what people and programs read.
#pragma once

#include <fmt/chrono.h>

#include <string>

#include "base/clock.hpp"
#include "base/text.hpp"

namespace freellmapi::surfaces {

/// "2026-11-22T18:00:00Z", in quotes.
inline std::string json_time(base::WallTime at) {
  return fmt::format("\"{:%FT%TZ}\"", std::chrono::floor<std::chrono::seconds>(at));
}
inline std::string json_time_ms(base::WallTime at) { return fmt::format("\"{:%FT%TZ}\"", at); }

}  // namespace freellmapi::surfaces
