#include <gtest/gtest.h>

#include <freellmapi/json.hpp>

#include "box.hpp"

namespace freellmapi::sdk {
namespace {

constexpr OpenAiDialect plain_dialect = {
    .key_prefix = "sk-or-v1-", .key_min_length = 20, .key_max_length = 90};

struct Plain final : OpenAiProvider {
  static constexpr std::string_view id = "plain", manifest = "id: plain";
  constexpr Plain() : OpenAiProvider(plain_dialect) {}
};

constexpr MemberRule odd_members[] = {rename("seed", "random_seed"), drop("logprobs"),
                                      clamp("temperature", 0, 1.5), keep("safe_prompt")};
constexpr OpenAiDialect odd_dialect = {
    .chat_path = "/chat",
    .probe_path = "",
    .credential_part = 2,
    .members = odd_members,
    .max_tokens_name = "max_completion_tokens",
    .default_max_tokens = 4096,
    .max_stops = 2,
    .stop_as_array = true,
    .ask_stream_usage = false,
    .tool_choice = {.required = "any", .send_auto = false, .named_to_required = true},
    .messages = {.names = MessageRules::Names::tools_only,
                 .late_system = MessageRules::Late::to_front,
                 .reasoning = MessageRules::Reasoning::as_reasoning,
                 .tool_ids = MessageRules::ToolIds::nine_alnum,
                 .flatten_text_parts = true}};

struct Odd final : OpenAiProvider {
  static constexpr std::string_view id = "odd", manifest = "id: odd";
  constexpr Odd() : OpenAiProvider(odd_dialect) {}
  void add_headers(const Call&, RequestOut& out) const override { out.header("x-title", "t"); }
  Edit edit_member(const Call&, std::string_view name, std::string_view json,
                   std::string& replacement) const override {
    if (name != "reasoning_effort") return Edit::none;
    replacement = "\"high\"";
    return json == "\"none\"" ? Edit::drop : Edit::replace;
  }
  void add_members(const Call& call, MemberWriter& out) const override {
    if (!call.find("safe_prompt")) out.add("safe_prompt", "true");
  }
  bool must_edit_messages(const Call& call) const override { return call.has(FREELLM_CALL_IMAGES); }
  void edit_messages(const Call&, boost::json::array& messages) const override {
    messages.push_back(boost::json::object{{"role", "user"}, {"content", "seen"}});
  }
};

/// Asks for a whole answer to every stream and knows a bound of its own.
struct Unstreamed final : OpenAiProvider {
  static constexpr std::string_view id = "unstreamed", manifest = "id: unstreamed";
  constexpr Unstreamed() : OpenAiProvider(plain_dialect) {}
  bool asks_stream(const Call&) const override { return false; }
  std::uint64_t default_max_tokens(const Call& call) const override { return call.context_tokens() / 2; }
};

const std::string messages = R"([{"role":"user","content":"hi"}])";

TEST(Request, WritesTargetHeadersAndCredential) {
  const Client client(Fields{{"messages", messages}});
  Written plain, odd;
  write_request<Plain>(client, plain);
  EXPECT_EQ(plain.method + " " + plain.path, "POST /chat/completions");
  EXPECT_EQ(plain.headers,
            (std::vector<std::string>{"authorization: Bearer <0>", "content-type: application/json",
                                      "accept: application/json"}));
  write_request<Odd>(client, odd);
  EXPECT_EQ(odd.path, "/chat");
  EXPECT_EQ(odd.headers.front(), "authorization: Bearer <2>");
  EXPECT_EQ(odd.headers.back(), "x-title: t");
}

TEST(Request, AProviderMayAnswerAStreamWholeAndBoundItsOutputByTheWindow) {
  Client client(Fields{{"messages", messages}, {"stream", "true"}});
  client.call.flags = FREELLM_CALL_STREAM;
  client.call.context_tokens = 400;
  Written written;
  write_request<Unstreamed>(client, written);
  EXPECT_EQ(written.body, R"({"model":"real-model","max_tokens":200,"messages":)" + messages + "}");
  EXPECT_EQ(written.headers.back(), "accept: application/json");
  EXPECT_EQ(written.bound, 200U);
}

TEST(Request, AMebibyteOfMessagesIsSentFromWhereItLies) {
  const std::string big = R"([{"role":"user","content":")" + std::string(1 << 20, 'x') + R"("}])";
  const Client client(
      Fields{{"model", "\"auto\""}, {"messages", big}, {"top_p", "0.5"}, {"n", "1"}, {"seed", "3"}}, " ");
  Written written;
  write_request<Plain>(client, written);
  std::size_t copied = 0;
  for (const std::string_view piece : written.pieces) {
    const bool inside = piece.data() >= client.text.data() &&
                        piece.data() + piece.size() <= client.text.data() + client.text.size();
    if (!inside) copied += piece.size();
  }
  EXPECT_LT(copied, 64U);
  EXPECT_LE(written.pieces.size(), 5U);  // ours, messages with top_p as one run, the comma, seed, the brace
  EXPECT_EQ(boost::json::parse(written.body).at("messages").as_array().size(), 1U);
}

TEST(Request, TheLastMembersBraceGoesWithIt) {
  const std::string long_one = R"([{"role":"user","content":")" + std::string(100, 'x') + R"("}])";
  const auto pieces = [&](Fields fields) {
    const Client client(std::move(fields));
    Written written;
    write_request<Plain>(client, written);
    EXPECT_EQ(written.body, R"({"model":"real-model","messages":)" + long_one + "}");
    return written.pieces.size();
  };
  EXPECT_EQ(pieces(Fields{{"model", "\"auto\""}, {"messages", long_one}}), 2U);
  EXPECT_EQ(pieces(Fields{{"messages", long_one}, {"n", "1"}}), 3U);
}

TEST(Request, AMemberTheHostTookOutStaysOut) {
  Client client(Fields{{"messages", messages}, {"user", "\"u\""}, {"top_p", "0.5"}});
  client.members.erase(client.members.begin() + 1);
  client.call.members = client.members.data();
  client.call.member_count = client.members.size();
  EXPECT_EQ(body_of<Plain>(client), R"({"model":"real-model","messages":)" + messages + R"(,"top_p":0.5})");
}

TEST(Request, AMemberWhoseNameIsElsewhereIsWrittenAllTheSame) {
  Client client(Fields{{"messages", messages}, {"x", "1"}});
  const std::string name = "top_p";
  client.members[1].name = str(name);
  EXPECT_EQ(body_of<Plain>(client), R"({"model":"real-model","messages":)" + messages + R"(,"top_p":1})");
}

TEST(Request, DropsNullsPlainTextFormatsStrangersAndN) {
  const Client client(Fields{{"temperature", "null"},
                             {"response_format", R"({"type": "text"})"},
                             {"top_k", "5"},
                             {"n", "2"},
                             {"store", "true"},
                             {"messages", messages}});
  EXPECT_EQ(body_of<Plain>(client), R"({"model":"real-model","messages":)" + messages + "}");
}

TEST(Request, RenamesClampsKeepsAndDropsByTheTable) {
  const Client client(
      Fields{{"seed", "7"}, {"logprobs", "true"}, {"temperature", "2"}, {"safe_prompt", "false"}});
  EXPECT_EQ(
      body_of<Odd>(client),
      R"({"model":"real-model","max_completion_tokens":4096,"random_seed":7,"temperature":1.5,"safe_prompt":false})");
  EXPECT_EQ(body_of<Odd>(Client(Fields{{"temperature", "1.25"}, {"safe_prompt", "1"}})),
            R"({"model":"real-model","max_completion_tokens":4096,"temperature":1.25,"safe_prompt":1})");
  EXPECT_EQ(body_of<Odd>(Client(Fields{{"temperature", "1e999"}, {"safe_prompt", "1"}})),
            R"({"model":"real-model","max_completion_tokens":4096,"safe_prompt":1})");
}

TEST(Request, BothNamesOfTheTokenLimitBecomeTheProvidersOne) {
  Client client(Fields{{"max_tokens", "9"}, {"max_completion_tokens", "9"}, {"messages", messages}});
  client.call.max_output_tokens = 7;
  Written written;
  write_request<Odd>(client, written);
  EXPECT_TRUE(written.body.starts_with(R"({"model":"real-model","max_completion_tokens":7,)"))
      << written.body;
  EXPECT_EQ(written.body.find("max_tokens\""), std::string::npos);
  EXPECT_EQ(written.bound, 7U);
}

TEST(Request, SaysNoBoundWhenNobodyNamedOne) {
  const Client client(Fields{{"messages", messages}});
  Written plain, odd;
  write_request<Plain>(client, plain);
  write_request<Odd>(client, odd);
  EXPECT_EQ(plain.bound, 0U);
  EXPECT_EQ(odd.bound, 4096U);
}

TEST(Request, AsksForUsageWithAStreamWhereTheProviderCan) {
  Client client(
      {{"stream", "true"}, {"stream_options", R"({"include_usage":false})"}, {"messages", messages}});
  client.call.flags = FREELLM_CALL_STREAM;
  EXPECT_EQ(body_of<Plain>(client),
            R"({"model":"real-model","stream":true,"stream_options":{"include_usage":true},"messages":)" +
                messages + "}");
  EXPECT_EQ(body_of<Odd>(client).find("stream_options"), std::string::npos);
  client.call.flags = 0;
  EXPECT_EQ(body_of<Plain>(client), R"({"model":"real-model","messages":)" + messages + "}");
}

TEST(Request, CutsStopsToWhatTheProviderTakes) {
  const auto stop = [](std::string value) {
    return body_of<Odd>(Client(Fields{{"stop", std::move(value)}, {"safe_prompt", "1"}}));
  };
  const std::string head = R"({"model":"real-model","max_completion_tokens":4096)",
                    tail = R"(,"safe_prompt":1})";
  EXPECT_EQ(stop(R"(["a","b","c"])"), head + R"(,"stop":["a","b"])" + tail);
  EXPECT_EQ(stop(R"("a")"), head + R"(,"stop":["a"])" + tail);
  EXPECT_EQ(stop("[]"), head + tail);
}

TEST(Request, ToolMembersGoOnlyWithTools) {
  const std::string tools = R"([{"type":"function","function":{"name":"f"}}])";
  EXPECT_EQ(body_of<Plain>(Client(
                Fields{{"tools", "[ ]"}, {"tool_choice", "\"auto\""}, {"parallel_tool_calls", "true"}})),
            R"({"model":"real-model"})");
  EXPECT_EQ(body_of<Plain>(Client(Fields{{"tool_choice", "\"required\""}, {"tools", tools}})),
            R"({"model":"real-model","tool_choice":"required","tools":)" + tools + "}");
}

TEST(Request, SaysToolChoiceInTheProvidersWords) {
  const auto choice = [](std::string value) {
    const std::string body = body_of<Odd>(
        Client(Fields{{"tools", R"([{"type":"function"}])"}, {"tool_choice", std::move(value)}}));
    const std::size_t at = body.find("\"tool_choice\":");
    return at == body.npos ? std::string() : body.substr(at + 14, body.find(',', at) - at - 14);
  };
  EXPECT_EQ(choice("\"auto\""), "");
  EXPECT_EQ(choice("\"required\""), "\"any\"");
  EXPECT_EQ(choice(R"({"type":"function","function":{"name":"f"}})"), "\"any\"");
  EXPECT_EQ(choice("\"none\""), "\"none\"");
}

TEST(Request, AHookMayReplaceDropAndAddMembers) {
  EXPECT_EQ(
      body_of<Odd>(Client(Fields{{"reasoning_effort", "\"low\""}})),
      R"({"model":"real-model","max_completion_tokens":4096,"reasoning_effort":"high","safe_prompt":true})");
  EXPECT_EQ(body_of<Odd>(Client(Fields{{"reasoning_effort", "\"none\""}})),
            R"({"model":"real-model","max_completion_tokens":4096,"safe_prompt":true})");
}

boost::json::value rewritten(std::string_view text, std::uint32_t flags, bool odd) {
  Client client(Fields{{"messages", std::string(text)}});
  client.call.flags = flags;
  return boost::json::parse(odd ? body_of<Odd>(client) : body_of<Plain>(client)).at("messages");
}

TEST(Messages, ArePassedOnUntouchedWithoutAFlag) {
  const std::string odd_spacing = R"([ {"role":"developer", "content":"x", "name":"n"} ])";
  const Client client(Fields{{"messages", odd_spacing}});
  EXPECT_NE(body_of<Plain>(client).find(odd_spacing), std::string::npos);
}

TEST(Messages, DeveloperBecomesSystemAndNamesGo) {
  const auto m = rewritten(R"([{"role":"developer","content":"x"},{"role":"user","name":"n","content":"y"}])",
                           FREELLM_CALL_DEVELOPER | FREELLM_CALL_NAMES, false);
  EXPECT_EQ(m, boost::json::parse(R"([{"role":"system","content":"x"},{"role":"user","content":"y"}])"));
}

TEST(Messages, ThinkingAndStrangersAreTakenOut) {
  const auto m = rewritten(
      R"([{"role":"assistant","content":null,"refusal":"no","reasoning_content":"r","annotations":[],
           "tool_calls":[{"id":"a","type":"function","index":0,"function":{"name":"f","arguments":"{}","x":1},"extra_content":{}}]},
          {"role":"user","content":[{"type":"text","text":"t","cache_control":{}}]}])",
      FREELLM_CALL_EXTRAS | FREELLM_CALL_REASONING_HISTORY, false);
  EXPECT_EQ(m, boost::json::parse(
                   R"([{"role":"assistant","content":"no",
                        "tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]},
                       {"role":"user","content":[{"type":"text","text":"t"}]}])"));
}

