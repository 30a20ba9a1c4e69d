// Zhipu's GLM models on bigmodel.cn and z.ai: numbered errors that go before the status, sampling in an open
// interval, no forced tools, no schemas, and arguments that are encoded twice.
#include <charconv>
#include <chrono>
#include <freellmapi/json.hpp>
#include <freellmapi/openai.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "events.hpp"
#include "manifest.hpp"
#include "messages.hpp"

namespace freellmapi::zhipu {
namespace json = boost::json;
namespace {

constexpr sdk::MemberRule members[] = {sdk::drop("presence_penalty"),  sdk::drop("frequency_penalty"),
                                       sdk::drop("logit_bias"),        sdk::drop("logprobs"),
                                       sdk::drop("top_logprobs"),      sdk::drop("parallel_tool_calls"),
                                       sdk::drop("reasoning_effort"),  sdk::rename("user", "user_id"),
                                       sdk::keep("user_id"),           sdk::keep("request_id"),
                                       sdk::keep("do_sample"),         sdk::keep("thinking"),
                                       sdk::keep("tool_stream"),       sdk::keep("sensitive_word_check"),
                                       sdk::keep("watermark_enabled"), sdk::clamp("temperature", 0.01, 0.99),
                                       sdk::clamp("top_p", 0.01, 0.99)};

// Beside chat the body is the server's own subset of OpenAI's; images come as addresses.
constexpr sdk::MemberRule endpoint_members[] = {sdk::drop("user"),
                                                sdk::drop("encoding_format"),
                                                sdk::drop("n"),
                                                sdk::drop("response_format"),
                                                sdk::drop("style"),
                                                sdk::drop("background"),
                                                sdk::drop("output_format")};

// The numbers mean the same under every status, also inside a 200.
constexpr sdk::ErrorRow errors[] = {
    {.code = "1000|1001|1002|1003|1004", .error_class = FREELLM_C_AUTH_INVALID},
    {.code = "1110|1111|1112|1121", .error_class = FREELLM_C_AUTH_FORBIDDEN, .scope = FREELLM_SCOPE_KEY},
    // This model costs money on this account; the flash models go on.
    {.code = "1113", .error_class = FREELLM_C_PAYMENT_REQUIRED, .scope = FREELLM_SCOPE_KEY_MODEL},
    {.code = "1302",
     .error_class = FREELLM_C_RATE_LIMITED,
     .scope = FREELLM_SCOPE_KEY_MODEL,
     .unit = FREELLM_UNIT_CONCURRENCY},
    {.code = "1303",
     .error_class = FREELLM_C_RATE_LIMITED,
     .scope = FREELLM_SCOPE_KEY_MODEL,
     .window = FREELLM_WINDOW_MINUTE,
     .unit = FREELLM_UNIT_REQUESTS},
    {.code = "1304",
     .error_class = FREELLM_C_QUOTA_EXHAUSTED,
     .scope = FREELLM_SCOPE_KEY_MODEL,
     .window = FREELLM_WINDOW_DAY,
     .unit = FREELLM_UNIT_REQUESTS},
    // The model's crowd, not our quota; some prompts are turned away in these words, on every key.
    {.code = "1305|1312", .error_class = FREELLM_C_OVERLOADED, .scope = FREELLM_SCOPE_MODEL},
    {.code = "1308",
     .error_class = FREELLM_C_QUOTA_EXHAUSTED,
     .scope = FREELLM_SCOPE_ACCOUNT,
     .window = FREELLM_WINDOW_SESSION},
    {.code = "1310|1316|1317|1318|1319|1320|1321",
     .error_class = FREELLM_C_QUOTA_EXHAUSTED,
     .scope = FREELLM_SCOPE_ACCOUNT},
    {.code = "1309|1311", .error_class = FREELLM_C_MODEL_FORBIDDEN, .scope = FREELLM_SCOPE_KEY_MODEL},
    {.code = "1313", .error_class = FREELLM_C_QUOTA_EXHAUSTED, .scope = FREELLM_SCOPE_ACCOUNT},
    {.code = "1261", .error_class = FREELLM_C_CONTEXT_TOO_LONG},
    {.code = "1214", .text = "{field} 参数非法", .error_class = FREELLM_C_BAD_REQUEST},
    {.code = "1210|1213|1214|1215", .error_class = FREELLM_C_BAD_REQUEST},
    {.code = "1211|1222", .error_class = FREELLM_C_MODEL_NOT_FOUND},
    {.code = "1221", .error_class = FREELLM_C_MODEL_GONE},
    {.code = "1212|1220", .error_class = FREELLM_C_MODEL_FORBIDDEN},
    {.code = "1301", .error_class = FREELLM_C_CONTENT_FILTERED},
    {.code = "1230|1234|500", .error_class = FREELLM_C_SERVER_ERROR},
    {.status = {434}, .error_class = FREELLM_C_AUTH_FORBIDDEN, .definite = false},
    {.status = {435}, .error_class = FREELLM_C_BAD_REQUEST},
};

constexpr sdk::OpenAiDialect dialect = {
    .key_min_length = 40,
    .key_max_length = 80,
    .members = members,
    .max_stops = 1,
    .stop_as_array = true,
    // The last chunk carries the usage by itself.
    .ask_stream_usage = false,
    .messages = {.reasoning = sdk::MessageRules::Reasoning::keep, .flatten_text_parts = true},
    .errors = errors,
    .embeddings_path = "/embeddings",
    .images_path = "/images/generations",
    .endpoint_members = endpoint_members};

constexpr std::chrono::minutes shanghai{8 * 60};

bool hexadecimal(std::string_view text) noexcept {
  return text.find_first_not_of("0123456789abcdefABCDEF") == text.npos;
}

bool zero_or_less(std::string_view number) noexcept {
  double value = 1;
  std::from_chars(number.data(), number.data() + number.size(), value);
  return value <= 0;
}

bool samples_greedily(const sdk::Call& call) {
  const auto temperature = call.find("temperature");
  return temperature && zero_or_less(*temperature);
}

/// An object; other things under that name are not GLM's.
bool says_thinking(const sdk::Call& call) { return call.find("thinking").value_or("").starts_with('{'); }

/// `user_id` holds 6 to 128 characters. Only plain ASCII is counted.
bool fit_user(std::string_view json_text) noexcept {
  if (json_text.size() < 8 || json_text.size() > 130) return false;
  for (const char c : json_text)
    if (c < ' ' || c > '~' || c == '\\') return false;
  return json_text.front() == '"';
}

/// "" when the model may choose for itself; else its sentence. Only "auto" is known to the server.
std::string tool_hint(const sdk::Call& call) {
  const auto choice = call.find("tool_choice");
  if (!choice || !call.has(FREELLM_CALL_TOOLS)) return {};
  if (*choice == "\"required\"" || *choice == "\"any\"")
    return "You must call one of the tools now. Do not answer in text.";
  const auto named = choice->starts_with('{') ? sdk::parse_json(*choice) : std::nullopt;
  const json::object* const function =
      named && named->is_object() ? sdk::object_at(named->get_object(), "function") : nullptr;
  if (function == nullptr) return {};
  return "You must call the tool " + std::string(sdk::string_at(*function, "name")) +
         " now. Do not answer in text.";
}

std::string schema_hint(const sdk::Call& call) {
  const auto text = call.has(FREELLM_CALL_JSON_SCHEMA) ? call.find("response_format") : std::nullopt;
  const auto format = text ? sdk::parse_json(*text) : std::nullopt;
  const json::object* const inner =
      format && format->is_object() ? sdk::object_at(format->get_object(), "json_schema") : nullptr;
  const json::value* const schema = inner == nullptr ? nullptr : inner->if_contains("schema");
  if (schema == nullptr) return "Answer with one JSON object and nothing else.";
  return "Answer with one JSON object and nothing else. It must fit this JSON schema:\n" +
         json::serialize(*schema);
}

std::string hint_of(const sdk::Call& call) {
  std::string hint = tool_hint(call);
  if (!call.has(FREELLM_CALL_JSON_SCHEMA)) return hint;
  if (!hint.empty()) hint += "\n\n";
  return hint + schema_hint(call);
}

/// "Your limit will reset at 2026-11-23 08:00:00", in China's time.
std::optional<std::int64_t> reset_in(std::string_view sentence) {
  constexpr std::size_t length = 19;
  for (std::size_t at = sentence.find("20"); at != sentence.npos && at + length <= sentence.size();
       at = sentence.find("20", at + 1))
    if (const auto time = sdk::parse_iso8601(sentence.substr(at, length), shanghai)) return time;
  return std::nullopt;
}

constexpr std::int64_t next_midnight(std::int64_t now_unix_ms) noexcept {
  constexpr std::int64_t day = 86'400'000, east = 8 * 3'600'000;
  return ((now_unix_ms + east) / day + 1) * day - east;
}

class Zhipu final : public sdk::OpenAiProvider {
 public:
  static constexpr std::string_view id = "zhipu";
  static constexpr std::string_view manifest = freellmapi::manifest;
  constexpr Zhipu() : OpenAiProvider(dialect) {}

