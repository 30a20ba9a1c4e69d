#include "net/head_lines.hpp"

#include <algorithm>

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

std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

bool is_field_text(std::string_view text) noexcept { return field_text_end(text) == text.size(); }

/// `rest` is the end of `bytes`.
HeadFault read_fields(std::string& bytes, std::string_view rest, std::size_t most,
                      std::vector<Field>& fields) {
  std::string_view line;
  while (take_line(rest, line)) {
    if (line.empty()) return rest.empty() ? HeadFault::none : HeadFault::field;
    if (fields.size() >= most) return HeadFault::too_many;
    char* const name = bytes.data() + (line.data() - bytes.data());
    std::size_t size = 0;
    for (; size < line.size(); ++size) {
      const char lower = lower_token_bytes[static_cast<unsigned char>(name[size])];
      if (lower == 0) break;
      name[size] = lower;
    }
    // No blank before the colon: proxies disagree about what such a field is.
    if (size == 0 || size == line.size() || line[size] != ':') return HeadFault::field;
    Field field;
    field.name = line.substr(0, size);
    field.value = trimmed(line.substr(size + 1));
    if (!is_field_text(field.value)) return HeadFault::field;
    if (field.name == "connection") {
      bool tokens = true;
      for_each_element(field.value, [&](std::string_view element) { tokens = tokens && is_token(element); });
      if (!tokens) return HeadFault::field;
    }
    fields.push_back(field);
  }
  return HeadFault::field;
}

HeadFault read_request_line(std::string_view line, FirstLine& first) noexcept {
  const std::size_t method_end = line.find(' ');
  if (method_end == std::string_view::npos) return HeadFault::line;
  first.method = line.substr(0, method_end);
  if (!is_token(first.method)) return HeadFault::line;
  line.remove_prefix(method_end + 1);
  const std::size_t target_end = line.find(' ');
  if (target_end == std::string_view::npos || target_end == 0) return HeadFault::line;
  first.target = line.substr(0, target_end);
  const auto sound = [](char c) { return static_cast<unsigned char>(c) > 0x20 && c != 0x7f; };
  if (!std::all_of(first.target.begin(), first.target.end(), sound)) return HeadFault::line;
  first.version = version_of(line.substr(target_end + 1));
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
  return read_fields(bytes, rest, most, fields);
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