TEST(Messages, FollowStricterRulesWhereAProviderHasThem) {
  const auto m = rewritten(
      R"([{"role":"system","content":"a"},{"role":"user","name":"n","content":[{"type":"text","text":"x"},{"type":"text","text":"y"}]},
          {"role":"system","content":"b"},
          {"role":"assistant","content":"c","reasoning_content":"r","tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{}"}}]},
          {"role":"tool","name":"f","tool_call_id":"call_1","content":"z"}])",
      FREELLM_CALL_LATE_SYSTEM | FREELLM_CALL_NAMES | FREELLM_CALL_PARTS | FREELLM_CALL_TOOL_HISTORY |
          FREELLM_CALL_REASONING_HISTORY,
      true);
  const std::string id = nine_alnum_id("call_1");
  EXPECT_EQ(m.at(0), boost::json::parse(R"({"role":"system","content":"a\n\nb"})"));
  EXPECT_EQ(m.at(1), boost::json::parse(R"({"role":"user","content":"x\ny"})"));
  EXPECT_EQ(m.at(2).at("reasoning"), "r");
  EXPECT_FALSE(m.at(2).as_object().contains("reasoning_content"));
  EXPECT_EQ(m.at(2).at("tool_calls").at(0).at("id").as_string(), id);
  EXPECT_EQ(m.at(3).at("tool_call_id").as_string(), id);
  EXPECT_EQ(m.at(3).at("name"), "f");
}

