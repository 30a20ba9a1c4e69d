// One request as it is remembered: sizes, timings and the route; never a prompt or an answer. And its bytes
// in the store.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace freellmapi::store {

/// The texts belong to whoever gives the row.
struct RequestRow {
  std::int64_t id = 0;  ///< of the row, given when it is written; grows with time
  base::WallTime at{};  ///< the end of the request
  std::string_view request_id, surface;
  int status = 0;
  std::string_view code, asked, provider, model, key_label;
  std::uint64_t attempts = 0;
  std::string_view trail;
  bool streamed = false;
  std::uint64_t input_tokens = 0, output_tokens = 0, request_bytes = 0, response_bytes = 0;
  std::optional<std::int64_t> first_token_us, decided_us;
  std::int64_t total_us = 0;
  std::string_view decision;  ///< what `explain` replays; bytes
};

/// Texts are cut to that when they are packed: a client chooses some of them.
inline constexpr std::size_t row_text_most = 512, row_trail_most = 2'048;
/// A longer decision is left out.
inline constexpr std::size_t row_decision_most = 64 * 1024;

/// Puts the row behind `out`, all but its id. Schemas 5 and 6 hold rows that were packed so.
void pack(const RequestRow& row, std::string& out);

/// Walks over packed rows.
class PackedRows {
 public:
  /// `bytes` outlive this and what it gives; `first` is the first row's id.
  explicit PackedRows(std::string_view bytes, std::int64_t first = 0) noexcept : rest_(bytes), id_(first) {}

  /// Reads the next row. False: there is none, or what is left is damaged.
  bool next(RequestRow& row) noexcept;
  /// Of the rows not read yet.
  std::string_view rest() const noexcept { return rest_; }

 private:
  std::string_view rest_;
  std::int64_t id_;
};

/// How many bytes the first of these packed rows takes; 0: there is none, or it is damaged.
std::size_t packed_size(std::string_view bytes) noexcept;

/// What a packed row begins with; its texts follow.
inline constexpr std::size_t row_head_size = 104;
/// Of its texts, in their order.
using RowSizes = std::array<std::size_t, 9>;
/// Of the row that begins with that head. How many bytes it takes; 0: it is damaged.
std::size_t text_sizes(std::string_view head, RowSizes& sizes) noexcept;

}  // namespace freellmapi::store
