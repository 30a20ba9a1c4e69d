#include "kit/compare.hpp"

#include <cmath>
#include <string_view>

namespace freellmapi::kit {
namespace {

std::string show(const json::value& value) { return json::serialize(value); }

bool begins_text(const json::value& part, const json::value& whole) {
  return std::string_view(whole.as_string()).starts_with(std::string_view(part.as_string()));
}

std::string event_differs(const json::object& expected, const json::object& actual) {
  const std::string difference = "expected " + show(expected) + ", got " + show(actual);
  if (expected.size() != 1 || actual.size() != 1) return difference;
  const auto& [kind, want] = *expected.begin();
  const auto& [got_kind, got] = *actual.begin();
  if (kind != got_kind) return difference;
  if (kind == "error") return differs_in(want.as_object(), got.as_object());
  if (kind != "tool") return same(want, got) ? "" : difference;
  for (const auto& [name, value] : got.as_object()) {
    const json::value* const named = want.as_object().if_contains(name);
    if (named == nullptr && (name == "id" || name == "extra")) continue;
    if (named == nullptr || !same(*named, value)) return difference;
  }
  for (const auto& [name, value] : want.as_object())
    if (!got.as_object().contains(name)) return difference;
  return "";
}

}  // namespace

bool same(const json::value& a, const json::value& b) {
  if (a.is_number() && b.is_number()) {
    if (a.is_double() || b.is_double()) return std::abs(a.to_number<double>() - b.to_number<double>()) < 1e-9;
    return a == b;
  }
  if (a.is_array() && b.is_array()) {
    if (a.get_array().size() != b.get_array().size()) return false;
    for (std::size_t i = 0; i < a.get_array().size(); ++i)
      if (!same(a.get_array()[i], b.get_array()[i])) return false;
    return true;
  }
  if (a.is_object() && b.is_object()) {
    if (a.get_object().size() != b.get_object().size()) return false;
    for (const auto& [name, value] : a.get_object()) {
      const json::value* const other = b.get_object().if_contains(name);
      if (other == nullptr || !same(value, *other)) return false;
    }
    return true;
  }
  return a == b;
}

std::string differs_in(const json::object& expected, const json::object& actual) {
  for (const auto& [name, value] : expected) {
    if (name == "message_contains") {
      const json::value* const message = actual.if_contains("message");
      if (message == nullptr ||
          std::string_view(message->as_string()).find(value.as_string()) == std::string_view::npos)
        return "the message does not hold " + show(value) + ": " + show(actual);
      continue;
    }
    const json::value* const got = actual.if_contains(name);
    if (got == nullptr || !same(value, *got))
      return std::string(name) + ": expected " + show(value) + ", got " +
             (got == nullptr ? "nothing" : show(*got)) + " in " + show(actual);
  }
  return "";
}

std::string differs_in_events(const json::array& expected, const json::array& actual) {
  for (std::size_t i = 0; i < expected.size() && i < actual.size(); ++i) {
    const std::string difference = event_differs(expected[i].as_object(), actual[i].as_object());
    if (!difference.empty()) return "event " + std::to_string(i) + ": " + difference;
  }
  if (expected.size() == actual.size()) return "";
  return "expected " + show(expected) + ", got " + show(actual);
}

bool begins(const json::array& part, const json::array& whole) {
  if (part.size() > whole.size()) return false;
  for (std::size_t i = 0; i < part.size(); ++i) {
    if (same(part[i], whole[i])) continue;
    if (i + 1 != part.size()) return false;
    const auto& [kind, value] = *part[i].as_object().begin();
    const auto& [other, full] = *whole[i].as_object().begin();
    if (kind != other) return false;
    if (value.is_string()) return begins_text(value, full);
    return kind == "tool" && begins_text(value.at("arguments"), full.at("arguments"));
  }
  return true;
}

}  // namespace freellmapi::kit
