#include "answer_members.hpp"

#include <freellmapi/json.hpp>

#include "pattern.hpp"

namespace freellmapi::sdk {
namespace json = boost::json;

namespace {

std::uint64_t first_count(const json::object& object, std::string_view name,
                          std::string_view other) noexcept {
  const std::uint64_t n = count_at(object, name);
  return n != not_said ? n : count_at(object, other);
}

std::uint64_t detail_count(const json::object& usage, std::string_view holder,
                           std::string_view name) noexcept {
  const json::object* const details = object_at(usage, holder);
  return details == nullptr ? not_said : count_at(*details, name);
}

}  // namespace

std::string_view reason_of(std::string_view word) noexcept {
  if (word == "stop") return "stop";  // what nearly all say
  if (word.empty() || word == "null") return {};
  if (one_of("length|max_tokens|model_length|max_output_tokens", word)) return "length";
  if (one_of("tool_calls|tool_call|function_call|tool_use", word)) return "tool_calls";
  if (one_of("content_filter|content_filtered|safety|sensitive|recitation|blocklist|prohibited_content|spii",
             word))
    return "content_filter";
  if (one_of("error|network_error|timeout", word)) return "error";
  return "stop";
}

std::uint64_t count_at(const json::object& object, std::string_view name) noexcept {
  constexpr std::uint64_t most = 1'000'000'000'000;
  const json::value* const value = object.if_contains(name);
  if (value == nullptr) return not_said;
  if (value->is_int64() && value->get_int64() >= 0) {
    const auto n = static_cast<std::uint64_t>(value->get_int64());
    return n <= most ? n : not_said;
  }
  if (value->is_double()) {
    const double d = value->get_double();
    if (d >= 0 && d <= 1e12) return static_cast<std::uint64_t>(d);
  }
  return not_said;
}

Usage read_usage(const json::object& u) noexcept {
  Usage out;
  out.input = first_count(u, "prompt_tokens", "input_tokens");
  out.output = first_count(u, "completion_tokens", "output_tokens");
  out.cached = detail_count(u, "prompt_tokens_details", "cached_tokens");
  if (out.cached == not_said) out.cached = detail_count(u, "input_tokens_details", "cached_tokens");
  if (out.cached == not_said) out.cached = first_count(u, "num_cached_tokens", "prompt_cache_hit_tokens");
  out.reasoning = detail_count(u, "completion_tokens_details", "reasoning_tokens");
  if (out.reasoning == not_said) out.reasoning = detail_count(u, "output_tokens_details", "reasoning_tokens");
  if (out.reasoning == not_said) out.reasoning = count_at(u, "reasoning_tokens");
  return out;
}

std::string arguments_of(const json::object& function) {
  const json::value* const value = function.if_contains("arguments");
  if (value == nullptr || value->is_null()) return {};
  if (value->is_string()) return std::string(value->get_string());
  return json::serialize(*value);
}

json::object* first_choice(json::object& frame) {
  json::value* const choices = frame.if_contains("choices");
  if (choices == nullptr || !choices->is_array()) return nullptr;
  for (json::value& one : choices->get_array()) {
    if (!one.is_object()) throw Failure{FREELLM_E_PROTOCOL};
    const std::uint64_t index = count_at(one.get_object(), "index");
    if (index == not_said || index == 0) return &one.get_object();
  }
  return nullptr;
}

}  // namespace freellmapi::sdk
