#include <cstdint>
#include <freellmapi/json.hpp>

#include "plain_text.hpp"
#include "utf8.hpp"

namespace freellmapi::sdk {
namespace {

constexpr std::size_t deepest = 256;
constexpr std::string_view replacement = "\xEF\xBF\xBD";

}  // namespace

std::size_t utf8_length(std::string_view text) noexcept {
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto follows = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xBF) {
    return i < text.size() && byte(i) >= low && byte(i) <= high;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return follows(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const unsigned low = first == 0xE0 ? 0xA0 : 0x80;
    const unsigned high = first == 0xED ? 0x9F : 0xBF;
    return follows(1, low, high) && follows(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const unsigned low = first == 0xF0 ? 0x90 : 0x80;
    const unsigned high = first == 0xF4 ? 0x8F : 0xBF;
    return follows(1, low, high) && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

int code_unit(std::string_view text, std::size_t at) noexcept {
  if (at + 6 > text.size() || text[at] != '\\' || text[at + 1] != 'u') return -1;
  int unit = 0;
  for (std::size_t i = at + 2; i < at + 6; ++i) {
    const char c = text[i];
    int digit = -1;
    if (c >= '0' && c <= '9') digit = c - '0';
    if (c >= 'a' && c <= 'f') digit = c - 'a' + 10;
    if (c >= 'A' && c <= 'F') digit = c - 'A' + 10;
    if (digit < 0) return -1;
    unit = unit * 16 + digit;
  }
  return unit;
}

std::string repair_json(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 16);
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == '\\' && i + 1 < text.size()) {
      const int unit = code_unit(text, i);
      if (unit < 0xD800 || unit > 0xDFFF) {
        const std::size_t n = unit < 0 ? 2 : 6;
        if (unit < 0 && utf8_length(text.substr(i + 1)) != 1) {  // a backslash before a broken byte
          out += '\\';
          ++i;
          continue;
        }
        out.append(text.substr(i, n));
        i += n;
        continue;
      }
      const int low = unit <= 0xDBFF ? code_unit(text, i + 6) : -1;
      if (low >= 0xDC00 && low <= 0xDFFF) {
        out.append(text.substr(i, 12));
        i += 12;
      } else {
        out += "\\ufffd";
        i += 6;
      }
      continue;
    }
    const std::size_t n = utf8_length(text.substr(i));
    if (n == 0) {
      out.append(replacement);
      ++i;
    } else {
      out.append(text.substr(i, n));
      i += n;
    }
  }
  return out;
}

std::optional<boost::json::value> parse_json(std::string_view text, boost::json::storage_ptr storage) {
  boost::json::parse_options options;
  options.max_depth = deepest;
  boost::json::error_code error;
  boost::json::value value = boost::json::parse(text, error, storage, options);
  if (!error) return value;
  // Repairing costs a copy, so it is tried only on what did not parse.
  const std::string repaired = repair_json(text);
  if (repaired == text) return std::nullopt;
  value = boost::json::parse(repaired, error, storage, options);
  if (error) return std::nullopt;
  return value;
}

std::string_view string_at(const boost::json::object& object, std::string_view name) noexcept {
  const boost::json::value* const value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : std::string_view{};
}

const boost::json::object* object_at(const boost::json::object& object, std::string_view name) noexcept {
  const boost::json::value* const value = object.if_contains(name);
  return value == nullptr ? nullptr : value->if_object();
}

void append_json_string(std::string& out, std::string_view text) {
  if (all_plain(text)) {  // as names are
    const std::size_t at = out.size();
    out.resize(at + text.size() + 2, '"');
    text.copy(out.data() + at + 1, text.size());
    return;
  }
  constexpr std::string_view hex = "0123456789abcdef";
  out += '"';
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += text[i++];
    } else if (c < 0x20) {
      out += "\\u00";
      out += hex[c >> 4U];
      out += hex[c & 15U];
      ++i;
    } else if (c < 0x80) {
      std::size_t end = i + 1;
      while (end < text.size() && is_plain(text[end])) ++end;
      out.append(text, i, end - i);
      i = end;
    } else {
      const std::size_t n = utf8_length(text.substr(i));
      out.append(n == 0 ? replacement : text.substr(i, n));
      i += n == 0 ? 1 : n;
    }
  }
  out += '"';
}

std::string nine_alnum_id(std::string_view id) {
  constexpr std::string_view alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  bool fits = id.size() == 9;
  for (const char c : id) fits = fits && alphabet.find(c) != alphabet.npos;
  if (fits) return std::string(id);
  std::uint64_t hash = 14'695'981'039'346'656'037U;  // FNV-1a
  for (const char c : id) hash = (hash ^ static_cast<unsigned char>(c)) * 1'099'511'628'211U;
  std::string out(9, '0');
  for (char& c : out) {
    c = alphabet[hash % alphabet.size()];
    hash /= alphabet.size();
  }
  return out;
}

}  // namespace freellmapi::sdk
