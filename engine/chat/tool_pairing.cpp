#include "chat/tool_pairing.hpp"

namespace freellmapi::chat {

std::string ToolPairing::make() {
  std::string id;
  do {
    id = "call_auto_" + std::to_string(++made_);
  } while (known_->taken.contains(id));
  return id;
}

void ToolPairing::new_turn() {
  if (!known_) known_ = std::make_unique<Known>();
  open_ = turn_ = known_->calls.size();
  known_->turn_ends.push_back(0);
  in_turn_ = true;
}

std::string ToolPairing::call(std::string_view id) {
  std::string name = id.empty() || known_->taken.contains(id) ? make() : std::string{id};
  known_->taken.insert(name);
  if (!id.empty()) {
    auto& waiting = known_->waiting[std::string{id}];
    // A later turn that uses an id again means its own call when it answers.
    while (!waiting.empty() && waiting.front() < turn_) waiting.pop_front();
    waiting.push_back(known_->calls.size());
  }
  known_->calls.push_back({name, known_->turn_ends.size() - 1, false});
  return name;
}

std::optional<ToolPairing::Result> ToolPairing::result(std::string_view id) {
  if (!known_) return std::nullopt;
  auto& [calls, turn_ends, waiting_of, taken] = *known_;
  std::size_t found = 0;
  if (id.empty()) {
    while (open_ < calls.size() && calls[open_].answered) ++open_;
    if (open_ == calls.size()) return std::nullopt;
    found = open_;
  } else {
    const auto place = waiting_of.find(id);
    if (place == waiting_of.end()) return std::nullopt;
    auto& waiting = place->second;
    while (!waiting.empty() && calls[waiting.front()].answered) waiting.pop_front();
    if (waiting.empty()) return std::nullopt;
    found = waiting.front();
    waiting.pop_front();
  }
  Call& call = calls[found];
  call.answered = true;
  return Result{call.id, in_turn_ && call.turn + 1 == turn_ends.size(), turn_ends[call.turn]};
}

std::vector<ToolPairing::Unanswered> ToolPairing::unanswered() const {
  std::vector<Unanswered> all;
  if (!known_) return all;
  for (const Call& call : known_->calls)
    if (!call.answered) all.push_back({call.id, known_->turn_ends[call.turn]});
  return all;
}

}  // namespace freellmapi::chat
