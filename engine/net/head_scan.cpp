#include "net/head_scan.hpp"

namespace freellmapi::net {

HeadScan::State HeadScan::look(std::string_view bytes) noexcept {
  for (;;) {
    const std::size_t feed = bytes.find('\n', checked_);
    if (feed == std::string_view::npos) {
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
