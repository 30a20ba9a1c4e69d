#include "folder.hpp"
#include "store/measured.hpp"
#include "store/pins.hpp"
#include "store/schema.hpp"
#include "store/thoughts.hpp"
#include "store/token_costs.hpp"

namespace freellmapi::store::test {
namespace {

using namespace std::chrono_literals;

const base::WallTime start{1'767'225'600'000ms};

class ConversationsTest : public Folder {
 protected:
  ConversationsTest() : key(std::move(*MasterKey::random())) {
    EXPECT_TRUE(make_database(database));
    open = std::move(*open_database(database, Database::Sync::normal));
  }
  std::vector<ThoughtRow> thoughts(const MasterKey& with) {
    auto rows = read_thoughts(*open, with, {}, 1'000, damaged);
    EXPECT_TRUE(rows);
    return rows ? *rows : std::vector<ThoughtRow>{};
  }

  const MasterKey key;
  std::unique_ptr<Database> open;
  std::size_t damaged = 0;
};

TEST_F(ConversationsTest, APinComesBackAndTheLatestCounts) {
  const std::uint64_t high = 0xfedcba9876543210ULL;
  ASSERT_TRUE(write_pins(*open, std::vector<PinRow>{{high, 1, 2, 3, start}, {5, 6, 7, 8, start - 1h}}));
  ASSERT_TRUE(write_pins(*open, std::vector<PinRow>{{high, 9, 2, 3, start + 1s}}));
  const auto rows = read_pins(*open, start - 2h, 10);
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->size(), 2u);
  EXPECT_EQ(rows->front().session, high);
  EXPECT_EQ(rows->front().model, 9u);
  EXPECT_EQ(rows->front().conversation, 3u);
  EXPECT_EQ(rows->front().at, start + 1s);
  EXPECT_EQ(read_pins(*open, start, 10)->size(), 1u);
  EXPECT_EQ(read_pins(*open, {}, 1)->front().session, high) << "the newest";
}

TEST_F(ConversationsTest, PinsAreBoundedByAgeAndRows) {
  std::vector<PinRow> rows;
  for (std::uint64_t i = 0; i < 100; ++i) rows.push_back({i, 1, 1, 1, start + std::chrono::seconds{i}});
  ASSERT_TRUE(write_pins(*open, rows));
  ASSERT_TRUE(retain_pins(*open, start + 10s, 1'000));
  EXPECT_EQ(read_pins(*open, {}, 1'000)->size(), 90u);
  ASSERT_TRUE(retain_pins(*open, start, 30));
  const auto left = read_pins(*open, {}, 1'000);
  EXPECT_EQ(left->size(), 30u);
  EXPECT_EQ(left->back().session, 70u);
}

TEST_F(ConversationsTest, AThoughtIsSealedOnTheDiskAndBoundToItsRow) {
  const std::string secret = "a signature nobody shall read";
  ASSERT_TRUE(write_thoughts(*open, key, std::vector<ThoughtRow>{{1, 2, start, secret}, {3, 4, start, "b"}}));
  EXPECT_EQ(thoughts(key).front().bytes.size() + thoughts(key).back().bytes.size(), secret.size() + 1);
  EXPECT_EQ(damaged, 0u);
  open->run("PRAGMA wal_checkpoint(TRUNCATE)");
  EXPECT_EQ(read(database).find(secret), std::string::npos);
  EXPECT_TRUE(thoughts(*MasterKey::random()).empty());
  EXPECT_EQ(damaged, 2u);
  // What was sealed for one row opens in no other, nor with another time.
  ASSERT_TRUE(open->run("UPDATE thoughts SET by_id = 9 WHERE by_id = 1"));
  ASSERT_TRUE(open->run("UPDATE thoughts SET at_ms = at_ms + 1 WHERE by_id = 3"));
  EXPECT_TRUE(thoughts(key).empty());
  EXPECT_EQ(damaged, 2u);
}

TEST_F(ConversationsTest, ThoughtsAreBoundedByAgeRowsAndBytes) {
  std::vector<ThoughtRow> rows;
  for (std::uint64_t i = 0; i < 100; ++i)
    rows.push_back({i + 1, i, start + std::chrono::seconds{i}, std::string(984, 'x')});  // 1000 sealed
  ASSERT_TRUE(write_thoughts(*open, key, rows));
  ASSERT_TRUE(retain_thoughts(*open, start + 10s, 1'000, 1'000'000));
  EXPECT_EQ(thoughts(key).size(), 90u);
  ASSERT_TRUE(retain_thoughts(*open, start, 50, 1'000'000));
  EXPECT_EQ(thoughts(key).size(), 50u);
  ASSERT_TRUE(retain_thoughts(*open, start, 50, 20'000));
  EXPECT_EQ(thoughts(key).size(), 20u);
  EXPECT_EQ(thoughts(key).front().by_id, 100u) << "the newest stay";
  ASSERT_TRUE(retain_thoughts(*open, base::WallTime::max(), 50, 20'000));
  EXPECT_TRUE(thoughts(key).empty()) << "0s forgets";
}

TEST_F(ConversationsTest, TokenCostsComeBack) {
  const std::uint64_t word = 0xf000'0000'0000'0020ULL;
  ASSERT_TRUE(write_token_costs(*open, std::vector<TokenCostRow>{{~0ULL, 3, 1}, {2, 4, word}}));
  ASSERT_TRUE(write_token_costs(*open, std::vector<TokenCostRow>{{~0ULL, 3, 5}}));
  const auto rows = read_token_costs(*open, 10);
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->size(), 2u);
  for (const TokenCostRow& row : *rows) EXPECT_EQ(row.learned, row.family == 2 ? word : 5u);
  EXPECT_EQ(read_token_costs(*open, 1)->size(), 1u);
}

TEST(Derived, BytesForEachPurposeAreTheirOwn) {
  const auto key = MasterKey::random();
  ASSERT_TRUE(key);
  EXPECT_EQ(derived(*key, "a"), derived(*key, "a"));
  EXPECT_NE(derived(*key, "a"), derived(*key, "b"));
  EXPECT_NE(derived(*key, "a"), derived(*MasterKey::random(), "a"));
}

TEST_F(ConversationsTest, WhatAnswersHaveShownComesBackTheNewestFirst) {
  const std::uint64_t high = 0xfedcba9876543210ULL;
  ASSERT_TRUE(write_measured(
      *open, std::vector<MeasuredRow>{{high, false, start, {1.5F, 2}}, {high, true, start - 1s, {0, 3, 4}}}));
  ASSERT_TRUE(write_measured(*open, std::vector<MeasuredRow>{{high, false, start + 1s, {7.25F}}}));
  const auto rows = read_measured(*open, start - 2s, 10);
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->size(), 2u);
  EXPECT_EQ(rows->front().name, high);
  EXPECT_FALSE(rows->front().spread);
  EXPECT_EQ(rows->front().at, start + 1s);
  EXPECT_EQ(rows->front().figures, std::vector<float>{7.25F});
  EXPECT_TRUE(rows->back().spread);
  EXPECT_EQ(rows->back().figures, (std::vector<float>{0, 3, 4}));
  EXPECT_EQ(read_measured(*open, start, 10)->size(), 1u);
  EXPECT_EQ(read_measured(*open, {}, 1)->size(), 1u);
}

TEST_F(ConversationsTest, WhatAnswersHaveShownIsBoundedByAgeAndRows) {
  std::vector<MeasuredRow> rows;
  for (std::uint64_t i = 0; i < 100; ++i)
    rows.push_back({i, i % 2 == 0, start + std::chrono::seconds{i}, {1}});
  ASSERT_TRUE(write_measured(*open, rows));
  ASSERT_TRUE(retain_measured(*open, start + 10s, 1'000));
  EXPECT_EQ(read_measured(*open, {}, 1'000)->size(), 90u);
  ASSERT_TRUE(retain_measured(*open, start, 30));
  const auto left = read_measured(*open, {}, 1'000);
  EXPECT_EQ(left->size(), 30u);
  EXPECT_EQ(left->back().name, 70u);
}

}  // namespace
}  // namespace freellmapi::store::test
