// Which tool result belongs to which tool call, and ids for those that have none.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace freellmapi::chat {

/// Fed with a conversation in its order. Ids are made by counting, so the same conversation gets the same ids
/// each time it is sent.
class ToolPairing {
 public:
  /// More calls than any conversation has; their ids are held.
  static constexpr std::size_t most_calls = 65'536;

  /// An assistant message with calls begins.
  void new_turn() noexcept { open_ = turn_ = calls_.size(); }
  /// The id a call goes by: its own, or a new one when it has none or an earlier call has the same.
  std::string call(std::string_view id);
  /// The id a result must carry: that of the call with the same id, or of the turn's first unanswered one
  /// when the result has no id. Nothing: no call waits for it.
  std::optional<std::string> result(std::string_view id);
  bool full() const noexcept { return calls_.size() >= most_calls; }

 private:
  struct Call {
    std::string id;  // the one it goes by
    bool answered = false;
  };
  std::string make();

  std::vector<Call> calls_;
  std::size_t turn_ = 0, open_ = 0, made_ = 0;
  std::map<std::string, std::deque<std::size_t>, std::less<>> waiting_;  // by the client's id, of one turn
  std::set<std::string, std::less<>> taken_;
};

}  // namespace freellmapi::chat
