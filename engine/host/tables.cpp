#include "host/tables.hpp"

#include <fmt/format.h>

#include <bit>
#include <cstddef>

#include "base/text.hpp"
#include "host/provider.hpp"

namespace freellmapi::host {

namespace {

using base::Errc;
using base::Error;

// The last fields that version 1.0 had. Every later minor has them too.
constexpr std::size_t plugin_1_0 = offsetof(freellm_plugin, provider) + sizeof(freellm_plugin::provider);
constexpr std::size_t provider_1_0 =
    offsetof(freellm_provider, get_extension) + sizeof(freellm_provider::get_extension);
constexpr std::size_t versions_end =
    offsetof(freellm_plugin, min_host_minor) + sizeof(freellm_plugin::min_host_minor);
constexpr const char* rebuild = "build it with this engine's SDK";

template <class T>
bool misplaced(const T* pointer) noexcept {
  return reinterpret_cast<std::uintptr_t>(pointer) % alignof(T) != 0;
}

bool is_provider_id(std::string_view id) noexcept {
  return !id.empty() && id.size() <= 64 && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

const char* missing_function(const freellm_provider& table) noexcept {
  if (table.build_request == nullptr) return "build_request";
  if (table.parser_open == nullptr) return "parser_open";
  if (table.parser_feed == nullptr) return "parser_feed";
  if (table.parser_finish == nullptr) return "parser_finish";
  if (table.parser_close == nullptr) return "parser_close";
  if (table.classify_error == nullptr) return "classify_error";
  return nullptr;
}

template <std::size_t size>
void end_text(char (&text)[size]) noexcept {
  text[size - 1] = '\0';
}

}  // namespace

std::optional<Error> refuse_versions(std::string_view content, std::uint64_t symbol_size) {
  if (content.size() < versions_end) {
    return Error{Errc::protocol,
                 fmt::format("the descriptor freellm_plugin_v1 has only {} bytes in the file; {}",
                             content.size(), rebuild)};
  }
  freellm_plugin head{};
  std::memcpy(&head, content.data(), versions_end);
  if (head.abi_major != FREELLM_ABI_MAJOR) {
    return Error{Errc::protocol, fmt::format("made for ABI major {}, this engine speaks major {}; {}",
                                             head.abi_major, FREELLM_ABI_MAJOR, rebuild)};
  }
  if (head.size < plugin_1_0) {
    return Error{Errc::protocol, fmt::format("the descriptor says it has {} bytes, version {}.0 has {}; {}",
                                             head.size, FREELLM_ABI_MAJOR, plugin_1_0, rebuild)};
  }
  if (head.size > symbol_size || head.size > table_max) {
    return Error{Errc::protocol,
                 fmt::format("the descriptor says it has {} bytes, the library holds {} of it; {}", head.size,
                             symbol_size, rebuild)};
  }
  if (head.min_host_minor > FREELLM_ABI_MINOR) {
    return Error{
        Errc::protocol,
        fmt::format("needs an engine of ABI {0}.{1} or later, this one is {0}.{2}; use a newer engine",
                    FREELLM_ABI_MAJOR, head.min_host_minor, FREELLM_ABI_MINOR)};
  }
  return std::nullopt;
}

base::Result<freellm_plugin> adopt_plugin(const freellm_plugin* theirs) {
  const freellm_plugin table = adopt(theirs);
  if (table.provider_count == nullptr || table.provider == nullptr) {
    return Error{Errc::protocol, fmt::format("the descriptor lacks the function {}; fill it in",
                                             table.provider == nullptr ? "provider" : "provider_count")};
  }
  if (table.version.data == nullptr || table.version.size == 0 || table.version.size > 64) {
    return Error{Errc::protocol,
                 "the descriptor's version is missing or over 64 bytes; write one such as 1.2.3"};
  }
  return table;
}

std::optional<Error> refuse_provider(const freellm_provider* theirs, std::uint32_t index) {
  const auto refuse = [index](const std::string& why) {
    return Error{Errc::protocol, fmt::format("provider {}: {}", index, why)};
  };
  if (theirs == nullptr) return refuse("the plugin announced it and gives a null pointer");
  if (misplaced(theirs)) return refuse("its table is not aligned");
  if (theirs->size < provider_1_0) {
    return refuse(fmt::format("its table says it has {} bytes, version {}.0 has {}; {}", theirs->size,
                              FREELLM_ABI_MAJOR, provider_1_0, rebuild));
  }
  if (theirs->size > table_max) {
    return refuse(fmt::format("its table says it has {} bytes, more than the {} any version may have; {}",
                              theirs->size, table_max, rebuild));
  }
  const freellm_provider table = adopt(theirs);
  const std::string_view id = view(table.id);
  if (!is_provider_id(id)) {
    return refuse(fmt::format("its id \"{}\" is not made of 1 to 64 of a-z, 0-9 and '-'",
                              base::printable(id.substr(0, 80), 64)));
  }
  if (table.manifest.size > manifest_max) {
    return refuse(fmt::format("the manifest of \"{}\" has {} bytes, at most {} are allowed", id,
                              table.manifest.size, manifest_max));
  }
  if (view(table.manifest).empty()) return refuse(fmt::format("\"{}\" has no manifest", id));
  if (const char* name = missing_function(table))
    return refuse(fmt::format("\"{}\" lacks the function {}", id, name));
  if (table.parser_size == 0 || table.parser_size > parser_size_max) {
    return refuse(fmt::format("\"{}\" has a parser_size of {}, it must be 1 to {}", id, table.parser_size,
                              parser_size_max));
  }
  if (!std::has_single_bit(table.parser_align) || table.parser_align > parser_align_max) {
    return refuse(fmt::format("\"{}\" has a parser_align of {}, it must be a power of two up to {}", id,
                              table.parser_align, parser_align_max));
  }
  return std::nullopt;
}

Error error_of(freellm_status status, std::string_view provider, std::string_view said) {
  const auto error = [&](Errc code, std::string_view otherwise) {
    return Error{code, std::string{said.empty() ? otherwise : said}, std::string{provider}};
  };
  switch (status) {
    case FREELLM_E_INVALID:
      return error(Errc::invalid_argument, "the call cannot be expressed on this provider's wire");
    case FREELLM_E_UNSUPPORTED:
      return error(Errc::not_found, "the provider has no such thing");
    case FREELLM_E_PROTOCOL:
      return error(Errc::protocol, "the provider's bytes make no sense");
    case FREELLM_E_TRUNCATED:
      return error(Errc::protocol, "the answer ended before its end");
    case FREELLM_E_LIMIT:
      return error(Errc::limit, "the plugin reached one of its bounds");
    case FREELLM_E_STOPPED:
      return error(Errc::cancelled, "the plugin stopped");
    case plugin_fault:
      return error(Errc::internal, "the plugin failed: it threw, or wrote past its memory");
    default:
      return error(Errc::internal, fmt::format("the plugin failed with status {}", status));
  }
}

freellm_outcome blank_outcome() noexcept {
  freellm_outcome outcome{};
  outcome.size = sizeof outcome;
  outcome.retry_after_ms = -1;
  outcome.reset_unix_ms = -1;
  return outcome;
}

freellm_outcome failed_outcome() noexcept {
  freellm_outcome outcome = blank_outcome();
  outcome.error_class = plugin_failed;
  constexpr std::string_view sentence = "the plugin itself failed over the provider's error";
  std::memcpy(outcome.message, sentence.data(), sentence.size());
  return outcome;
}

freellm_outcome known_outcome(const freellm_outcome& theirs) noexcept {
  freellm_outcome outcome = theirs;
  outcome.size = sizeof outcome;
  if (outcome.error_class > FREELLM_C_PROVIDER_BLOCKED) outcome.error_class = FREELLM_C_UNKNOWN;
  if (outcome.scope > FREELLM_SCOPE_IP) outcome.scope = FREELLM_SCOPE_DEFAULT;
  if (outcome.window > FREELLM_WINDOW_SESSION) outcome.window = FREELLM_WINDOW_UNKNOWN;
  if (outcome.unit > FREELLM_UNIT_MONEY) outcome.unit = FREELLM_UNIT_UNKNOWN;
  outcome.definite = outcome.definite != 0 ? 1 : 0;
  outcome.retry_after_ms = std::max<std::int64_t>(outcome.retry_after_ms, -1);
  outcome.reset_unix_ms = std::max<std::int64_t>(outcome.reset_unix_ms, -1);
  end_text(outcome.repair_field);
  end_text(outcome.repair_rename);
  end_text(outcome.code);
  end_text(outcome.message);
  return outcome;
}

}  // namespace freellmapi::host
