#include "kit/calls.hpp"

#include <algorithm>

namespace freellmapi::kit {
namespace {

constexpr std::string_view ask = R"({"model":"auto","messages":[{"role":"user","content":"hi"}])";
constexpr std::string_view weather =
    R"({"type":"function","function":{"name":"get_weather","description":"The weather of a city","parameters":{"type":"object","properties":{"city":{"type":"string"},"unit":{"type":"string","enum":["c","f"]}},"required":["city"]}}})";
constexpr std::string_view pixel =
    "data:image/png;base64,"
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/// The plain call with further members.
std::string with(std::string_view members) { return std::string(ask) + "," + std::string(members) + "}"; }
std::string conversation(std::string_view messages, std::string_view members = "") {
  return R"({"model":"auto","messages":[)" + std::string(messages) + "]" + (members.empty() ? "" : ",") +
         std::string(members) + "}";
}
std::string tools(std::size_t count) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i) {
    std::string one(weather);
    if (i > 0) one.replace(one.find("get_weather"), 11, "tool_" + std::to_string(i));
    all += (i > 0 ? "," : "") + one;
  }
  return R"("tools":[)" + all + "]";
}

constexpr std::string_view two_calls =
    R"({"role":"user","content":"Oslo and Rome?"},{"role":"assistant","content":null,"tool_calls":[{"id":"call_aaaaaaaaaaaaaaaaaaaaaaaa","type":"function","function":{"name":"get_weather","arguments":"{\"city\":\"Oslo\"}"}},{"id":"call_bbbbbbbbbbbbbbbbbbbbbbbb","type":"function","function":{"name":"get_weather","arguments":"{\"city\":\"Rome\"}"}}]},{"role":"tool","tool_call_id":"call_aaaaaaaaaaaaaaaaaaaaaaaa","content":"4 degrees"},{"role":"tool","tool_call_id":"call_bbbbbbbbbbbbbbbbbbbbbbbb","content":[{"type":"text","text":"20 degrees"}]},{"role":"user","content":"and tomorrow?"})";

