#include "relay/trail.hpp"

namespace freellmapi::relay {

std::string header_safe(std::string_view text) {
  static constexpr char hex[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte < 0x7f && c != '%' && c != ';' && c != ',') {
      out += c;
    } else {
      out += '%';
      out += hex[byte >> 4];
      out += hex[byte & 15];
    }
  }
  return out;
}

std::string Trail::header() const {
  constexpr std::size_t hops_shown = 10, bytes_shown = 1024;
  std::string out;
  for (std::size_t i = 0; i < hops_.size() && i < hops_shown; ++i) {
    const Hop& hop = hops_[i];
    std::string entry = header_safe(hop.provider) + '/' + header_safe(hop.model) + ' ' +
                        header_safe(hop.key.empty() ? "keyless" : hop.key) + (hop.cut ? "=cut:" : "=") +
                        std::string(hop.outcome);
    if (out.size() + entry.size() + 2 > bytes_shown) break;
    if (!out.empty()) out += "; ";
    out += entry;
  }
  return out;
}

}  // namespace freellmapi::relay
