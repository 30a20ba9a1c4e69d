#include "store/request_row.hpp"

#include <array>
#include <cstring>
#include <span>

#include "base/text.hpp"

namespace freellmapi::store {

namespace {

// What a row's bytes begin with; its texts follow in the order of their sizes. Files do not move between
// machines of another byte order: the ledger beside this one is bound to it, too.
struct Head {
  std::uint32_t size;  // of the whole row
  std::uint32_t status;
  std::int64_t at_ms;
  std::uint64_t attempts, input_tokens, output_tokens, request_bytes, response_bytes;
  std::int64_t first_token_us, decided_us, total_us;
  std::uint32_t decision;
  std::uint16_t request_id, surface, code, asked, provider, model, key_label, trail;
  std::uint8_t streamed, has_first_token, has_decided, unused;
};
static_assert(sizeof(Head) == row_head_size);

std::string_view cut(std::string_view text, std::size_t most) noexcept {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xc0U) == 0x80U)
    --most;  // not inside a character
  return text.substr(0, most);
}

}  // namespace

void pack(const RequestRow& row, std::string& out) {
  const std::array<std::string_view, 9> texts{
      cut(row.request_id, row_text_most),
      cut(row.surface, row_text_most),
      cut(row.code, row_text_most),
      cut(row.asked, row_text_most),
      cut(row.provider, row_text_most),
      cut(row.model, row_text_most),
      cut(row.key_label, row_text_most),
      cut(row.trail, row_trail_most),
      row.decision.size() > row_decision_most ? std::string_view() : row.decision};
  std::size_t size = sizeof(Head);
  for (const std::string_view text : texts) size += text.size();
  const auto length = [&texts](std::size_t i) { return static_cast<std::uint16_t>(texts[i].size()); };
  Head head{};
  head.size = static_cast<std::uint32_t>(size);
  head.status = static_cast<std::uint32_t>(row.status);
  head.at_ms = row.at.time_since_epoch().count();
  head.attempts = row.attempts;
  head.input_tokens = row.input_tokens;
  head.output_tokens = row.output_tokens;
  head.request_bytes = row.request_bytes;
  head.response_bytes = row.response_bytes;
  head.first_token_us = row.first_token_us.value_or(0);
  head.decided_us = row.decided_us.value_or(0);
  head.total_us = row.total_us;
  head.decision = static_cast<std::uint32_t>(texts[8].size());
  head.request_id = length(0);
  head.surface = length(1);
  head.code = length(2);
  head.asked = length(3);
  head.provider = length(4);
  head.model = length(5);
  head.key_label = length(6);
  head.trail = length(7);
  head.streamed = row.streamed;
  head.has_first_token = row.first_token_us.has_value();
  head.has_decided = row.decided_us.has_value();
  std::array<char, sizeof(Head) + 7 * row_text_most + row_trail_most> begin;
  std::memcpy(begin.data(), &head, sizeof head);
  char* to = begin.data() + sizeof head;
  for (const std::string_view text : std::span(texts).first(8)) to = base::write_text(to, text);
  out.append(begin.data(), to);
  out.append(texts[8]);
}

std::size_t packed_size(std::string_view bytes) noexcept {
  std::uint32_t size = 0;
  if (bytes.size() < sizeof(Head)) return 0;
  std::memcpy(&size, bytes.data(), sizeof size);
  return size < sizeof(Head) || size > bytes.size() ? 0 : size;
}

std::size_t text_sizes(std::string_view head_bytes, RowSizes& sizes) noexcept {
  Head head{};
  if (head_bytes.size() < sizeof head) return 0;
  std::memcpy(&head, head_bytes.data(), sizeof head);
  sizes = {head.request_id, head.surface,   head.code,  head.asked,   head.provider,
           head.model,      head.key_label, head.trail, head.decision};
  std::size_t size = sizeof head;
  for (const std::size_t text : sizes) size += text;
  return size == head.size ? size : 0;
}

bool PackedRows::next(RequestRow& row) noexcept {
  RowSizes sizes{};
  const std::size_t size = text_sizes(rest_, sizes);
  if (size == 0 || size > rest_.size()) return false;
  Head head{};
  std::memcpy(&head, rest_.data(), sizeof head);
  const std::array<std::string_view*, std::tuple_size_v<RowSizes>> texts{
      &row.request_id, &row.surface,   &row.code,  &row.asked,   &row.provider,
      &row.model,      &row.key_label, &row.trail, &row.decision};
  const char* at = rest_.data() + sizeof head;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    *texts[i] = {at, sizes[i]};
    at += sizes[i];
  }
  rest_.remove_prefix(size);
  row.id = id_++;
  row.at = base::WallTime{std::chrono::milliseconds{head.at_ms}};
  row.status = static_cast<int>(head.status);
  row.attempts = head.attempts;
  row.streamed = head.streamed != 0;
  row.input_tokens = head.input_tokens;
  row.output_tokens = head.output_tokens;
  row.request_bytes = head.request_bytes;
  row.response_bytes = head.response_bytes;
  row.first_token_us = std::nullopt;
  row.decided_us = std::nullopt;
  if (head.has_first_token != 0) row.first_token_us = head.first_token_us;
  if (head.has_decided != 0) row.decided_us = head.decided_us;
  row.total_us = head.total_us;
  return true;
}

}  // namespace freellmapi::store
