#include "reasoning_details.hpp"

#include <freellmapi/json.hpp>

namespace freellmapi::sdk {
namespace json = boost::json;
namespace {

/// True when `piece` goes on with the text of `last`.
bool continues(const json::object& last, const json::object& piece) {
  const std::string_view type = string_at(piece, "type");
  if (type != "reasoning.text" && type != "reasoning.summary") return false;
  if (string_at(last, "type") != type || !string_at(last, "signature").empty()) return false;
  const json::value *const a = last.if_contains("index"), *const b = piece.if_contains("index");
  return a == nullptr || b == nullptr || *a == *b;
}

void append(json::object& last, const json::object& piece) {
  for (const auto& [name, value] : piece) {
    json::value& kept = last[name];
    if ((name == "text" || name == "summary") && kept.is_string() && value.is_string()) {
      kept.get_string().append(value.get_string());
    } else if (!value.is_null()) {
      kept = value;
    }
  }
}

}  // namespace

void ReasoningDetails::add(const json::array& pieces) {
  for (const json::value& piece : pieces)
    if (piece.is_object()) add(piece.get_object());
}

void ReasoningDetails::add(const json::object& piece) {
  if (bytes_ > max_bytes) return;
  bytes_ += json::serialize(piece).size();
  if (bytes_ > max_bytes) return list_.clear();
  if (!list_.empty() && continues(list_.back().get_object(), piece))
    return append(list_.back().get_object(), piece);
  list_.push_back(json::object(piece, list_.storage()));
}

std::string ReasoningDetails::take() {
  if (list_.empty()) return {};
  const json::object kept{{"gateway", {{"model", model_}, {"reasoning_details", list_}}}};
  list_.clear();
  return json::serialize(kept);
}

json::value kept_details(const json::object& message, std::string_view model) {
  const json::value* const calls = message.if_contains("tool_calls");
  if (calls == nullptr || !calls->is_array()) return nullptr;
  for (const json::value& call : calls->get_array()) {
    const json::object* const extra =
        call.is_object() ? object_at(call.get_object(), "extra_content") : nullptr;
    const json::object* const kept = extra == nullptr ? nullptr : object_at(*extra, "gateway");
    if (kept == nullptr || string_at(*kept, "model") != model) continue;
    const json::value* const list = kept->if_contains("reasoning_details");
    if (list != nullptr && list->is_array()) return *list;
  }
  return nullptr;
}

}  // namespace freellmapi::sdk