std::vector<CanonicalCall> make() {
  const std::uint32_t tool = FREELLM_MODEL_TOOLS;
  std::vector<CanonicalCall> all;
  const auto add = [&](std::string_view name, std::string_view title, std::string body,
                       std::uint32_t needs = 0, bool possible = false) {
    all.push_back({name, title, std::move(body), needs, possible});
  };
  add("plain", "one user message", std::string(ask) + "}", 0, true);
  add("stream", "a stream with its usage", with(R"("stream":true,"stream_options":{"include_usage":true})"),
      0, true);
  add("system", "a system message first",
      conversation(R"({"role":"system","content":"Be brief."},{"role":"user","content":"hi"})"), 0, true);
  add("developer", "a developer message",
      conversation(R"({"role":"developer","content":"Be brief."},{"role":"user","content":"hi"})"));
  add("late-system", "a system message in the middle",
      conversation(
          R"({"role":"user","content":"hi"},{"role":"assistant","content":"Hello."},{"role":"system","content":"Be brief."},{"role":"user","content":"go on"})"));
  add("turns", "several turns, the answer begun",
      conversation(
          R"({"role":"user","content":"Count."},{"role":"assistant","content":"1, 2,"},{"role":"user","content":"more"},{"role":"assistant","content":"3"},{"role":"user","content":"on"})"),
      0, true);
  add("tools", "a tool is offered", with(tools(1)), tool);
  add("tool-choice", "one tool is demanded",
      with(
          tools(2) +
          R"(,"tool_choice":{"type":"function","function":{"name":"get_weather"}},"parallel_tool_calls":false)"),
      tool);
  add("tool-required", "some tool is demanded, as a stream",
      with(tools(1) + R"(,"tool_choice":"required","stream":true)"), tool);
  add("parallel-results", "two calls at once and their results", conversation(two_calls, tools(1)), tool);
  add("history-without-tools", "tool results of earlier turns, no tool offered any more",
      conversation(two_calls), tool);
  add("many-tools", "128 tools", with(tools(128)), tool);
  add("image", "an image as a data URL",
      conversation(
          R"({"role":"user","content":[{"type":"text","text":"What is this?"},{"type":"image_url","image_url":{"url":")" +
          std::string(pixel) + R"(","detail":"low"}}]})"),
      FREELLM_MODEL_VISION);
  add("image-url", "an image by its address",
      conversation(
          R"({"role":"user","content":[{"type":"image_url","image_url":{"url":"https://example.com/a.png"}},{"type":"text","text":"What is this?"}]})"),
      FREELLM_MODEL_VISION);
  add("json-object", "response_format json_object", with(R"("response_format":{"type":"json_object"})"),
      FREELLM_MODEL_JSON_OBJECT);
  add("json-schema", "response_format json_schema",
      with(
          R"("response_format":{"type":"json_schema","json_schema":{"name":"person","strict":true,"schema":{"type":"object","properties":{"name":{"type":"string"},"age":{"type":"integer"}},"required":["name","age"],"additionalProperties":false}}})"),
      FREELLM_MODEL_JSON_SCHEMA);
  add("stop", "stop as a list", with(R"("stop":["END","\n\n"])"), 0, true);
  add("stop-text", "stop as a text, and more stops than some take", with(R"("stop":"END")"), 0, true);
  add("many-stops", "more stops than some take", with(R"("stop":["a","b","c","d","e","f","g","h"])"));
  add("n", "several answers at once", with(R"("n":3)"));
  add("sampling", "every knob of sampling at its end",
      with(
          R"("temperature":2,"top_p":1,"presence_penalty":-2,"frequency_penalty":2,"seed":-9007199254740991,"logit_bias":{"50256":-100},"top_k":40,"min_p":0.05)"));
  add("logprobs", "log probabilities", with(R"("logprobs":true,"top_logprobs":5)"));
  add("max-tokens", "max_tokens", with(R"("max_tokens":77)"), 0, true);
  add("max-completion-tokens", "max_completion_tokens as a stream",
      with(R"("max_completion_tokens":77,"stream":true)"), 0, true);
  add("reasoning-effort", "reasoning_effort", with(R"("reasoning_effort":"low")"), FREELLM_MODEL_REASONING);
  add("reasoning-history", "an answer with its thinking, as it came",
      conversation(
          R"({"role":"user","content":"2+2?"},{"role":"assistant","content":"4","reasoning_content":"Add."},{"role":"user","content":"sure?"})"),
      0, true);
  add("unicode", "emoji, right-to-left, escapes and control characters",
      conversation("{\"role\":\"user\",\"content\":\"\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x92\xBB "
                   "\xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D \\ud83d\\ude00 \\u0000 \\\"\\\\ \\u2028\"}"),
      0, true);
  add("parts", "text in parts",
      conversation(R"({"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]})"), 0,
      true);
  add("nulls", "null members, null content",
      conversation(
          R"({"role":"user","content":"hi"},{"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"get_weather","arguments":"{}"}}]},{"role":"tool","tool_call_id":"call_1","content":""})",
          R"("temperature":null,"stop":null,"tools":null,"tool_choice":null,"response_format":null,"max_tokens":null)"),
      tool);
  add("empties", "empty lists and texts", with(R"("tools":[],"stop":[],"user":"","metadata":{})"), 0, true);
  add("names", "names of speakers",
      conversation(
          R"({"role":"user","name":"Ann","content":"hi"},{"role":"user","name":"Bob","content":"hello"})"));
  add("extras", "members beyond the schema, in a message and in a tool call",
      conversation(
          R"({"role":"user","content":"hi","cache_control":{"type":"ephemeral"}},{"role":"assistant","content":"","extra_content":{"google":{"thought_signature":"c2ln"}},"tool_calls":[{"id":"call_1","type":"function","function":{"name":"get_weather","arguments":"{}"},"extra_content":{"google":{"thought_signature":"c2ln"}}}]},{"role":"tool","tool_call_id":"call_1","content":"4"})",
          tools(1)),
      tool);
  add("long-prompt", "a prompt of 1 MiB",
      conversation(R"({"role":"user","content":")" + std::string(1'048'576, 'a') + R"("})"), 0, true);
  add("unknown-members", "members that no schema has",
      with(R"(")" + std::string(unknown_member) + R"(":")" + std::string(unknown_value) +
           R"(","user":"somebody")"),
      0, true);
  return all;
}

}  // namespace

const std::vector<CanonicalCall>& canonical_calls() {
  static const std::vector<CanonicalCall> all = make();
  return all;
}

bool fits(const CanonicalCall& call, const ModelFacts& model) {
  return (model.flags & call.needs) == call.needs;
}

ClientCall client_call(const CanonicalCall& call, const ModelFacts& model) {
  ClientCall client;
  client.model = model.id;
  client.body = call.body;
  client.model_flags = model.flags;
  client.context_tokens = model.context;
  if (call.name == "max-tokens" || call.name == "max-completion-tokens") client.max_output_tokens = 77;
  if (model.max_output > 0) client.max_output_tokens = std::min(client.max_output_tokens, model.max_output);
  return client;
}

ClientCall plain_call(const Facts& facts, bool stream) {
  ClientCall client = client_call(canonical_calls()[stream ? 1 : 0], facts.chat_models().front());
  return client;
}

}  // namespace freellmapi::kit
