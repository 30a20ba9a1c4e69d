#include "pattern.hpp"

#include <freellmapi/classify.hpp>
#include <freellmapi/durations.hpp>

namespace freellmapi::sdk {
namespace {

constexpr std::size_t longest_text = 16 * 1024;
constexpr std::size_t longest_gap = 200;

bool name_char(char c) noexcept { return detail::letter(c) || detail::digit(c) || c == '_' || c == '.'; }

bool take_number(std::string_view& text, std::uint64_t* into) noexcept {
  std::uint64_t value = 0;
  std::size_t n = 0;
  bool any = false;
  for (; n < text.size() && n < 24; ++n) {
    if (detail::digit(text[n])) {
      if (value < 1'000'000'000'000'000) value = value * 10 + static_cast<std::uint64_t>(text[n] - '0');
      any = true;
    } else if (text[n] != ',' || !any || n + 1 >= text.size() || !detail::digit(text[n + 1])) {
      break;
    }
  }
  if (!any) return false;
  text.remove_prefix(n);
  if (into != nullptr) *into = value;
  return true;
}

bool take_name(std::string_view& text, std::string* into) {
  std::size_t n = 0;
  while (n < text.size() && n < 64 && name_char(text[n])) ++n;
  while (n > 0 && text[n - 1] == '.') --n;  // the full stop of the sentence
  if (n == 0) return false;
  if (into != nullptr) into->assign(text.substr(0, n));
  text.remove_prefix(n);
  return true;
}

/// Matches a pattern without gaps at the front of `text`; on success `text` is what follows.
bool take_segment(std::string_view segment, std::string_view& text, Captures& caught) {
  std::string_view at = text;
  while (!segment.empty()) {
    if (segment.front() != '{') {
      if (at.empty() || detail::lower(at.front()) != detail::lower(segment.front())) return false;
      at.remove_prefix(1);
      segment.remove_prefix(1);
      continue;
    }
    const std::size_t close = segment.find('}');
    const std::string_view what = segment.substr(1, close == segment.npos ? segment.npos : close - 1);
    bool fits = false;
    if (what == "limit") fits = take_number(at, &caught.limit);
    if (what == "used") fits = take_number(at, &caught.used);
    if (what == "requested") fits = take_number(at, &caught.requested);
    if (what == "n") fits = take_number(at, nullptr);
    if (what == "field") fits = take_name(at, &caught.field);
    if (what == "rename") fits = take_name(at, &caught.rename);
    if (!fits || close == segment.npos) return false;
    segment.remove_prefix(close + 1);
  }
  text = at;
  return true;
}

/// The first place, at most `within` bytes from the front, where the segment fits; `text` is then what
/// follows.
bool find_segment(std::string_view segment, std::string_view& text, std::size_t within, Captures& caught,
                  std::size_t* where) {
  const char first = segment.empty() || segment.front() == '{' ? '\0' : detail::lower(segment.front());
  for (std::size_t i = 0; i <= text.size() && i <= within; ++i) {
    if (first != '\0' && (i == text.size() || detail::lower(text[i]) != first)) continue;
    std::string_view at = text.substr(i);
    if (!take_segment(segment, at, caught)) continue;
    text = at;
    if (where != nullptr) *where = i;
    return true;
  }
  return false;
}

std::size_t find_alternative(std::string_view pattern, std::string_view text, Captures& caught) {
  std::size_t skipped = 0;
  // When a gap's far side is not found the search goes on behind the first segment's next place.
  while (true) {
    std::string_view rest = pattern;
    const std::size_t gap = rest.find('*');
    std::string_view at = text.substr(skipped);
    std::size_t where = 0;
    if (!find_segment(rest.substr(0, gap), at, longest_text, caught, &where)) return std::string_view::npos;
    bool whole = true;
    rest.remove_prefix(gap == rest.npos ? rest.size() : gap + 1);
    while (whole && !rest.empty()) {
      const std::size_t next = rest.find('*');
      whole = find_segment(rest.substr(0, next), at, longest_gap, caught, nullptr);
      rest.remove_prefix(next == rest.npos ? rest.size() : next + 1);
    }
    if (whole) return skipped + where;
    skipped += where + 1;
    if (skipped > text.size()) return std::string_view::npos;
  }
}

}  // namespace

std::size_t find_pattern(std::string_view pattern, std::string_view text, Captures* captures) {
  text = text.substr(0, longest_text);
  while (true) {
    const std::size_t bar = pattern.find('|');
    Captures caught;
    const std::size_t where = find_alternative(pattern.substr(0, bar), text, caught);
    if (where != std::string_view::npos) {
      if (captures != nullptr) *captures = caught;
      return where;
    }
    if (bar == pattern.npos) return std::string_view::npos;
    pattern.remove_prefix(bar + 1);
  }
}

bool matches(std::string_view pattern, std::string_view text, Captures* captures) {
  return find_pattern(pattern, text, captures) != std::string_view::npos;
}

bool one_of(std::string_view alternatives, std::string_view word) noexcept {
  while (true) {
    const std::size_t bar = alternatives.find('|');
    const std::string_view one = alternatives.substr(0, bar);
    if (one.size() == word.size()) {
      std::size_t i = 0;
      while (i < one.size() && detail::lower(one[i]) == detail::lower(word[i])) ++i;
      if (i == one.size()) return true;
    }
    if (bar == alternatives.npos) return false;
    alternatives.remove_prefix(bar + 1);
  }
}

}  // namespace freellmapi::sdk
