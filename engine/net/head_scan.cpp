#include "net/head_scan.hpp"

#include <bit>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace freellmapi::net {

namespace {

/// Of the next line feed; the text's size: there is none.
std::size_t find_feed(std::string_view bytes, std::size_t at) noexcept {
#if defined(__SSE2__)
  const __m128i feed = _mm_set1_epi8('\n');
  for (; at + 16 <= bytes.size(); at += 16) {
    const __m128i here = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes.data() + at));
    const auto feeds = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(here, feed)));
    if (feeds != 0) return at + static_cast<unsigned>(std::countr_zero(feeds));
  }
#endif
  while (at < bytes.size() && bytes[at] != '\n') ++at;
  return at;
}

}  // namespace

HeadScan::State HeadScan::look(std::string_view bytes) noexcept {
  for (;;) {
    const std::size_t feed = find_feed(bytes, checked_);
    if (feed == bytes.size()) {
      const bool nul = bytes.find('\0', checked_) != std::string_view::npos;
      checked_ = bytes.size();
      return nul ? State::bad : State::more;
    }
    if (feed == 0 || bytes[feed - 1] != '\r') return State::bad;
    const std::size_t size = feed - line_;  // with the carriage return
    if (size == 1) {
      length_ = feed + 1;
      return line_ == 0 ? State::bad : State::whole;
    }
    if (line_ != 0 && (bytes[line_] == ' ' || bytes[line_] == '\t')) return State::bad;
    line_ = checked_ = feed + 1;
  }
}

}  // namespace freellmapi::net
