#include "net/head_lines.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "net/grammar.hpp"
#include "net/head_fields.hpp"

namespace freellmapi::net {

namespace {

/// "HTTP/1.1" or "HTTP/1.0", or 0.
int version_of(const char* text) noexcept {
  if (std::memcmp(text, "HTTP/1.", 7) != 0) return 0;
  return text[7] == '1' ? 11 : text[7] == '0' ? 10 : 0;
}

bool ends_line(const char* at, const char* end) noexcept {
  return end - at >= 2 && at[0] == '\r' && at[1] == '\n';
}

/// True when the first carriage return is that of a line's end.
bool has_line_end(const char* at, const char* end) noexcept {
  return ends_line(std::find(at, end, '\r'), end);
}

constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }

/// Makes the token at the beginning of `size` bytes lower case. Its length.
std::size_t lower_token(char* text, std::size_t size) noexcept {
  std::size_t at = 0;
#if defined(__SSE2__)
  // Of letters and '-' alone nearly every name is made: those sixteen at a time, others one by one.
  const __m128i to_lower = _mm_set1_epi8(0x20);
  const __m128i place = _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  for (std::size_t length = 16; length == 16 && at + 16 <= size; at += length) {
    auto* const here = reinterpret_cast<__m128i*>(text + at);
    const __m128i bytes = _mm_loadu_si128(here);
    const __m128i letters = letters_of(bytes);
    const __m128i usual = _mm_or_si128(letters, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('-')));
    length = static_cast<std::size_t>(std::countr_one(static_cast<unsigned>(_mm_movemask_epi8(usual))));
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

template <std::size_t size>
bool is(std::string_view name, const char (&known)[size]) noexcept {
  return std::memcmp(name.data(), known, size - 1) == 0;  // of names that long
}

/// What the field says of the message's frame. False: it says it in a way that it must not.
bool note(const Field& field, unsigned at, Framing& framing) noexcept {
  const auto noted = [at](Framing::Noted& its) {
    ++its.count;
    its.at = at;
  };
  framing.marks.add(field.name);
  switch (field.name.size()) {
    case 4:
      if (is(field.name, "host")) noted(framing.host);
      break;
    case 6:
      if (is(field.name, "expect")) noted(framing.expect);
      break;
    case 10:
      if (!is(field.name, "connection")) break;
      if (!is_list_of_tokens(field.value)) return false;
      framing.close = framing.close || says_close(field.value);
      break;
    case 14:
      if (is(field.name, "content-length")) noted(framing.content_length);
      break;
    case 16:
      if (is(field.name, "content-encoding")) noted(framing.content_encoding);
      break;
    case 17:
      if (is(field.name, "transfer-encoding")) noted(framing.transfer_encoding);
      break;
    default:
      break;
  }
  return true;
}

/// The fields begin at `at`. Every byte is looked at once: the first that no value may hold has to be the end
/// of its line. `at` is moved behind the empty line.
HeadFault read_fields(char*& at, const char* const end, std::size_t most, std::vector<Field>& fields,
                      Framing& framing) {
  char* here = at;
  for (;;) {
    if (ends_line(here, end)) {
      at = here + 2;
      return HeadFault::none;
    }
    if (fields.size() >= most) return has_line_end(here, end) ? HeadFault::too_many : HeadFault::field;
    const std::string_view name(here, lower_token(here, static_cast<std::size_t>(end - here)));
    here += name.size();
    // No blank before the colon: proxies disagree about what such a field is.
    if (name.empty() || here == end || *here != ':') return HeadFault::field;
    ++here;
    if (end - here >= 2 && here[0] == ' ' && !is_blank(here[1])) {
      ++here;  // as nearly all write it
    } else {
      while (here != end && is_blank(*here)) ++here;
    }
    const char* const value = here;
    here += field_text_end({here, static_cast<std::size_t>(end - here)});
    if (!ends_line(here, end)) return HeadFault::field;
    const char* last = here;
    while (last != value && is_blank(last[-1])) --last;
    here += 2;
    const Field field{name, {value, static_cast<std::size_t>(last - value)}};
    if (!note(field, static_cast<unsigned>(fields.size()), framing)) return HeadFault::field;
    fields.push_back(field);
  }
}

/// Where the first byte stands that no target may hold.
std::size_t target_end(std::string_view text) noexcept {
  std::size_t at = 0;
#if defined(__SSE2__)
  const __m128i least = _mm_set1_epi8(0x21), del = _mm_set1_epi8(0x7f);
  for (; at + 16 <= text.size(); at += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + at));
    const __m128i good =
        _mm_andnot_si128(_mm_cmpeq_epi8(bytes, del), _mm_cmpeq_epi8(_mm_max_epu8(bytes, least), bytes));
    const unsigned ends = static_cast<unsigned>(_mm_movemask_epi8(good)) ^ 0xFFFFu;
    if (ends != 0) return at + static_cast<unsigned>(std::countr_zero(ends));
  }
#endif
  while (at < text.size() && static_cast<unsigned char>(text[at]) > 0x20 && text[at] != 0x7f) ++at;
  return at;
}

