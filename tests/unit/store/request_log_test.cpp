#include "store/request_log.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>

#include "folder.hpp"
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
  RequestRow row(const std::string& name) const {
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
      out += (out.empty() ? "" : " ") + r.request_id;
      return true;
    }));
    return out;
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
  told.decision = std::string("\0\1\2", 3);
  {
    const auto requests = open();
    requests->add(told);
    requests->add(row("req_2"));
  }
  auto reader = RequestReader::open(database);
  ASSERT_TRUE(reader);
  const auto found = (*reader)->by_name("req_1");
  ASSERT_TRUE(found && *found);
  const RequestRow& r = **found;
  EXPECT_EQ(r.at, told.at);
  EXPECT_EQ(r.surface + r.code + r.asked + r.provider + r.model + r.key_label, "openai.chatcautogroqmwork");
  EXPECT_EQ(r.attempts, 2U);
  EXPECT_EQ(r.trail, told.trail);
  EXPECT_TRUE(r.streamed);
  EXPECT_EQ(r.input_tokens + r.output_tokens + r.request_bytes, 60U);
  EXPECT_EQ(r.response_bytes, static_cast<std::uint64_t>(INT64_MAX));
  EXPECT_EQ(r.first_token_us, 40);
  EXPECT_EQ(r.decided_us, std::nullopt);
  EXPECT_EQ(r.total_us, 60);
  EXPECT_EQ(r.decision, told.decision);
  EXPECT_FALSE((*reader)->by_name("req_3")->has_value());
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
  EXPECT_EQ((*(*RequestReader::open(database))->by_name("mine"))->status, 502);
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
    heavy.decision.assign(20'000, 'd');
    for (int i = 0; i < 20; ++i) requests->add(heavy);
    EXPECT_GE(requests->dropped(), 10U);
  }
  requests->flush();
}

TEST_F(RequestLogTest, WhatAClientChoseIsCutAndADecisionBeyondItsBoundIsLeftOut) {
  {
    const auto requests = open();
    RequestRow r = row("long");
    r.asked = std::string(row_text_most - 1, 'a') + "ää" + std::string(1 << 20, 'a');
    r.decision.assign(row_decision_most + 1, 'd');
    requests->add(r);
  }
  const auto found = *(*RequestReader::open(database))->by_name("long");
  EXPECT_EQ(found->asked, std::string(row_text_most - 1, 'a')) << "not inside a character";
  EXPECT_EQ(found->decision, "");
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
