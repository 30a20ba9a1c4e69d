#include "net/exchange.hpp"

#include <algorithm>

namespace freellmapi::net {

std::string_view RequestHead::find(std::string_view lower_name) const noexcept {
  for (const Field& field : fields) {
    if (field.name == lower_name) return field.value;
  }
  return {};
}

std::size_t RequestHead::count(std::string_view lower_name) const noexcept {
  if (!marks.may_hold(lower_name)) return 0;
  return static_cast<std::size_t>(std::count_if(
      fields.begin(), fields.end(), [&](const Field& field) { return field.name == lower_name; }));
}

}  // namespace freellmapi::net
