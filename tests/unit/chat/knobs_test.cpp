#include "decoded.hpp"

namespace freellmapi::chat {
namespace {

TEST(Knobs, AreForwardedAsTheyAre) {
  const Decoded d = with(
      R"(,"temperature":1.0,"top_p":0.5,"frequency_penalty":-2,"presence_penalty":2,"seed":-7,"logprobs":true,)"
      R"("top_logprobs":5,"logit_bias":{"50256":-100},"user":"me","store":false,"metadata":{"a":"b"},)"
      R"("service_tier":"auto","verbosity":"low","prediction":{"type":"content","content":"x"},"top_k":40,"min_p":0.1,)"
      R"("repetition_penalty":1.1,"reasoning_effort":"low","prompt_cache_key":"k","safety_identifier":"s")");
  ASSERT_TRUE(d.result) << d.fault();
  EXPECT_EQ(d.request().members.size(), 22u);
  EXPECT_EQ(d.member("temperature"), "1.0");
  EXPECT_EQ(d.member("logit_bias"), R"({"50256":-100})");
  EXPECT_EQ(d.request().user, "me");
  EXPECT_FALSE(d.copied());
}

TEST(Knobs, OfTheWrongTypeAreNamed) {
  const std::vector<std::pair<std::string, std::string>> rows{
      {R"("temperature":"0.7")", "temperature"},
      {R"("temperature":[])", "temperature"},
      {R"("seed":1.5)", "seed"},
      {R"("max_tokens":"100")", "max_tokens"},
      {R"("max_tokens":1.5)", "max_tokens"},
      {R"("stream":"true")", "stream"},
      {R"("stream":1)", "stream"},
      {R"("stream_options":true)", "stream_options"},
      {R"("stream_options":{"include_usage":1})", "stream_options.include_usage"},
      {R"("logprobs":1)", "logprobs"},
      {R"("logit_bias":[1])", "logit_bias"},
      {R"("logit_bias":{"5":"x"})", "logit_bias.5"},
      {R"("stop":7)", "stop"},
      {R"("stop":["a",7])", "stop[1]"},
      {R"("user":7)", "user"},
      {R"("metadata":"x")", "metadata"},
      {R"("tools":{})", "tools"},
      {R"("tools":[null])", "tools[0]"},
      {R"("tools":[{"type":"function","function":{"name":"f"}},null])", "tools[1]"},
      {R"("tools":[{"type":"function","function":[]}])", "tools[0].function"},
      {R"("tools":[{"type":"function","function":{"name":7}}])", "tools[0].function.name"},
      {R"("tools":[{"type":"function","function":{"name":"f","parameters":"x"}}])",
       "tools[0].function.parameters"},
      {R"("tools":[{"type":"function","function":{"name":"f","strict":1}}])", "tools[0].function.strict"},
      {R"("tool_choice":7)", "tool_choice"},
      {R"("functions":[7])", "functions[0]"},
      {R"("response_format":"json")", "response_format"},
      {R"("response_format":{"type":"json_schema","json_schema":"x"})", "response_format.json_schema"},
      {R"("response_format":{"type":"json_schema","json_schema":{"name":"n","schema":[]}})",
       "response_format.json_schema.schema"},
      {R"("reasoning_effort":3)", "reasoning_effort"},
      {R"("reasoning":"high")", "reasoning"},
      {R"("n":"1")", "n"},
      {R"("modalities":"text")", "modalities"},
  };
  for (const auto& [member, param] : rows)
    EXPECT_EQ(with("," + member).fault(), "invalid_type " + param) << member;
}

TEST(Knobs, OutOfRangeAreNamed) {
  const std::vector<std::pair<std::string, std::string>> rows{
      {R"("temperature":2.1)", "temperature"},
      {R"("temperature":-0.1)", "temperature"},
      {R"("temperature":1e999)", "temperature"},
      {R"("top_p":1.5)", "top_p"},
      {R"("presence_penalty":3)", "presence_penalty"},
      {R"("top_logprobs":21)", "top_logprobs"},
      {R"("logit_bias":{"5":101})", "logit_bias.5"},
      {R"("seed":1e30)", "seed"},
      {R"("max_tokens":99999999999999999999)", "max_tokens"},
      {R"("tool_choice":"sometimes")", "tool_choice"},
      {R"("reasoning_effort":"enormous")", "reasoning_effort"},
      {R"("response_format":{"type":"xml"})", "response_format.type"},
      {R"("tools":[{"type":"function","function":{"name":""}}])", "tools[0].function.name"},
  };
  for (const auto& [member, param] : rows)
    EXPECT_EQ(with("," + member).fault(), "invalid_value " + param) << member;
}

TEST(Knobs, ThatAreMissingInsideAreNamed) {
  EXPECT_EQ(with(R"(,"tools":[{"type":"function"}])").fault(),
            "missing_required_parameter tools[0].function");
  EXPECT_EQ(with(R"(,"tools":[{"type":"function","function":{}}])").fault(),
            "missing_required_parameter tools[0].function.name");
  EXPECT_EQ(with(R"(,"response_format":{})").fault(), "missing_required_parameter response_format.type");
  EXPECT_EQ(with(R"(,"response_format":{"type":"json_schema"})").fault(),
            "missing_required_parameter response_format.json_schema");
  EXPECT_EQ(with(R"(,"response_format":{"type":"json_schema","json_schema":{"schema":{}}})").fault(),
            "missing_required_parameter response_format.json_schema.name");
}

TEST(Knobs, ThatNoProviderCanServeAreRefusedByName) {
  EXPECT_EQ(with(R"(,"n":2)").fault(), "unsupported_value n");
  EXPECT_EQ(with(R"(,"n":0)").fault(), "unsupported_value n");
  EXPECT_EQ(with(R"(,"modalities":["text","audio"])").fault(), "unsupported_value modalities[1]");
  EXPECT_EQ(with(R"(,"audio":{"voice":"alloy"})").fault(), "unsupported_parameter audio");
  EXPECT_EQ(with(R"(,"web_search_options":{})").fault(), "unsupported_parameter web_search_options");
  EXPECT_EQ(with(R"(,"tools":[{"type":"custom","custom":{"name":"x"}}])").fault(),
            "unsupported_value tools[0].type");
  EXPECT_EQ(
      with(
          R"(,"tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":{"type":"allowed_tools"}})")
          .fault(),
      "unsupported_value tool_choice.type");
}

TEST(Knobs, ThatSayTheDefaultAreNotForwarded) {
  const Decoded d =
      with(R"(,"n":1,"modalities":["text"],"response_format":{"type":"text"},"stop":[],"tools":[],)"
           R"("stream_options":{"include_usage":true})");
  EXPECT_EQ(d.request().members.size(), 2u);
  EXPECT_FALSE(d.request().include_usage);
  EXPECT_EQ(d.facts().schema_bytes, 0u);
  EXPECT_FALSE(d.copied());
}

TEST(MaxTokens, OfNoughtOrLessIsNotSaid) {
  for (const char* value : {"0", "-1", "-1.0"}) {
    const Decoded d = with(",\"max_tokens\":" + std::string{value});
    EXPECT_EQ(d.member("max_tokens"), "") << value;
    EXPECT_EQ(d.request().max_tokens, 0u);
  }
}

TEST(MaxTokens, IsOneFigureWhicheverNameItHas) {
  EXPECT_EQ(with(R"(,"max_tokens":100)").request().max_tokens, 100u);
  EXPECT_EQ(with(R"(,"max_completion_tokens":200)").request().max_tokens, 200u);
  const Decoded both = with(R"(,"max_tokens":100,"max_completion_tokens":200)");
  EXPECT_EQ(both.request().max_tokens, 200u);
  EXPECT_EQ(both.member("max_tokens"), "");
  const Decoded unset = with(R"(,"max_tokens":100,"max_completion_tokens":0)");
  EXPECT_EQ(unset.request().max_tokens, 100u);
  EXPECT_EQ(unset.member("max_tokens"), "100");
}

TEST(MaxTokens, IsSpelledAsAnInteger) {
  EXPECT_EQ(with(R"(,"max_tokens":4096.0)").member("max_tokens"), "4096");
  EXPECT_EQ(with(R"(,"max_tokens":4e3)").request().max_tokens, 4000u);
  EXPECT_EQ(with(R"(,"max_tokens":4e3)").member("max_tokens"), "4000");
}

TEST(Stop, KeepsTheFirstFour) {
  EXPECT_EQ(with(R"(,"stop":"END")").member("stop"), R"("END")");
  const Decoded d{
      R"({"model":"auto","stop":["a","","b","c","d","e"],"messages":[{"role":"user","content":"hi"}]})"};
  EXPECT_EQ(d.body(),
            R"({"model":"auto","stop":["a","b","c","d"],"messages":[{"role":"user","content":"hi"}]})");
  EXPECT_FALSE(d.copied());
  EXPECT_EQ(with(R"(,"stop":"")").member("stop"), "");
  std::string many = R"(,"stop":["x")";
  for (int i = 0; i < 64; ++i) many += R"(,"x")";
  EXPECT_EQ(with(many + "]").fault(), "invalid_value stop");
}

const std::string tool = R"(,"tools":[{"type":"function","function":{"name":"f"}}])";

TEST(ToolChoice, AnyMeansRequired) {
  EXPECT_EQ(with(tool + R"(,"tool_choice":"any")").member("tool_choice"), R"("required")");
  EXPECT_EQ(with(tool + R"(,"tool_choice":{"type":"any"})").member("tool_choice"), R"("required")");
  EXPECT_EQ(with(tool + R"(,"tool_choice":{"type":"tool","name":"f"})").member("tool_choice"),
            R"({"type":"function","function":{"name":"f"}})");
  const std::string named = R"({"type":"function","function":{"name":"f"}})";
  EXPECT_EQ(with(tool + ",\"tool_choice\":" + named).member("tool_choice"), named);
  EXPECT_FALSE(with(tool + ",\"tool_choice\":" + named).copied());
}

TEST(ToolChoice, GoesWithTheTools) {
  const Decoded d = with(R"(,"tools":[],"tool_choice":"auto","parallel_tool_calls":true)");
  EXPECT_EQ(d.request().members.size(), 2u);
  EXPECT_FALSE(d.facts().tools);
  EXPECT_EQ(with(R"(,"tool_choice":"required")").request().members.size(), 2u);
  EXPECT_EQ(with(tool + R"(,"parallel_tool_calls":false)").member("parallel_tool_calls"), "false");
}

TEST(Tools, GetTheirTypeAndLoseWhatOpenAiDoesNotKnow) {
  const Decoded d = with(
      R"(,"tools":[{"function":{"name":"f","description":null,"parameters":null,"x":1},"cache_control":{}}])");
  EXPECT_EQ(
      d.body(),
      R"({"model":"auto","messages":[{"role":"user","content":"hi"}],"tools":[{"type":"function","function":{"name":"f"}}]})");
  EXPECT_TRUE(d.facts().tools);
}

TEST(Functions, BecomeTools) {
  const Decoded d = with(
      R"(,"functions":[{"name":"f","parameters":{"type":"object"}},{"name":"g"}],"function_call":"auto")");
  EXPECT_EQ(d.member("tools"),
            R"([{"type":"function","function":{"name":"f","parameters":{"type":"object"}}},)"
            R"({"type":"function","function":{"name":"g"}}])");
  EXPECT_EQ(d.member("tool_choice"), R"("auto")");
  EXPECT_EQ(d.member("functions"), "");
  EXPECT_TRUE(d.facts().tools);
  EXPECT_EQ(with(R"(,"functions":[{"name":"f"}],"function_call":{"name":"f"})").member("tool_choice"),
            R"({"type":"function","function":{"name":"f"}})");
  const Decoded both =
      with(tool + R"(,"functions":[{"name":"old"}],"function_call":"none","tool_choice":"auto")");
  EXPECT_EQ(both.member("tools"), R"([{"type":"function","function":{"name":"f"}}])");
  EXPECT_EQ(both.member("tool_choice"), R"("auto")");
  EXPECT_EQ(with(R"(,"functions":[{"description":"no name"}])").fault(),
            "missing_required_parameter tools[0].function.name");
}

TEST(ResponseFormat, IsAFact) {
  EXPECT_TRUE(with(R"(,"response_format":{"type":"json_object"})").facts().json_object);
  const Decoded schema = with(
      R"(,"response_format":{"type":"json_schema","json_schema":{"name":"n","strict":true,"schema":{}}})");
  EXPECT_TRUE(schema.facts().json_schema);
  EXPECT_EQ(schema.facts().schema_bytes, schema.member("response_format").size());
}

TEST(Reasoning, IsSaidInOneWay) {
  const auto effort = [](const std::string& members) { return with(members).member("reasoning_effort"); };
  EXPECT_EQ(effort(R"(,"reasoning_effort":"medium")"), R"("medium")");
  EXPECT_EQ(effort(R"(,"reasoning_effort":"max")"), R"("high")");
  EXPECT_EQ(effort(R"(,"reasoning_effort":"off")"), R"("none")");
  EXPECT_EQ(effort(R"(,"reasoning_effort":"auto")"), "");
  EXPECT_EQ(effort(R"(,"reasoning":{"effort":"low"})"), R"("low")");
  EXPECT_EQ(effort(R"(,"reasoning":{"effort":"low"},"reasoning_effort":"high")"), R"("high")");
  EXPECT_EQ(with(R"(,"reasoning":{"max_tokens":5})").request().members.size(), 2u);
}

}  // namespace
}  // namespace freellmapi::chat
