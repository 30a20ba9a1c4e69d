#include "base/redact.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/text.hpp"

namespace freellmapi::base {

namespace {

constexpr std::string_view mark = "[redacted]";
constexpr std::size_t shortest_secret = 8;

std::uint64_t first_eight(const char* bytes) noexcept {
  std::uint64_t value = 0;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

std::size_t first_two(const char* bytes) noexcept {
  return static_cast<std::size_t>(static_cast<unsigned char>(bytes[0])) |
         static_cast<std::size_t>(static_cast<unsigned char>(bytes[1])) << 8U;
}

std::size_t slot(std::uint64_t start) noexcept { return (start * 0x9E3779B97F4A7C15ULL) >> 52; }

constexpr bool is_alphanumeric(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}
// Providers quote keys with stars in the middle: those are parts of a key too.
constexpr bool is_key_character(char c) noexcept {
  return is_alphanumeric(c) || c == '_' || c == '-' || c == '*';
}
constexpr bool is_token_character(char c) noexcept {
  return is_key_character(c) || c == '.' || c == '~' || c == '+' || c == '/' || c == '=';
}

std::string percent_encoded(std::string_view secret, std::string_view digits) {
  std::string out;
  for (const char c : secret) {
    if (is_alphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '~') {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += digits[byte >> 4];
      out += digits[byte & 0xF];
    }
  }
  return out;
}

// The characters of a base64 text that depend on the secret alone when `offset` bytes stand before it: a key
// inside "user:key" must be found as well.
std::string base64_core(std::string_view secret, std::size_t offset, std::string_view alphabet) {
  const std::size_t first_bit = offset * 8, bits = secret.size() * 8;
  std::string out;
  for (std::size_t position = (first_bit + 5) / 6 * 6; position + 6 <= first_bit + bits; position += 6) {
    const std::size_t at = position - first_bit, byte = at / 8, shift = at % 8;
    unsigned pair = static_cast<unsigned char>(secret[byte]) * 256u;
    if (byte + 1 < secret.size()) pair += static_cast<unsigned char>(secret[byte + 1]);
    out += alphabet[(pair >> (10 - shift)) & 0x3Fu];
  }
  return out;
}

constexpr std::string_view base64_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view base64url_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// How keys begin. A digit or a star is asked for as well, so that "sk-learn-something" stays readable.
constexpr std::array<std::string_view, 16> key_prefixes = {
    "sk-",  "sk_",  "pk-",         "gsk_", "csk-",  "nvapi-", "hf_",  "ghp_",
    "gho_", "ghs_", "github_pat_", "xai-", "pplx-", "r8_",    "tgp_", "freellmapi-"};
constexpr std::size_t shortest_key_tail = 12;
// Google's keys, and JSON web tokens.
constexpr std::array<std::string_view, 2> other_prefixes = {"AIza", "eyJ"};
// What stands before a credential of any shape; in either case.
constexpr std::array<std::string_view, 8> introductions = {
    "bearer ", "basic ", "api_key=", "api-key=", "apikey=", "access_token=", "?key=", "&key="};

// Which of all these a text may begin with, told by each of its first three bytes: one bit for each.
constexpr std::size_t telling = 3;
using Beginnings = std::array<std::array<std::uint32_t, 256>, telling>;
constexpr Beginnings beginnings = [] {
  Beginnings table{};
  std::uint32_t bit = 1;
  const auto enter = [&](std::string_view text, bool any_case) {
    for (std::size_t i = 0; i < telling; ++i) {
      const char c = text[i];
      table[i][static_cast<unsigned char>(c)] |= bit;
      if (any_case && c >= 'a' && c <= 'z') table[i][static_cast<unsigned char>(c - 'a' + 'A')] |= bit;
    }
    bit <<= 1;
  };
  for (const std::string_view prefix : key_prefixes) enter(prefix, false);
  for (const std::string_view prefix : other_prefixes) enter(prefix, false);
  for (const std::string_view introduction : introductions) enter(introduction, true);
  return table;
}();

bool may_begin(const char* bytes) noexcept {
  const auto at = [bytes](std::size_t i) { return beginnings[i][static_cast<unsigned char>(bytes[i])]; };
  return (at(0) & at(1) & at(2)) != 0;
}

// The length of what is shaped like a key at the start of `rest`; 0: nothing is.
std::size_t key_shape_at(std::string_view rest) noexcept {
  const auto run = [rest](std::size_t from, auto&& accepted) {
    std::size_t end = from;
    while (end < rest.size() && accepted(rest[end])) ++end;
    return end;
  };
  for (const std::string_view prefix : key_prefixes) {
    if (!rest.starts_with(prefix)) continue;
    const std::size_t end = run(prefix.size(), is_key_character);
    const std::string_view tail = rest.substr(prefix.size(), end - prefix.size());
    if (tail.size() >= shortest_key_tail && tail.find_first_of("0123456789*") != std::string_view::npos)
      return end;
  }
  if (rest.starts_with("AIza") && run(4, is_key_character) >= 24) return run(4, is_key_character);
  if (rest.starts_with("eyJ")) {
    const std::size_t end = run(3, [](char c) { return is_key_character(c) || c == '.'; });
    if (end >= 24 && rest.substr(0, end).find('.') != std::string_view::npos) return end;
  }
  return 0;
}

// The length of "Bearer ", "Basic " or "api_key=" and what stands behind, when a credential does; `shown` is
// set to the part that may stay.
std::size_t credential_at(std::string_view rest, std::size_t& shown) noexcept {
  for (const std::string_view introduction : introductions) {
    if (!equal_ignoring_case(rest.substr(0, introduction.size()), introduction)) continue;
    std::size_t end = introduction.size();
    while (end < rest.size() && is_token_character(rest[end])) ++end;
    const std::string_view value = rest.substr(introduction.size(), end - introduction.size());
    const bool looks_random = value.find_first_of("0123456789*") != std::string_view::npos;
    if (value.size() >= shortest_secret && looks_random) {
      shown = introduction.size();
      return end;
    }
  }
  return 0;
}

}  // namespace

Redactor::Redactor() {
  for (std::size_t two = 0; two < looked_at_.size(); ++two)
    looked_at_[two] = (beginnings[0][two & 0xffU] & beginnings[1][two >> 8U]) != 0;
}

Redactor::Redactor(const std::vector<std::string>& secrets) : Redactor() {
  for (const std::string& secret : secrets) {
    if (secret.size() < shortest_secret) continue;
    add(secret);
    add(percent_encoded(secret, "0123456789ABCDEF"));
    add(percent_encoded(secret, "0123456789abcdef"));
    for (std::size_t offset = 0; offset < 3; ++offset) {
      add(base64_core(secret, offset, base64_alphabet));
      add(base64_core(secret, offset, base64url_alphabet));
    }
  }
  std::sort(needles_.begin(), needles_.end(), [](const Needle& a, const Needle& b) {
    if (a.start != b.start) return a.start < b.start;
    return a.text.size() != b.text.size() ? a.text.size() > b.text.size() : a.text < b.text;
  });
  const auto same = [](const Needle& a, const Needle& b) { return a.text == b.text; };
  needles_.erase(std::unique(needles_.begin(), needles_.end(), same), needles_.end());
}

void Redactor::add(std::string text) {
  if (text.size() < shortest_secret) return;
  const std::uint64_t start = first_eight(text.data());
  starts_.set(slot(start));
  first_bytes_.set(static_cast<unsigned char>(text.front()));
  looked_at_.set(first_two(text.data()));
  needles_.push_back({start, std::move(text)});
}

std::size_t Redactor::known_secret_at(std::string_view rest) const noexcept {
  if (rest.size() < shortest_secret) return 0;
  const std::uint64_t start = first_eight(rest.data());
  if (!starts_.test(slot(start))) return 0;
  auto needle = std::lower_bound(needles_.begin(), needles_.end(), start,
                                 [](const Needle& n, std::uint64_t value) { return n.start < value; });
  for (; needle != needles_.end() && needle->start == start; ++needle) {
    if (rest.starts_with(needle->text)) return needle->text.size();
    // Providers' sentences come cut to a length: the beginning of a key at the end of a text is a key too.
    if (rest.size() > shortest_secret && needle->text.starts_with(rest)) return rest.size();
  }
  return 0;
}

Redactor::Finding Redactor::next_finding(std::string_view text, std::size_t from) const noexcept {
  // Nothing that is shorter than a secret is one; a longer rest is looked at to its end.
  if (text.size() < shortest_secret) return {};
  for (std::size_t at = from; at + telling <= text.size(); ++at) {
    if (!looked_at_[first_two(text.data() + at)]) continue;
    const bool secret = first_bytes_[static_cast<unsigned char>(text[at])];
    const bool shape = may_begin(text.data() + at);
    if (!secret && !shape) continue;
    const std::string_view rest = text.substr(at);
    Finding found{at, secret ? known_secret_at(rest) : 0, 0};
    if (found.length == 0 && shape &&
        (at == 0 || !is_alphanumeric(text[at - 1]) || !is_alphanumeric(text[at]))) {
      found.length = key_shape_at(rest);
      if (found.length == 0) found.length = credential_at(rest, found.shown);
    }
    if (found.length != 0) return found;
  }
  return {};
}

std::string Redactor::redact(std::string_view text) const {
  std::string out;
  std::size_t from = 0;
  for (Finding found = next_finding(text, 0); found.length != 0; found = next_finding(text, from)) {
    out.append(text, from, found.at - from + found.shown);
    out += mark;
    from = found.at + found.length;
  }
  out.append(text, from);
  return out;
}

}  // namespace freellmapi::base
