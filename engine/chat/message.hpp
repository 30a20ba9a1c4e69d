// One message of the conversation.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "chat/parts.hpp"
#include "chat/pass.hpp"
#include "chat/tool_pairing.hpp"

namespace freellmapi::chat {

enum class Role { unknown, system, developer, user, assistant, tool, function };

/// A tool call as it was read. Spans of members include the blanks before a value; not there: missing.
struct SeenCall {
  std::string id;         ///< "" for none
  std::string_view name;  ///< of the function, as it is written
  std::size_t inside = 0;
  Span id_value;
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
  bool read_member(std::string_view name, Element& element);
  bool read_calls(Element& element);
  bool settle_assistant();
  bool settle_result();
  void settle_orphan();
  void settle_content(bool may_be_absent);
  Element* member(std::string_view name);
  void drop(std::string_view name);
  void add(std::string member) { pass_.edits.insert(members_.inside(), std::move(member) + ","); }

  Pass& pass_;
  ToolPairing& pairing_;
  Members members_;
  Role role_ = Role::unknown;
  Content content_;
  std::vector<SeenCall> calls_;
  std::string result_id_;
  std::optional<std::size_t> displaced_;
};

/// Reads one item of tool_calls. Arguments that are an object become the string they should be.
bool read_call(Pass& pass, SeenCall& out);

}  // namespace freellmapi::chat
