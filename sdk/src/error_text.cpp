// Reads what an error body says, whatever its shape.
#include "error_text.hpp"

#include <charconv>
#include <freellmapi/classify.hpp>
#include <freellmapi/durations.hpp>
#include <freellmapi/json.hpp>

namespace freellmapi::sdk {
namespace json = boost::json;
namespace {

constexpr std::size_t longest_message = 4 * 1024, longest_body = 16 * 1024, longest_word = 200,
                      plain_text = 300;

std::string_view strip(std::string_view text) noexcept {
  while (!text.empty() && static_cast<unsigned char>(text.front()) <= ' ') text.remove_prefix(1);
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  return text;
}

/// A string or a number as text.
std::string scalar(const json::value* value) {
  if (value == nullptr) return {};
  if (value->is_string()) return std::string(std::string_view(value->get_string()).substr(0, longest_word));
  if (value->is_int64() || value->is_uint64()) return json::serialize(*value);
  if (!value->is_double()) return {};
  // Boost writes 20.0 as 2E1, which nobody reads as a wait.
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, value->get_double()).ptr;
  return std::string(digits, end);
}

std::string scalar_at(const json::object& object, std::string_view name) {
  return scalar(object.if_contains(name));
}

void set_once(std::string& field, std::string text) {
  if (field.empty()) field = std::move(text);
}

/// FastAPI's list of {loc, msg, type}.
void read_items(const json::array& items, ErrorFacts& facts) {
  if (items.empty()) return;
  const json::object* const first = items.front().if_object();
  if (first == nullptr) return set_once(facts.message, scalar(&items.front()));
  set_once(facts.type, scalar_at(*first, "type"));
  std::string path;
  if (const json::value* loc = first->if_contains("loc"); loc != nullptr && loc->is_array()) {
    for (const json::value& part : loc->get_array()) {
      if (part.is_string()) facts.param = scalar(&part);
      if (path.size() < longest_word) path += (path.empty() ? "" : ".") + scalar(&part);
    }
    // What lies inside a member is not the request's to leave out.
    if (loc->get_array().size() > 2) facts.param.clear();
  }
  std::string message = scalar_at(*first, "msg");
  if (message.empty()) message = scalar_at(*first, "message");
  set_once(facts.message, path.empty() ? message : path + ": " + message);
}

void read_object(const json::object& object, ErrorFacts& facts, int depth);

void read_value(const json::value& value, ErrorFacts& facts, int depth) {
  if (depth > 4) return;
  if (value.is_string())
    set_once(facts.message, std::string(std::string_view(value.get_string()).substr(0, longest_message)));
  if (value.is_array()) read_items(value.get_array(), facts);
  if (value.is_object()) read_object(value.get_object(), facts, depth + 1);
}

void read_object(const json::object& object, ErrorFacts& facts, int depth) {
  const auto read = [&](std::string_view name) {
    if (const json::value* value = object.if_contains(name); value != nullptr && !value->is_null())
      read_value(*value, facts, depth);
  };
  read("error");
  if (const json::value* errors = object.if_contains("errors");
      errors != nullptr && errors->is_array() && !errors->get_array().empty())
    read_value(errors->get_array().front(), facts, depth);
  read("message");
  read("detail");
  read("msg");
  set_once(facts.message, scalar_at(object, "title"));
  set_once(facts.code, scalar_at(object, "code"));
  set_once(facts.type, scalar_at(object, "type"));
  // Google's status word; a number there is the HTTP status again.
  if (const std::string_view word = string_at(object, "status"); !word.empty())
    set_once(facts.type, std::string(word.substr(0, longest_word)));
  set_once(facts.param, scalar_at(object, "param"));
}

/// Looks for the fields in which a wait is said; a few levels and a few hundred values at most.
void find_wait(const json::value& value, ErrorFacts& facts, int depth, int& budget) {
  if (depth > 5 || --budget < 0 || !facts.retry.empty()) return;
  if (const json::array* array = value.if_array())
    for (const json::value& element : *array) find_wait(element, facts, depth + 1, budget);
  const json::object* const object = value.if_object();
  if (object == nullptr) return;
  for (const std::string_view name :
       {"retryDelay", "retry_after", "retryAfter", "retry_after_seconds", "estimated_time"})
    set_once(facts.retry, scalar_at(*object, name));
  if (std::string ms = scalar_at(*object, "retry_after_ms"); !ms.empty()) set_once(facts.retry, ms + "ms");
  for (const auto& [name, member] : *object) find_wait(member, facts, depth + 1, budget);
}

/// The status an error inside a 200 carries; 0 when it carries none.
int carried_status(const json::object& object) {
  for (const std::string_view name : {"status_code", "code", "status"}) {
    const std::string text = scalar_at(object, name);
    std::string_view rest = text;
    const auto number = detail::take_decimal(rest);
    if (number && rest.empty() && number->whole >= 400 && number->whole <= 599)
      return static_cast<int>(number->whole);
  }
  const json::object* const inner = object_at(object, "error");
  return inner == nullptr ? 0 : carried_status(*inner);
}

/// A JSON text that was cut: the first "message" in it.
std::string cut_message(std::string_view body) {
  const std::size_t at = body.find("\"message\"");
  const std::size_t open = at == body.npos ? body.npos : body.find('"', at + 9);
  if (open == body.npos) return {};
  std::string out;
  for (std::size_t i = open + 1; i < body.size() && body[i] != '"' && out.size() < longest_message; ++i) {
    if (body[i] == '\\' && i + 1 < body.size()) ++i;
    out += body[i];
  }
  return out;
}

std::string html_title(std::string_view body) {
  const std::size_t open = body.find("<title>");
  const std::size_t close = open == body.npos ? body.npos : body.find("</title>", open);
  if (close == body.npos) return "an HTML page";
  return std::string(body.substr(open + 7, std::min(close - open - 7, plain_text)));
}

}  // namespace

