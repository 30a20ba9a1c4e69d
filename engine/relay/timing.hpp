// Where a request's time went, for the Server-Timing field.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

namespace freellmapi::relay {

/// Times since the head's arrival.
struct Timing {
  std::chrono::microseconds admitted{0};             ///< the key was found good
  std::optional<std::chrono::microseconds> decided;  ///< the first attempt left; nothing: none did
  std::chrono::microseconds total{0};                ///< the answer's head is written
};

/// "auth;dur=0.012, route;dur=0.310, upstream;dur=412.007, total;dur=412.329", in milliseconds: who it is
/// from, the body's arrival and the decision, everything that was asked for outside, and all together.
void append_server_timing(std::string& out, const Timing& timing);
inline constexpr std::size_t server_timing_most = 160;

}  // namespace freellmapi::relay
