#include "base/ids.hpp"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <utility>

namespace freellmapi::base {

namespace {

// 256 bytes: the most that getrandom promises to give at once and without an interruption.
struct Pool {
  std::array<std::uint64_t, 32> words{};
  std::size_t used = words.size();

  void refill() {
    ssize_t got = 0;
    do got = ::getrandom(words.data(), sizeof words, 0);
    while (got < 0 && errno == EINTR);
    // Ids that can be guessed are worse than no process.
    if (got != static_cast<ssize_t>(sizeof words)) std::abort();
    used = 0;
  }
};

}  // namespace

std::uint64_t random_bits() {
  thread_local Pool pool;
  if (pool.used == pool.words.size()) pool.refill();
  return std::exchange(pool.words[pool.used++], 0);
}

std::string make_id(std::string_view prefix, std::size_t length) {
  constexpr std::string_view alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  std::string id;
  id.reserve(prefix.size() + length);
  id = prefix;
  while (id.size() < prefix.size() + length) {
    std::uint64_t bits = random_bits();
    for (int group = 0; group < 10 && id.size() < prefix.size() + length; ++group, bits >>= 6) {
      const std::size_t index = bits & 0x3Fu;
      if (index < alphabet.size()) id += alphabet[index];  // two of 64 values are drawn again: no bias
    }
  }
  return id;
}

bool is_plain_id(std::string_view id) noexcept {
  return !id.empty() && id.size() <= 64 && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' ||
           c == '_' || c == '-';
  });
}

}  // namespace freellmapi::base
