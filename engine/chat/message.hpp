// One message of the conversation.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "chat/parts.hpp"
#include "chat/pass.hpp"
#include "chat/tool_pairing.hpp"

namespace freellmapi::chat {

enum class Role { unknown, system, developer, user, assistant, tool, function };

/// The members of a message that mean something here.
enum class MessageMember {
  role,
  content,
  name,
  tool_call_id,
  tool_calls,
  function_call,
  reasoning_content,
  reasoning,
  reasoning_details,
  refusal,
  other
};

/// A tool call as it was read. Spans of members include the blanks before a value; not there: missing.
struct SeenCall {
  std::string id;         ///< "" for none
  std::string_view name;  ///< of the function, as it is written
  std::size_t inside = 0;
  Span id_value{};
  bool has_type = false;
};

/// Reads one message and then settles it: whatever must change is only known once its role is.
class Message {
 public:
  Message(Pass& pass, ToolPairing& pairing) : pass_(pass), pairing_(pairing), members_(pass.scan) {}

  bool read();
  bool settle();
  Role role() const noexcept { return role_; }
  bool has_calls() const noexcept { return !calls_.empty(); }
  const std::vector<SeenCall>& calls() const noexcept { return calls_; }
  /// A result that stands elsewhere than behind its call's message: where that is. It has not been settled.
  const std::optional<std::size_t>& displaced() const noexcept { return displaced_; }
  /// The content's JSON text.
  std::string_view content();

 private:
  bool read_role();
  bool read_member(MessageMember which, Element& element);
  bool read_calls(Element& element);
  bool settle_assistant();
  bool settle_result();
  void settle_orphan();
  void settle_content(bool may_be_absent);
  Element* member(MessageMember which) noexcept;
  void drop(MessageMember which) noexcept;
  void add(std::string member) { pass_.edits.insert(members_.inside(), std::move(member) + ","); }

  Pass& pass_;
  ToolPairing& pairing_;
  Members members_;
  std::array<std::uint16_t, static_cast<std::size_t>(MessageMember::other) + 1> places_{};  // as in Walk
  Role role_ = Role::unknown;
  Content content_;
  std::vector<SeenCall> calls_;
  std::string result_id_;
  std::optional<std::size_t> displaced_;
};

/// Reads one item of tool_calls. Arguments that are an object become the string they should be.
bool read_call(Pass& pass, SeenCall& out);

}  // namespace freellmapi::chat
