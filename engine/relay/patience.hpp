// How long a stream's first token is waited for while there are others to ask.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace freellmapi::relay {

/// The share of a model's streams whose first token the deadline is made from.
inline constexpr double patience_share = 0.95;

/// What a request knows when it sends.
struct Waiting {
  /// Within this time that share of the model's streams had their first token; nothing: too few have been
  /// seen.
  std::optional<std::chrono::milliseconds> usual;
  std::chrono::milliseconds most{0};  ///< the policy's figure; 0: no limit
  std::chrono::milliseconds left{0};  ///< of the budget, in which others may still be asked
  std::uint64_t input_tokens = 0;
};

/// Three times the usual; where nothing is known a third of what is left, so that a silent provider never
/// costs the others their turn. At least 2 s, and a second more for every 4,000 tokens that have to be read
/// first. Nothing: the policy's figure stands, being no longer.
std::optional<std::chrono::milliseconds> patience_of(const Waiting& waiting) noexcept;

}  // namespace freellmapi::relay
