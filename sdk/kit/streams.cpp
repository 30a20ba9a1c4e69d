#include "kit/streams.hpp"

namespace freellmapi::kit {
namespace {

constexpr std::string_view chunk_head =
    R"(data: {"id":"c-1","object":"chat.completion.chunk","created":1763800000,"model":"m","choices":[{"index":0,"delta":{)";

std::string text_delta(std::string_view text) { return delta(R"("content":")" + std::string(text) + "\""); }
std::string role() { return delta(R"("role":"assistant","content":"")"); }
std::string tool_delta(std::string_view call) { return delta(R"("tool_calls":[)" + std::string(call) + "]"); }
std::string usage(std::string_view choices = "[]") {
  return R"(data: {"id":"c-1","object":"chat.completion.chunk","model":"m","choices":)" +
         std::string(choices) + R"(,"usage":{"prompt_tokens":9,"completion_tokens":3,"total_tokens":12}})" +
         "\n\n";
}
json::array events(std::string_view text) { return json::parse(text).as_array(); }
const std::string hello = role() + text_delta("Hel") + text_delta("lo");
constexpr std::string_view said_hello = R"([{"text":"Hello"},{"finish":"stop"}])";
constexpr std::string_view error_body =
    R"({"error":{"message":"upstream broke","type":"server_error","code":500}})";
constexpr std::string_view whole_answer =
    R"({"id":"c-1","object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":3,"total_tokens":12}})";

Answer json_answer(std::string_view body) {
  return {200, {{"content-type", "application/json"}}, std::string(body)};
}

struct Maker {
  std::vector<CannedStream> all;
  CannedStream& add(std::string_view name, std::string_view title, Answer answer,
                    std::vector<std::string_view> ends, std::string_view expected = said_hello) {
    all.push_back({name, title, std::move(answer), std::move(ends), events(expected), false, false});
    return all.back();
  }
};

void add_good(Maker& m) {
  const std::string end = finish("stop") + std::string(done);
  const std::string whole = hello + end;
  m.add("plain", "text in pieces", event_stream(whole), {"ok"});
  m.add("crlf", "lines ended by CR LF", event_stream(replaced(whole, "\n", "\r\n")), {"ok"});
  m.add("comments", "comments and empty events between",
        event_stream(": ping\n\n" + replaced(whole, "\n\n", "\n\n: keep-alive\n\n\n")), {"ok"});
  m.add("no-space", "no space after data:", event_stream(replaced(whole, "data: ", "data:")), {"ok"});
  m.add("event-fields", "event, id and retry fields",
        event_stream(replaced(whole, "data: {", "id: 7\nevent: message\nretry: 100\ndata: {")), {"ok"});
  m.add("bom", "a byte order mark first", event_stream("\xEF\xBB\xBF" + whole), {"ok"});
  m.add("no-done", "a finish and no [DONE]", event_stream(hello + finish("stop")), {"ok"});
  m.add("after-done", "bytes after [DONE]", event_stream(whole + text_delta("more") + "garbage"), {"ok"});
  m.add("usage", "usage in a chunk of its own",
        event_stream(hello + finish("stop") + usage() + std::string(done)), {"ok"},
        R"([{"text":"Hello"},{"usage":{"input":9,"output":3}},{"finish":"stop"}])");
  m.add("length", "finish_reason length", event_stream(hello + finish("length") + std::string(done)), {"ok"},
        R"([{"text":"Hello"},{"finish":"length"}])");
  m.add("empty-deltas", "deltas of nothing, null content",
        event_stream(role() + delta("") + delta(R"("content":null)") + text_delta("Hello") + delta("") + end),
        {"ok"});
  m.add("unicode", "characters of four bytes and escapes",
        event_stream(text_delta("\xF0\x9F\x98\x80 h\xC3\xA9 \\ud83d\\ude00\\n\\\"") + end), {"ok"},
        "[{\"text\":\"\xF0\x9F\x98\x80 h\xC3\xA9 \xF0\x9F\x98\x80\\n\\\"\"},{\"finish\":\"stop\"}]");
  m.add(
      "two-lines", "one event in two data lines",
      event_stream("data: {\"choices\":[{\"index\":0,\ndata: \"delta\":{\"content\":\"Hello\"}}]}\n\n" + end),
      {"ok"});
  m.add("json", "JSON where a stream was asked for", json_answer(whole_answer), {"ok"},
        R"([{"text":"Hello"},{"usage":{"input":9,"output":3}},{"finish":"stop"}])");
  m.add("keep-alive", "a thousand comments before the first word",
        [&] {
          std::string body;
          for (int i = 0; i < 1'000; ++i) body += ": waiting\n\n";
          return event_stream(body + whole);
        }(),
        {"ok"});
  m.add("long-line", "an event of half a MiB", event_stream(text_delta(std::string(524'288, 'a')) + end),
        {"ok"}, R"([{"text":")" + std::string(524'288, 'a') + R"("},{"finish":"stop"}])");
}

void add_tools(Maker& m) {
  const std::string end = finish("tool_calls") + std::string(done);
  m.add(
      "tool", "a tool call in pieces",
      event_stream(
          role() +
          tool_delta(
              R"({"index":0,"id":"call_1","type":"function","function":{"name":"get_weather","arguments":""}})") +
          tool_delta(R"({"index":0,"function":{"arguments":"{\"city\":"}})") +
          tool_delta(R"({"index":0,"function":{"arguments":"\"Oslo\"}"}})") + end),
      {"ok"},
      R"([{"tool":{"index":0,"id":"call_1","name":"get_weather","arguments":"{\"city\":\"Oslo\"}"}},{"finish":"tool_calls"}])");
  m.add(
      "two-tools", "two calls one after another",
      event_stream(
          tool_delta(
              R"({"index":0,"id":"call_1","type":"function","function":{"name":"a","arguments":"{}"}})") +
          tool_delta(
              R"({"index":1,"id":"call_2","type":"function","function":{"name":"b","arguments":"{\"x\":1}"}})") +
          end),
      {"ok"},
      R"([{"tool":{"index":0,"name":"a","arguments":"{}"}},{"tool":{"index":1,"name":"b","arguments":"{\"x\":1}"}},{"finish":"tool_calls"}])");
  m.add("reasoning", "thinking in reasoning_content, then text",
        event_stream(delta(R"("reasoning_content":"Add ")") + delta(R"("reasoning_content":"it.")") +
                     text_delta("Hello") + finish("stop") + std::string(done)),
        {"ok"}, R"([{"reasoning":"Add it."},{"text":"Hello"},{"finish":"stop"}])");
}

