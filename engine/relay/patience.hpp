// How long a stream's first token is waited for, by what its model has shown so far.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace freellmapi::relay {

/// The share of a model's streams whose first token the deadline is made from.
inline constexpr double patience_share = 0.95;

/// `usual` is the time within which that share of the streams had their first token; three times as long is
/// waited, at least 2 s, and a second more for every 4,000 tokens that have to be read first. Nothing: the
/// policy's figure `most` stands, because nothing is known or because it is no longer than what is learnt.
std::optional<std::chrono::milliseconds> learned_patience(std::optional<std::chrono::milliseconds> usual,
                                                          std::chrono::milliseconds most,
                                                          std::uint64_t input_tokens) noexcept;

}  // namespace freellmapi::relay