bool is_error(const json::object& object) {
  if (const json::value* error = object.if_contains("error")) {
    if (error->is_string() && !error->get_string().empty()) return true;
    if (error->is_object() && !error->get_object().empty()) return true;
    if (error->is_bool() && error->get_bool()) return true;
  }
  if (object.contains("choices")) return false;
  if (string_at(object, "object") == "error" || string_at(object, "type") == "error") return true;
  if (const json::value* errors = object.if_contains("errors");
      errors != nullptr && errors->is_array() && !errors->get_array().empty())
    return true;
  return (object.contains("message") || object.contains("detail")) && !object.contains("usage");
}

bool says_error(std::string_view body) {
  const auto value = parse_json(body);
  if (!value) return false;
  if (const json::array* list = value->if_array())
    return list->size() == 1 && list->front().is_object() && is_error(list->front().get_object());
  return value->is_object() && is_error(value->get_object());
}

ErrorFacts read_error(int http_status, std::string_view body) {
  ErrorFacts facts;
  facts.in_success = http_status >= 200 && http_status < 300;
  facts.status = facts.in_success ? 0 : http_status;
  body = strip(body);
  facts.body.assign(body.substr(0, longest_body));
  if (body.starts_with('<')) {
    facts.html = true;
    facts.message = html_title(body);
    return facts;
  }
  if (!body.starts_with('{') && !body.starts_with('[') && !body.starts_with('"')) {
    facts.message.assign(body.substr(0, plain_text));
    return facts;
  }
  const auto parsed = parse_json(body);
  if (!parsed) {
    facts.message = cut_message(body);
    if (facts.message.empty()) facts.message.assign(body.substr(0, plain_text));
    return facts;
  }
  const json::value* root = &*parsed;
  if (const json::array* list = root->if_array(); list != nullptr && list->size() == 1) root = &list->front();
  read_value(*root, facts, 0);
  int budget = 300;
  find_wait(*root, facts, 0, budget);
  if (facts.in_success && root->is_object()) facts.status = carried_status(root->get_object());
  return facts;
}

}  // namespace freellmapi::sdk
