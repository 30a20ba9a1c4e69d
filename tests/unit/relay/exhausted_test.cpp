#include "relay/exhausted.hpp"

#include <gtest/gtest.h>

#include <cstring>

namespace freellmapi::relay {
namespace {

using namespace std::chrono_literals;
using routing::Gate;

/// A policy of single-model providers, and what became of each candidate.
class Exhausted : public testing::Test {
 protected:
  policy::Policy policy;
  routing::Decision decision;
  std::vector<Ending> endings;
  base::WallTime now{std::chrono::hours{24 * 365}};
  bool out_of_budget = false;
  base::Redactor redactor;

  routing::Candidate candidate(std::uint64_t context = 8'000) {
    policy::Provider provider;
    provider.id = "p" + std::to_string(policy.providers.size());
    policy::Model model;
    model.id = "m";
    model.context = context;
    model.provider = static_cast<policy::ProviderIndex>(policy.providers.size());
    policy.providers.push_back(provider);
    policy.models.push_back(model);
    policy::Key key;
    key.provider = model.provider;
    key.label = "key1";
    policy.keys.push_back(key);
    routing::Candidate c;
    c.model = static_cast<policy::ModelIndex>(policy.models.size() - 1);
    c.key = static_cast<policy::KeyIndex>(policy.keys.size() - 1);
    return c;
  }
  void benched(std::string_view reason, std::chrono::seconds back) {
    gated(Gate::benched, back);
    decision.considered.back().reason = reason;
  }
  void gated(Gate gate, std::chrono::seconds back = 0s, std::uint64_t context = 8'000) {
    routing::Considered c;
    c.candidate = candidate(context);
    c.gate = gate;
    c.free_at = now + back;
    decision.considered.push_back(c);
  }
  void tried(std::uint32_t error_class, std::int64_t retry_after_ms = -1, const char* message = "no") {
    routing::Considered c;
    c.candidate = candidate();
    decision.considered.push_back(c);
    freellm_outcome outcome = outcome_of(error_class, message);
    outcome.retry_after_ms = retry_after_ms;
    endings.push_back({c.candidate, outcome});
  }
  Failure failure() {
    Exhaustion facts;
    facts.policy = &policy;
    facts.decision = &decision;
    facts.endings = &endings;
    facts.out_of_budget = out_of_budget;
    facts.asked_model = "auto";
    facts.input_tokens = 9'000;
    facts.now = now;
    return explain_exhaustion(facts, redactor);
  }
  void expect(int status, std::string_view code) {
    const Failure f = failure();
    EXPECT_EQ(f.status, status);
    EXPECT_EQ(f.code, code);
  }
};

TEST_F(Exhausted, WithoutAnyKeyItIs503AndSaysWhichVariableToSet) {
  gated(Gate::no_key);
  gated(Gate::provider_off);
  expect(503, "no_providers_configured");
  EXPECT_NE(failure().message.find("_API_KEY"), std::string::npos);
}

TEST_F(Exhausted, AModelThatIsSwitchedOffSaysWhyAndAsksForNoKey) {
  gated(Gate::model_off);
  policy.models[0].why_off = "retired by its provider in June";
  expect(503, "no_providers_configured");
  EXPECT_NE(failure().message.find("retired by its provider in June"), std::string::npos);
  EXPECT_EQ(failure().message.find("key"), std::string::npos);
}

TEST_F(Exhausted, WithoutACandidateItIs503) { expect(503, "no_providers_configured"); }

TEST_F(Exhausted, NoModelThatSeesIs422) {
  gated(Gate::no_vision);
  gated(Gate::no_vision);
  gated(Gate::other_kind);
  gated(Gate::no_key);
  expect(422, "no_vision_model");
}

TEST_F(Exhausted, AModelOfAnotherKindIs422) {
  gated(Gate::other_kind);
  expect(422, "no_chat_model");
}

TEST_F(Exhausted, WhenAllThatCouldChatHasNoKeyItIs503) {
  gated(Gate::other_kind);
  gated(Gate::no_key);
  expect(503, "no_providers_configured");
}

TEST_F(Exhausted, NoModelWithToolsIs422) {
  gated(Gate::no_tools);
  expect(422, "no_tools_model");
}

TEST_F(Exhausted, WhatNoQuotaEverHoldsIs413AndNamesTheRule) {
  policy::Rule small, large;
  small.limit = 6'000;
  large.limit = 8'000;
  large.label = "8000 tokens per minute";
  gated(Gate::quota_never);
  decision.considered.back().rule = &small;
  gated(Gate::quota_never);
  decision.considered.back().rule = &large;
  expect(413, "context_length_exceeded");
  EXPECT_EQ(
      failure().message,
      "The request may cost more than its candidates' quotas ever hold: p1/m allows 8000 tokens per minute.");
}

TEST_F(Exhausted, APromptThatFitsNowhereIs413WithTheLargestWindow) {
  gated(Gate::context_too_small, 0s, 8'192);
  gated(Gate::context_too_small, 0s, 32'768);
  expect(413, "context_length_exceeded");
  EXPECT_NE(failure().message.find("32768"), std::string::npos);
}

TEST_F(Exhausted, AllQuotasSpentIs429WithTheSmallestWait) {
  gated(Gate::quota_full, 90s);
  gated(Gate::benched, 12s);
  gated(Gate::no_tools);
  tried(FREELLM_C_RATE_LIMITED, 40'000);
  expect(429, "all_quotas_spent");
  EXPECT_EQ(failure().retry_after_seconds, 12u);
}

TEST_F(Exhausted, TheSentenceCountsWhatTheyWantForAndSaysWhenTheFirstIsBack) {
  policy::Rule daily;
  daily.limit = 1000;
  daily.label = "1000 requests per day";
  for (int i = 0; i < 8; ++i) {
    gated(Gate::quota_full, std::chrono::hours{9 + i});
    decision.considered.back().rule = &daily;
  }
  gated(Gate::no_tools);
  gated(Gate::no_tools);
  benched("overloaded", 30s);
  EXPECT_EQ(
      failure().message,
      "No candidate can answer now: 8 of 11 out of daily quota, first back 09:00 UTC; 1 overloaded, first "
      "back in 30 s; 2 lack tools.");
  EXPECT_EQ(failure().retry_after_seconds, 30u);
  EXPECT_EQ(failure().details[0].rule, "1000 requests per day");
  EXPECT_EQ(failure().details[0].free_at, now + 9h);
}

TEST_F(Exhausted, RetryAfterIsNeverBelowOneSecondNorAboveADay) {
  gated(Gate::quota_full, 0s);
  EXPECT_EQ(failure().retry_after_seconds, 1u);
  decision.considered[0].free_at = now + 72h;
  EXPECT_EQ(failure().retry_after_seconds, 86'400u);
}

TEST_F(Exhausted, AllKeysRefusedIs502) {
  tried(FREELLM_C_AUTH_INVALID);
  tried(FREELLM_C_AUTH_FORBIDDEN);
  expect(502, "provider_auth_failed");
}

TEST_F(Exhausted, KeysThatAreStillBenchedForARefusalAre502AsTheFirstTimeAndNo429) {
  benched("auth_invalid", 200s);
  benched("auth_forbidden", 3'000s);
  gated(Gate::no_key);
  expect(502, "provider_auth_failed");
  EXPECT_EQ(failure().retry_after_seconds, std::nullopt);
}

TEST_F(Exhausted, ModelsThatAreStillBenchedAsMissingAre404AsTheFirstTime) {
  benched("model_not_found", 80'000s);
  expect(404, "model_not_found");
}

TEST_F(Exhausted, OneThatComesBackCountsBeforeOneWithAWrongKey) {
  benched("auth_invalid", 200s);
  gated(Gate::quota_full, 30s);
  expect(429, "all_quotas_spent");
  EXPECT_EQ(failure().retry_after_seconds, 30u);
}

TEST_F(Exhausted, OneThatIsBenchedBecauseItFailedIs502WithRetryAfterAndNoQuotaIsCalledSpent) {
  benched("network", 12s);
  benched("server_error", 20s);
  gated(Gate::no_key);
  expect(502, "upstream_failed");
  EXPECT_EQ(failure().retry_after_seconds, 12u);
  EXPECT_EQ(failure().message,
            "No candidate can answer now: 1 of 3 network, first back in 12 s; 1 server_error, "
            "first back in 20 s; 1 without a key.");
}

TEST_F(Exhausted, OneThatIsOverloadedIs502WithRetryAfterWhetherItWasAskedOrNot) {
  tried(FREELLM_C_OVERLOADED);
  endings.back().back = now + 5s;
  expect(502, "upstream_failed");
  EXPECT_EQ(failure().retry_after_seconds, 5u);
  EXPECT_EQ(failure().message, "Every provider that was tried failed (1 overloaded).");
  endings.clear();
  decision.considered.clear();
  benched("overloaded", 4s);
  expect(502, "upstream_failed");
  EXPECT_EQ(failure().retry_after_seconds, 4u);
  EXPECT_EQ(failure().message, "No candidate can answer now: 1 of 1 overloaded, first back in 4 s.");
}

TEST_F(Exhausted, OneThatFailedAndOneWithoutRoomAre429) {
  benched("network", 12s);
  gated(Gate::quota_full, 30s);
  expect(429, "all_quotas_spent");
  EXPECT_EQ(failure().retry_after_seconds, 12u);
}

TEST_F(Exhausted, OneThatFailedIsNoRefusedKeyAndNoMissingModel) {
  benched("server_error", 12s);
  benched("auth_invalid", 200s);
  expect(502, "upstream_failed");
  decision.considered.back().reason = "model_not_found";
  expect(502, "upstream_failed");
}

TEST_F(Exhausted, RetryAfterIsTheEndOfTheBenchThatTheAttemptLedTo) {
  tried(FREELLM_C_RATE_LIMITED);
  endings.back().back = now + 120s;
  expect(429, "all_quotas_spent");
  EXPECT_EQ(failure().retry_after_seconds, 120u);
  EXPECT_EQ(failure().details[0].free_at, now + 120s);
}

TEST_F(Exhausted, ABoundBelowTheWindowIsTheBoundThatTheClientHearsOf) {
  tried(FREELLM_C_CONTEXT_TOO_LONG);
  endings.back().outcome.limit = 6'000;
  expect(413, "context_length_exceeded");
  EXPECT_NE(failure().message.find("6000"), std::string::npos) << failure().message;
}

TEST_F(Exhausted, AProvidersSentenceIsRedactedBeforeItIsCut) {
  const std::string key = "0123456789abcdefghij0123456789";
  const std::string sentence = std::string(385, 'x') + ' ' + key;
  tried(FREELLM_C_BAD_REQUEST, -1, sentence.c_str());
  redactor = base::Redactor({key});
  EXPECT_EQ(failure().message.find("0123"), std::string::npos) << failure().message;
}

TEST_F(Exhausted, ABadRequestWithoutASentenceGetsOne) {
  tried(FREELLM_C_BAD_REQUEST, -1, "");
  EXPECT_FALSE(failure().message.empty());
}

TEST_F(Exhausted, ACandidateThatWasNotTriedIsNamedToo) {
  tried(FREELLM_C_SERVER_ERROR);
  gated(Gate::passed);
  ASSERT_EQ(failure().details.size(), 2u);
  EXPECT_EQ(failure().details[1].reason, "not_tried");
}

TEST_F(Exhausted, AModelThatIsGoneEverywhereIs404) {
  tried(FREELLM_C_MODEL_NOT_FOUND);
  expect(404, "model_not_found");
}

TEST_F(Exhausted, ABadRequestComesBackWithTheProvidersSentence) {
  tried(FREELLM_C_BAD_REQUEST, -1, "temperature must be below 2");
  expect(400, "provider_rejected_request");
  EXPECT_NE(failure().message.find("temperature must be below 2"), std::string::npos);
}

TEST_F(Exhausted, ARefusalByTheContentFilterIs400) {
  tried(FREELLM_C_CONTENT_FILTERED);
  expect(400, "content_filter");
}

TEST_F(Exhausted, ARefusalByTheContentFilterHasTheWordAfterOtherFailuresUnlessItWasOneOfMany) {
  tried(FREELLM_C_SERVER_ERROR);
  tried(FREELLM_C_CONTENT_FILTERED);
  expect(400, "content_filter");
  policy.routing.on_content_filter = policy::OnContentFilter::next;
  expect(502, "upstream_failed");
}

TEST_F(Exhausted, SilenceEverywhereIs504) {
  tried(FREELLM_C_TIMEOUT);
  expect(504, "upstream_timeout");
}

TEST_F(Exhausted, AnEndedBudgetIs504) {
  tried(FREELLM_C_TIMEOUT);
  tried(FREELLM_C_SERVER_ERROR);
  out_of_budget = true;
  expect(504, "deadline_exceeded");
}

TEST_F(Exhausted, AnswersThatAllBreakTheRequestsSchemasAre502ByName) {
  tried(invalid_tool_call);
  tried(invalid_tool_call);
  expect(502, "invalid_tool_call");
}

TEST_F(Exhausted, NoJsonFromAnybodyIs502ByName) {
  tried(invalid_json);
  expect(502, "invalid_json");
}

TEST_F(Exhausted, AMixIs502AndCountsTheReasons) {
  tried(FREELLM_C_SERVER_ERROR);
  tried(FREELLM_C_NETWORK);
  expect(502, "upstream_failed");
  EXPECT_NE(failure().message.find("1 network, 1 server_error"), std::string::npos);
}

TEST_F(Exhausted, DetailsNameEveryCandidateAndWhenItIsBack) {
  gated(Gate::quota_full, 30s);
  tried(FREELLM_C_SERVER_ERROR);
  const Failure f = failure();
  ASSERT_EQ(f.details.size(), 2u);
  EXPECT_EQ(f.details[0].reason, "server_error");
  EXPECT_EQ(f.details[1].reason, "quota_full");
  EXPECT_EQ(f.details[1].free_at, now + 30s);
  EXPECT_EQ(f.details[1].key, "key1");
}

}  // namespace
}  // namespace freellmapi::relay
