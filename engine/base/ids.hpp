// Identifiers we make: request ids, completion ids, tool-call ids, seeds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace freellmapi::base {

/// Sixty-four unpredictable bits, from the kernel's generator through a small per-thread buffer. Any thread.
std::uint64_t random_bits();

/// `prefix` followed by `length` characters of [0-9a-v] drawn from random_bits(): five bits to the character,
/// so the default holds 120 bits.
std::string make_id(std::string_view prefix, std::size_t length = 24);
/// The same, appended.
void append_id(std::string& out, std::string_view prefix, std::size_t length = 24);

/// The same with a time in front of the random characters: eight that sort as it does, then 90 bits. Where
/// ids are kept in order, new ones go to the end and not everywhere.
std::string make_timed_id(std::string_view prefix, WallTime at);

/// The time in front of the random characters of an id that make_timed_id() made, behind whatever prefix. Of
/// other ids: nothing, or any time.
std::optional<WallTime> time_in_id(std::string_view id) noexcept;

/// True for [A-Za-z0-9._-]{1,64}: an X-Request-Id that may be echoed.
bool is_plain_id(std::string_view id) noexcept;

/// FNV-1a, for fingerprints that need no secrecy.
constexpr std::uint64_t fnv1a(std::string_view bytes, std::uint64_t seed = 14695981039346656037ULL) noexcept {
  for (const char c : bytes) seed = (seed ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return seed;
}

}  // namespace freellmapi::base
