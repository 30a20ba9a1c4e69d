#include "surfaces/front/gate.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/text.hpp"

namespace freellmapi::surfaces {

namespace {

/// Which of the three names a key may come under; their number for another.
constexpr std::size_t names = 3;
std::size_t key_name(std::string_view lower_name) noexcept {
  switch (lower_name.size()) {
    case 13:
      return lower_name == "authorization" ? 0 : names;
    case 9:
      return lower_name == "x-api-key" ? 1 : names;
    case 14:
      return lower_name == "x-goog-api-key" ? 2 : names;
    default:
      return names;
  }
}

/// The token behind "Bearer ", or nothing for another scheme.
std::optional<std::string_view> bearer(std::string_view value) {
  constexpr std::string_view scheme = "Bearer ";
  const bool usual = value.starts_with(scheme);
  if (!usual && !base::equal_ignoring_case(value.substr(0, scheme.size()), scheme)) return std::nullopt;
  return base::trim(value.substr(scheme.size()));
}

}  // namespace

KeyGate::Verdict KeyGate::judge(const net::RequestHead& head) const {
  std::array<bool, names> seen{};
  std::optional<std::string_view> presented;
  for (const net::Field& field : head.fields) {
    const std::size_t name = key_name(field.name);
    if (name == names) continue;
    if (std::exchange(seen[name], true)) return Verdict::ambiguous;
    if (field.value.empty()) continue;
    const std::string_view key = name == 0 ? bearer(field.value).value_or(std::string_view{}) : field.value;
    if (presented && *presented != key) return Verdict::ambiguous;
    presented = key;
  }
  if (!presented) return Verdict::missing;
  return base::equal_constant_time(*presented, key_.reveal()) ? Verdict::open : Verdict::wrong;
}

bool is_loopback_origin(std::string_view origin) noexcept {
  std::string_view rest = origin;
  if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
  } else if (rest.starts_with("https://")) {
    rest.remove_prefix(8);
  } else {
    return false;
  }
  std::string_view host = rest;
  std::string_view port;
  const std::size_t colon = rest.starts_with('[') ? rest.find("]:") : rest.find(':');
  if (colon != std::string_view::npos) {
    const std::size_t host_size = rest.starts_with('[') ? colon + 1 : colon;
    host = rest.substr(0, host_size);
    port = rest.substr(host_size + 1);
    if (port.empty() || port.size() > 5 ||
        !std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; })) {
      return false;
    }
  }
  return host == "localhost" || host == "127.0.0.1" || host == "[::1]";
}

}  // namespace freellmapi::surfaces
