#include "relay/sentence.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace freellmapi::relay {

namespace {

constexpr std::size_t longest = 400;
constexpr std::size_t shortest_id = 8;
constexpr std::size_t account_digits = 32;

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
// What a word that may have to go is made of; what ends a sentence is not part of it.
bool is_word(char c) noexcept {
  return is_digit(c) || is_letter(c) || c == '_' || c == '-' || c == '.' || c == '@' || c == '+';
}
bool is_link(char c) noexcept {
  return c > ' ' && c != '"' && c != '\'' && c != '`' && c != '<' && c != '>' && c != ')' && c != ']' &&
         c != ',';
}

/// "org_01h8x2k...", "user-3kd92...", "proj_...", and a bare id of 32 hexadecimal digits.
bool is_account(std::string_view word) noexcept {
  constexpr std::array<std::string_view, 7> kinds = {"org",     "organization", "user",   "proj",
                                                     "project", "acct",         "account"};
  const std::size_t mark = word.find_first_of("-_");
  if (mark != std::string_view::npos && std::any_of(kinds.begin(), kinds.end(), [&](std::string_view kind) {
        return base::equal_ignoring_case(word.substr(0, mark), kind);
      })) {
    const std::string_view id = word.substr(mark + 1);
    return id.size() >= shortest_id && std::any_of(id.begin(), id.end(), is_digit);
  }
  return word.size() == account_digits &&
         std::all_of(word.begin(), word.end(), [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); });
}

bool is_mail(std::string_view word) noexcept {
  const std::size_t at = word.find('@');
  return at != std::string_view::npos && at > 0 && word.find('.', at) != std::string_view::npos;
}

}  // namespace

std::string told_sentence(std::string_view said, const base::Redactor& redactor) {
  // Redacted before it is cut, so that no half of a key is left at the end.
  const std::string clean = redactor.redact(said);
  const std::string_view text = clean;
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const std::string_view rest = text.substr(i);
    if (rest.starts_with("http://") || rest.starts_with("https://")) {
      const auto end = std::find_if_not(rest.begin(), rest.end(), is_link);
      out += "[link]";
      i += static_cast<std::size_t>(end - rest.begin());
      continue;
    }
    if (!is_word(text[i])) {
      out += text[i++];
      continue;
    }
    const auto word_end = std::find_if_not(rest.begin(), rest.end(), is_word);
    const std::string_view word = rest.substr(0, static_cast<std::size_t>(word_end - rest.begin()));
    i += word.size();
    const std::size_t dots = word.size() - std::min(word.size(), word.find_last_not_of('.') + 1);
    const std::string_view bare = word.substr(0, word.size() - dots);
    out += is_account(bare) || is_mail(bare) ? std::string_view("[redacted]") : bare;
    out.append(dots, '.');
  }
  return base::printable(out, longest);
}

}  // namespace freellmapi::relay
