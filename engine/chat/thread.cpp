#include "chat/thread.hpp"

#include <array>
#include <boost/container/small_vector.hpp>
#include <cstring>

#include "base/text.hpp"
#include "chat/edits.hpp"
#include "chat/json_scan.hpp"

namespace freellmapi::chat {

namespace {

// Hashing a megabyte would cost more than reading it.
constexpr std::size_t hashed_end = 128;

__extension__ using Wide = unsigned __int128;

std::uint64_t folded(std::uint64_t a, std::uint64_t b) noexcept {
  const Wide product = Wide{a ^ 0xa0761d6478bd642fULL} * (b ^ 0xe7037ed1a0b428dbULL);
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

std::uint64_t word_at(std::string_view bytes, std::size_t at) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes.data() + at, sizeof word);
  return word;
}

std::uint64_t run(std::uint64_t hash, std::string_view bytes) noexcept {
  constexpr std::size_t word = sizeof(std::uint64_t), step = 2 * word;
  const auto step_at = [&bytes](std::uint64_t before, std::size_t at) noexcept {
    return folded(before ^ word_at(bytes, at), word_at(bytes, at + word));
  };
  std::array<char, step> short_one{};
  if (bytes.size() < step) {
    bytes.copy(short_one.data(), bytes.size());
    bytes = {short_one.data(), step};
  }
  // Two that do not wait for each other; the last step may have some bytes again.
  std::uint64_t other = hash;
  std::size_t at = 0;
  for (; at + 2 * step < bytes.size(); at += 2 * step) {
    hash = step_at(hash, at);
    other = step_at(other, at + step);
  }
  if (at + step < bytes.size()) hash = step_at(hash, at);
  return folded(hash, step_at(other, bytes.size() - step));
}

// How long the text is counts too.
std::uint64_t mixed(std::uint64_t hash, std::string_view text) noexcept {
  hash = folded(hash, text.size());
  if (text.size() <= 2 * hashed_end) return run(hash, text);
  return run(run(hash, text.substr(0, hashed_end)), text.substr(text.size() - hashed_end));
}

}  // namespace

std::uint64_t rolled(std::uint64_t so_far, std::string_view message) noexcept {
  return mixed(so_far, message);
}

std::uint64_t answered(std::uint64_t so_far, std::string_view text,
                       std::span<const std::string_view> calls) noexcept {
  std::uint64_t hash = mixed(folded(so_far, calls.size()), base::trim(text));
  for (const std::string_view name : calls) hash = mixed(hash, name);
  return hash == 0 ? 1 : hash;
}

std::uint64_t answered(std::uint64_t so_far, const Answer& answer) {
  boost::container::small_vector<std::string_view, 16> names;
  for (const ToolCall& call : answer.calls) names.push_back(call.name);
  return answered(so_far, answer.text, {names.data(), names.size()});
}

std::string said(std::string_view content) {
  if (content.starts_with('"')) {
    const std::string_view inside = content.substr(1, content.size() - 2);
    return JsonText{inside, inside.find('\\') != std::string_view::npos, 0}.unescaped();
  }
  std::string text(content);
  JsonScan scan(text);
  JsonText piece;
  std::string out;
  if (scan.peek() != JsonType::array) return out;
  Items parts(scan);
  while (parts.next()) {
    if (scan.peek() != JsonType::object) {
      if (!scan.skip()) break;
      continue;
    }
    Members part(scan);
    while (part.next()) {
      const bool is_text = part.name() == "text" && scan.peek() == JsonType::string;
      if (is_text ? !scan.string(piece) : !scan.skip()) break;
      if (is_text) out += piece.unescaped();
    }
  }
  return out;
}

}  // namespace freellmapi::chat
