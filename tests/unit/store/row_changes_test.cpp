#include "store/row_changes.hpp"

#include <gtest/gtest.h>

#include <random>

#include "base/ids.hpp"

namespace freellmapi::store::test {
namespace {

RequestRow ordinary(std::string_view name, std::string_view decision) {
  RequestRow row;
  row.at = base::WallTime{std::chrono::milliseconds{1'795'000'000'000}};
  row.request_id = name;
  row.surface = "openai.chat";
  row.status = 200;
  row.asked = "auto";
  row.provider = "groq";
  row.model = "a-model-of-70b";
  row.key_label = "work";
  row.input_tokens = 160;
  row.total_us = 84'000;
  row.decision = decision;
  return row;
}

/// Rows that differ in the lengths of their texts, in which of them there are, and in nothing.
std::string many_kinds(std::size_t rows) {
  std::mt19937_64 random(7);
  const std::string filler(3'000, 'x');
  const auto text = [&](std::size_t most) {
    return std::string_view(filler).substr(random() % 7, random() % 3 == 0 ? random() % most : 8);
  };
  std::string packed;
  RequestRow row;
  for (std::size_t i = 0; i < rows; ++i) {
    if (random() % 4 != 0) {
      row = ordinary(text(40), text(2'000));
      row.code = text(30);
      row.model = text(600);
      row.trail = text(200);
      row.status = static_cast<int>(random() % 600);
      row.output_tokens = random();
      row.streamed = random() % 2 == 0;
      if (random() % 2 == 0) row.first_token_us = static_cast<std::int64_t>(random() % 1'000'000);
    }
    pack(row, packed);
  }
  return packed;
}

TEST(RowChanges, GiveBackEveryRowAsItWas) {
  const std::string packed = many_kinds(100);
  ASSERT_LT(packed.size(), batch_bytes_most);
  EXPECT_EQ(packed_rows(changes_of(packed)), packed);
  EXPECT_EQ(changes_of(""), "");
  EXPECT_EQ(packed_rows(""), "");
}

TEST(RowChanges, OfRowsThatAreAlikeAreAQuarterOfThem) {
  std::string packed;
  std::string decision(64, 'd');
  for (int i = 0; i < 200; ++i) {
    decision[20] = static_cast<char>(i);
    const std::string name = base::make_timed_id("req_", base::WallTime{std::chrono::milliseconds{i}});
    RequestRow row = ordinary(name, decision);
    row.at += std::chrono::milliseconds{i};
    row.total_us += 977 * i;
    pack(row, packed);
  }
  const std::string changes = changes_of(packed);
  EXPECT_EQ(packed_rows(changes), packed);
  EXPECT_LT(changes.size(), packed.size() / 4);
}

TEST(RowChanges, ThatEndTooSoonGiveTheRowsBeforeTheirEnd) {
  const std::string packed = many_kinds(20), changes = changes_of(packed);
  std::string most;
  for (std::size_t length = 0; length < changes.size(); ++length) {
    const std::string some = packed_rows(std::string_view(changes).substr(0, length));
    EXPECT_LT(some.size(), packed.size());
    EXPECT_TRUE(packed.starts_with(some)) << length;
    EXPECT_GE(some.size(), most.size());
    most = some;
  }
}

TEST(RowChanges, ThatAreDamagedGiveWholeRowsWithinTheBoundOrNone) {
  const std::string changes = changes_of(many_kinds(20));
  std::mt19937_64 random(11);
  for (int round = 0; round < 20'000; ++round) {
    std::string damaged = changes;
    for (std::uint64_t i = 0; i <= random() % 3; ++i)
      damaged[random() % damaged.size()] = static_cast<char>(random());
    const std::string rows = packed_rows(damaged);
    ASSERT_LE(rows.size(), batch_bytes_most);
    PackedRows walk(rows);
    for (RequestRow row; walk.next(row);) {
    }
    ASSERT_TRUE(walk.rest().empty());
  }
}

TEST(RowChanges, NeverBecomeMoreThanABatchHolds) {
  std::string packed;
  const std::string decision(row_decision_most, 'd');
  for (int i = 0; i < 8; ++i) pack(ordinary("same", decision), packed);
  ASSERT_GT(packed.size(), batch_bytes_most);
  const std::string rows = packed_rows(changes_of(packed));
  EXPECT_LE(rows.size(), batch_bytes_most);
  EXPECT_TRUE(packed.starts_with(rows));
}

}  // namespace
}  // namespace freellmapi::store::test
