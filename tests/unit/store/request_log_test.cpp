#include "store/request_log.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>

#include "base/ids.hpp"
#include "folder.hpp"
#include "store/request_reader.hpp"
#include "store/schema.hpp"

namespace freellmapi::store::test {
namespace {

class RequestLogTest : public Folder {
 protected:
  RequestLogTest() { EXPECT_TRUE(make_database(database)); }
  std::unique_ptr<RequestLog> open(Retention retention = {}, QueueBounds bounds = {}) {
    auto opened = RequestLog::open(database, retention, clock, log, bounds);
    EXPECT_TRUE(opened) << opened.error().message;
    return std::move(*opened);
  }
  RequestRow row(std::string_view name) const {
    RequestRow r;
    r.at = clock.wall();
    r.request_id = name;
    r.surface = "openai.chat";
    r.status = 200;
    return r;
  }
  std::string names(base::WallTime from = {}, base::WallTime until = base::WallTime::max()) {
    std::string out;
    auto reader = RequestReader::open(database);
    EXPECT_TRUE(reader);
    EXPECT_TRUE((*reader)->between(from, until, [&out](const RequestRow& r) {
      out += (out.empty() ? "" : " ") + std::string(r.request_id);
      return true;
    }));
    return out;
  }

  std::optional<int> status_of(std::string_view name) {
    std::optional<int> out;
    auto reader = RequestReader::open(database);
    EXPECT_TRUE(reader);
    const auto found = (*reader)->by_name(name, [&out](const RequestRow& r) { out = r.status; });
    EXPECT_TRUE(found && *found == out.has_value());
    return out;
  }
  std::optional<std::int64_t> number(const char* sql) {
    return (*Database::open(database, Database::Mode::read_write, Database::Sync::normal))->number(sql);
  }

