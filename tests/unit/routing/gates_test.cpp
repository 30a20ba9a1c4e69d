#include "world.hpp"

namespace freellmapi::routing::testing {
namespace {

class Gates : public Routing {
 protected:
  Gates() {
    provider("p", 1);
    model("m");
    chain({{0, 0ms}});
  }
  policy::Model& m() { return policy.models[0]; }
  Gate gate(Features features = {}, std::string_view name = "auto") {
    bind();
    return decide_for(name, features).considered[0].gate;
  }
};

TEST_F(Gates, AProviderOrModelThatIsOffIsOut) {
  m().enabled = false;
  EXPECT_EQ(gate(), Gate::model_off);
  EXPECT_EQ(gate({}, "p/m"), Gate::model_off) << "by its name too";
  policy.providers[0].enabled = false;
  EXPECT_EQ(gate(), Gate::provider_off);
}

TEST_F(Gates, AModelOfAnotherKindIsOut) {
  for (const auto kind : {policy::Kind::embedding, policy::Kind::image, policy::Kind::speech}) {
    m().kind = kind;
    EXPECT_EQ(gate({}, "p/m"), Gate::other_kind);
    Features same;
    same.kind = kind;
    EXPECT_EQ(gate(same, "p/m"), Gate::passed);
  }
}

TEST_F(Gates, AProviderWithoutAKeyIsOutUnlessItNeedsNone) {
  policy.providers[0].keys.clear();
  EXPECT_EQ(gate(), Gate::no_key);
  EXPECT_EQ(decision.considered[0].candidate.key, policy::none);
  policy.providers[0].keyless = true;
  EXPECT_EQ(gate(), Gate::passed);
}

TEST_F(Gates, ToolsAndImagesNeedAModelThatHasThem) {
  Features tools, images;
  tools.tools = images.images = true;
  EXPECT_EQ(gate(tools), Gate::passed);
  EXPECT_EQ(gate(images), Gate::passed);
  m().tools = m().vision = false;
  EXPECT_EQ(gate(tools), Gate::no_tools);
  EXPECT_EQ(gate(images), Gate::no_vision);
  EXPECT_EQ(gate(), Gate::passed);
}

TEST_F(Gates, JsonNeedsAJsonMode) {
  Features object, schema;
  object.json_object = schema.json_schema = true;
  for (const Json mode : {Json::object, Json::schema}) {
    m().json = mode;
    EXPECT_EQ(gate(object), Gate::passed);
    EXPECT_EQ(gate(schema), Gate::passed);
  }
  m().json = Json::text;
  EXPECT_EQ(gate(object), Gate::no_json);
  EXPECT_EQ(gate(schema), Gate::no_json);
  EXPECT_EQ(gate(), Gate::passed);
}

TEST_F(Gates, TheInputMustLeaveRoomForOneToken) {
  m().context = 1000;
  Features f;
  f.input_tokens = 999;
  f.output_tokens = 5000;
  EXPECT_EQ(gate(f), Gate::passed) << "the provider cuts the output";
  f.input_tokens = 1000;
  EXPECT_EQ(gate(f), Gate::context_too_small);
  f.input_tokens = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ(gate(f), Gate::context_too_small);
  m().context = 0;
  f.input_tokens = 1'000'000;
  EXPECT_EQ(gate(f), Gate::passed) << "unknown";
}

TEST_F(Gates, WhatNeverFitsAWindowIsOutForGood) {
  m().quota = {tokens_per_minute(1000)};
  Features f;
  f.input_tokens = 1001;
  EXPECT_EQ(gate(f), Gate::quota_never);
  EXPECT_EQ(decision.considered[0].rule, &plan->policy().models[0].quota[0]);
  EXPECT_TRUE(decision.order.empty());
}

TEST_F(Gates, ANamelessModelServesOnlyANameThatIsPassedOn) {
  policy.providers[0].any_model = true;
  policy.providers[0].any = 1;
  policy::Model any;
  any.provider = 0;
  any.enabled = false;
  any.tools = true;
  policy.models.push_back(any);
  chain({{1, 0ms}});
  EXPECT_EQ(gate(), Gate::model_off);
  EXPECT_EQ(gate({}, "p/whatever"), Gate::passed);
  EXPECT_EQ(target.passed_model, "whatever");
}

TEST_F(Gates, EveryGateHasAName) {
  for (int i = 0; i <= static_cast<int>(Gate::benched); ++i) EXPECT_FALSE(name(static_cast<Gate>(i)).empty());
  EXPECT_EQ(name(Gate::context_too_small), "context_too_small");
}

policy::Model limited(std::uint64_t max_output, std::vector<policy::Rule> rules = {}) {
  policy::Model model;
  model.max_output = max_output;
  model.quota = std::move(rules);
  return model;
}
std::uint64_t output_of(std::uint64_t asked, const policy::Model& model, std::uint64_t input = 100) {
  Features f;
  f.input_tokens = input;
  f.output_tokens = asked;
  const quota::Need need = need_of(f, model, {});
  EXPECT_EQ(need.input_tokens, input);
  return need.output_tokens;
}

TEST(Need, IsWhatTheClientAllowsCutToWhatTheModelCan) {
  EXPECT_EQ(output_of(500, limited(8192)), 500u);
  EXPECT_EQ(output_of(50'000, limited(8192)), 8192u);
  EXPECT_EQ(output_of(50'000, limited(0)), 50'000u);
}

TEST(Need, IsTheModelsMostOrTheUsualWhenTheClientDoesNotSay) {
  EXPECT_EQ(output_of(0, limited(8192)), 8192u);
  EXPECT_EQ(output_of(0, limited(0)), 4096u);
}

TEST(Need, OfAnOpenEndedAnswerLeavesRoomForOthersInATokenWindow) {
  EXPECT_EQ(output_of(0, limited(32'768, {tokens_per_minute(60'000)})), 15'000u) << "a quarter";
  EXPECT_EQ(output_of(0, limited(32'768, {tokens_per_minute(12'000)})), 4096u) << "but enough to be of use";
  EXPECT_EQ(output_of(0, limited(32'768, {tokens_per_minute(12'000)}), 11'000), 1000u) << "or what is left";
  EXPECT_EQ(output_of(0, limited(32'768, {tokens_per_minute(200)})), 100u) << "of a small key too";
  EXPECT_EQ(output_of(0, limited(32'768, {tokens_per_minute(12'000)}), 12'000), 32'768u) << "never fits";
  EXPECT_EQ(output_of(32'768, limited(32'768, {tokens_per_minute(12'000)})), 32'768u) << "the client's word";
}

TEST(Need, OfAnOpenEndedAnswerMindsTheProvidersWindowsToo) {
  policy::Provider provider;
  provider.quota = {tokens_per_minute(40'000)};
  Features f;
  f.input_tokens = 100;
  EXPECT_EQ(need_of(f, limited(32'768), provider).output_tokens, 10'000u);
  EXPECT_TRUE(counts_output(limited(0), provider));
  EXPECT_FALSE(counts_output(limited(0), {}));
}

TEST(Need, OfAnAnswerThatNothingBoundsIsAllThatTheModelHas) {
  EXPECT_EQ(most_output(limited(8192), 100), 8192u);
  policy::Model model = limited(0);
  model.context = 10'000;
  EXPECT_EQ(most_output(model, 100), 9'900u);
}

TEST_F(Gates, AnAnswerWithoutABoundTakesWhatIsLeftOfAWindow) {
  m().quota = {tokens_per_minute(8'000)};
  m().max_output = 32'768;
  bind();
  spend(0, 0, {3'000, 2'000});
  EXPECT_EQ(gate(), Gate::passed);
  EXPECT_EQ(decision.considered[0].output_tokens, 2'990u);
  spend(0, 0, {1'000, 1'500});
  EXPECT_EQ(gate(), Gate::quota_full) << "490 tokens are of no use";
  Features f;
  f.output_tokens = 400;
  EXPECT_EQ(gate(f), Gate::passed) << "but to who asks for so few";
  f.output_tokens = 600;
  EXPECT_EQ(gate(f), Gate::quota_full) << "the client's bound is kept to";
}

TEST(Need, HasTheInputThatTheFamilyIsKnownToBill) {
  const auto calibration = std::make_unique<chat::Calibration>();
  policy::Model model = limited(8192);
  model.tokenizer = 5;
  Features f;
  f.input_tokens = 9'000;
  f.input_cell = 2;
  for (int i = 0; i < 50; ++i) calibration->learn(5, {9'000, 2}, 6'000);
  const std::uint64_t learned = need_of(f, model, {}, calibration.get()).input_tokens;
  EXPECT_GE(learned, 6'000u);
  EXPECT_LT(learned, 7'000u);
}

}  // namespace
}  // namespace freellmapi::routing::testing
