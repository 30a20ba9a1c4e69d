#include "net/head_scan.hpp"

#include <algorithm>
#include <bit>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace freellmapi::net {

// The line that begins at line_ ends with the line feed at `feed`.
HeadScan::State HeadScan::end_line(std::string_view bytes, std::size_t feed) noexcept {
  if (feed == 0 || bytes[feed - 1] != '\r') return State::bad;
  const std::size_t size = feed - line_;  // with the carriage return
  if (size == 1) {
    length_ = feed + 1;
    return line_ == 0 ? State::bad : State::whole;
  }
  if (line_ != 0 && (bytes[line_] == ' ' || bytes[line_] == '\t')) return State::bad;
  line_ = feed + 1;
  return State::more;
}

HeadScan::State HeadScan::look(std::string_view bytes) noexcept {
  std::size_t at = checked_;
#if defined(__SSE2__)
  for (; at + 16 <= bytes.size(); at += 16) {
    const __m128i here = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes.data() + at));
    auto feeds = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(here, _mm_set1_epi8('\n'))));
    for (; feeds != 0; feeds &= feeds - 1) {
      const State state = end_line(bytes, at + static_cast<unsigned>(std::countr_zero(feeds)));
      if (state != State::more) return state;
    }
  }
#endif
  for (; at < bytes.size(); ++at) {
    if (bytes[at] != '\n') continue;
    const State state = end_line(bytes, at);
    if (state != State::more) return state;
  }
  const bool nul = bytes.find('\0', std::max(checked_, line_)) != std::string_view::npos;
  checked_ = bytes.size();
  return nul ? State::bad : State::more;
}

}  // namespace freellmapi::net
