#include "net/head_lines.hpp"

#include <bit>

#include "net/grammar.hpp"

namespace freellmapi::net {

namespace {

constexpr std::string_view line_end = "\r\n";

/// "HTTP/1.1" or "HTTP/1.0", or 0.
int version_of(std::string_view text) noexcept {
  if (text == "HTTP/1.1") return 11;
  return text == "HTTP/1.0" ? 10 : 0;
}

/// Says what of `rest` is the next line, and takes it and its end away. False: there is no end.
bool take_line(std::string_view& rest, std::string_view& line) noexcept {
  const std::size_t end = rest.find('\r');
  if (end == std::string_view::npos || end + 1 >= rest.size() || rest[end + 1] != '\n') return false;
  line = rest.substr(0, end);
  rest.remove_prefix(end + line_end.size());
  return true;
}

constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }

bool is_field_text(std::string_view text) noexcept { return field_text_end(text) == text.size(); }

/// Makes the token at the beginning of `size` bytes lower case. Its length.
std::size_t lower_token(char* text, std::size_t size) noexcept {
  std::size_t at = 0;
#if defined(__SSE2__)
  // Of letters and '-' alone nearly every name is made: those sixteen at a time, others one by one.
  const __m128i to_lower = _mm_set1_epi8(0x20);
  const __m128i place = _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  for (unsigned length = 16; length == 16 && at + 16 <= size; at += length) {
    auto* const here = reinterpret_cast<__m128i*>(text + at);
    const __m128i bytes = _mm_loadu_si128(here);
    // Moved so that the letters are the smallest of all signed numbers.
    const __m128i moved = _mm_sub_epi8(_mm_or_si128(bytes, to_lower), _mm_set1_epi8(static_cast<char>(0xE1)));
    const __m128i letters = _mm_cmplt_epi8(moved, _mm_set1_epi8(-128 + 26));
    const __m128i usual = _mm_or_si128(letters, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('-')));
    length = static_cast<unsigned>(std::countr_one(static_cast<unsigned>(_mm_movemask_epi8(usual))));
    // What stands behind the token is not ours to change.
    const __m128i token = _mm_cmplt_epi8(place, _mm_set1_epi8(static_cast<char>(length)));
    _mm_storeu_si128(here, _mm_or_si128(bytes, _mm_and_si128(_mm_and_si128(letters, token), to_lower)));
  }
#endif
  for (; at < size; ++at) {
    const char lower = lower_token_bytes[static_cast<unsigned char>(text[at])];
    if (lower == 0) break;
    text[at] = lower;
  }
  return at;
}

bool is_list_of_tokens(std::string_view value) noexcept {
  bool tokens = true;
  for_each_element(value, [&](std::string_view element) { tokens = tokens && is_token(element); });
  return tokens;
}

bool ends_line(const char* at, const char* end) noexcept {
  return end - at >= 2 && at[0] == '\r' && at[1] == '\n';
}

/// The fields lie from `at` to `end`. Every byte is looked at once: the first that no value may hold has to
/// be the end of its line.
HeadFault read_fields(char* at, const char* const end, std::size_t most, std::vector<Field>& fields) {
  for (;;) {
    if (ends_line(at, end)) return end - at == 2 ? HeadFault::none : HeadFault::field;
    const auto rest = static_cast<std::size_t>(end - at);
    if (fields.size() >= most) {
      std::string_view left(at, rest), line;
      return take_line(left, line) ? HeadFault::too_many : HeadFault::field;
    }
    const std::string_view name(at, lower_token(at, rest));
    at += name.size();
    // No blank before the colon: proxies disagree about what such a field is.
    if (name.empty() || at == end || *at != ':') return HeadFault::field;
    ++at;
    while (at != end && is_blank(*at)) ++at;
    const char* const value = at;
    at += field_text_end({at, static_cast<std::size_t>(end - at)});
    if (!ends_line(at, end)) return HeadFault::field;
    const char* value_end = at;
    while (value_end != value && is_blank(value_end[-1])) --value_end;
    at += 2;
    const Field field{name, {value, static_cast<std::size_t>(value_end - value)}};
    if (name == "connection" && !is_list_of_tokens(field.value)) return HeadFault::field;
    fields.push_back(field);
  }
}

/// Where the first byte stands that no target may hold.
std::size_t target_end(std::string_view text) noexcept {
  std::size_t at = 0;
  while (at < text.size() && static_cast<unsigned char>(text[at]) > 0x20 && text[at] != 0x7f) ++at;
  return at;
}

HeadFault read_request_line(std::string_view line, FirstLine& first) noexcept {
  std::size_t size = 0;
  while (size < line.size() && is_token_byte(line[size])) ++size;
  if (size == 0 || !line.substr(size).starts_with(' ')) return HeadFault::line;
  first.method = line.substr(0, size);
  line.remove_prefix(size + 1);
  first.target = line.substr(0, target_end(line));
  line.remove_prefix(first.target.size());
  if (first.target.empty() || !line.starts_with(' ')) return HeadFault::line;
  first.version = version_of(line.substr(1));
  return first.version == 0 ? HeadFault::version : HeadFault::none;
}

HeadFault read_status_line(std::string_view line, FirstLine& first) noexcept {
  constexpr std::size_t version_size = 8, status_end = 12;  // "HTTP/1.1 200"
  first.version = version_of(line.substr(0, version_size));
  if (first.version == 0) return HeadFault::version;
  if (line.size() <= status_end || line[version_size] != ' ' || line[status_end] != ' ')
    return HeadFault::line;
  first.status = 0;
  for (const char c : line.substr(version_size + 1, 3)) {
    if (!is_digit(c)) return HeadFault::line;
    first.status = first.status * 10 + (c - '0');
  }
  return is_field_text(line.substr(status_end)) ? HeadFault::none : HeadFault::line;
}

template <class ReadFirst>
HeadFault read_lines(std::string& bytes, std::size_t most, FirstLine& first, std::vector<Field>& fields,
                     ReadFirst read_first) {
  constexpr std::size_t usual_fields = 16;
  first = {};
  fields.clear();
  if (fields.capacity() == 0) fields.reserve(usual_fields);
  std::string_view rest = bytes, line;
  if (!take_line(rest, line)) return HeadFault::line;
  if (const HeadFault fault = read_first(line, first); fault != HeadFault::none) return fault;
  char* const end = bytes.data() + bytes.size();
  return read_fields(end - rest.size(), end, most, fields);
}

}  // namespace

HeadFault read_request_lines(std::string& bytes, std::size_t most, FirstLine& first,
                             std::vector<Field>& fields) {
  return read_lines(bytes, most, first, fields, read_request_line);
}

HeadFault read_response_lines(std::string& bytes, std::size_t most, FirstLine& first,
                              std::vector<Field>& fields) {
  return read_lines(bytes, most, first, fields, read_status_line);
}

}  // namespace freellmapi::net
