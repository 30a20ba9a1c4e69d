#include "messages.hpp"

#include <freellmapi/json.hpp>
#include <freellmapi/openai_tools.hpp>
#include <utility>

namespace freellmapi::zhipu {
namespace json = boost::json;
namespace {

// Content that is empty is refused; a command without output is an ordinary result.
constexpr std::string_view nothing_said = "(empty)";

bool twice(std::string_view text, std::string_view word) noexcept {
  const std::size_t first = text.find(word);
  return first != text.npos && text.find(word, first + 1) != text.npos;
}

std::string text_of(const json::value* content) {
  if (content == nullptr) return {};
  if (content->is_string()) return std::string(content->get_string());
  std::string out;
  const json::array* const parts = content->if_array();
  if (parts == nullptr) return out;
  for (const json::value& part : *parts) {
    const std::string_view text =
        part.is_object() ? sdk::string_at(part.get_object(), "text") : std::string_view{};
    if (!out.empty() && !text.empty()) out += '\n';
    out += text;
  }
  return out;
}

bool empty_text(const json::value& part) {
  const json::object* const object = part.if_object();
  return object == nullptr ||
         (sdk::string_at(*object, "type") == "text" && sdk::string_at(*object, "text").empty());
}

/// True when something is left to read.
bool has_content(json::object& message) {
  json::value* const content = message.if_contains("content");
  if (content == nullptr || content->is_null()) return false;
  if (content->is_string()) return !content->get_string().empty();
  json::array* const parts = content->if_array();
  if (parts == nullptr) return false;
  for (std::size_t i = parts->size(); i-- > 0;)
    if (empty_text((*parts)[i])) parts->erase(parts->begin() + static_cast<std::ptrdiff_t>(i));
  return !parts->empty();
}

bool calls_tools(const json::object& message) {
  const json::value* const calls = message.if_contains("tool_calls");
  return calls != nullptr && calls->is_array() && !calls->get_array().empty();
}

/// Thinking goes back under its one name, or not at all.
void settle_reasoning(json::object& message, bool wanted) {
  const json::value* const other = message.if_contains("reasoning");
  const json::value* const own = message.if_contains("reasoning_content");
  std::string thought;
  if (own != nullptr && own->is_string()) thought = std::string(own->get_string());
  if (thought.empty() && other != nullptr && other->is_string()) thought = std::string(other->get_string());
  message.erase("reasoning");
  message.erase("reasoning_content");
  if (wanted && !thought.empty()) message["reasoning_content"] = thought;
}

/// The client asked for the thinking of all earlier turns to count.
bool keeps_thinking(const sdk::Call& call) {
  const auto text = call.find("thinking");
  const auto thinking = text ? sdk::parse_json(*text) : std::nullopt;
  if (!thinking || !thinking->is_object()) return false;
  const json::value* const clear = thinking->get_object().if_contains("clear_thinking");
  return clear != nullptr && clear->is_bool() && !clear->get_bool();
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
         call.has(FREELLM_CALL_REASONING_HISTORY) || messages.find("\"assistant\"") != messages.npos ||
         messages.find("\"user\"") == messages.npos || messages.find("\"\"") != messages.npos ||
         twice(messages, "\"system\"") || twice(messages, "\"developer\"");
}

void put_in_order(const sdk::Call& call, std::string_view hint, json::array& messages) {
  std::string system;
  const auto instruct = [&system](std::string_view text) {
    if (text.empty()) return;
    if (!system.empty()) system += "\n\n";
    system += text;
  };
  std::size_t last_user = 0;
  for (std::size_t i = 0; i < messages.size(); ++i)
    if (sdk::string_at(messages[i].get_object(), "role") == "user") last_user = i;
  // In a loop of tools the model goes on with its thought; a finished turn's is cleared by the server.
  const bool reasons = call.model_can(FREELLM_MODEL_REASONING);
  const bool all = reasons && call.has(FREELLM_CALL_REASONING_HISTORY) && keeps_thinking(call);

  json::array out(messages.storage());
  out.reserve(messages.size() + 2);
  bool answers = false;
  std::string last;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    json::object& message = messages[i].get_object();
    std::string role(sdk::string_at(message, "role"));
    if (role == "system") {
      instruct(text_of(message.if_contains("content")));
      continue;
    }
    const bool content = has_content(message), calls = calls_tools(message);
    if (role == "assistant") {
      if (!calls) message.erase("tool_calls");
      if (!content && !calls) continue;
      settle_reasoning(message, all || (reasons && i > last_user));
    } else {
      if (!content) message["content"] = nothing_said;
      settle_reasoning(message, false);
    }
    if (role == "tool" && !answers) throw sdk::Failure{FREELLM_E_INVALID};
    answers = calls || role == "tool";
    out.push_back(std::move(messages[i]));
    last = std::move(role);
  }
  instruct(hint);
  if (out.empty()) {
    // Instructions alone are no conversation.
    if (system.empty()) throw sdk::Failure{FREELLM_E_INVALID};
    out.emplace_back(said("user", system, messages.storage()));
  } else {
    if (last == "assistant") out.emplace_back(said("user", "Continue.", messages.storage()));
    if (!system.empty()) out.insert(out.begin(), json::value(said("system", system, messages.storage())));
  }
  messages = std::move(out);
}

}  // namespace freellmapi::zhipu
