#include "native.hpp"

#include <freellmapi/json.hpp>
#include <utility>

namespace freellmapi::cloudflare {
namespace json = boost::json;
namespace {

bool filled_array(const json::object& object, std::string_view name) {
  const json::value* const value = object.if_contains(name);
  return value != nullptr && value->is_array() && !value->get_array().empty();
}

void unwrap(json::object& answer) {
  json::value* const result = answer.if_contains("result");
  if (result == nullptr || !result->is_object() || filled_array(answer, "errors")) return;
  json::object inner = std::move(result->get_object());
  answer = std::move(inner);
}

/// A call without `function` around it: {"name","arguments":{...}}.
void wrap_calls(json::array& calls) {
  for (json::value& call : calls) {
    json::object* const object = call.if_object();
    if (object == nullptr || object->contains("function")) continue;
    json::object wrapped(call.storage());
    if (const json::value* id = object->if_contains("id")) wrapped["id"] = *id;
    if (const json::value* index = object->if_contains("index")) wrapped["index"] = *index;
    wrapped["function"] = std::move(*object);
    call = std::move(wrapped);
  }
}

}  // namespace

void to_openai(json::object& answer) {
  if (answer.contains("choices")) return;
  unwrap(answer);
  const json::value* const response = answer.if_contains("response");
  if (filled_array(answer, "choices") || (response == nullptr && !filled_array(answer, "tool_calls"))) return;
  json::object message(answer.storage());
  // JSON mode answers with the object itself, and a token that is a number comes as one.
  if (response != nullptr && !response->is_null())
    message["content"] =
        response->is_string() ? json::value(*response) : json::value(json::serialize(*response));
  if (filled_array(answer, "tool_calls")) {
    message["tool_calls"] = std::move(answer["tool_calls"]);
    wrap_calls(message["tool_calls"].get_array());
  }
  json::object choice(answer.storage());
  choice["message"] = std::move(message);
  json::array choices(answer.storage());
  choices.push_back(std::move(choice));
  answer["choices"] = std::move(choices);
}

}  // namespace freellmapi::cloudflare
