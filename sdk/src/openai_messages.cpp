#include "openai_messages.hpp"

#include <algorithm>
#include <freellmapi/json.hpp>
#include <utility>
#include <vector>

#include "reasoning_details.hpp"

namespace freellmapi::sdk {
namespace json = boost::json;
namespace {

constexpr std::string_view message_members[] = {
    "role", "content", "name", "tool_calls", "tool_call_id", "reasoning", "reasoning_content"};
constexpr std::string_view call_members[] = {"id", "type", "function"};
constexpr std::string_view function_members[] = {"name", "arguments"};
constexpr std::string_view part_members[] = {"type", "text", "image_url", "input_audio", "file"};
constexpr std::string_view image_members[] = {"url", "detail"};

void keep_only(json::object& object, std::span<const std::string_view> known) {
  std::vector<std::string> strange;
  for (const auto& [name, value] : object)
    if (std::find(known.begin(), known.end(), std::string_view(name)) == known.end())
      strange.emplace_back(name);
  for (const std::string& name : strange) object.erase(name);
}

/// Few providers take a refusal back; its sentence is what the assistant said.
void say_refusal(json::object& message) {
  const json::value* const refusal = message.if_contains("refusal");
  const json::value* const content = message.if_contains("content");
  if (refusal == nullptr || !refusal->is_string()) return;
  if (content == nullptr || content->is_null()) message["content"] = json::value(*refusal);
}

void clean_part(json::object& part) {
  if (string_at(part, "type") == "refusal") {
    const std::string sentence(string_at(part, "refusal"));
    part["type"] = "text";
    part["text"] = sentence;
  }
  keep_only(part, part_members);
  if (json::value* image = part.if_contains("image_url"); image != nullptr && image->is_object())
    keep_only(image->get_object(), image_members);
}

void drop_extras(json::object& message) {
  say_refusal(message);
  keep_only(message, message_members);
  if (json::value* calls = message.if_contains("tool_calls"); calls != nullptr && calls->is_array()) {
    for (json::value& call : calls->get_array()) {
      if (!call.is_object()) continue;
      keep_only(call.get_object(), call_members);
      if (json::value* function = call.get_object().if_contains("function");
          function != nullptr && function->is_object())
        keep_only(function->get_object(), function_members);
    }
  }
  if (json::value* content = message.if_contains("content"); content != nullptr && content->is_array())
    for (json::value& part : content->get_array())
      if (part.is_object()) clean_part(part.get_object());
}

/// The text of a content; nothing when a part of it is no text.
std::optional<std::string> flat_text(const json::value& content) {
  if (content.is_null()) return std::string();
  if (content.is_string()) return std::string(content.get_string());
  const json::array* const parts = content.if_array();
  if (parts == nullptr) return std::nullopt;
  std::string out;
  for (const json::value& part : *parts) {
    const json::object* const object = part.if_object();
    const json::value* const text = object == nullptr ? nullptr : object->if_contains("text");
    if (text == nullptr || !text->is_string()) return std::nullopt;
    if (!out.empty()) out += '\n';
    out += text->get_string();
  }
  return out;
}

void flatten(json::object& message) {
  json::value* const content = message.if_contains("content");
  if (content == nullptr || !content->is_array()) return;
  if (auto text = flat_text(*content)) *content = *text;
}

void set_nine(json::object& object, std::string_view name) {
  if (json::value* id = object.if_contains(name); id != nullptr && id->is_string())
    *id = nine_alnum_id(id->get_string());
}

void shorten_ids(json::object& message) {
  set_nine(message, "tool_call_id");
  if (json::value* calls = message.if_contains("tool_calls"); calls != nullptr && calls->is_array())
    for (json::value& call : calls->get_array())
      if (call.is_object()) set_nine(call.get_object(), "id");
}

void edit_message(json::object& message, const MessageRules& rules, std::string_view model) {
  const std::string role(string_at(message, "role"));
  if (rules.developer_to_system && role == "developer") message["role"] = "system";
  if (rules.names == MessageRules::Names::drop ||
      (rules.names == MessageRules::Names::tools_only && role != "tool"))
    message.erase("name");
  if (rules.reasoning == MessageRules::Reasoning::drop) {
    message.erase("reasoning_content");
    message.erase("reasoning");
  }
  if (rules.reasoning == MessageRules::Reasoning::as_reasoning) {
    if (json::value* thought = message.if_contains("reasoning_content")) {
      json::value moved = std::move(*thought);
      message.erase("reasoning_content");
      message["reasoning"] = std::move(moved);
    }
  }
  json::value details(message.storage());
  if (rules.reasoning_details) details = kept_details(message, model);
  if (!rules.keep_extras) drop_extras(message);
  if (!details.is_null()) message["reasoning_details"] = std::move(details);
  if (rules.flatten_text_parts) flatten(message);
  if (rules.tool_ids == MessageRules::ToolIds::nine_alnum) shorten_ids(message);
  if (rules.empty_for_null)
    if (json::value* content = message.if_contains("content"); content != nullptr && content->is_null())
      *content = "";
}

/// One system message in front, made of all of them.
void gather_system(json::array& messages) {
  std::string text;
  json::array rest(messages.storage());
  for (json::value& message : messages) {
    const std::string_view role =
        message.is_object() ? string_at(message.get_object(), "role") : std::string_view{};
    const json::value* content =
        role == "system" || role == "developer" ? message.get_object().if_contains("content") : nullptr;
    const auto piece = content == nullptr ? std::nullopt : flat_text(*content);
    if (!piece) {
      rest.push_back(std::move(message));
      continue;
    }
    if (!text.empty() && !piece->empty()) text += "\n\n";
    text += *piece;
  }
  json::object system(messages.storage());
  system["role"] = "system";
  system["content"] = text;
  rest.insert(rest.begin(), json::value(std::move(system)));
  messages = std::move(rest);
}

}  // namespace

bool must_rewrite(const MessageRules& rules, const Call& call) noexcept {
  return (rules.developer_to_system && call.has(FREELLM_CALL_DEVELOPER)) ||
         (rules.names != MessageRules::Names::keep && call.has(FREELLM_CALL_NAMES)) ||
         (rules.late_system == MessageRules::Late::to_front && call.has(FREELLM_CALL_LATE_SYSTEM)) ||
         (rules.reasoning != MessageRules::Reasoning::keep && call.has(FREELLM_CALL_REASONING_HISTORY)) ||
         (rules.tool_ids != MessageRules::ToolIds::keep && call.has(FREELLM_CALL_TOOL_HISTORY)) ||
         (rules.flatten_text_parts && call.has(FREELLM_CALL_PARTS)) ||
         (!rules.keep_extras && call.has(FREELLM_CALL_EXTRAS));
}

std::string rewrite_messages(const OpenAiProvider& provider, const Call& call, std::string_view text) {
  json::monotonic_resource memory(text.size() + 4096);
  auto parsed = parse_json(text, &memory);
  if (!parsed || !parsed->is_array()) throw Failure{FREELLM_E_INVALID};
  json::array& messages = parsed->get_array();
  const MessageRules& rules = provider.differences().messages;
  for (json::value& message : messages) {
    if (!message.is_object()) throw Failure{FREELLM_E_INVALID};
    edit_message(message.get_object(), rules, call.model());
  }
  if (rules.late_system == MessageRules::Late::to_front && call.has(FREELLM_CALL_LATE_SYSTEM))
    gather_system(messages);
  provider.edit_messages(call, messages);
  return json::serialize(messages);
}

}  // namespace freellmapi::sdk
