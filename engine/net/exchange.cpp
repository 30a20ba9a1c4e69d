#include "net/exchange.hpp"

#include <algorithm>

namespace freellmapi::net {

std::string_view RequestHead::get(std::string_view lower_name) const noexcept {
  for (const Field& field : fields) {
    if (field.name == lower_name) return field.value;
  }
  return {};
}

std::size_t RequestHead::count(std::string_view lower_name) const noexcept {
  return static_cast<std::size_t>(std::count_if(
      fields.begin(), fields.end(), [&](const Field& field) { return field.name == lower_name; }));
}

}  // namespace freellmapi::net