void add_bad(Maker& m) {
  m.add("truncated", "the wire ends in the middle", event_stream(hello), {"E_TRUNCATED"},
        R"([{"text":"Hello"}])");
  m.add("half-line", "the wire ends in the middle of a line",
        event_stream(hello + R"(data: {"choices":[{"ind)"), {"E_TRUNCATED", "E_PROTOCOL"},
        R"([{"text":"Hello"}])");
  m.add("done-without-finish", "[DONE] and no finish", event_stream(hello + std::string(done)),
        {"ok", "E_TRUNCATED"}, R"([{"text":"Hello"}])")
      .beginning = true;
  m.add("empty", "an empty body", event_stream(""), {"E_TRUNCATED", "E_PROTOCOL"}, "[]").error_event = true;
  m.add("only-done", "nothing but [DONE]", event_stream(std::string(done)),
        {"E_TRUNCATED", "E_PROTOCOL", "ok"}, "[]")
      .beginning = true;
  m.add("malformed", "an event that is no JSON",
        event_stream(hello + "data: {\"choices\":[{]}\n\n" + finish("stop")), {"E_PROTOCOL"},
        R"([{"text":"Hello"}])");
  m.add("error-first", "an error as the first event",
        event_stream("data: " + std::string(error_body) + "\n\n"), {"E_PROTOCOL", "E_TRUNCATED"}, "[]")
      .error_event = true;
  m.add("error-later", "an error after some text",
        event_stream(hello + "data: " + std::string(error_body) + "\n\n"), {"E_PROTOCOL", "E_TRUNCATED"},
        R"([{"text":"Hello"}])")
      .error_event = true;
  m.add("error-json", "an error as JSON inside a 200", json_answer(error_body), {"E_PROTOCOL", "E_TRUNCATED"},
        "[]")
      .error_event = true;
  m.add("html", "a web page inside a 200",
        {200, {{"content-type", "text/html"}}, "<!DOCTYPE html><html><body>Sign in</body></html>"},
        {"E_PROTOCOL", "E_TRUNCATED"}, "[]")
      .error_event = true;
  m.add("two-finishes", "the finish twice",
        event_stream(hello + finish("stop") + finish("stop") + std::string(done)), {"ok", "E_PROTOCOL"})
      .beginning = true;
  m.add("bad-utf8", "bytes that are no UTF-8 inside a text",
        event_stream(text_delta("Hel\xC3(lo\xFF") + finish("stop") + std::string(done)), {"ok", "E_PROTOCOL"},
        "[]")
      .beginning = true;
  m.add("endless-line", "a line of 3 MiB", event_stream("data: " + std::string(3 * 1'048'576, 'x')),
        {"E_LIMIT", "E_PROTOCOL"}, "[]");
  m.add("json-cut", "JSON that ends in the middle",
        json_answer(whole_answer.substr(0, whole_answer.size() / 2)), {"E_TRUNCATED", "E_PROTOCOL"}, "[]")
      .error_event = true;
}

}  // namespace

Answer event_stream(std::string body) {
  return {200, {{"content-type", "text/event-stream"}}, std::move(body)};
}

std::string delta(std::string_view members) {
  return std::string(chunk_head) + std::string(members) + R"(},"finish_reason":null}]})" + "\n\n";
}

std::string finish(std::string_view reason) {
  return std::string(chunk_head) + R"(},"finish_reason":")" + std::string(reason) + "\"}]}\n\n";
}

const std::vector<CannedStream>& canned_streams() {
  static const std::vector<CannedStream> all = [] {
    Maker maker;
    add_good(maker);
    add_tools(maker);
    add_bad(maker);
    return std::move(maker.all);
  }();
  return all;
}

}  // namespace freellmapi::kit
