#include <gtest/gtest.h>

#include <freellmapi/gateway.hpp>
#include <string>
#include <string_view>

#include "box.hpp"

namespace freellmapi::sdk {
namespace {

ErrorFacts unwrapped(int status, std::string_view body) {
  ErrorFacts facts = read_error(status, body);
  unwrap_gateway_error(facts);
  return facts;
}

TEST(Gateway, TakesTheServersOwnWordsOutOfWhatItHandsOn) {
  const ErrorFacts facts = unwrapped(400, R"({"error":{"code":400,"message":"Provider returned error",
    "metadata":{"raw":"{\"error\":{\"message\":\"too long\",\"code\":\"context_length_exceeded\",\"type\":\"bad\"}}"}}})");
  EXPECT_TRUE(facts.passed_on);
  EXPECT_EQ(facts.message, "too long");
  EXPECT_EQ(facts.code, "context_length_exceeded");
  EXPECT_EQ(facts.type, "bad");
  EXPECT_EQ(facts.status, 400);
}

TEST(Gateway, KeepsItsOwnSentenceWhenThereIsOne) {
  const ErrorFacts facts = unwrapped(
      400, R"({"error":{"code":400,"message":"prompt is too long","metadata":{"raw":"invalid api key"}}})");
  EXPECT_FALSE(facts.passed_on);
  EXPECT_EQ(facts.message, "prompt is too long");
}

TEST(Gateway, ReadsTheResetFromHeadersInsideTheBody) {
  const ErrorFacts facts = unwrapped(
      429,
      R"({"error":{"code":429,"message":"m","metadata":{"headers":{"x-RateLimit-Reset":"1789084800000"}}}})");
  EXPECT_EQ(facts.retry, "1789084800000");
}

TEST(Gateway, AWaitSaidInTheBodyGoesBeforeAReset) {
  const ErrorFacts facts = unwrapped(429, R"({"error":{"code":429,"message":"m",
    "metadata":{"retry_after":3,"headers":{"X-RateLimit-Reset":"1789084800000"}}}})");
  EXPECT_EQ(facts.retry, "3");
}

TEST(Gateway, ReadsABodyOfManyLayersWithoutEnd) {
  std::string body = R"({"error":{"message":"Provider returned error"}})";
  for (int i = 0; i < 300; ++i)
    body = R"({"error":{"message":"Provider returned error","metadata":{"raw":)" + body + "}}}";
  const ErrorFacts facts = unwrapped(400, body);
  EXPECT_TRUE(facts.passed_on);
  EXPECT_EQ(facts.message, "Provider returned error");
}

TEST(Gateway, JoinedRowsKeepTheirOrder) {
  constexpr ErrorRow own[] = {{.status = {401}, .code = "X", .error_class = FREELLM_C_MODEL_FORBIDDEN}};
  constexpr auto rows = join_rows(own, gateway_rows);
  EXPECT_EQ(rows.size(), 1 + std::size(gateway_rows));
  EXPECT_EQ(rows[0].code, "X");
  EXPECT_EQ(rows.back().text, std::end(gateway_rows)[-1].text);
}

constexpr OpenAiDialect dialect = {.messages = {.reasoning_details = true}, .errors = gateway_rows};
struct Gate final : GatewayProvider {
  static constexpr std::string_view id = "gate", manifest = "id: gate";
  constexpr Gate() : GatewayProvider(dialect) {}
};

std::string calling(std::string_view details) {
  return R"({"choices":[{"message":{"reasoning_details":)" + std::string(details) +
         R"(,"tool_calls":[{"id":"a","function":{"name":"f","arguments":"{}"}}]},"finish_reason":"tool_calls"}]})";
}
std::string first_event(const std::string& body) {
  return parse_answer<Gate>(body, "application/json").events.front();
}

TEST(Gateway, PiecesOfOneThoughtAreKeptAsOne) {
  EXPECT_EQ(
      first_event(calling(
          R"([{"type":"reasoning.text","text":"a","index":0},{"type":"reasoning.text","text":"b","index":0},
                {"type":"reasoning.text","text":"c","index":1},{"type":"reasoning.encrypted","data":"d"}])")),
      "tool 0 [a] f {}"
      R"({"gateway":{"model":"","reasoning_details":[{"type":"reasoning.text","text":"ab","index":0},)"
      R"({"type":"reasoning.text","text":"c","index":1},{"type":"reasoning.encrypted","data":"d"}]}})");
}

TEST(Gateway, ASignedThoughtHasEnded) {
  EXPECT_EQ(
      first_event(calling(
          R"([{"type":"reasoning.text","text":"a","signature":"s"},{"type":"reasoning.text","text":"b"}])")),
      "tool 0 [a] f {}"
      R"({"gateway":{"model":"","reasoning_details":[{"type":"reasoning.text","text":"a","signature":"s"},)"
      R"({"type":"reasoning.text","text":"b"}]}})");
}

TEST(Gateway, ThoughtsOverTheBoundAreNotKept) {
  const std::string much(std::size_t{300} << 10, 'x');
  EXPECT_EQ(
      first_event(calling(R"([{"type":"reasoning.text","text":"a"},{"type":"reasoning.encrypted","data":")" +
                          much + R"("},{"type":"reasoning.text","text":"b"}])")),
      "tool 0 [a] f {}");
}

}  // namespace
}  // namespace freellmapi::sdk
