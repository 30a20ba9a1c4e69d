#include "cli/client_config.hpp"

#include <gtest/gtest.h>

namespace freellmapi::cli {
namespace {

constexpr std::string_view good = R"({
  "endpoint": "http://localhost:3001/v1", "unified_key": "freellmapi-0123456789abcdef",
  "fallback_chain": ["google","groq","cerebras","mistral","cohere","nvidia"],
  "request": { "model": "auto", "messages": [{ "role": "user", "content": "hi" }] } })";

std::string with(std::string_view from, std::string_view to) {
  std::string text{good};
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::string reason(const std::string& text) {
  const auto verdict = check_client_config(text, 3001);
  return verdict ? "accepted" : verdict.error().message;
}

TEST(ClientConfig, AGoodFileGetsExactlyThisSentence) {
  const auto verdict = check_client_config(good, 3001);
  ASSERT_TRUE(verdict);
  EXPECT_EQ(*verdict,
            "config OK: FreeLLMAPI at :3001/v1, unified key prefix ok, fallback chain of 6 provider(s), "
            "request well-formed");
}

TEST(ClientConfig, TheEndpointMustHaveTheConfiguredPort) {
  EXPECT_NE(reason(with(":3001/v1", ":3002/v1")), "accepted");
  EXPECT_NE(reason(with("http://localhost:3001/v1", "http://localhost:3001")), "accepted");
  EXPECT_TRUE(check_client_config(with(":3001/v1", ":4100/v1"), 4100));
}

TEST(ClientConfig, TheKeyMustBeginWithFreellmapi) {
  EXPECT_NE(reason(with("freellmapi-", "sk-")), "accepted");
}

TEST(ClientConfig, TheChainNeedsTwoDifferentNames) {
  EXPECT_NE(reason(with(R"(["google","groq","cerebras","mistral","cohere","nvidia"])", R"(["google"])")),
            "accepted");
  EXPECT_NE(reason(with(R"("groq")", R"("google")")).find("twice"), std::string::npos);
  EXPECT_NE(reason(with(R"("groq")", "7")), "accepted");
}

TEST(ClientConfig, TheRequestNeedsAModelAndMessagesWithRoleAndText) {
  EXPECT_NE(reason(with(R"("model": "auto")", R"("model": "")")), "accepted");
  EXPECT_NE(reason(with(R"([{ "role": "user", "content": "hi" }])", "[]")), "accepted");
  EXPECT_NE(reason(with(R"("role": "user", )", "")), "accepted");
  EXPECT_NE(reason(with(R"("content": "hi")", R"("content": [])")), "accepted");
}

TEST(ClientConfig, WhatIsNotJsonIsSaidToBeSo) {
  EXPECT_NE(reason("fallback_chain: [a, b]").find("not valid JSON"), std::string::npos);
  EXPECT_NE(reason("[]"), "accepted");
}

TEST(ClientConfig, WhatWeWriteWeAccept) {
  policy::Policy policy;
  policy.server.port = 4100;
  for (const char* id : {"groq", "mistral"}) {
    policy::Provider provider;
    provider.id = id;
    policy::Model model;
    model.provider = static_cast<policy::ProviderIndex>(policy.providers.size());
    policy.providers.push_back(provider);
    policy.models.push_back(model);
  }
  policy::Chain chain;
  for (const policy::ModelIndex m : {0u, 1u, 0u}) {
    policy::Step step;
    step.model = m;
    chain.steps.push_back(step);
  }
  policy.chains.push_back(chain);
  const auto verdict = check_client_config(client_config(policy, "freellmapi-0123456789abcdef"), 4100);
  ASSERT_TRUE(verdict) << verdict.error().message;
  EXPECT_NE(verdict->find("chain of 2 provider(s)"), std::string::npos);
}

}  // namespace
}  // namespace freellmapi::cli
