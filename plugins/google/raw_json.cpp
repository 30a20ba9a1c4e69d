#include "raw_json.hpp"

#include <cstring>
#include <freellmapi/json.hpp>

namespace freellmapi::google {
namespace {

[[noreturn]] void refuse() { throw sdk::Failure{FREELLM_E_INVALID}; }

bool is_space(char c) noexcept { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

}  // namespace

std::string_view Raw::inner() const {
  if (!is_string() || text_.size() < 2) refuse();
  return text_.substr(1, text_.size() - 2);
}

std::string Raw::unescaped() const {
  const std::string_view inside = inner();
  if (inside.find('\\') == inside.npos) return std::string(inside);
  const auto value = sdk::parse_json(text_);
  if (!value || !value->is_string()) refuse();
  return std::string(std::string_view(value->get_string()));
}

bool Raw::equals(std::string_view plain) const {
  if (!is_string()) return false;
  const std::string_view inside = inner();
  return inside.find('\\') == inside.npos ? inside == plain : unescaped() == plain;
}

Raw Raw::at(std::string_view name) const {
  Raw found;
  each_member([&](Raw key, Raw value) {
    if (key.equals(name)) found = value;
  });
  return found;
}

void Raw::space(std::size_t& at) const noexcept {
  while (at < text_.size() && is_space(text_[at])) ++at;
}

bool Raw::enter(std::size_t& at, char close) const {
  space(at);
  if (at >= text_.size()) refuse();
  return text_[at] != close;
}

bool Raw::next(std::size_t& at, char close) const {
  space(at);
  if (at >= text_.size()) refuse();
  if (text_[at] == close) return false;
  if (text_[at] != ',') refuse();
  ++at;
  space(at);
  return true;
}

void Raw::colon(std::size_t& at) const {
  space(at);
  if (at >= text_.size() || text_[at] != ':') refuse();
  ++at;
  space(at);
}

void Raw::skip_string(std::size_t& at) const {
  ++at;
  for (;;) {
    const void* const quote =
        at < text_.size() ? std::memchr(text_.data() + at, '"', text_.size() - at) : nullptr;
    if (quote == nullptr) refuse();
    const auto end = static_cast<std::size_t>(static_cast<const char*>(quote) - text_.data());
    std::size_t slashes = 0;
    while (end - slashes > at && text_[end - slashes - 1] == '\\') ++slashes;
    at = end + 1;
    if (slashes % 2 == 0) return;
  }
}

Raw Raw::value(std::size_t& at) const {
  const std::size_t begin = at;
  if (at >= text_.size()) refuse();
  if (text_[at] == '"') {
    skip_string(at);
  } else if (text_[at] == '{' || text_[at] == '[') {
    std::size_t depth = 0;
    do {
      if (at >= text_.size()) refuse();
      const char c = text_[at];
      if (c == '"') {
        skip_string(at);
        continue;
      }
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') --depth;
      ++at;
    } while (depth > 0);
  } else {
    while (at < text_.size() && text_[at] != ',' && text_[at] != '}' && text_[at] != ']' &&
           !is_space(text_[at]))
      ++at;
    if (at == begin) refuse();
  }
  return Raw(text_.substr(begin, at - begin));
}

std::string compact(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  bool in_string = false, escaped = false;
  for (const char c : json) {
    if (!in_string && is_space(c)) continue;
    out += c;
    if (escaped) {
      escaped = false;
    } else if (in_string && c == '\\') {
      escaped = true;
    } else if (c == '"') {
      in_string = !in_string;
    }
  }
  return out;
}

}  // namespace freellmapi::google
