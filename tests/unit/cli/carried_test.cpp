#include "cli/carried.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "routing/statistics.hpp"
#include "store/schema.hpp"

namespace freellmapi::cli {
namespace {

using namespace std::chrono_literals;

class CarriedTest : public testing::Test {
 protected:
  CarriedTest() {
    std::string name = (std::filesystem::temp_directory_path() / "freellmapi-carried-XXXXXX").string();
    folder = ::mkdtemp(name.data());
    file = folder / "freellmapi.db";
    auto opened = store::Vault::open(file, folder / "vault.key", std::nullopt, true);
    EXPECT_TRUE(opened) << opened.error().message;
    vault = std::move(*opened);
    policy.routing.sticky = 30min;
  }
  ~CarriedTest() override {
    std::error_code ec;
    std::filesystem::remove_all(folder, ec);
  }

  /// One run of the program: what it holds on to, and what it writes.
  struct Start {
    explicit Start(CarriedTest& test)
        : requests(std::move(*store::RequestLog::open(test.file, {}, test.clock, test.log))),
          conversations(names_key(*conversation_key(*test.vault, test.clock))) {
      auto snapshot = std::make_shared<relay::Snapshot>();
      snapshot->statistics = std::make_shared<routing::Statistics>(test.policy);
      current.set(std::move(snapshot));
      carried.emplace(test.file, *requests, std::move(*conversation_key(*test.vault, test.clock)),
                      conversations, calibration, current, test.clock, test.log);
      carried->apply(test.policy);
    }
    std::unique_ptr<store::RequestLog> requests;
    relay::Conversations conversations;
    chat::Calibration calibration;
    relay::Current current;
    std::optional<Carried> carried;
  };

  bool on_disk(const std::string& words) const {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      std::ifstream in(entry.path(), std::ios::binary);
      const std::string text{std::istreambuf_iterator<char>(in), {}};
      if (text.find(words) != std::string::npos) return true;
    }
    return false;
  }
  static relay::Thoughts::Kept thought(base::WallTime at) {
    return {{5, 6}, at, {7, 8}, {R"({"google":{"thought_signature":"xylophone"}})", "what it thought"}};
  }

  std::filesystem::path folder, file;
  base::ManualClock clock;
  base::Log log{clock, base::LogFormat::text, base::Level::error, ::open("/dev/null", O_WRONLY)};
  std::unique_ptr<store::Vault> vault;
  policy::Policy policy;
};

TEST_F(CarriedTest, WhatOneStartLearnedTheNextOneKnows) {
  const chat::InputShape shape{1'000, 5};
  std::uint64_t bound = 0;
  {
    Start first(*this);
    first.conversations.pins.remember(1, {2, 3, 4}, clock.since_boot());
    first.conversations.thoughts.keep(thought(clock.wall()));
    for (int i = 0; i < 40; ++i) first.calibration.learn(7, shape, 700);
    bound = first.calibration.bound(7, shape);
  }
  EXPECT_FALSE(on_disk("xylophone"));
  EXPECT_FALSE(on_disk("what it thought"));
  clock.advance(10min);
  Start second(*this);
  const auto pin = second.conversations.pins.find(1, clock.since_boot(), 30min);
  ASSERT_TRUE(pin);
  EXPECT_EQ(pin->model_name, 2u);
  EXPECT_EQ(pin->key_fingerprint, 3u);
  EXPECT_EQ(pin->conversation, 4u);
  EXPECT_FALSE(second.conversations.pins.find(1, clock.since_boot(), 10min)) << "its age goes on";
  const auto kept = second.conversations.thoughts.find({5, 0}, clock.wall());
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->thought.reasoning, "what it thought");
  EXPECT_EQ(kept->maker.model, 7u);
  EXPECT_EQ(second.calibration.bound(7, shape), bound);
}

TEST_F(CarriedTest, TheSameNamesAreGivenAfterARestart) {
  const std::uint64_t name = Start(*this).conversations.names(std::uint64_t{42});
  EXPECT_EQ(Start(*this).conversations.names(std::uint64_t{42}), name);
  EXPECT_NE(name, 42u);
}

TEST_F(CarriedTest, WhatIsTooOldForThePolicyIsDeleted) {
  {
    Start first(*this);
    first.conversations.pins.remember(1, {2, 3, 4}, clock.since_boot());
    first.conversations.thoughts.keep(thought(clock.wall()));
  }
  clock.advance(std::chrono::hours{25});
  {
    Start second(*this);
    second.requests->flush();
  }
  auto database = store::open_database(file, store::Database::Sync::normal);
  ASSERT_TRUE(database);
  EXPECT_EQ((*database)->number("SELECT count(*) FROM pins"), 0);
  EXPECT_EQ((*database)->number("SELECT count(*) FROM thoughts"), 0);
}

TEST_F(CarriedTest, APolicyThatKeepsNothingDeletesAtOnce) {
  Start first(*this);
  first.conversations.thoughts.keep(thought(clock.wall()));
  first.requests->flush();
  auto database = store::open_database(file, store::Database::Sync::normal);
  ASSERT_TRUE(database);
  EXPECT_EQ((*database)->number("SELECT count(*) FROM thoughts"), 1);
  policy.store.conversations = 0ms;
  first.carried->apply(policy);
  clock.advance(1ms);
  first.requests->flush();
  EXPECT_EQ((*database)->number("SELECT count(*) FROM thoughts"), 0);
  EXPECT_EQ(first.conversations.thoughts.find({5, 6}, clock.wall()), nullptr);
}

TEST_F(CarriedTest, RowsThatWereSealedWithAnotherKeyAreLeftOut) {
  {
    Start first(*this);
    first.conversations.thoughts.keep(thought(clock.wall()));
  }
  const auto other = store::MasterKey::random();
  ASSERT_TRUE(vault->set_own("conversations", other->hex(), clock.wall()));
  Start second(*this);
  EXPECT_EQ(second.conversations.thoughts.find({5, 6}, clock.wall()), nullptr);
}

}  // namespace
}  // namespace freellmapi::cli