TEST(Messages, AHookMayRewriteThem) {
  const auto m =
      rewritten(R"([{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:x"}}]}])",
                FREELLM_CALL_IMAGES | FREELLM_CALL_PARTS, true);
  EXPECT_EQ(m.as_array().size(), 2U);
  EXPECT_TRUE(m.at(0).at("content").is_array());
}

TEST(KeyShape, ComparesWhatIsShownOfThePrefixAndTheLength) {
  const auto good = [](std::string_view first, std::size_t n) {
    return provider_table<Plain>.check_key_shape(&provider_table<Plain>, str(first), n) == FREELLM_OK;
  };
  EXPECT_TRUE(good("sk-or-v1", 73));
  EXPECT_FALSE(good("sk-or-v2", 73));
  EXPECT_FALSE(good("sk-or-v1", 12));
  EXPECT_FALSE(good("sk-or-v1", 91));
}

TEST(Probe, IsAFreeListingOrIsNotThere) {
  Written plain, odd;
  EXPECT_EQ(provider_table<Plain>.build_probe(&provider_table<Plain>, &plain.out), FREELLM_OK);
  EXPECT_EQ(plain.method + " " + plain.path, "GET /models");
  EXPECT_EQ(provider_table<Odd>.build_probe(&provider_table<Odd>, &odd.out), FREELLM_E_UNSUPPORTED);
}

}  // namespace
}  // namespace freellmapi::sdk
