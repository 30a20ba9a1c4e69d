#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chat/json_scan.hpp"
#include "surfaces/openai/error.hpp"

namespace freellmapi::surfaces::openai {
namespace {

std::string field(const relay::Reply& reply, std::string_view name) {
  const std::string line = std::string(name) + ": ";
  const std::string_view fields = reply.fields.text();
  const std::size_t at = fields.find(line);
  if (at == std::string_view::npos) return {};
  const std::size_t value = at + line.size();
  return std::string(fields.substr(value, fields.find("\r\n", value) - value));
}

relay::Failure of_status(int status, std::optional<std::uint64_t> retry_after = {}) {
  relay::Failure failure;
  failure.status = status;
  failure.message = "m";
  failure.retry_after_seconds = retry_after;
  return failure;
}

TEST(Error, IsInOpenAisShape) {
  relay::Failure failure;
  failure.status = 429;
  failure.type = "rate_limit_error";
  failure.code = "quota_exhausted";
  failure.message = "All quotas are \"spent\".";
  failure.retry_after_seconds = 30;
  failure.details.push_back(
      {"groq", "llama", "key1", "quota_full", base::WallTime{std::chrono::milliseconds{1'767'225'600'001}}});
  failure.details.push_back({"mistral", "large", "", "no_key", {}});
  const relay::Reply reply = error_reply("req-1", failure);
  EXPECT_EQ(reply.status, 429);
  EXPECT_EQ(
      reply.body,
      R"({"error":{"message":"All quotas are \"spent\".","type":"rate_limit_error","param":null,)"
      R"("code":"quota_exhausted","retry_after":30,"details":[)"
      R"({"provider":"groq","model":"llama","key":"key1","reason":"quota_full","free_at":"2026-01-01T00:00:01Z"},)"
      R"({"provider":"mistral","model":"large","key":"","reason":"no_key"}]},"request_id":"req-1"})");
  EXPECT_EQ(field(reply, "content-type"), "application/json");
  EXPECT_EQ(field(reply, "retry-after"), "30");
}

TEST(Error, OfADecoderNamesTheParameter) {
  const relay::Failure failure =
      failure_of({400, "invalid_type", "messages[3].content", "'messages[3].content' is odd."});
  EXPECT_EQ(error_body("r", failure),
            R"({"error":{"message":"'messages[3].content' is odd.","type":"invalid_request_error",)"
            R"("param":"messages[3].content","code":"invalid_type"},"request_id":"r"})");
  EXPECT_FALSE(failure_of({400, "invalid_json", "", "x"}).param);
}

TEST(Error, TypeFollowsFromTheStatus) {
  EXPECT_EQ(error_type(400), "invalid_request_error");
  EXPECT_EQ(error_type(401), "authentication_error");
  EXPECT_EQ(error_type(403), "permission_error");
  EXPECT_EQ(error_type(404), "not_found_error");
  EXPECT_EQ(error_type(413), "invalid_request_error");
  EXPECT_EQ(error_type(422), "invalid_request_error");
  EXPECT_EQ(error_type(429), "rate_limit_error");
  EXPECT_EQ(error_type(502), "server_error");
}

TEST(Error, StopsRetriesThatAreUseless) {
  const auto says = [](int status, std::optional<std::uint64_t> retry_after = {}) {
    return field(error_reply("r", of_status(status, retry_after)), "x-should-retry");
  };
  EXPECT_EQ(says(429, 3'600), "false");
  EXPECT_EQ(says(429), "false");
  EXPECT_EQ(says(503), "false");
  EXPECT_EQ(says(429, 60), "");
  EXPECT_EQ(says(503, 1), "");
  EXPECT_EQ(says(502), "");
  EXPECT_EQ(says(504), "");
  EXPECT_EQ(says(400), "");
}

TEST(Error, BoundsItsDetails) {
  relay::Failure failure = of_status(429);
  for (int i = 0; i < 100; ++i) failure.details.push_back({"p", "m", "k", "reason-" + std::to_string(i), {}});
  std::string body = error_body("r", failure);
  EXPECT_NE(body.find("reason-63"), std::string::npos);
  EXPECT_EQ(body.find("reason-64"), std::string::npos);
  EXPECT_FALSE(chat::check_json(body));
}

}  // namespace
}  // namespace freellmapi::surfaces::openai
