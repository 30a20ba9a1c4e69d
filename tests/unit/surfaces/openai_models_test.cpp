#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chat/json_scan.hpp"
#include "surfaces/openai/models.hpp"

namespace freellmapi::surfaces::openai {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr base::WallTime loaded{std::chrono::seconds{1'767'225'600}};

policy::Policy two_providers() {
  policy::Policy policy;
  policy.providers.resize(2);
  policy.providers[0].id = "groq";
  policy.providers[1].id = "mistral";
  policy.models.resize(3);
  policy::Model& llama = policy.models[0];
  llama.id = "meta/llama";
  llama.name = "Llama";
  llama.provider = 0;
  llama.tools = true;
  llama.json = policy::Json::object;
  llama.context = 131'072;
  policy::Model& pixtral = policy.models[1];
  pixtral.id = "pixtral";
  pixtral.provider = 1;
  pixtral.vision = true;
  pixtral.json = policy::Json::schema;
  pixtral.context = 32'000;
  pixtral.max_output = 8'192;
  policy::Model& embed = policy.models[2];
  embed.id = "embed";
  embed.provider = 1;
  embed.kind = policy::Kind::embedding;
  policy.chains.resize(2);
  policy.chains[0].name = "default";
  policy.chains[0].steps.resize(2);
  policy.chains[0].steps[0].model = 0;
  policy.chains[0].steps[1].model = 1;
  policy.chains[1].name = "coding";
  policy.chains[1].steps.resize(1);
  policy.chains[1].steps[0].model = 0;
  policy.aliases["gpt-4o"] = "auto";
  return policy;
}

const std::vector<Usability> llama_has_no_key{{false, "no_key"}, {true, ""}, {true, ""}};

std::vector<std::string> ids(std::string body) {
  EXPECT_FALSE(chat::check_json(body)) << body;
  std::vector<std::string> found;
  for (std::size_t at = 0; (at = body.find("{\"id\":\"", at)) != std::string::npos;) {
    at += 7;
    found.push_back(body.substr(at, body.find('"', at) - at));
  }
  return found;
}

constexpr policy::ModelIndex only[] = {0, 1};

std::string body_of(const policy::Policy& policy, std::string_view id,
                    std::span<const policy::ModelIndex> models) {
  return model_body(policy, llama_has_no_key, loaded, id, models, false);
}

std::string chain_body(const policy::Policy& policy, std::string_view id, std::size_t chain) {
  return model_body(policy, llama_has_no_key, loaded, id, models_of(policy.chains[chain]), true);
}

TEST(Models, ListAutoFirstThenProfilesThenChatModels) {
  const policy::Policy policy = two_providers();
  EXPECT_THAT(ids(models_body(policy, llama_has_no_key, loaded, false)),
              testing::ElementsAre("auto", "auto:coding", "groq/meta/llama", "mistral/pixtral"));
}

TEST(Models, MayBeAskedForTheAvailableOnesAlone) {
  const policy::Policy policy = two_providers();
  EXPECT_THAT(ids(models_body(policy, llama_has_no_key, loaded, true)),
              testing::ElementsAre("auto", "mistral/pixtral"));
}

TEST(Models, SayWhatTheyCanAndWhyNot) {
  const policy::Policy policy = two_providers();
  EXPECT_EQ(
      body_of(policy, "groq/meta/llama", {only, 1}),
      R"({"id":"groq/meta/llama","object":"model","created":1767225600,"owned_by":"groq","name":"Llama",)"
      R"("context_length":131072,"context_window":131072,)"
      R"("supported_parameters":["max_tokens","temperature","top_p","stop","tools","tool_choice","response_format"],)"
      R"("architecture":{"input_modalities":["text"],"output_modalities":["text"]},)"
      R"("available":false,"unavailable_reason":"no_key"})");
  EXPECT_THAT(body_of(policy, "mistral/pixtral", {only + 1, 1}),
              testing::AllOf(HasSubstr(R"("max_output_tokens":8192)"), HasSubstr("\"structured_outputs\""),
                             HasSubstr(R"("input_modalities":["text","image"])"),
                             HasSubstr(R"("available":true)"), Not(HasSubstr("unavailable_reason"))));
}

TEST(Models, OfAChainCanWhatItsUsableModelsCan) {
  const policy::Policy policy = two_providers();
  const std::string body = chain_body(policy, "auto", 0);
  EXPECT_THAT(body, HasSubstr(R"("owned_by":"freellmapi")"));
  EXPECT_THAT(body, HasSubstr(R"("context_length":32000)"));
  EXPECT_THAT(body, Not(HasSubstr("\"tools\"")));
  EXPECT_THAT(chain_body(policy, "auto:coding", 1),
              HasSubstr(R"("available":false,"unavailable_reason":"no model of the chain is usable")"));
}

TEST(Models, AreToldUnderTheNameThatWasAskedFor) {
  const policy::Policy policy = two_providers();
  EXPECT_THAT(body_of(policy, "gpt-4o", {only, 1}), HasSubstr(R"({"id":"gpt-4o")"));
  const std::string family = body_of(policy, "some-family", only);
  EXPECT_THAT(family, HasSubstr(R"({"id":"some-family")"));
  EXPECT_THAT(family, HasSubstr(R"("available":true)"));
}

TEST(Models, OneThatStandsForEveryNameIsNotListed) {
  policy::Policy policy = two_providers();
  policy.models[1].id.clear();
  EXPECT_THAT(ids(models_body(policy, llama_has_no_key, loaded, false)),
              testing::ElementsAre("auto", "auto:coding", "groq/meta/llama"));
}

}  // namespace
}  // namespace freellmapi::surfaces::openai
