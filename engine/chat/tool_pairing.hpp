// Which tool result belongs to which tool call and where it must stand, and ids for those that have none.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
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
  void new_turn();
  /// The assistant's message, or a result in its place, ends here.
  void extend_turn(std::size_t offset) noexcept { known_->turn_ends.back() = offset; }
  /// Something else was said: results of earlier turns that come now are not in their place.
  void end_turn() noexcept { in_turn_ = false; }
  /// The id a call goes by: its own, or a new one when it has none or an earlier call has the same.
  std::string call(std::string_view id);
  struct Result {
    std::string id;            ///< the one it must carry
    bool in_place = true;      ///< it follows its turn's assistant message directly
    std::size_t turn_end = 0;  ///< where its turn ended so far
  };
  /// Finds the call with the same id, or the turn's first unanswered one when the result has no id. Nothing:
  /// no call waits for it.
  std::optional<Result> result(std::string_view id);
  struct Unanswered {
    std::string_view id;
    std::size_t turn_end = 0;
  };
  /// The calls without a result, in their order.
  std::vector<Unanswered> unanswered() const;
  bool full() const noexcept { return known_ && known_->calls.size() >= most_calls; }

 private:
  struct Call {
    std::string id;  // the one it goes by
    std::size_t turn = 0;
    bool answered = false;
  };
  // Most conversations have no calls, and nothing of this.
  struct Known {
    std::vector<Call> calls;
    std::vector<std::size_t> turn_ends;
    std::map<std::string, std::deque<std::size_t>, std::less<>> waiting;  // by the client's id, of one turn
    std::set<std::string, std::less<>> taken;
  };
  std::string make();

  std::unique_ptr<Known> known_;
  bool in_turn_ = false;
  std::size_t turn_ = 0, open_ = 0, made_ = 0;
};

}  // namespace freellmapi::chat
