// Which conversation a request goes on with: a hash that rolls over its messages. Two conversations that
// begin with the same words are two as soon as they have been answered differently.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "chat/event.hpp"

namespace freellmapi::chat {

/// Where a request stands in its conversation. Not cryptographic: a name for a look-up, never for a promise.
struct Thread {
  std::uint64_t begun = 0;   ///< up to and with the last answer in it; 0: nobody has answered yet
  std::uint64_t so_far = 0;  ///< all of it
};

/// The hash of a conversation after one message more. Of a long message both ends and the length count. A
/// message is told by its canonical JSON text.
std::uint64_t rolled(std::uint64_t so_far, std::string_view message) noexcept;

/// The conversation with an answer to it: the next turn's `begun`. What clients do to an answer that they
/// send back (blanks at its ends, ids of calls, how arguments are written) does not count.
std::uint64_t answered(std::uint64_t so_far, std::string_view text,
                       std::span<const std::string_view> calls) noexcept;
std::uint64_t answered(std::uint64_t so_far, const Answer& answer);

/// What an assistant's content says, from its canonical JSON text: a string, or the texts of its parts.
std::string said(std::string_view content);

}  // namespace freellmapi::chat
