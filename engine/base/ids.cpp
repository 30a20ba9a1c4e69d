#include "base/ids.hpp"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/text.hpp"

namespace freellmapi::base {

namespace {

// A page: one call to the kernel serves some hundred ids.
struct Pool {
  std::array<std::uint64_t, 512> words{};
  std::size_t used = words.size();

  void refill() {
    auto* bytes = reinterpret_cast<char*>(words.data());
    for (std::size_t have = 0; have < sizeof words;) {
      const ssize_t got = ::getrandom(bytes + have, sizeof words - have, 0);
      if (got > 0) {
        have += static_cast<std::size_t>(got);
      } else if (errno != EINTR) {
        std::abort();  // ids that can be guessed are worse than no process
      }
    }
    used = 0;
  }
};

constexpr std::string_view alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

constexpr std::size_t time_digits = 8, random_digits = 18;  // of an id with its time

// Eight characters of the first 32 of the alphabet that begins with the digits and goes on with small
// letters, each from five bits of its byte.
std::uint64_t eight_characters() noexcept {
  constexpr std::uint64_t each = 0x0101010101010101;
  const std::uint64_t drawn = random_bits() & each * 31;
  const std::uint64_t letters = ((drawn + each * (128 - 10)) & each * 128) >> 7;  // 1 where it is ten or more
  return drawn + each * '0' + letters * ('a' - '0' - 10);
}

void draw(char* to, std::size_t count) noexcept {
  constexpr std::size_t at_once = sizeof(std::uint64_t);
  for (; count >= at_once; to += at_once, count -= at_once) {
    const std::uint64_t eight = eight_characters();
    std::memcpy(to, &eight, at_once);
  }
  if (count == 0) return;
  const std::uint64_t rest = eight_characters();
  for (std::size_t i = 0; i < count; ++i) to[i] = static_cast<char>(rest >> (8 * i));
}

}  // namespace

std::uint64_t random_bits() {
  thread_local Pool pool;
  if (pool.used == pool.words.size()) pool.refill();
  return std::exchange(pool.words[pool.used++], 0);
}

void append_id(std::string& out, std::string_view prefix, std::size_t length) {
  std::array<char, 32> characters;
  out.append(prefix);
  while (length > 0) {
    const std::size_t now = std::min(length, characters.size());
    draw(characters.data(), now);
    out.append(characters.data(), now);
    length -= now;
  }
}

std::string make_id(std::string_view prefix, std::size_t length) {
  std::string id;
  id.reserve(prefix.size() + length);
  append_id(id, prefix, length);
  return id;
}

std::string make_timed_id(std::string_view prefix, WallTime at) {
  std::string id(prefix.size() + time_digits + random_digits, '\0');
  char* const digits = write_text(id.data(), prefix);
  auto millis = static_cast<std::uint64_t>(at.time_since_epoch().count());
  for (std::size_t i = time_digits; i > 0; --i, millis /= alphabet.size())
    digits[i - 1] = alphabet[millis % alphabet.size()];
  std::array<char, 24> drawn;  // whole words
  static_assert(drawn.size() >= random_digits);
  draw(drawn.data(), drawn.size());
  std::memcpy(digits + time_digits, drawn.data(), random_digits);
  return id;
}

std::optional<WallTime> time_in_id(std::string_view id) noexcept {
  if (id.size() < time_digits + random_digits) return std::nullopt;
  std::int64_t millis = 0;
  for (const char c : id.substr(id.size() - time_digits - random_digits, time_digits)) {
    int digit = c - '0';
    if (c >= 'A' && c <= 'Z') {
      digit = c - 'A' + 10;
    } else if (c >= 'a' && c <= 'z') {
      digit = c - 'a' + 36;
    } else if (digit < 0 || digit > 9) {
      return std::nullopt;
    }
    millis = millis * static_cast<std::int64_t>(alphabet.size()) + digit;
  }
  return WallTime{std::chrono::milliseconds{millis}};
}

bool is_plain_id(std::string_view id) noexcept {
  return !id.empty() && id.size() <= 64 && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' ||
           c == '_' || c == '-';
  });
}

}  // namespace freellmapi::base
