#include "relay/timing.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/text.hpp"

namespace freellmapi::relay {

namespace {

// In milliseconds with three places behind the point. The end.
char* write(char* to, std::string_view what, std::chrono::microseconds time) noexcept {
  const auto us = static_cast<std::uint64_t>(std::max<std::int64_t>(time.count(), 0));
  std::memcpy(to, what.data(), what.size());
  char* const point = base::write_decimal(to + what.size(), us / 1'000);
  const auto rest = static_cast<std::uint32_t>(us % 1'000);
  point[0] = '.';
  point[1] = static_cast<char>('0' + rest / 100);
  point[2] = static_cast<char>('0' + rest / 10 % 10);
  point[3] = static_cast<char>('0' + rest % 10);
  return point + 4;
}

}  // namespace

void append_server_timing(std::string& out, const Timing& timing) {
  const std::chrono::microseconds decided = timing.decided.value_or(timing.total);
  std::array<char, server_timing_most> text;
  char* end = write(text.data(), "auth;dur=", timing.admitted);
  end = write(end, ", route;dur=", decided - timing.admitted);
  end = write(end, ", upstream;dur=", timing.total - decided);
  end = write(end, ", total;dur=", timing.total);
  out.append(text.data(), end);
}

}  // namespace freellmapi::relay
