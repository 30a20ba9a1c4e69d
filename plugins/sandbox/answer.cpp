#include "answer.hpp"

#include <algorithm>
#include <charconv>
#include <freellmapi/json.hpp>
#include <freellmapi/openai_tools.hpp>
#include <optional>
#include <string>

#include "instance.hpp"

namespace freellmapi::sandbox {
namespace json = boost::json;
namespace {

constexpr std::uint64_t highest_count = 10'000;
constexpr std::size_t most_pieces = 32;

bool blank(char c) noexcept { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }
bool name_char(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

std::uint64_t words(std::string_view text) noexcept {
  std::uint64_t n = 0;
  bool inside = false;
  for (const char c : text) {
    n += !blank(c) && !inside ? 1 : 0;
    inside = !blank(c);
  }
  return n;
}

/// The first `most` words of a text, with what stands between them.
std::string_view first_words(std::string_view text, std::uint64_t most) noexcept {
  std::uint64_t n = 0;
  bool inside = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (inside && blank(text[i]) && n == most) return text.substr(0, i);
    n += !blank(text[i]) && !inside ? 1 : 0;
    inside = !blank(text[i]);
  }
  return text;
}

struct Said {
  std::string text;
  std::size_t images = 0;
};

Said said_in(const json::object& message) {
  Said said;
  const json::value* const content = message.if_contains("content");
  if (content == nullptr) return said;
  if (content->is_string()) said.text = content->get_string();
  const json::array* const parts = content->if_array();
  if (parts == nullptr) return said;
  for (const json::value& part : *parts) {
    if (!part.is_object()) throw sdk::Failure{FREELLM_E_INVALID};
    const std::string_view text = sdk::string_at(part.get_object(), "text");
    if (sdk::string_at(part.get_object(), "type") == "image_url") ++said.images;
    if (!said.text.empty() && !text.empty()) said.text += '\n';
    said.text += text;
  }
  return said;
}

/// What the conversation comes to.
struct Heard {
  Said user;                        // the last user's
  std::optional<std::string> tool;  // the result in the last message
  std::uint64_t input_tokens = 0;
};

Heard listen(const json::value& messages) {
  if (!messages.is_array()) throw sdk::Failure{FREELLM_E_INVALID};
  Heard heard;
  for (const json::value& value : messages.get_array()) {
    if (!value.is_object()) throw sdk::Failure{FREELLM_E_INVALID};
    Said said = said_in(value.get_object());
    heard.input_tokens += words(said.text) + said.images;
    const std::string_view role = sdk::string_at(value.get_object(), "role");
    heard.tool.reset();
    if (role == "tool") heard.tool = said.text;
    if (role == "user") heard.user = std::move(said);
  }
  return heard;
}

bool names(std::string_view text, std::string_view name) noexcept {
  if (name.empty()) return false;
  for (std::size_t at = text.find(name); at != text.npos; at = text.find(name, at + 1)) {
    const std::size_t end = at + name.size();
    if ((at == 0 || !name_char(text[at - 1])) && (end == text.size() || !name_char(text[end]))) return true;
  }
  return false;
}

std::optional<json::value> member(const sdk::Call& call, std::string_view name) {
  const auto text = call.find(name);
  if (!text) return std::nullopt;
  auto value = sdk::parse_json(*text);
  if (!value) throw sdk::Failure{FREELLM_E_INVALID};
  return value;
}

/// The function to call: the one tool_choice names, the first one the text names, or the first when one is
/// demanded.
const json::object* chosen(json::value& tools, const std::optional<json::value>& choice,
                           std::string_view text) {
  if (!tools.is_array()) throw sdk::Failure{FREELLM_E_INVALID};
  if (choice && *choice == json::value("none")) return nullptr;
  const json::object* const picked =
      choice && choice->is_object() ? sdk::object_at(choice->get_object(), "function") : nullptr;
  const json::object* first = nullptr;
  for (json::value& tool : tools.get_array()) {
    const json::object* const function = sdk::function_of(tool);
    if (function == nullptr) continue;
    const std::string_view name = sdk::string_at(*function, "name");
    if (first == nullptr) first = function;
    if (picked != nullptr ? name == sdk::string_at(*picked, "name") : names(text, name)) return function;
  }
  return choice && *choice == json::value("required") ? first : nullptr;
}

void call_tool(const json::object& function, const Heard& heard, sdk::EventsOut& out) {
  const json::value* const schema = function.if_contains("parameters");
  const json::value made = schema == nullptr ? json::value(json::object()) : instance_of(*schema);
  const std::string arguments = made.is_object() ? json::serialize(made) : "{}";
  const std::size_t half = arguments.size() / 2;
  out.tool(0, {}, sdk::string_at(function, "name"), std::string_view(arguments).substr(0, half));
  out.tool(0, {}, {}, std::string_view(arguments).substr(half));
  out.usage({.input = heard.input_tokens, .output = words(arguments) + 1});
  out.finish("tool_calls");
}

void speak(std::string_view text, const sdk::Call& call, const Heard& heard, sdk::EventsOut& out) {
  const std::uint64_t most = call.max_output_tokens();
  const std::string_view spoken = most == 0 ? text : first_words(text, most);
  const std::size_t size = spoken.size() / most_pieces + 1;
  for (std::size_t at = 0; at < spoken.size();) {
    // A piece ends behind a word, so no character is ever cut.
    const std::size_t end = spoken.find(' ', at + size - 1);
    const std::size_t next = end == spoken.npos ? spoken.size() : end + 1;
    out.text(spoken.substr(at, next - at));
    at = next;
  }
  out.usage({.input = heard.input_tokens, .output = words(spoken)});
  out.finish(spoken.size() < text.size() ? "length" : "stop");
}

std::optional<std::uint64_t> asked_to_count(std::string_view text) {
  constexpr std::string_view command = "!count ";
  const std::size_t at = text.find(command);
  if (at == text.npos) return std::nullopt;
  std::uint64_t n = 0;
  const auto [end, error] = std::from_chars(text.data() + at + command.size(), text.data() + text.size(), n);
  if (error == std::errc::result_out_of_range) return highest_count;
  return error == std::errc{} ? std::optional(std::min(n, highest_count)) : std::nullopt;
}

std::string structured(const sdk::Call& call, const Heard& heard) {
  if (call.has(FREELLM_CALL_JSON_SCHEMA)) {
    const auto format = member(call, "response_format");
    const json::object* const described =
        format && format->is_object() ? sdk::object_at(format->get_object(), "json_schema") : nullptr;
    const json::value* const schema = described == nullptr ? nullptr : described->if_contains("schema");
    return schema == nullptr ? "{}" : json::serialize(instance_of(*schema));
  }
  return json::serialize(json::object{{"you_said", heard.user.text}});
}

std::string repeated(const Said& said) {
  std::string text = "You said: " + (said.text.empty() ? std::string("nothing") : said.text);
  if (said.images > 0)
    text += " (and showed " + std::to_string(said.images) + (said.images == 1 ? " image)" : " images)");
  return text;
}

}  // namespace

void answer(const sdk::Call& call, sdk::EventsOut& out) {
  const auto messages = member(call, "messages");
  if (!messages) throw sdk::Failure{FREELLM_E_INVALID};
  const Heard heard = listen(*messages);
  if (heard.tool) return speak("The tool said: " + *heard.tool, call, heard, out);
  if (call.has(FREELLM_CALL_TOOLS)) {
    auto tools = member(call, "tools");
    const auto choice = member(call, "tool_choice");
    if (tools)
      if (const json::object* const function = chosen(*tools, choice, heard.user.text))
        return call_tool(*function, heard, out);
  }
  if (call.has(FREELLM_CALL_JSON_SCHEMA) || call.has(FREELLM_CALL_JSON_OBJECT))
    return speak(structured(call, heard), call, heard, out);
  if (const auto count = asked_to_count(heard.user.text)) {
    std::string text;
    for (std::uint64_t n = 1; n <= *count; ++n) text += (n == 1 ? "" : " ") + std::to_string(n);
    return speak(text, call, heard, out);
  }
  speak(repeated(heard.user), call, heard, out);
}

}  // namespace freellmapi::sandbox
