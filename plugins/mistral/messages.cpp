#include "messages.hpp"

#include <freellmapi/json.hpp>
#include <freellmapi/openai_tools.hpp>
#include <utility>

namespace freellmapi::mistral {
namespace json = boost::json;
namespace {

/// "json" in any case: without the word in the prompt, JSON mode can stream blanks for ever.
bool says_json(std::string_view text) noexcept {
  constexpr std::string_view upper = "SON", lower = "son";
  for (std::size_t at = text.find_first_of("jJ"); at != text.npos; at = text.find_first_of("jJ", at + 1)) {
    std::size_t n = 0;
    while (n < 3 && at + 1 + n < text.size() &&
           (text[at + 1 + n] == upper[n] || text[at + 1 + n] == lower[n]))
      ++n;
    if (n == 3) return true;
  }
  return false;
}

bool empty(const json::value* content) noexcept {
  if (content == nullptr || content->is_null()) return true;
  if (content->is_string()) return content->get_string().empty();
  return content->is_array() && content->get_array().empty();
}

const json::array* calls_of(const json::object& message) noexcept {
  const json::value* const calls = message.if_contains("tool_calls");
  return calls == nullptr || !calls->is_array() || calls->get_array().empty() ? nullptr : &calls->get_array();
}

/// The members a role may have. False when nothing is left that could be said.
bool close(json::object& message, std::string_view role) {
  if (role == "tool") {
    sdk::keep_members(message, {"role", "content", "tool_call_id", "name"});
    if (!message.contains("content")) message["content"] = "";
    return true;
  }
  if (role != "assistant") {
    sdk::keep_members(message, {"role", "content"});
    return true;
  }
  sdk::keep_members(message, {"role", "content", "tool_calls"});
  if (calls_of(message) != nullptr) {
    if (!message.contains("content")) message["content"] = "";
    return true;
  }
  message.erase("tool_calls");
  return !empty(message.if_contains("content"));
}

/// Each assistant's calls must be answered, each by one result, before anything else is said.
void check_results(const json::array& messages) {
  for (std::size_t i = 0; i < messages.size();) {
    const json::object& message = messages[i++].get_object();
    if (sdk::string_at(message, "role") == "tool") throw sdk::Failure{FREELLM_E_INVALID};
    const json::array* const calls = calls_of(message);
    if (calls == nullptr) continue;
    const std::size_t first = i;
    while (i < messages.size() && sdk::string_at(messages[i].get_object(), "role") == "tool") ++i;
    if (i - first != calls->size()) throw sdk::Failure{FREELLM_E_INVALID};
  }
}

json::object said(std::string_view role, std::string_view text, const json::storage_ptr& storage) {
  json::object message(storage);
  message["role"] = role;
  message["content"] = text;
  return message;
}

}  // namespace

bool may_need_order(const sdk::Call& call, std::string_view messages) noexcept {
  return call.has(FREELLM_CALL_TOOL_HISTORY) || call.has(FREELLM_CALL_LATE_SYSTEM) ||
         messages.find("\"assistant\"") != messages.npos || messages.find("\"user\"") == messages.npos ||
         (call.has(FREELLM_CALL_JSON_OBJECT) && !says_json(messages));
}

void put_in_order(const sdk::Call& call, json::array& messages) {
  // The last word must be the user's or a tool's.
  if (!messages.empty())
    if (json::object& last = messages.back().get_object(); sdk::string_at(last, "role") == "system")
      last["role"] = "user";

  json::array out(messages.storage());
  out.reserve(messages.size() + 4);
  if (const auto body = call.find("messages");
      call.has(FREELLM_CALL_JSON_OBJECT) && body && !says_json(*body))
    out.emplace_back(said("system", "Answer with one JSON object.", messages.storage()));
  std::string before;
  for (json::value& value : messages) {
    json::object& message = value.get_object();
    const std::string role(sdk::string_at(message, "role"));
    if (!close(message, role)) continue;
    if (role == "user" && before == "tool") out.emplace_back(said("assistant", "OK", messages.storage()));
    out.push_back(std::move(value));
    before = role;
  }
  if (out.empty()) throw sdk::Failure{FREELLM_E_INVALID};
  check_results(out);
  if (before == "assistant") out.back().get_object()["prefix"] = true;
  messages = std::move(out);
}

}  // namespace freellmapi::mistral