  class Parser : public sdk::OpenAiParser {
   public:
    Parser(const Zhipu& provider, const sdk::Call& call, const sdk::Headers& head)
        : OpenAiParser(provider, call, head), events_(call) {}
    void feed(std::string_view bytes, sdk::EventsOut& out) {
      events_.between(out, [&](sdk::EventsOut& inner) { OpenAiParser::feed(bytes, inner); });
    }
    void finish(sdk::EventsOut& out) {
      events_.between(out, [&](sdk::EventsOut& inner) { OpenAiParser::finish(inner); });
    }

   private:
    Events events_;
  };

  /// id.secret: 32 hexadecimal digits, a point, 16 letters and digits.
  bool check_key_shape(std::string_view first_8, std::size_t length) const noexcept {
    return OpenAiProvider::check_key_shape(first_8, length) && hexadecimal(first_8);
  }

  // Without it the errors of the mainland host are Chinese.
  void add_headers(const sdk::Call&, sdk::RequestOut& out) const override {
    out.header("accept-language", "en-US,en");
  }
  void build_probe(sdk::RequestOut& out) const {
    OpenAiProvider::build_probe(out);
    out.header("accept-language", "en-US,en");
  }

  sdk::Edit edit_member(const sdk::Call& call, std::string_view name, std::string_view text,
                        std::string& replacement) const override {
    using sdk::Edit;
    const auto unless = [](bool bad) { return bad ? Edit::drop : Edit::none; };
    if (name == "user") return unless(!fit_user(text) || call.find("user_id"));
    if (name == "do_sample") return unless(samples_greedily(call));
    if (name == "thinking") return unless(!says_thinking(call) || !call.model_can(FREELLM_MODEL_REASONING));
    if (name == "stop") return unless(text == "\"\"");
    // No word for "none" is known: what is not offered cannot be called.
    if (name == "tools" || name == "tool_choice") {
      if (call.find("tool_choice") == "\"none\"") return Edit::drop;
      if (name == "tools" || text == "\"auto\"" || !call.has(FREELLM_CALL_TOOLS)) return Edit::none;
      replacement = "\"auto\"";
      return Edit::replace;
    }
    if (name == "response_format" && call.has(FREELLM_CALL_JSON_SCHEMA)) {
      replacement = R"({"type":"json_object"})";
      return Edit::replace;
    }
    return Edit::none;
  }

