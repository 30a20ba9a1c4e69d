#include "relay/attempts.hpp"

#include <gmock/gmock.h>

#include <cstring>

namespace freellmapi::relay {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
const base::Instant t0{std::chrono::hours{1}};

// Lanes are named provider.model.key by three small numbers.
Lane lane(unsigned provider, unsigned model, unsigned key, std::uint64_t context = 8'000) {
  Lane l;
  l.provider = provider;
  l.model = model;
  l.key = key;
  l.context = context;
  return l;
}

freellm_outcome ended(std::uint32_t error_class, std::uint32_t scope = FREELLM_SCOPE_DEFAULT) {
  freellm_outcome o = outcome_of(error_class, "said the provider");
  o.scope = scope;
  return o;
}

Limits limits(unsigned attempts = 20) {
  Limits l;
  l.attempts = attempts;
  l.no_new_attempt_after = t0 + seconds{45};
  return l;
}

/// Walks the lanes, every attempt ending the same way.
std::vector<std::size_t> walk(Attempts& a, const freellm_outcome& every) {
  std::vector<std::size_t> tried;
  for (Action action = a.next(t0); action.what == Action::What::attempt; action = a.next(t0)) {
    tried.push_back(action.lane);
    a.failed(action.lane, every);
  }
  return tried;
}

Attempts::Lanes two_keys_two_models_two_providers() {
  return {lane(0, 0, 0), lane(0, 0, 1), lane(0, 1, 0), lane(0, 1, 1), lane(1, 2, 2)};
}

TEST(Attempts, TakeTheLanesInOrder) {
  Attempts a(two_keys_two_models_two_providers(), limits());
  EXPECT_THAT(walk(a, ended(FREELLM_C_RATE_LIMITED)), ElementsAre(0u, 1u, 2u, 3u, 4u));
}

TEST(Attempts, AWrongKeyIsNotTriedWithAnotherModel) {
  Attempts a(two_keys_two_models_two_providers(), limits());
  EXPECT_THAT(walk(a, ended(FREELLM_C_AUTH_INVALID)), ElementsAre(0u, 1u, 4u));
}

TEST(Attempts, AnAccountsLimitIsNotTriedWithAnotherModelOfThatKey) {
  Attempts a(two_keys_two_models_two_providers(), limits());
  EXPECT_THAT(walk(a, ended(FREELLM_C_QUOTA_EXHAUSTED, FREELLM_SCOPE_ACCOUNT)), ElementsAre(0u, 1u, 4u));
}

TEST(Attempts, AnAddressLimitLeavesTheProviderWithAllItsKeys) {
  Attempts a(two_keys_two_models_two_providers(), limits());
  EXPECT_THAT(walk(a, ended(FREELLM_C_RATE_LIMITED, FREELLM_SCOPE_IP)), ElementsAre(0u, 4u));
}

TEST(Attempts, AnOverloadedModelIsLeftWithAllItsKeys) {
  Attempts a(two_keys_two_models_two_providers(), limits());
  EXPECT_THAT(walk(a, ended(FREELLM_C_OVERLOADED)), ElementsAre(0u, 2u, 4u));
}

TEST(Attempts, AnUnreachableProviderIsLeftWithAllItsModels) {
  Attempts a(two_keys_two_models_two_providers(), limits());
  EXPECT_THAT(walk(a, ended(FREELLM_C_NETWORK)), ElementsAre(0u, 4u));
}

TEST(Attempts, APromptThatIsTooLongGoesOnlyToLargerWindows) {
  Attempts a({lane(0, 0, 0, 8'000), lane(1, 1, 1, 8'000), lane(2, 2, 2, 128'000), lane(3, 3, 3, 0)},
             limits());
  EXPECT_THAT(walk(a, ended(FREELLM_C_CONTEXT_TOO_LONG)), ElementsAre(0u, 2u, 3u));
}

TEST(Attempts, ABoundBelowTheWindowSendsThePromptToEveryLargerOne) {
  freellm_outcome tpm = ended(FREELLM_C_CONTEXT_TOO_LONG);
  tpm.limit = 12'000;
  tpm.requested = 20'000;
  Attempts a({lane(0, 0, 0, 131'072), lane(1, 1, 1, 16'000), lane(2, 2, 2, 65'536)}, limits());
  EXPECT_THAT(walk(a, tpm), ElementsAre(0u, 2u));
}

TEST(Attempts, ABadRequestIsTriedOnceElsewhereAndThenGoesToTheClient) {
  Attempts a({lane(0, 0, 0), lane(0, 1, 0), lane(1, 2, 1), lane(2, 3, 2)}, limits());
  EXPECT_THAT(walk(a, ended(FREELLM_C_BAD_REQUEST)), ElementsAre(0u, 2u));
  EXPECT_TRUE(a.stopped());
}

TEST(Attempts, ANamedFieldIsMendedOnceInPlace) {
  freellm_outcome bad = ended(FREELLM_C_BAD_REQUEST);
  std::strcpy(bad.repair_field, "logprobs");
  Attempts a({lane(0, 0, 0), lane(1, 1, 1), lane(2, 2, 2)}, limits());
  a.failed(a.next(t0).lane, bad);
  const Action again = a.next(t0);
  EXPECT_EQ(again.lane, 0u);
  EXPECT_TRUE(again.repaired);
  a.failed(again.lane, bad);
  const Action elsewhere = a.next(t0);
  EXPECT_EQ(elsewhere.lane, 1u);
  EXPECT_FALSE(elsewhere.repaired);
}

TEST(Attempts, NothingIsAttemptedOnceTheClientHasSeenAToken) {
  Attempts a(two_keys_two_models_two_providers(), limits());
  a.next(t0);
  a.committed();
  a.failed(0, ended(FREELLM_C_TRUNCATED));
  EXPECT_EQ(a.next(t0).what, Action::What::give_up);
}

TEST(Attempts, NoAttemptStartsAfterTheBudgetButTheFirstAlwaysMay) {
  Attempts late(two_keys_two_models_two_providers(), limits());
  EXPECT_EQ(late.next(t0 + seconds{46}).what, Action::What::attempt);
  late.failed(0, ended(FREELLM_C_TIMEOUT));
  EXPECT_EQ(late.next(t0 + seconds{46}).what, Action::What::give_up);
  EXPECT_TRUE(late.out_of_budget());
}

TEST(Attempts, TheNumberOfAttemptsIsBounded) {
  Attempts a(two_keys_two_models_two_providers(), limits(2));
  EXPECT_THAT(walk(a, ended(FREELLM_C_RATE_LIMITED)), ElementsAre(0u, 1u));
  EXPECT_TRUE(a.out_of_budget());
}

TEST(Attempts, ALaneThatWasPassedOverIsNoAttempt) {
  Attempts a(two_keys_two_models_two_providers(), limits(1));
  a.passed_over(a.next(t0).lane);
  EXPECT_EQ(a.next(t0).lane, 1u);
  EXPECT_EQ(a.attempted(), 1u);
}

TEST(Attempts, AClassThatNobodyKnowsLeavesTheProvider) {
  Attempts a(two_keys_two_models_two_providers(), limits());
  EXPECT_THAT(walk(a, ended(4711)), ElementsAre(0u, 4u));
}

freellm_outcome limited_for(std::int64_t retry_after_ms) {
  freellm_outcome o = ended(FREELLM_C_RATE_LIMITED);
  o.retry_after_ms = retry_after_ms;
  return o;
}

TEST(Attempts, WhenNobodyIsLeftALimitThatOpensInAMomentIsWaitedForOnce) {
  Attempts a({lane(0, 0, 0), lane(1, 1, 1)}, limits());
  a.failed(a.next(t0).lane, limited_for(1'500));
  EXPECT_EQ(a.next(t0).lane, 1u);  // somebody else comes first
  a.failed(1, ended(FREELLM_C_SERVER_ERROR));
  const Action later = a.next(t0);
  ASSERT_EQ(later.what, Action::What::attempt);
  EXPECT_EQ(later.lane, 0u);
  EXPECT_GE(later.not_before, t0 + std::chrono::milliseconds{1'500});
  EXPECT_LE(later.not_before, t0 + seconds{2});
  a.failed(0, limited_for(1'500));
  EXPECT_EQ(a.next(t0 + seconds{2}).what, Action::What::give_up);
}

TEST(Attempts, ALongerLimitIsNotWaitedFor) {
  Attempts a({lane(0, 0, 0)}, limits());
  a.failed(a.next(t0).lane, limited_for(2'001));
  EXPECT_EQ(a.next(t0).what, Action::What::give_up);
}

TEST(Attempts, NoWaitGoesPastTheBudget) {
  Attempts a({lane(0, 0, 0)}, limits());
  a.failed(a.next(t0).lane, limited_for(500));
  EXPECT_EQ(a.next(t0 + seconds{44}).what, Action::What::give_up);
}

TEST(Attempts, GoOnAfterTheFirstTokenWithABudgetOfTheirOwn) {
  Attempts a(two_keys_two_models_two_providers(), limits(1));
  EXPECT_EQ(a.next(t0).lane, 0u);
  a.committed();
  EXPECT_EQ(a.next(t0).what, Action::What::give_up);
  Limits more = limits(2);
  more.no_new_attempt_after = t0 + std::chrono::hours{1};
  a.resume(more);
  a.failed(0, ended(FREELLM_C_TRUNCATED));
  EXPECT_EQ(a.next(t0 + std::chrono::minutes{50}).lane, 2u);
  // The same lane once more is an attempt like any other.
  EXPECT_EQ(a.again(2).lane, 2u);
  EXPECT_EQ(a.next(t0 + std::chrono::minutes{50}).what, Action::What::give_up);
  EXPECT_TRUE(a.out_of_budget());
}

TEST(Attempts, AContentFiltersRefusalEndsTheRequestUnlessThePolicySaysNext) {
  Attempts a(two_keys_two_models_two_providers(), limits());
  EXPECT_THAT(walk(a, ended(FREELLM_C_CONTENT_FILTERED)), ElementsAre(0u));
  EXPECT_TRUE(a.stopped());
  Limits next = limits();
  next.filtered_goes_on = true;
  Attempts b(two_keys_two_models_two_providers(), next);
  EXPECT_THAT(walk(b, ended(FREELLM_C_CONTENT_FILTERED)), ElementsAre(0u, 2u, 4u));
}

TEST(Attempts, ALaneHasOneSecondTryInPlaceAndThenTheNextOneIsAsked) {
  Attempts a({lane(0, 0, 0), lane(1, 1, 1)}, limits());
  const std::size_t first = a.next(t0).lane;
  a.failed(first, ended(FREELLM_C_SERVER_ERROR));
  EXPECT_TRUE(a.second_try(first, t0, std::chrono::milliseconds{200}));
  const Action again = a.next(t0);
  EXPECT_EQ(again.lane, first);
  EXPECT_EQ(again.not_before, t0 + std::chrono::milliseconds{200});
  EXPECT_EQ(a.attempted(), 2u);
  a.failed(first, ended(FREELLM_C_SERVER_ERROR));
  EXPECT_FALSE(a.second_try(first, t0, std::chrono::milliseconds{200}));
  EXPECT_EQ(a.next(t0).lane, 1u);
}

TEST(Attempts, ASecondTryCountsAmongTheAttemptsAndKeepsToTheBudget) {
  Attempts few({lane(0, 0, 0), lane(1, 1, 1)}, limits(1));
  few.failed(few.next(t0).lane, ended(FREELLM_C_SERVER_ERROR));
  EXPECT_FALSE(few.second_try(0, t0, std::chrono::milliseconds{0}));
  Attempts late({lane(0, 0, 0)}, limits());
  late.failed(late.next(t0).lane, ended(FREELLM_C_SERVER_ERROR));
  EXPECT_FALSE(late.second_try(0, t0 + seconds{44}, seconds{1}));
  Attempts sent({lane(0, 0, 0)}, limits());
  sent.next(t0);
  sent.committed();
  EXPECT_FALSE(sent.second_try(0, t0, seconds{0}));
}

TEST(Attempts, ALimitThatWasWaitedForInPlaceIsNotWaitedForAgain) {
  Attempts a({lane(0, 0, 0), lane(1, 1, 1)}, limits());
  a.failed(a.next(t0).lane, limited_for(1'500));
  EXPECT_TRUE(a.second_try(0, t0, seconds{2}));
  EXPECT_EQ(a.next(t0).lane, 0u);
  a.failed(0, limited_for(1'500));
  EXPECT_EQ(a.next(t0).lane, 1u);
  a.failed(1, ended(FREELLM_C_SERVER_ERROR));
  EXPECT_EQ(a.next(t0).what, Action::What::give_up);
}

TEST(Attempts, AnotherKeyOfTheModelIsKnownWhileItIsOpen) {
  Attempts a(two_keys_two_models_two_providers(), limits());
  EXPECT_EQ(a.next(t0).lane, 0u);
  a.failed(0, limited_for(1'000));
  EXPECT_TRUE(a.other_key_open(0));
  EXPECT_EQ(a.next(t0).lane, 1u);
  EXPECT_FALSE(a.other_key_open(1));
}

TEST(Attempts, ALaneThatWasPutOffIsInsistedOnWhenNobodyElseIsLeft) {
  Attempts a({lane(0, 0, 0), lane(1, 1, 1)}, limits());
  const Action first = a.next(t0);
  EXPECT_FALSE(first.insists);
  a.put_off(first.lane, false);
  EXPECT_EQ(a.attempted(), 0u);
  EXPECT_EQ(a.next(t0).lane, 1u);
  a.failed(1, ended(FREELLM_C_SERVER_ERROR));
  const Action back = a.next(t0);
  EXPECT_EQ(back.lane, 0u);
  EXPECT_TRUE(back.insists);
  a.failed(0, ended(FREELLM_C_SERVER_ERROR));
  EXPECT_EQ(a.next(t0).what, Action::What::give_up);
}

TEST(Attempts, ALaneThatWasPutOffIsClosedByAFailureThatItWouldMeet) {
  Attempts a({lane(0, 0, 0), lane(0, 1, 0), lane(1, 2, 1)}, limits());
  a.put_off(a.next(t0).lane, false);
  EXPECT_EQ(a.next(t0).lane, 1u);
  a.failed(1, ended(FREELLM_C_AUTH_INVALID));
  EXPECT_EQ(a.next(t0).lane, 2u);
  a.failed(2, ended(FREELLM_C_SERVER_ERROR));
  EXPECT_EQ(a.next(t0).what, Action::What::give_up);
}

TEST(Attempts, TheLastOneIsKnownAsSuch) {
  Attempts a({lane(0, 0, 0), lane(0, 0, 1), lane(1, 1, 2)}, limits());
  EXPECT_FALSE(a.next(t0).last);
  a.failed(0, ended(FREELLM_C_SERVER_ERROR));  // with it goes its other key
  EXPECT_TRUE(a.next(t0).last);
}

TEST(Attempts, ALaneThatWeCutShortIsNotTheLastWhileOthersAreThereAndComesBackAfterThem) {
  Attempts a({lane(0, 0, 0), lane(1, 1, 1)}, limits());
  EXPECT_FALSE(a.next(t0).last);
  a.failed(0, ended(FREELLM_C_TIMEOUT));
  a.put_off(0, true);
  EXPECT_FALSE(a.next(t0).last) << "the first one is still there";
  a.failed(1, ended(FREELLM_C_SERVER_ERROR));
  const Action back = a.next(t0);
  EXPECT_EQ(back.lane, 0u);
  EXPECT_TRUE(back.insists);
  EXPECT_TRUE(back.last);
  EXPECT_EQ(a.attempted(), 3u);
}

TEST(Attempts, BesideOneThatGoesOnAnotherModelMayBeAttempted) {
  Attempts::Lanes lanes = two_keys_two_models_two_providers();
  lanes.push_back(lane(2, 3, 3));
  lanes.back().hosts = 2;
  Attempts a(lanes, limits());
  EXPECT_EQ(a.next(t0).lane, 0u);
  EXPECT_FALSE(a.may_join(0, 0)) << "it is under way";
  EXPECT_FALSE(a.may_join(1, 0)) << "another key of a slow model is as slow";
  EXPECT_TRUE(a.may_join(2, 0));
  EXPECT_FALSE(a.may_join(5, 0)) << "nobody knows which host its key is for";
  EXPECT_EQ(a.join(2).lane, 2u);
  EXPECT_EQ(a.attempted(), 2u);
  a.failed(2, ended(FREELLM_C_SERVER_ERROR));
  EXPECT_FALSE(a.may_join(2, 0));
  EXPECT_FALSE(a.may_join(3, 0)) << "the model is done with";
  EXPECT_TRUE(a.may_join(4, 0));
  a.failed(0, ended(FREELLM_C_SERVER_ERROR));
  EXPECT_THAT(walk(a, ended(FREELLM_C_RATE_LIMITED)), ElementsAre(4u, 5u));
}

TEST(Attempts, WhatWasOvertakenComesOnceMoreWhenTheWinnerComesToNothing) {
  Attempts a({lane(0, 0, 0), lane(1, 1, 1)}, limits());
  EXPECT_EQ(a.next(t0).lane, 0u);
  EXPECT_EQ(a.join(1).lane, 1u);
  a.put_off(0, true);
  a.failed(1, ended(FREELLM_C_SERVER_ERROR));
  EXPECT_THAT(walk(a, ended(FREELLM_C_RATE_LIMITED)), ElementsAre(0u));
}

TEST(Attempts, NothingJoinsWhatTheClientHasATokenOf) {
  Attempts a({lane(0, 0, 0), lane(1, 1, 1)}, limits());
  EXPECT_EQ(a.next(t0).lane, 0u);
  a.committed();
  EXPECT_FALSE(a.may_join(1, 0));
}

}  // namespace
}  // namespace freellmapi::relay
