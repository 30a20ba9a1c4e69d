// Looking ahead with a copy, and the list of cooldowns.
#include <algorithm>

#include "world.hpp"

namespace freellmapi::quota::testing {
namespace {

using LedgerImage = World;

TEST_F(LedgerImage, GoesOnFromTheSameCountsOfEveryKindOfWindow) {
  with({per_minute(5), per_day(7),
        rule(9, policy::Unit::requests, policy::Per::hour, 1h, policy::Reset::token_bucket),
        rule(6, policy::Unit::requests, policy::Per::hour, 1h, policy::Reset::first_use)});
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(spend());
  const Image image = ledger.image(*plan, now()).value();
  const auto real = ledger.rows(*plan, now()), copied = image.ledger->rows(*image.plan, now());
  ASSERT_EQ(real.size(), copied.size());
  for (std::size_t i = 0; i < real.size(); ++i) {
    EXPECT_EQ(real[i].used, copied[i].used) << real[i].rule->label;
    EXPECT_EQ(real[i].limit, copied[i].limit);
    EXPECT_EQ(real[i].resets_at, copied[i].resets_at);
  }
}

TEST_F(LedgerImage, TomorrowsReadingOfTheCopyFreesNothingInTheLedger) {
  with({per_day(2), per_minute(2)});
  ASSERT_TRUE(spend() && spend());
  const Image image = ledger.image(*plan, now()).value();
  const Now tomorrow{now().steady + 30h, now().wall + 30h};
  EXPECT_EQ(image.ledger->check(*image.plan, 0, 0, {}, tomorrow).state, State::free);
  EXPECT_EQ(check().state, State::full);
}

TEST_F(LedgerImage, WhatIsInFlightIsSpentInTheCopyAndHeldInTheLedger) {
  with({per_day(100, policy::Unit::tokens), at_once(1)});
  Reservation open = reserve({40, 30, 0});
  ASSERT_TRUE(static_cast<bool>(open));
  const Image image = ledger.image(*plan, now()).value();
  const auto rows = image.ledger->rows(*image.plan, now());
  EXPECT_EQ(rows.at(0).used, 70u);
  EXPECT_EQ(rows.at(1).used + rows.at(1).reserved, 0u) << "its slot is free again";
  EXPECT_EQ(check({10, 0, 0}).state, State::full) << "the real slot is taken";
}

TEST_F(LedgerImage, KeepsTheCooldowns) {
  use(PolicyText{}.provider("p").key(1).key(2).model("m").model("n"));
  ledger.bench(*plan, BenchScope::key_model, 0, 0, now().wall + 60s, "rate_limited", now());
  ledger.bench(*plan, BenchScope::model, 0, 1, now().wall + 2h, "model_gone", now());
  const Image image = ledger.image(*plan, now()).value();
  for (policy::KeyIndex k = 0; k < 2; ++k)
    for (policy::ModelIndex m = 0; m < 2; ++m)
      EXPECT_EQ(image.ledger->check(*image.plan, k, m, {}, now()).state, check({}, k, m).state) << k << m;
}

TEST_F(LedgerImage, BenchesNameWhatTheirScopeTellsApartOnce) {
  use(PolicyText{}.provider("p").key(1).key(2).model("m").model("n"));
  ledger.bench(*plan, BenchScope::key_model, 1, 0, now().wall + 60s, "rate_limited", now());
  ledger.bench(*plan, BenchScope::key, 0, 1, now().wall + 5min, "auth_invalid", now());
  ledger.bench(*plan, BenchScope::provider, 0, 0, now().wall + 1s, "overloaded", now());
  auto list = ledger.benches(*plan, now());
  ASSERT_EQ(list.size(), 3u);
  std::ranges::sort(list, {}, &Bench::until);
  EXPECT_EQ(list[0].reason, "overloaded");
  EXPECT_EQ(list[0].key + list[0].model, "");
  EXPECT_EQ(list[1].key + list[1].model, "key2m");
  EXPECT_EQ(list[2].key + list[2].model, "key1");
  EXPECT_EQ(list[2].until, now().wall + 5min);
  clock.advance(10s);
  EXPECT_EQ(ledger.benches(*plan, now()).size(), 2u);
}

}  // namespace
}  // namespace freellmapi::quota::testing