  void add_members(const sdk::Call& call, sdk::MemberWriter& out) const override {
    if (samples_greedily(call)) out.add("do_sample", "false");
    const auto effort = call.find("reasoning_effort");
    if (effort && call.model_can(FREELLM_MODEL_REASONING) && !says_thinking(call))
      out.add("thinking", *effort == "\"none\"" ? R"({"type":"disabled"})" : R"({"type":"enabled"})");
  }

  bool must_edit_messages(const sdk::Call& call) const override {
    return may_need_order(call, call.find("messages").value_or("")) || !hint_of(call).empty();
  }
  void edit_messages(const sdk::Call& call, json::array& messages) const override {
    put_in_order(call, hint_of(call), messages);
  }

  void edit_choice(json::object& choice) const override {
    const std::string_view reason = sdk::string_at(choice, "finish_reason");
    if (reason == "model_context_window_exceeded") {
      choice["finish_reason"] = "length";
    } else if (reason == "network_error") {
      choice["error"] = {{"code", "1234"}, {"message", "the model's answer ended with network_error"}};
    }
  }

  void edit_outcome(const sdk::ErrorFacts& facts, const sdk::Headers&, sdk::OutcomeOut& out) const override {
    freellm_outcome& o = out.raw();
    // No header tells when the request in flight will end; it is a matter of seconds.
    constexpr std::int64_t another_ends = 5'000;
    if (o.unit == FREELLM_UNIT_CONCURRENCY && o.retry_after_ms < 0) o.retry_after_ms = another_ends;
    if (o.error_class != FREELLM_C_QUOTA_EXHAUSTED) return;
    if (const auto reset = reset_in(facts.message)) o.reset_unix_ms = *reset;
    constexpr std::int64_t fair_use = 86'400'000;
    if (facts.code == "1313" && o.retry_after_ms < 0 && o.reset_unix_ms < 0) o.retry_after_ms = fair_use;
  }

  void classify_error(const sdk::Headers& head, std::string_view body, std::int64_t now_unix_ms,
                      sdk::OutcomeOut& out) const {
    OpenAiProvider::classify_error(head, body, now_unix_ms, out);
    freellm_outcome& o = out.raw();
    const bool day = o.error_class == FREELLM_C_QUOTA_EXHAUSTED && o.window == FREELLM_WINDOW_DAY;
    if (day && o.reset_unix_ms < 0 && o.retry_after_ms < 0) o.reset_unix_ms = next_midnight(now_unix_ms);
    if (o.retry_after_ms >= 0 || o.reset_unix_ms < 0) return;
    if (const auto wait = sdk::wait_until(o.reset_unix_ms, now_unix_ms))
      o.retry_after_ms = sdk::clamp_wait(wait->from_now, sdk::longest_wait).count();
  }
};

}  // namespace
}  // namespace freellmapi::zhipu

FREELLM_PLUGIN("1.0.0", freellmapi::zhipu::Zhipu);
