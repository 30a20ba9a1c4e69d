// One request as it is remembered: sizes, timings and the route; never a prompt or an answer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.hpp"

namespace freellmapi::store {

struct RequestRow {
  std::int64_t id = 0;  ///< of the row, given when it is written; grows with time
  base::WallTime at{};  ///< the end of the request
  std::string request_id, surface;
  int status = 0;
  std::string code, asked, provider, model, key_label;
  std::uint64_t attempts = 0;
  std::string trail;
  bool streamed = false;
  std::uint64_t input_tokens = 0, output_tokens = 0, request_bytes = 0, response_bytes = 0;
  std::optional<std::int64_t> first_token_us, decided_us;
  std::int64_t total_us = 0;
  std::string decision;  ///< what `explain` replays; bytes
};

/// Texts are cut to that when they are written: a client chooses some of them.
inline constexpr std::size_t row_text_most = 512, row_trail_most = 2'048;
/// A longer decision is left out.
inline constexpr std::size_t row_decision_most = 64 * 1024;

/// What a row costs while it waits to be written.
inline std::size_t weight(const RequestRow& row) noexcept {
  return sizeof row + row.request_id.size() + row.surface.size() + row.code.size() + row.asked.size() +
         row.provider.size() + row.model.size() + row.key_label.size() + row.trail.size() +
         row.decision.size();
}

}  // namespace freellmapi::store
