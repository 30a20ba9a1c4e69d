#include "chat/json_answer.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/text.hpp"
#include "chat/json_scan.hpp"
#include "chat/schema.hpp"
#include "chat/written_calls.hpp"

namespace freellmapi::chat {

namespace {

constexpr std::size_t most_beginnings = 32;  // brackets in prose that turn out to be none
constexpr std::size_t longest_fence = 32;    // "```json" and its line end
constexpr std::string_view fence = "```";

bool is_json(std::string& text) { return !check_json(text); }

/// What stands between the first fence and the last one.
std::optional<std::string> fenced(std::string_view text) {
  const std::size_t open = text.find(fence);
  if (open == text.npos) return std::nullopt;
  const std::size_t line = text.find('\n', open);
  const std::size_t close = text.rfind(fence);
  if (line == text.npos || close <= line) return std::nullopt;
  std::string inner{base::trim(text.substr(line, close - line))};
  return is_json(inner) ? std::optional{std::move(inner)} : std::nullopt;
}

/// The one object or list in a text. Two of them, side by side, are none: nobody knows which was meant.
std::optional<std::string> among_prose(std::string_view text) {
  std::optional<std::string> found;
  std::size_t at = 0;
  for (std::size_t tries = 0; tries < most_beginnings; ++tries) {
    at = text.find_first_of("{[", at);
    if (at == text.npos) return found;
    JsonEnd end;
    if (!end.found(text.substr(at))) return found;
    std::string inner{text.substr(at, end.at())};
    // A footnote, [1], is none of the two.
    const bool counts = is_json(inner) && (text[at] == '{' || inner.find('{') != inner.npos);
    if (counts && found) return std::nullopt;
    if (counts) found = std::move(inner);
    at += counts ? end.at() : 1;
  }
  return std::nullopt;
}

/// The object that stands, encoded once more, in a JSON string.
std::optional<std::string> unpacked(std::string& text) {
  JsonScan scan(text);
  JsonText string;
  if (scan.peek() != JsonType::string || !scan.string(string) || !scan.finish()) return std::nullopt;
  std::string inner{base::trim(string.unescaped())};
  if (inner.empty() || (inner.front() != '{' && inner.front() != '[') || !is_json(inner)) return std::nullopt;
  return inner;
}

bool fits(std::string& json, const JsonForm& form) {
  const std::string_view trimmed = base::trim(json);
  if (!form.schema) return !trimmed.empty() && (trimmed.front() == '{' || trimmed.front() == '[');
  const JsonTree format{std::string{form.format}};
  if (!format.sound()) return true;
  const JsonTree::Id holder = format.member(JsonTree::root, "json_schema");
  const JsonTree::Id schema = holder == JsonTree::none ? holder : format.member(holder, "schema");
  std::size_t steps = 0;
  return schema == JsonTree::none || fit_to_schema(json, format, schema, steps);
}

}  // namespace

bool settle_json(std::string& text, const JsonForm& form) {
  std::string whole = text;
  std::optional<std::string> json;
  if (is_json(whole)) {
    std::string as_it_is = whole;
    if (fits(as_it_is, form)) {
      text = std::move(as_it_is);
      return true;
    }
    json = unpacked(whole);
  } else {
    json = fenced(text);
    if (!json) json = among_prose(text);
  }
  if (!json || !fits(*json, form)) return false;
  text = std::move(*json);
  return true;
}

std::size_t JsonHold::taken_of(std::string_view piece) noexcept {
  std::size_t taken = 0;
  while (taken < piece.size() && !prefix_.complete() && prefix_.feed(piece.substr(taken, 1))) ++taken;
  return taken;
}

void JsonHold::pass_blanks() noexcept {
  begin_ = std::min(buffer_.find_first_not_of(" \t\r\n", begin_), buffer_.size());
}

Fed JsonHold::feed(std::string_view piece, std::string_view& out) {
  out = {};
  if (live_) {
    // What follows the value's end, be it the end of a fence or a kind word, goes nowhere.
    out = piece.substr(0, taken_of(piece));
    return prefix_.ok() ? Fed::ok : Fed::not_json;
  }
  buffer_ += piece;
  if (held_) return Fed::ok;
  pass_blanks();
  if (!fenced_ && buffer_.compare(begin_, fence.size(), fence) == 0) {
    const std::size_t line = buffer_.find('\n', begin_);
    if (line == buffer_.npos) {
      held_ = buffer_.size() - begin_ > longest_fence;
      return Fed::ok;
    }
    fenced_ = true;
    begin_ = line;
    pass_blanks();
  }
  const std::string_view text = std::string_view{buffer_}.substr(begin_);
  if (text.empty() || (!fenced_ && fence.starts_with(text))) return Fed::ok;
  held_ = text.front() != '{' && text.front() != '[';
  if (held_) return Fed::ok;
  const std::size_t taken = taken_of(text);
  if (!prefix_.ok()) {
    held_ = true;  // nothing has gone out yet: the end may bring something better
    return Fed::ok;
  }
  live_ = true;
  out = text.substr(0, taken);
  return Fed::ok;
}

Fed JsonHold::finish(bool cut, std::string& out) {
  out.clear();
  if (live_) return cut || prefix_.complete() ? Fed::ok : Fed::not_json;
  live_ = true;
  out = std::exchange(buffer_, {});
  return cut || settle_json(out, form_) ? Fed::ok : Fed::not_json;
}

}  // namespace freellmapi::chat
