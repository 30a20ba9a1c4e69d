// The canonical request: OpenAI's chat-completions JSON as bytes, with an index of its members and what was
// found in it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "chat/thread.hpp"

namespace freellmapi::chat {

/// One top-level member. Views into Request::body (or into Request's own storage for an escaped name).
struct Member {
  std::string_view name;   ///< unescaped
  std::string_view value;  ///< JSON text
};

/// A tool that the model may call. Views as in Member.
struct OfferedTool {
  std::string_view name;        ///< unescaped
  std::string_view parameters;  ///< its JSON schema, "" for none
};

/// What the scan found in messages, tools and knobs.
struct Facts {
  bool tools = false;         ///< a non-empty tools array
  bool tool_history = false;  ///< tool calls or tool results in messages
  bool images = false;
  bool files = false;  ///< file or audio parts
  bool json_object = false, json_schema = false;
  bool reasoning_history = false;  ///< reasoning_content in messages
  bool parts = false;              ///< a content is an array
  bool developer = false;          ///< a developer message
  bool late_system = false;        ///< a system or developer message after another role
  bool names = false;              ///< a message with a name
  bool extras = false;             ///< members beyond OpenAI's schema in a message or tool call
  bool assistant_seen = false;
  bool prefill = false;  ///< the last message is the assistant's: the answer goes on from it
  std::uint32_t message_count = 0;
  std::uint32_t image_count = 0;
  std::uint64_t text_bytes = 0;    ///< of contents, arguments, names
  std::uint64_t wide_bytes = 0;    ///< of those, bytes >= 0x80 and bytes of \u escapes: they cost more tokens
  std::uint64_t dense_bytes = 0;   ///< of those, digits, capitals and signs: up to a token each
  std::uint64_t schema_bytes = 0;  ///< of tools and response_format
  std::uint64_t file_bytes = 0;    ///< of file and audio parts
};

/// Immutable once made; `body` is what is sent on, so nothing may move it: not copyable, and moving keeps
/// views valid only because the body is heap-held.
struct Request {
  // Spelled out, it is not filled with zeros before its members are made.
  Request() noexcept {}

  const std::string* body = nullptr;  ///< canonical JSON; owned by `storage` or by the exchange
  std::vector<Member> members;
  std::vector<OfferedTool> tools;  ///< empty also when tool_choice is "none"
  Facts facts;
  std::string model;  ///< as asked
  bool stream = false;
  bool include_usage = false;    ///< stream_options.include_usage
  std::uint64_t max_tokens = 0;  ///< max_completion_tokens or max_tokens; 0: not said
  Thread thread;                         ///< where its conversation stands
  std::uint64_t session = 0;             ///< hash of the name the client gave it (X-Session-Id); 0: none
  std::string user;                      ///< for nothing but forwarding decisions; may be empty
  std::unique_ptr<std::string> storage;  ///< the rewritten body, when normalising had to change bytes
  std::vector<std::unique_ptr<std::string>> names;  ///< unescaped names of members and tools
};

}  // namespace freellmapi::chat
