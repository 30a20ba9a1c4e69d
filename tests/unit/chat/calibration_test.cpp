#include "chat/calibration.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <random>

#include "chat/decode.hpp"

namespace freellmapi::chat {
namespace {

constexpr std::uint64_t llama = 7, gemma = 8;

Facts text(std::uint64_t bytes, std::uint64_t dense = 0) {
  Facts facts;
  facts.message_count = 1;
  facts.text_bytes = bytes;
  facts.dense_bytes = dense;
  return facts;
}

class Learned : public testing::Test {
 protected:
  void bill(std::uint64_t family, InputShape shape, std::uint64_t tokens, int times = 1) {
    for (int i = 0; i < times; ++i) calibration->learn(family, shape, tokens);
  }
  const std::unique_ptr<Calibration> calibration = std::make_unique<Calibration>();
  const InputShape prose = shape_of(text(30'000));  // estimated at 10,009 tokens
};

TEST_F(Learned, BeginsAboveTheEstimateAndFarAboveForKeysAndDigits) {
  EXPECT_GT(calibration->bound(llama, prose), prose.estimate);
  const InputShape digits = shape_of(text(30'000, 20'000));
  EXPECT_GE(calibration->bound(llama, digits), 30'000u) << "a token for each digit";
}

TEST_F(Learned, ComesDownToTheDearestSeenAndNeverBelow) {
  bill(llama, prose, 6'000, 10);
  const std::uint64_t soon = calibration->bound(llama, prose);
  bill(llama, prose, 7'000);
  bill(llama, prose, 6'000, 100);
  const std::uint64_t later = calibration->bound(llama, prose);
  EXPECT_LT(later, soon);
  EXPECT_GE(later, 7'000u);
  EXPECT_LE(later, 7'000u * 11 / 10) << "hoarded";
}

TEST_F(Learned, OneDearerBillLiftsItAtOnce) {
  bill(llama, prose, 6'000, 100);
  bill(llama, prose, 14'000);
  EXPECT_GE(calibration->bound(llama, prose), 14'000u);
}

TEST_F(Learned, NoBillIsEverAboveTheBoundThatItsLikeHasMade) {
  std::mt19937 random(5);
  for (int round = 0; round < 2'000; ++round) {
    const std::uint64_t bytes = 1 + random() % 100'000;
    const InputShape shape = shape_of(text(bytes, bytes * (random() % 100) / 100));
    const std::uint64_t tokens = 1 + shape.estimate * (30 + random() % 70) / 100;
    bill(llama, shape, tokens);
    ASSERT_GE(calibration->bound(llama, shape), tokens);
  }
}

TEST_F(Learned, IsOfOneFamilyAndOneShape) {
  const std::uint64_t before = calibration->bound(gemma, prose);
  bill(llama, prose, 5'000, 100);
  EXPECT_EQ(calibration->bound(gemma, prose), before);
  const InputShape tiny = shape_of(text(30));
  bill(llama, tiny, 70, 100);  // a hidden prompt of fifty tokens
  EXPECT_GE(calibration->bound(llama, tiny), 70u);
  EXPECT_LE(calibration->bound(llama, prose), 5'500u) << "which says nothing of long inputs";
}

TEST_F(Learned, AbsurdBillsTeachNothing) {
  const std::uint64_t before = calibration->bound(llama, prose);
  bill(llama, prose, 10'000'000);
  bill(llama, prose, UINT64_MAX);
  bill(llama, prose, 0);
  EXPECT_EQ(calibration->bound(llama, prose), before);
}

TEST_F(Learned, MoreFamiliesThanThereIsRoomForKeepTheCautiousBound) {
  for (std::uint64_t family = 1; family < 20 * Calibration::most_families; ++family)
    bill(family * 0x9E3779B97F4A7C15ULL, prose, 5'000, 40);
  EXPECT_GE(calibration->bound(12345, prose), prose.estimate);
  bill(0, prose, 5'000, 40);
  EXPECT_GE(calibration->bound(0, prose), prose.estimate) << "a model that nobody knows";
}

TEST_F(Learned, AnImpossibleInputIsNoReasonToCalculateNonsense) {
  InputShape shape = prose;
  shape.estimate = UINT64_MAX;
  EXPECT_EQ(calibration->bound(llama, shape), UINT64_MAX);
  shape.cell = 200;
  EXPECT_EQ(calibration->bound(llama, shape), UINT64_MAX);
  bill(llama, shape, 5);
}

TEST(Calibration, WhatWasLearnedIsTakenOverByTheNextOne) {
  Calibration first, second;
  const InputShape shape{1'000, 5};
  for (int i = 0; i < 40; ++i) first.learn(7, shape, 700);
  for (const Calibration::Learned& each : first.learned()) second.restore(each);
  EXPECT_EQ(second.bound(7, shape), first.bound(7, shape));
  EXPECT_NE(second.bound(8, shape), first.bound(7, shape)) << "what nobody has billed stays cautious";
  EXPECT_EQ(second.learned(), first.learned());
}

TEST(Calibration, WhatNobodyCanHaveLearnedIsPassedOverAndWhatIsDearerStays) {
  Calibration calibration;
  const InputShape shape{1'000, 5};
  for (int i = 0; i < 40; ++i) calibration.learn(7, shape, 900);
  const std::uint64_t known = calibration.bound(7, shape);
  calibration.restore({7, 5, std::uint64_t{100} << 32U | 32U});           // cheaper
  calibration.restore({7, 5, ~std::uint64_t{0}});                         // absurd
  calibration.restore({7, 99, std::uint64_t{2'000} << 32U | 1U});         // no such cell
  calibration.restore({9, 5, std::uint64_t{2'000} << 32U | 1'000'000U});  // seen too often
  calibration.restore({9, 5, 0});
  EXPECT_EQ(calibration.bound(7, shape), known);
  EXPECT_EQ(calibration.learned().size(), 1u);
}

}  // namespace
}  // namespace freellmapi::chat
