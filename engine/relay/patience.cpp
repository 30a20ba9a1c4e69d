#include "relay/patience.hpp"

#include <algorithm>

namespace freellmapi::relay {

using std::chrono::milliseconds;

std::optional<milliseconds> patience_of(const Waiting& waiting) noexcept {
  constexpr milliseconds least{2'000}, longest{86'400'000};
  constexpr int margin = 3, turns = 3;
  constexpr std::uint64_t tokens_per_millisecond = 4, most_tokens = 1'000'000'000;
  const milliseconds answering =
      waiting.usual ? std::min(*waiting.usual, longest) * margin : waiting.left / turns;
  const milliseconds reading{std::min(waiting.input_tokens, most_tokens) / tokens_per_millisecond};
  const milliseconds patience = std::max(answering, least) + reading;
  if (waiting.most.count() > 0 && patience >= waiting.most) return std::nullopt;
  return patience;
}

}  // namespace freellmapi::relay
