#include "splicer.hpp"

#include <algorithm>
#include <charconv>

#include "plain_text.hpp"

namespace freellmapi::sdk {
namespace {

constexpr MemberRule kept_rule = keep({}), dropped_rule = drop({});

const MemberRule* find_rule(std::span<const MemberRule> rules, std::string_view name) noexcept {
  for (const MemberRule& rule : rules)
    if (rule.name == name) return &rule;
  return nullptr;
}

/// The host may have taken a member out of the list, so between two members of the list there may be a third.
bool neighbours(const char* at, const char* to) noexcept {
  if (std::less<const char*>{}(to, at)) return false;
  bool comma = false;
  for (; at != to; ++at) {
    if (*at == ',' && !comma) {
      comma = true;
    } else if (*at != ' ' && *at != '\t' && *at != '\n' && *at != '\r') {
      return false;
    }
  }
  return comma;
}

}  // namespace

void Splicer::own_number(std::string_view name, std::uint64_t number) {
  char digits[20];
  const auto done = std::to_chars(digits, digits + sizeof digits, number);
  own(name, {digits, static_cast<std::size_t>(done.ptr - digits)});
}

void Splicer::kept(const freellm_member& member) {
  const std::string_view name = view(member.name), value = view(member.value);
  const bool plain = inside(name) && inside(value) && name.data() != body_.data() && name.data()[-1] == '"' &&
                     name.data() + name.size() < value.data() && name.data()[name.size()] == '"';
  if (!plain) return renamed(name, value);
  const char* const from = name.data() - 1;
  const char* const to = value.data() + value.size();
  if (run_.data() != nullptr && neighbours(run_.data() + run_.size(), from)) {
    run_ = {run_.data(), static_cast<std::size_t>(to - run_.data())};
    return;
  }
  begin();
  run_ = {from, static_cast<std::size_t>(to - from)};
}

void Splicer::close() {
  // Right behind a member's value a brace can only be the body's own.
  const char* const behind = run_.data() + run_.size();
  const bool with_brace =
      run_.size() > copied && inside(run_) && behind != body_.data() + body_.size() && *behind == '}';
  if (with_brace) run_ = {run_.data(), run_.size() + 1};
  flush_run();
  if (first_) put('{');
  if (!with_brace) put('}');
  flush_own();
}

void Splicer::put_string(std::string_view text) {
  if (all_plain(text)) {
    put('"');
    put(text);
    put('"');
    return;
  }
  std::string quoted;
  append_json_string(quoted, text);
  put(quoted);
}

const MemberRule& rule_for(std::span<const MemberRule> rules, std::span<const std::string_view> known,
                           std::string_view name) noexcept {
  if (const MemberRule* rule = find_rule(rules, name)) return *rule;
  return std::find(known.begin(), known.end(), name) != known.end() ? kept_rule : dropped_rule;
}

const MemberRule& rule_or_keep(std::span<const MemberRule> rules, std::string_view name) noexcept {
  const MemberRule* const rule = find_rule(rules, name);
  return rule == nullptr ? kept_rule : *rule;
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
