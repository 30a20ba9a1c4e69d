#include "relay/trail.hpp"

#include "base/text.hpp"

namespace freellmapi::relay {

std::string Trail::header() const {
  constexpr std::size_t hops_shown = 10, bytes_shown = 1024;
  std::string out;
  for (std::size_t i = 0; i < hops_.size() && i < hops_shown; ++i) {
    const Hop& hop = hops_[i];
    std::string entry = base::header_safe(hop.provider) + '/' + base::header_safe(hop.model) + ' ' +
                        base::header_safe(hop.key.empty() ? "keyless" : hop.key) + (hop.cut ? "=cut:" : "=") +
                        std::string(hop.outcome);
    if (out.size() + entry.size() + 2 > bytes_shown) break;
    if (!out.empty()) out += "; ";
    out += entry;
  }
  return out;
}

}  // namespace freellmapi::relay
