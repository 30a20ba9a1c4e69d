#include "splicer.hpp"

#include <algorithm>
#include <charconv>

namespace freellmapi::sdk {

MemberRule rule_for(std::span<const MemberRule> rules, std::span<const std::string_view> known,
                    std::string_view name) noexcept {
  for (const MemberRule& rule : rules)
    if (rule.name == name) return rule;
  return std::find(known.begin(), known.end(), name) != known.end() ? keep(name) : drop(name);
}

std::optional<std::string> clamped(const MemberRule& rule, std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return "";
  if (number >= rule.low && number <= rule.high) return std::nullopt;
  char buffer[32];
  const auto done = std::to_chars(buffer, buffer + sizeof buffer, number < rule.low ? rule.low : rule.high);
  return std::string(buffer, done.ptr);
}

}  // namespace freellmapi::sdk
