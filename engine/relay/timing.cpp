#include "relay/timing.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "base/text.hpp"

namespace freellmapi::relay {

namespace {

// In milliseconds with three places behind the point. The end.
[[gnu::always_inline]] inline char* write(char* to, std::string_view what,
                                          std::chrono::microseconds time) noexcept {
  const auto us = static_cast<std::uint64_t>(std::max<std::int64_t>(time.count(), 0));
  const std::uint64_t ms = us / 1'000;
  char* const point = base::write_decimal(base::write_text(to, what), ms);
  *point = '.';
  return base::write_three_digits(point + 1, static_cast<std::uint32_t>(us - ms * 1'000));
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