constexpr std::ptrdiff_t version_size = 8;

/// Of a line from `begin` with the given fault.
HeadFault bad_line(const char* begin, const char* end, FirstLine& first, HeadFault fault) noexcept {
  if (has_line_end(begin, end)) return fault;
  first = {};
  return HeadFault::line;
}

/// `at` is moved behind the line.
HeadFault read_request_line(char*& at, const char* const end, FirstLine& first) noexcept {
  const char* const begin = at;
  const char* here = at;
  while (here != end && is_token_byte(*here)) ++here;
  if (here == begin || here == end || *here != ' ') return bad_line(begin, end, first, HeadFault::line);
  first.method = {begin, static_cast<std::size_t>(here - begin)};
  ++here;
  first.target = {here, target_end({here, static_cast<std::size_t>(end - here)})};
  here += first.target.size();
  if (first.target.empty() || here == end || *here != ' ')
    return bad_line(begin, end, first, HeadFault::line);
  ++here;
  const bool whole = end - here > version_size && ends_line(here + version_size, end);
  first.version = whole ? version_of(here) : 0;
  if (first.version == 0) return bad_line(begin, end, first, HeadFault::version);
  at += here + version_size + 2 - begin;
  return HeadFault::none;
}

/// `at` is moved behind the line.
HeadFault read_status_line(char*& at, const char* const end, FirstLine& first) noexcept {
  constexpr std::ptrdiff_t status_end = 12;  // "HTTP/1.1 200"
  if (end - at <= status_end) return HeadFault::line;
  first.version = version_of(at);
  if (first.version == 0) return HeadFault::version;
  if (at[version_size] != ' ' || at[status_end] != ' ') return HeadFault::line;
  first.status = 0;
  for (const char* digit = at + version_size + 1; digit != at + status_end; ++digit) {
    if (!is_digit(*digit)) return HeadFault::line;
    first.status = first.status * 10 + (*digit - '0');
  }
  char* const reason = at + status_end;
  char* const line_end = reason + field_text_end({reason, static_cast<std::size_t>(end - reason)});
  if (!ends_line(line_end, end)) return HeadFault::line;
  at = line_end + 2;
  return HeadFault::none;
}

template <class ReadFirst>
HeadFault read_lines(std::span<char> bytes, std::size_t most, HeadLines& lines, std::vector<Field>& fields,
                     ReadFirst read_first) {
  constexpr std::size_t usual_fields = 16;
  fields.clear();
  if (fields.capacity() == 0) fields.reserve(usual_fields);
  char* at = bytes.data();
  const char* const end = at + bytes.size();
  HeadFault fault = read_first(at, end, lines.first);
  if (fault == HeadFault::none) fault = read_fields(at, end, most, fields, lines.framing);
  if (fault == HeadFault::none) lines.size = static_cast<std::size_t>(at - bytes.data());
  return fault;
}

}  // namespace

HeadFault read_request_lines(std::span<char> bytes, std::size_t most, HeadLines& lines,
                             std::vector<Field>& fields) {
  return read_lines(bytes, most, lines, fields, read_request_line);
}

HeadFault read_response_lines(std::span<char> bytes, std::size_t most, HeadLines& lines,
                              std::vector<Field>& fields) {
  return read_lines(bytes, most, lines, fields, read_status_line);
}

}  // namespace freellmapi::net
