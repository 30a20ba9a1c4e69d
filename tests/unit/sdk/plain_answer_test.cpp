// What is read without a tree is read as it is with one.
#include <gtest/gtest.h>

#include <random>

#include "box.hpp"

namespace freellmapi::sdk {
namespace {

constexpr OpenAiDialect dialect = {};
constexpr OpenAiDialect with_tags = {.split_think_tags = true};

template <const OpenAiDialect& its>
struct Plain final : OpenAiProvider {
  static constexpr std::string_view id = "plain", manifest = "id: plain";
  constexpr Plain() : OpenAiProvider(its) {}
};
/// Looks at every answer, so that there has to be a tree.
template <const OpenAiDialect& its>
struct Looking final : OpenAiProvider {
  static constexpr std::string_view id = "looking", manifest = "id: looking";
  constexpr Looking() : OpenAiProvider(its) {}
  void edit_answer(boost::json::object&) const override {}
};
static_assert(leaves_answers_alone<Plain<dialect>>);
static_assert(!leaves_answers_alone<Looking<dialect>>);

template <const OpenAiDialect& its>
void same(const std::string& body, std::string_view type) {
  const Answer plain = parse_answer<Plain<its>>(body, type);
  const Answer looking = parse_answer<Looking<its>>(body, type);
  EXPECT_EQ(plain.events, looking.events) << body;
  EXPECT_EQ(plain.end, looking.end) << body;
}

const std::vector<std::string> members{
    R"("id":"chatcmpl-1")",
    R"("object":"chat.completion")",
    R"("created":1760000000)",
    R"("created":-1.5e+3)",
    R"("created":01)",
    R"("created":1.)",
    R"("error":null)",
    R"("error":"down")",
    R"("error":{"message":"down"})",
    R"("usage":{"prompt_tokens":16,"completion_tokens":5,"total_tokens":21})",
    R"("usage":{"prompt_tokens":16,"completion_tokens":null,"queue_time":0.018,"output_tokens":7})",
    R"("usage":{"prompt_tokens":1e3,"completion_tokens":-5})",
    R"("usage":{"prompt_tokens":9999999999999,"completion_tokens":999999999999})",
    R"("usage":{"prompt_tokens":4,"prompt_tokens_details":{"cached_tokens":2,"audio_tokens":0},)"
    R"("completion_tokens_details":{"reasoning_tokens":3}})",
    R"("usage":{"prompt_tokens":4,"prompt_tokens_details":null,"input_tokens_details":{"cached_tokens":2}})",
    R"("usage":{"prompt_tokens":4,"prompt_tokens":5,"cost_details":{"x":[1]}})",
    R"("usage" : { "prompt_tokens" : 16 , "completion_tokens" :5, "prompt_tokens_details": { "cached_tokens": 3 } })",
    R"("choices": [ { "index" : 0 , "message": { "content" : "hello" , "reasoning": null }, "finish_reason" : "stop" } ])",
    R"("usage":null)",
    R"("usage":{})",
    R"("choices":[])",
    R"("choices":[{}])",
    R"("choices":null)",
    R"("choices":[{"index":0,"message":{"role":"assistant","content":"hello"},"logprobs":null,"finish_reason":"stop"}])",
    R"("choices":[{"index":0,"message":{"role":"assistant","content":"hello","tool_calls":[],"refusal":null,)"
    R"("annotations":[],"audio":null,"function_call":null},"finish_reason":"length"}])",
    R"("choices":[{"index":0,"message":{"content":null,"refusal":"no"},"finish_reason":"content_filter"}])",
    R"("choices":[{"index":0,"delta":{"content":"hel"},"finish_reason":null}])",
    R"("choices":[{"index":0,"delta":{"role":"assistant","content":""}}])",
    R"("choices":[{"index":0,"delta":{},"finish_reason":"stop","seed":5,"stop_reason":12}])",
    R"("choices":[{"index":0,"delta":{"content":"a"},"message":{"content":"b"},"finish_reason":"stop"}])",
    R"("choices":[{"index":1,"delta":{"content":"other"}}])",
    R"("choices":[{"index":1,"delta":{"content":"other"}},{"index":0,"delta":{"content":"mine"}}])",
    R"("choices":[{"index":0,"delta":{"content":"a","content":"b"}}])",
    R"("choices":[{"delta":{"reasoning_content":"let me think","content":"so"}}])",
    R"("choices":[{"delta":{"reasoning":"let me think","reasoning_content":""}}])",
    R"("choices":[{"delta":{"reasoning":"a","reasoning_content":"b"}}])",
    R"("choices":[{"message":{"content":"<think>hm</think>well"},"finish_reason":"eos"}])",
    R"("choices":[{"message":{"content":"a \"b\" \\ \/ \b\f\n\r\t \u0041 \u00e9 \u20ac \ud83d\ude00"},"finish_reason":"stop"}])",
    R"("choices":[{"message":{"content":"\ud83d alone \u12"},"finish_reason":"stop"}])",
    R"("choices":[{"message":{"content":"\udc00 \ud83d\u0041 \x"},"finish_reason":"stop"}])",
    "\"choices\":[{\"message\":{\"content\":\"gr\xC3\xBC\xC3\x9F Gott \xE2\x82\xAC "
    "\xF0\x9F\x98\x80\"},\"finish_reason\":\"stop\"}]",
    "\"choices\":[{\"message\":{\"content\":\"broken \xC3 \xFF \xED\xA0\x80 "
    "end\"},\"finish_reason\":\"stop\"}]",
    "\"choices\":[{\"message\":{\"content\":\"a\nb\"},\"finish_reason\":\"stop\"}]",
    R"("choices":[{"message":{"content":"x"},"finish_reason":"error"}])",
    R"("choices":[{"message":{"content":"x"},"finish_reason":"st\u006fp"}])",
    R"("choices":[{"message":{"content":"x"},"finish_reason":7}])",
    R"("choices":[{"message":{"content":"x"},"error":{"code":1}}])",
    R"("choices":[{"message":{"content":"x"},"usage":{"prompt_tokens":3}}])",
    R"("choices":[{"message":{"content":"x"},"logprobs":{"content":[]},"finish_reason":"stop"}])",
    R"("choices":[{"message":{"content":[{"type":"text","text":"part"}]},"finish_reason":"stop"}])",
    R"("choices":[{"message":{"content":"","tool_calls":[{"id":"a","function":{"name":"f","arguments":"{}"}}]}}])",
    R"("ch\u006fices":[])",
};

