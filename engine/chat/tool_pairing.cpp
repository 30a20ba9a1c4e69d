#include "chat/tool_pairing.hpp"

#include <utility>

namespace freellmapi::chat {

std::string ToolPairing::make() {
  std::string id;
  do {
    id = "call_auto_" + std::to_string(++made_);
  } while (taken_.contains(id));
  return id;
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
  calls_.push_back({name, false});
  return name;
}

std::optional<std::string> ToolPairing::result(std::string_view id) {
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
  calls_[found].answered = true;
  return calls_[found].id;
}

}  // namespace freellmapi::chat