  base::ManualClock clock;
  base::Log log{clock, base::LogFormat::text, base::Level::error, ::open("/dev/null", O_WRONLY)};
};

TEST_F(RequestLogTest, KeepsEverythingThatIsToldOfARequest) {
  RequestRow told = row("req_1");
  told.code = "c";
  told.asked = "auto";
  told.provider = "groq";
  told.model = "m";
  told.key_label = "work";
  told.attempts = 2;
  told.trail = "mistral/x key1=rate_limited";
  told.streamed = true;
  told.input_tokens = 10;
  told.output_tokens = 20;
  told.request_bytes = 30;
  told.response_bytes = UINT64_MAX;
  told.first_token_us = 40;
  told.total_us = 60;
  told.decision = std::string_view("\0\1\2", 3);
  {
    const auto requests = open();
    requests->add(told);
    requests->add(row("req_2"));
  }
  auto reader = RequestReader::open(database);
  ASSERT_TRUE(reader);
  const auto found = (*reader)->by_name("req_1", [&](const RequestRow& r) {
    EXPECT_EQ(r.at, told.at);
    EXPECT_EQ(r.status, 200);
    std::string texts;
    for (const std::string_view text : {r.surface, r.code, r.asked, r.provider, r.model, r.key_label})
      texts += text;
    EXPECT_EQ(texts, "openai.chatcautogroqmwork");
    EXPECT_EQ(r.attempts, 2U);
    EXPECT_EQ(r.trail, told.trail);
    EXPECT_TRUE(r.streamed);
    EXPECT_EQ(r.input_tokens + r.output_tokens + r.request_bytes, 60U);
    EXPECT_EQ(r.response_bytes, UINT64_MAX);
    EXPECT_EQ(r.first_token_us, 40);
    EXPECT_EQ(r.decided_us, std::nullopt);
    EXPECT_EQ(r.total_us, 60);
    EXPECT_EQ(r.decision, told.decision);
  });
  EXPECT_TRUE(found && *found);
  EXPECT_EQ(status_of("req_3"), std::nullopt);
}

TEST_F(RequestLogTest, ANameThatAClientUsedTwiceMeansTheNewest) {
  {
    const auto requests = open();
    for (int status : {200, 502}) {
      RequestRow r = row("mine");
      r.status = status;
      requests->add(r);
    }
  }
  EXPECT_EQ(status_of("mine"), 502);
}

TEST_F(RequestLogTest, TheNewestAreAtHandBeforeTheyAreWrittenAndWhenTheyNeverAre) {
  const auto requests = open();
  const auto status_at_hand = [&](std::string_view name) {
    int status = 0;
    const bool found = requests->at_hand(name, [&](const RequestRow& r) { status = r.status; });
    EXPECT_EQ(found, status != 0);
    return status;
  };
  RequestRow again = row("twice");
  requests->add(row("first"));
  requests->add(again);
  again.status = 503;
  clock.advance(std::chrono::milliseconds{5});
  again.at = clock.wall();
  requests->add(again);
  EXPECT_EQ(status_at_hand("first"), 200);
  EXPECT_EQ(status_at_hand("twice"), 503) << "the newer one";
  EXPECT_EQ(status_at_hand("nobody"), 0);
  requests->flush();
  EXPECT_EQ(status_at_hand("first"), 200);
  for (std::size_t i = 0; i < RequestLog::newest - 1; ++i) requests->add(row("other"));
  requests->flush();
  EXPECT_EQ(status_at_hand("first"), 200) << "one of those written with it is among the newest";
  requests->add(row("last"));
  requests->flush();
  EXPECT_EQ(status_at_hand("first"), 0) << "they have made room";
  EXPECT_EQ(status_at_hand("twice"), 0);
  EXPECT_EQ(status_at_hand("last"), 200);
}

TEST_F(RequestLogTest, OfManyWrittenAtOnceTheNewestAreAtHand) {
  const auto requests = open();
  const auto is_at_hand = [&](std::string_view name) {
    return requests->at_hand(name, [](const RequestRow&) {});
  };
  requests->add(row("first"));
  for (std::size_t i = 0; i < 2 * RequestLog::newest; ++i) requests->add(row("other"));
  requests->add(row("last"));
  EXPECT_TRUE(is_at_hand("last"));
  requests->flush();
  EXPECT_TRUE(is_at_hand("last"));
  EXPECT_TRUE(is_at_hand("other"));
  EXPECT_FALSE(is_at_hand("first"));
}

TEST_F(RequestLogTest, IsReadByTimeOldestFirst) {
  const base::WallTime begin = clock.wall();
  const auto requests = open();
  for (const char* name : {"a", "b", "c"}) {
    requests->add(row(name));
    clock.advance(std::chrono::minutes{1});
  }
  requests->flush();
  EXPECT_EQ(names(), "a b c");
  EXPECT_EQ(names(begin + std::chrono::minutes{1}, begin + std::chrono::minutes{2}), "b");
}

TEST_F(RequestLogTest, ANameThatTellsItsTimeIsFoundWithoutAnIndexAndAnyOtherByIt) {
  const std::string quick = base::make_timed_id("req_", clock.wall());
  const std::string slow = base::make_timed_id("req_", clock.wall());
  const std::string lying = base::make_timed_id("req_", clock.wall() + std::chrono::hours{5});
  {
    const auto requests = open();
    for (const auto& [name, status, wait] :
         {std::tuple{quick, 201, std::chrono::seconds{59}}, std::tuple{slow, 202, std::chrono::seconds{2}},
          std::tuple{lying, 203, std::chrono::seconds{0}}}) {
      clock.advance(wait);
      RequestRow r = row(name);
      r.status = status;
      requests->add(r);
    }
    for (int i = 0; i < 200; ++i) requests->add(row(base::make_timed_id("req_", clock.wall())));
  }
  EXPECT_EQ(number("SELECT count(*) FROM request_names"), 2)
      << "one took over a minute, one names another time";
  EXPECT_EQ(status_of(quick), 201);
  EXPECT_EQ(status_of(slow), 202);
  EXPECT_EQ(status_of(lying), 203);
  EXPECT_EQ(status_of(base::make_timed_id("req_", clock.wall())), std::nullopt);
}

TEST_F(RequestLogTest, RowsThatComeTogetherAreOneRecordWithinItsBounds) {
  const std::string decision(row_decision_most, 'd');
  {
    const auto requests = open();
    auto other = Database::open(database, Database::Mode::read_write, Database::Sync::normal);
    Transaction transaction(**other);  // until it ends they wait and come together
    requests->add(row("first"));
    clock.advance(std::chrono::hours{1});
    for (std::size_t i = 0; i < batch_rows_most; ++i) requests->add(row("r"));
    RequestRow heavy = row("heavy");
    heavy.decision = decision;
    for (int i = 0; i < 4; ++i) requests->add(heavy);
  }
  EXPECT_EQ(number("SELECT sum(rows) FROM request_batches"),
            1 + static_cast<std::int64_t>(batch_rows_most) + 4);
  EXPECT_LE(number("SELECT max(newest_ms - oldest_ms) FROM request_batches"), batch_span.count());
  EXPECT_LE(number("SELECT max(length(packed)) FROM request_batches"),
            static_cast<std::int64_t>(batch_bytes_most + row_decision_most + 1024));
  EXPECT_LE(number("SELECT count(*) FROM request_batches"), 2 + 2 + 4);
}

TEST_F(RequestLogTest, RowsOfOverlappingBatchesAreReadInTheOrderOfTheirTimes) {
  const base::WallTime begin = clock.wall();
  const auto requests = open();
  for (const int second : {3, 1, 8, 0, 30, 5, 31, 29, 6}) {
    const std::string name = std::to_string(second);
    RequestRow r = row(name);
    r.at = begin + std::chrono::seconds{second};
    requests->add(r);
    if (second % 2 == 0) requests->flush();
  }
  requests->flush();
  EXPECT_EQ(names(), "0 1 3 5 6 8 29 30 31");
  EXPECT_EQ(names(begin + std::chrono::seconds{5}, begin + std::chrono::seconds{30}), "5 6 8 29");
}

TEST_F(RequestLogTest, DamagedRowsAreNotGiven) {
  {
    const auto requests = open();
    for (const char* name : {"a", "b", "c"}) requests->add(row(name));
  }
  auto by_hand = Database::open(database, Database::Mode::read_write, Database::Sync::normal);
  for (const char* bytes : {"x''", "x'00'", "substr(packed, 1, length(packed) - 1)", "zeroblob(500)",
                            "x'ffffffff' || substr(packed, 5)"}) {
    ASSERT_TRUE((*by_hand)->run((std::string("UPDATE request_batches SET packed = ") + bytes).c_str()));
    EXPECT_EQ(names().find('c'), std::string::npos) << bytes;
  }
}

TEST_F(RequestLogTest, AFullQueueDropsTheOldestAndCountsThem) {
  const auto requests = open({}, {4, 1024 * 1024});
  {
    // Another writer holds the database, so that nothing gets away from the queue.
    auto other = Database::open(database, Database::Mode::read_write, Database::Sync::normal);
    Transaction transaction(**other);
    requests->add(row("first"));
    for (int i = 0; i < 300; ++i) requests->add(row("r" + std::to_string(i)));
    EXPECT_GT(requests->dropped(), 0U);
  }
  requests->flush();
  EXPECT_EQ(requests->written() + requests->dropped(), 301U);
  const std::string left = names();
  EXPECT_TRUE(left.ends_with("r296 r297 r298 r299")) << left;
}

TEST_F(RequestLogTest, TheQueueIsBoundedByItsBytesToo) {
  const auto requests = open({}, {1000, 64 * 1024});
  auto other = Database::open(database, Database::Mode::read_write, Database::Sync::normal);
  {
    Transaction transaction(**other);
    RequestRow heavy = row("heavy");
    const std::string decision(20'000, 'd');
    heavy.decision = decision;
    for (int i = 0; i < 20; ++i) requests->add(heavy);
    EXPECT_GE(requests->dropped(), 10U);
  }
  requests->flush();
}

TEST_F(RequestLogTest, WhatAClientChoseIsCutAndADecisionBeyondItsBoundIsLeftOut) {
  {
    const auto requests = open();
    RequestRow r = row("long");
    const std::string asked = std::string(row_text_most - 1, 'a') + "ää" + std::string(1 << 20, 'a');
    const std::string decision(row_decision_most + 1, 'd');
    r.asked = asked;
    r.decision = decision;
    requests->add(r);
  }
  EXPECT_TRUE(*(*RequestReader::open(database))->by_name("long", [](const RequestRow& r) {
    EXPECT_EQ(r.asked, std::string(row_text_most - 1, 'a')) << "not inside a character";
    EXPECT_EQ(r.decision, "");
  }));
}

TEST_F(RequestLogTest, TheOldAndTheSurplusAreDeletedOldestFirst) {
  {
    const auto requests = open();
    for (int i = 0; i < 10; ++i) {
      requests->add(row("r" + std::to_string(i)));
      clock.advance(std::chrono::hours{1});
    }
  }
  // Ten hours have gone by since r0.
  open(Retention{std::chrono::hours{5}, 100})->flush();
  EXPECT_EQ(names(), "r5 r6 r7 r8 r9");
  open(Retention{std::chrono::hours{100}, 2})->flush();
  EXPECT_EQ(names(), "r8 r9");
  EXPECT_EQ(number("SELECT count(*) FROM request_names"), 2) << "their names go with them";
  EXPECT_EQ(status_of("r1"), std::nullopt);
  EXPECT_EQ(status_of("r9"), 200);
}

TEST_F(RequestLogTest, OfTheOldestBatchOnlyTheSurplusIsDeleted) {
  {
    const auto requests = open();
    auto other = Database::open(database, Database::Mode::read_write, Database::Sync::normal);
    Transaction transaction(**other);  // until it ends they wait and come together
    for (int i = 0; i < 10; ++i) requests->add(row("r" + std::to_string(i)));
  }
  open(Retention{std::chrono::hours{5}, 3})->flush();
  EXPECT_EQ(names(), "r7 r8 r9");
  EXPECT_EQ(status_of("r6"), std::nullopt);
  EXPECT_EQ(status_of("r7"), 200);
}

TEST_F(RequestLogTest, RetentionIsLookedAtOnceAMinuteAndTakesNewBounds) {
  const auto requests = open();
  for (int i = 0; i < 5; ++i) requests->add(row("r" + std::to_string(i)));
  requests->flush();
  requests->set_retention(Retention{std::chrono::hours{100}, 1});
  requests->add(row("r5"));
  requests->flush();
  EXPECT_EQ(names(), "r0 r1 r2 r3 r4 r5");
  clock.advance(std::chrono::minutes{2});
  requests->add(row("r6"));
  requests->flush();
  EXPECT_EQ(names(), "r6");
}

TEST_F(RequestLogTest, AFullDiskLosesRowsAndCountsThemAndNothingElse) {
  const auto requests = open();
  requests->add(row("before"));
  requests->flush();
  rlimit old{};
  ::getrlimit(RLIMIT_FSIZE, &old);
  const auto before = ::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{4096, old.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  requests->add(row("during"));
  requests->flush();
  ::setrlimit(RLIMIT_FSIZE, &old);
  ::signal(SIGXFSZ, before);
  EXPECT_EQ(requests->dropped(), 1U);
  requests->add(row("after"));
  requests->flush();
  EXPECT_EQ(names(), "before after");
}

}  // namespace
}  // namespace freellmapi::store::test
