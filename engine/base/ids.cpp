#include "base/ids.hpp"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <span>
#include <utility>

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

// Eight characters of every 64 bits, each of what the one before left over: of 62 to the eighth texts none is
// likelier than another by more than one part in 80,000.
void draw(std::span<char> out) noexcept {
  constexpr std::size_t of_a_word = 8;
  __extension__ using Wide = unsigned __int128;
  for (std::size_t at = 0; at < out.size();) {
    std::uint64_t bits = random_bits();
    for (const std::size_t end = std::min(at + of_a_word, out.size()); at < end; ++at) {
      const Wide product = Wide{bits} * alphabet.size();
      out[at] = alphabet[static_cast<std::size_t>(product >> 64)];
      bits = static_cast<std::uint64_t>(product);
    }
  }
}

}  // namespace

std::uint64_t random_bits() {
  thread_local Pool pool;
  if (pool.used == pool.words.size()) pool.refill();
  return std::exchange(pool.words[pool.used++], 0);
}

std::string make_id(std::string_view prefix, std::size_t length) {
  std::string id(prefix.size() + length, '\0');
  prefix.copy(id.data(), prefix.size());
  draw(std::span(id).subspan(prefix.size()));
  return id;
}

std::string make_timed_id(std::string_view prefix, WallTime at) {
  std::string id(prefix.size() + time_digits + random_digits, '\0');
  prefix.copy(id.data(), prefix.size());
  auto millis = static_cast<std::uint64_t>(at.time_since_epoch().count());
  for (std::size_t i = time_digits; i > 0; --i, millis /= alphabet.size())
    id[prefix.size() + i - 1] = alphabet[millis % alphabet.size()];
  draw(std::span(id).subspan(prefix.size() + time_digits));
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
