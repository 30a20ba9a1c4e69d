#include "policy/show.hpp"

#include <gtest/gtest.h>

#include "fixture.hpp"

namespace freellmapi::policy::test {
namespace {

const std::string policy_text = R"(version: 1
server: {listen: "127.0.0.1:4000", hosts: [box.lan]}
chain: [{model: groq/big, wait: 8s}, groq, google]
profiles: {coding: {chain: [groq/small], strategy: priority}}
aliases: {gpt-4o: "auto:coding"}
providers:
  groq:
    timeouts: {idle: 1s}
    quota: [{limit: 5, of: requests, per: rolling 5h}, {limit: 2, of: concurrency}]
    models: {big: {context: 1000}}
  my-box:
    plugin: custom
    base_url: http://127.0.0.1:11434/v1
    models: {"qwen3:8b": {tools: true}}
)";

bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

TEST(Show, SaysWhereEachValueCameFrom) {
  House setup;
  setup.environment = {{"GROQ_API_KEY", "gsk_0123456789"}};
  const auto outcome = setup(policy_text);
  ASSERT_NE(outcome.policy, nullptr) << texts(outcome);
  const std::string text = show(*outcome.policy);
  EXPECT_TRUE(has_line(text, "  listen: \"127.0.0.1:4000\"  # p.yaml:2")) << text;
  EXPECT_TRUE(has_line(text, "  attempts: 20  # default"));
  EXPECT_TRUE(has_line(text, "  on_content_filter: fail  # default"));
  EXPECT_TRUE(has_line(text, "  handoff: off  # default"));
  EXPECT_TRUE(has_line(text, "  hedge: off  # default"));
  EXPECT_TRUE(has_line(text, "  conversations: 1d  # default"));
  EXPECT_TRUE(has_line(text, "    base_url: \"https://api.groq.com/openai/v1\"  # groq.so:4"));
  EXPECT_TRUE(has_line(text, "        context: 1000  # p.yaml:10"));
  EXPECT_TRUE(has_line(text, "        rank: 5  # groq.so:11"));
  EXPECT_TRUE(has_line(text, "      - {env: \"GROQ_API_KEY\", label: key1}"));
}

TEST(Show, SaysThatTheCommandLineChoseTheAddress) {
  House setup;
  setup.listen_override = "127.0.0.1:0";
  EXPECT_TRUE(has_line(show(*setup(policy_text).policy), "  listen: \"127.0.0.1:0\"  # --listen"));
}

TEST(Show, GivesAPolicyThatComesToTheSame) {
  House setup;
  setup.environment = {{"GROQ_API_KEY", "gsk_0123456789"}, {"GEMINI_API_KEY", "a,b"}};
  const auto first = setup(policy_text);
  ASSERT_NE(first.policy, nullptr) << texts(first);
  const auto second = setup(show(*first.policy));
  ASSERT_NE(second.policy, nullptr) << texts(second) << show(*first.policy);
  EXPECT_EQ(canonical(*first.policy), canonical(*second.policy));
  EXPECT_EQ(first.policy->version, second.policy->version);
}

}  // namespace
}  // namespace freellmapi::policy::test
