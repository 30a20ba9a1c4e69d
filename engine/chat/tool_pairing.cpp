#include "chat/tool_pairing.hpp"

namespace freellmapi::chat {

std::string ToolPairing::make() {
  std::string id;
  do {
    id = "call_auto_" + std::to_string(++made_);
  } while (taken_.contains(id));
  return id;
}

void ToolPairing::new_turn() {
  open_ = turn_ = calls_.size();
  turn_ends_.push_back(0);
  in_turn_ = true;
}

std::string ToolPairing::call(std::string_view id) {
  std::string name = id.empty() || taken_.contains(id) ? make() : std::string{id};
  taken_.insert(name);
  if (!id.empty()) {
    auto& waiting = waiting_[std::string{id}];
    // A later turn that uses an id again means its own call when it answers.
    while (!waiting.empty() && waiting.front() < turn_) waiting.pop_front();
    waiting.push_back(calls_.size());
  }
  calls_.push_back({name, turn_ends_.size() - 1, false});
  return name;
}

std::optional<ToolPairing::Result> ToolPairing::result(std::string_view id) {
  std::size_t found = 0;
  if (id.empty()) {
    while (open_ < calls_.size() && calls_[open_].answered) ++open_;
    if (open_ == calls_.size()) return std::nullopt;
    found = open_;
  } else {
    const auto place = waiting_.find(id);
    if (place == waiting_.end()) return std::nullopt;
    auto& waiting = place->second;
    while (!waiting.empty() && calls_[waiting.front()].answered) waiting.pop_front();
    if (waiting.empty()) return std::nullopt;
    found = waiting.front();
    waiting.pop_front();
  }
  Call& call = calls_[found];
  call.answered = true;
  return Result{call.id, in_turn_ && call.turn + 1 == turn_ends_.size(), turn_ends_[call.turn]};
}

std::vector<ToolPairing::Unanswered> ToolPairing::unanswered() const {
  std::vector<Unanswered> all;
  for (const Call& call : calls_)
    if (!call.answered) all.push_back({call.id, turn_ends_[call.turn]});
  return all;
}

}  // namespace freellmapi::chat
