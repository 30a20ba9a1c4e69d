#include "store/row_changes.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>

namespace freellmapi::store {

namespace {

// A part of a row is compared with the same part of the row before, eight words of eight bytes at a time: one
// byte tells which of these words differ, and for each of them one byte tells which of its bytes do. Those
// follow, as what turns the one into the other.
constexpr std::size_t word_size = 8, group_size = 8 * word_size;

// Before the first row of a batch.
constexpr std::array<char, row_head_size> no_head{};
constexpr std::string_view no_row(no_head.data(), no_head.size());

// Zero where the part has ended.
std::uint64_t word_at(std::string_view part, std::size_t at) noexcept {
  std::uint64_t word = 0;
  if (at + word_size <= part.size()) {
    std::memcpy(&word, part.data() + at, word_size);
  } else if (at < part.size()) {
    std::memcpy(&word, part.data() + at, part.size() - at);
  }
  return word;
}

/// What put() writes for `size` bytes at most.
constexpr std::size_t changes_most(std::size_t size) noexcept {
  return size + (size / word_size + 1) + (size / group_size + 1);
}

char* put(std::string_view part, std::string_view before, char* to) noexcept {
  before = before.substr(0, part.size());
  for (std::size_t group = 0; group < part.size(); group += group_size) {
    unsigned words = 0;
    char* const told = to++;
    const std::size_t end = std::min(group + group_size, part.size());
    for (std::size_t at = group; at < end; at += word_size) {
      std::uint64_t change = word_at(part, at) ^ word_at(before, at);
      if (change == 0) continue;
      words |= 1U << ((at - group) / word_size);
      unsigned bytes = 0;
      char* const told_here = to++;
      for (unsigned byte = 0; byte < word_size; ++byte, change >>= 8U) {
        const bool other = (change & 0xffU) != 0;
        *to = static_cast<char>(change);
        to += other ? 1 : 0;
        bytes |= static_cast<unsigned>(other) << byte;
      }
      *told_here = static_cast<char>(bytes);
    }
    *told = static_cast<char>(words);
  }
  return to;
}

unsigned take_byte(std::string_view& bytes) noexcept {
  const auto byte = static_cast<unsigned char>(bytes.front());
  bytes.remove_prefix(1);
  return byte;
}

/// False: the changes end before the part does.
bool take(std::string_view& changes, std::string_view before, std::span<char> part) noexcept {
  before = before.substr(0, part.size());
  for (std::size_t group = 0; group < part.size(); group += group_size) {
    if (changes.empty()) return false;
    const unsigned words = take_byte(changes);
    const std::size_t end = std::min(group + group_size, part.size());
    for (std::size_t at = group; at < end; at += word_size) {
      std::uint64_t word = word_at(before, at);
      if ((words >> ((at - group) / word_size) & 1U) != 0) {
        if (changes.empty()) return false;
        const unsigned bytes = take_byte(changes);
        if (changes.size() < static_cast<std::size_t>(std::popcount(bytes))) return false;
        for (unsigned byte = 0; byte < word_size; ++byte) {
          if ((bytes >> byte & 1U) != 0) word ^= std::uint64_t{take_byte(changes)} << (8 * byte);
        }
      }
      std::memcpy(part.data() + at, &word, std::min(word_size, part.size() - at));
    }
  }
  return true;
}

/// Gives each of a row's texts with that of the row before to `see`, all of them as one where they are as
/// long. False: it said so.
template <class See>
bool each_text(const RowSizes& sizes, const RowSizes& before, std::size_t all, const See& see) {
  if (sizes == before) return see(row_head_size, all - row_head_size, row_head_size, all - row_head_size);
  std::size_t at = row_head_size, at_before = row_head_size;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (!see(at, sizes[i], at_before, before[i])) return false;
    at += sizes[i];
    at_before += before[i];
  }
  return true;
}

}  // namespace

RowChanges::RowChanges() : before_(no_row) {}

void RowChanges::begin() noexcept {
  bytes_.clear();
  before_ = no_row;
  sizes_before_ = {};
}

void RowChanges::add(std::string_view row) {
  RowSizes sizes{};
  if (text_sizes(row, sizes) != row.size()) return;
  const std::size_t had = bytes_.size();
  bytes_.resize(had + changes_most(row_head_size) + changes_most(row.size()) + 2 * sizes.size());
  char* to = put(row.substr(0, row_head_size), before_.substr(0, row_head_size), bytes_.data() + had);
  each_text(sizes, sizes_before_, row.size(),
            [&](std::size_t at, std::size_t size, std::size_t at_before, std::size_t size_before) {
              to = put(row.substr(at, size), before_.substr(at_before, size_before), to);
              return true;
            });
  bytes_.resize(static_cast<std::size_t>(to - bytes_.data()));
  before_ = row;
  sizes_before_ = sizes;
}

std::string changes_of(std::string_view packed) {
  RowChanges changes;
  for (std::size_t size = packed_size(packed); size > 0; size = packed_size(packed)) {
    changes.add(packed.substr(0, size));
    packed.remove_prefix(size);
  }
  return std::string(changes.bytes());
}

std::string packed_rows(std::string_view changes) {
  std::string out, row, before(no_row);
  RowSizes sizes{}, sizes_before{};
  while (!changes.empty()) {
    row.resize(row_head_size);
    if (!take(changes, std::string_view(before).substr(0, row_head_size), row)) break;
    const std::size_t size = text_sizes(row, sizes);
    if (size == 0 || out.size() + size > batch_bytes_most) break;
    row.resize(size);
    const bool whole =
        each_text(sizes, sizes_before, size,
                  [&](std::size_t at, std::size_t length, std::size_t at_before, std::size_t length_before) {
                    return take(changes, std::string_view(before).substr(at_before, length_before),
                                std::span(row).subspan(at, length));
                  });
    if (!whole) break;
    out += row;
    row.swap(before);
    std::swap(sizes, sizes_before);
  }
  return out;
}

}  // namespace freellmapi::store
