#include "relay/patience.hpp"

#include <algorithm>

namespace freellmapi::relay {

using std::chrono::milliseconds;

std::optional<milliseconds> learned_patience(std::optional<milliseconds> usual, milliseconds most,
                                             std::uint64_t input_tokens) noexcept {
  constexpr milliseconds least{2'000}, longest{86'400'000};
  constexpr int margin = 3;
  constexpr std::uint64_t tokens_per_millisecond = 4, most_tokens = 1'000'000'000;
  if (!usual) return std::nullopt;
  const milliseconds reading{std::min(input_tokens, most_tokens) / tokens_per_millisecond};
  const milliseconds patience = std::max(std::min(*usual, longest) * margin, least) + reading;
  // No limit at all is written as zero.
  if (most.count() > 0 && patience >= most) return std::nullopt;
  return patience;
}

}  // namespace freellmapi::relay
