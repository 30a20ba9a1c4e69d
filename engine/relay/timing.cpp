#include "relay/timing.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <string_view>

namespace freellmapi::relay {

namespace {

void add(std::string& out, std::string_view what, std::chrono::microseconds time) {
  const auto us = static_cast<std::uint64_t>(std::max<std::int64_t>(time.count(), 0));
  std::array<char, 24> digits{};
  char* end = std::to_chars(digits.data(), digits.data() + 20, us / 1'000).ptr;
  const std::uint64_t rest = us % 1'000;
  *end++ = '.';
  *end++ = static_cast<char>('0' + rest / 100);
  *end++ = static_cast<char>('0' + rest / 10 % 10);
  *end++ = static_cast<char>('0' + rest % 10);
  out.append(what).append(digits.data(), end);
}

}  // namespace

std::string server_timing(const Timing& timing) {
  const std::chrono::microseconds decided = timing.decided.value_or(timing.total);
  std::string out;
  out.reserve(112);
  add(out, "auth;dur=", timing.admitted);
  add(out, ", route;dur=", decided - timing.admitted);
  add(out, ", upstream;dur=", timing.total - decided);
  add(out, ", total;dur=", timing.total);
  return out;
}

}  // namespace freellmapi::relay
