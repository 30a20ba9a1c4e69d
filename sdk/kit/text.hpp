// Small things about text that every part of the kit needs.
#pragma once

#include <freellmapi/abi.h>

#include <string>
#include <string_view>

namespace freellmapi::kit {

inline std::string_view view(freellm_str s) {
  return s.size == 0 || s.data == nullptr ? std::string_view{} : std::string_view{s.data, s.size};
}
inline freellm_str text(std::string_view s) { return {s.data(), s.size()}; }

inline std::string lower(std::string_view s) {
  std::string out(s);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

/// At most `most` bytes of it on one line: what is not printable ASCII becomes \xNN, what is left out "...".
std::string printable(std::string_view s, std::size_t most);
/// Every `what` in `s` becomes `with`.
std::string replaced(std::string_view s, std::string_view what, std::string_view with);
bool is_utf8(std::string_view s);

}  // namespace freellmapi::kit
