// Reads the tables a plugin gives: what must be there, what may be missing, what cannot be true.
#pragma once

#include <freellmapi/abi.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace freellmapi::host {

/// No table of this interface will ever be this large; one that says so lies.
inline constexpr std::uint32_t table_max = 4096;
inline constexpr std::uint32_t providers_max = 64;
inline constexpr std::size_t manifest_max = 256u * 1024;
inline constexpr std::uint32_t parser_size_max = 1024u * 1024;
inline constexpr std::uint32_t parser_align_max = 64;

/// Our copy of a table: what the other side knew, zero for the rest.
template <class Table>
Table adopt(const Table* theirs) noexcept {
  Table mine{};
  std::memcpy(&mine, theirs, std::min<std::size_t>(theirs->size, sizeof mine));
  mine.size = sizeof mine;
  return mine;
}

/// Judges size and versions at the start of the descriptor, before any of its pointers means something.
/// `content` holds its bytes; `symbol_size` is what the library's symbol table says of its size.
std::optional<base::Error> refuse_versions(std::string_view content, std::uint64_t symbol_size);

/// The descriptor after loading: its copy, with the required functions there.
base::Result<freellm_plugin> adopt_plugin(const freellm_plugin* theirs);

/// One provider's table, or why it is refused. `index` is for the text.
std::optional<base::Error> refuse_provider(const freellm_provider* theirs, std::uint32_t index);

/// As text; empty for a null pointer.
inline std::string_view view(freellm_str text) noexcept {
  return text.data == nullptr ? std::string_view{} : std::string_view{text.data, text.size};
}
inline freellm_str str(std::string_view text) noexcept { return {text.data(), text.size()}; }

/// What a status of the plugin means for the engine; `said` is the text.
base::Error error_of(freellm_status status, std::string_view provider, std::string_view said);

/// A copy in which every enumeration has a value we know, times are -1 or more and texts end.
freellm_outcome known_outcome(const freellm_outcome& theirs) noexcept;
/// An outcome in which nothing is said.
freellm_outcome blank_outcome() noexcept;
/// The plugin itself failed.
freellm_outcome failed_outcome() noexcept;

}  // namespace freellmapi::host