std::string object_of(std::vector<std::string> some, std::string_view gap) {
  std::string out = "{";
  for (const std::string& one : some) out.append(out.size() > 1 ? "," : "").append(gap).append(one);
  return out + std::string(gap) + "}";
}

void both_ways(const std::string& json) {
  same<dialect>(json, "application/json");
  same<with_tags>(json, "application/json");
  const std::string hi = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"}}]}\n\n";
  same<dialect>(hi + "data: " + json + "\n\ndata: [DONE]\n\n", "text/event-stream");
}

TEST(PlainAnswer, IsReadAsWithATree) {
  for (const std::string& one : members) {
    both_ways("{" + one + "}");
    for (const std::string& two : members) {
      both_ways("{" + one + "," + two + "}");
    }
  }
}

TEST(PlainAnswer, WhateverBecomesOfItsBytesIsReadAsWithATree) {
  std::mt19937_64 random(7);
  const auto below = [&random](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  constexpr std::string_view bytes = "\"\\{}[]:,0-.eu \n\t\xC3\x01ntx/";
  for (int round = 0; round < 6'000; ++round) {
    std::vector<std::string> some;
    for (std::size_t i = 1 + below(4); i > 0; --i) some.push_back(members[below(members.size())]);
    std::string body = object_of(some, below(2) == 0 ? "" : " \n");
    for (std::size_t i = below(4); i > 0; --i) {
      const std::size_t at = below(body.size());
      switch (below(3)) {
        case 0:
          body[at] = bytes[below(bytes.size())];
          break;
        case 1:
          body.erase(at, 1 + below(3));
          break;
        default:
          body.insert(at, 1, bytes[below(bytes.size())]);
      }
      if (body.empty()) body = "{";
    }
    same<dialect>(body, "application/json");
  }
}

// The next frame is read by what stood around the text of the one before.
TEST(PlainAnswer, AStreamOfFramesThatAreAlikeIsReadAsWithATree) {
  std::mt19937_64 random(11);
  const auto below = [&random](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  const std::vector<std::string> texts{"a",
                                       "",
                                       " and then",
                                       "a text that is longer than sixteen bytes, and than thirty-two",
                                       R"(\"quoted\")",
                                       R"(\)",
                                       R"(\u00e9 \ud83d\ude00)",
                                       R"(\ud83d)",
                                       R"(\x)",
                                       "gr\xC3\xBC\xC3\x9F",
                                       "\xFF",
                                       "\t",
                                       R"(","content":"b)",
                                       R"("},"finish_reason":"stop"},{"delta":{"content":")",
                                       R"("}}],"choices":[{"delta":{"content":")",
                                       "<think>hm",
                                       "</think>"};
  const std::vector<std::pair<std::string, std::string>> around{
      {R"({"id":"x","choices":[{"index":0,"delta":{"content":")", R"("},"finish_reason":null}]})"},
      {R"({"id":"x","choices":[{"index":0,"delta":{"content":")", R"("},"finish_reason":"stop"}]})"},
      {R"({"id":"y","choices":[{"index":0,"delta":{"content":")", R"("}}],"usage":null})"},
      {R"({"choices":[{"delta":{"content":")", R"("}}],"usage":{"prompt_tokens":4}})"},
      {R"({"choices":[{"delta":{"content":")", R"(","refusal":"no"}}]})"},
      {R"({"choices":[{"delta":{"reasoning":"hm","content":")", R"("}}]})"},
      {R"({"choices":[{"message":{"content":")", R"("}}]})"},
      {R"( {"choices": [ {"delta": {"content": ")", R"(" } } ] } )"}};
  for (int round = 0; round < 4'000; ++round) {
    std::string body;
    std::size_t kind = below(around.size());
    for (std::size_t i = 1 + below(6); i > 0; --i) {
      if (below(4) == 0) kind = below(around.size());
      std::string frame = around[kind].first + texts[below(texts.size())] + around[kind].second;
      if (below(12) == 0) frame.erase(below(frame.size()), 1);
      body += "data: " + frame + "\n\n";
    }
    body += "data: [DONE]\n\n";
    same<dialect>(body, "text/event-stream");
    same<with_tags>(body, "text/event-stream");
  }
}

}  // namespace
}  // namespace freellmapi::sdk
