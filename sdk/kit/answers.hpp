// Error answers of every kind, and a way to ask what a plugin makes of them.
#pragma once

#include <freellmapi/abi.h>

#include <string>
#include <vector>

#include "kit/facts.hpp"
#include "kit/fixture.hpp"
#include "kit/suite.hpp"

namespace freellmapi::kit {

/// The clock that checks pass in: 2026-11-22T18:00:00Z.
inline constexpr std::int64_t kit_now = 1'795'370'400'000;

struct NamedBody {
  std::string name, type, body;
};
/// Empty, JSON of many shapes, a page, a string, an array, huge, binary, deeply nested. Made once.
const std::vector<NamedBody>& error_bodies();

/// classify_error in memory with bytes behind it that must stay as they are. Throws std::runtime_error when
/// they do not, or when the status is negative.
freellm_outcome classify_raw(const freellm_provider& provider, const Answer& answer,
                             std::int64_t now_unix_ms);
/// Fails for every field that is out of its range.
void judge_outcome(const freellm_outcome& outcome, std::int64_t now_unix_ms, const std::string& where,
                   Judge& judge);

}  // namespace freellmapi::kit
