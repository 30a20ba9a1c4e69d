#include "cli/prober.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "store/schema.hpp"

namespace freellmapi::cli {
namespace {

using std::chrono::hours;

// Two providers: one with a free test of its keys, one without.
class ProberTest : public testing::Test {
 protected:
  ProberTest() {
    std::string name = (std::filesystem::temp_directory_path() / "freellmapi-XXXXXX").string();
    folder = ::mkdtemp(name.data());
    EXPECT_TRUE(store::make_database(folder / "freellmapi.db"));
    health = std::move(*store::KeyHealth::open(folder / "freellmapi.db"));
    for (const char* id : {"tested", "untested"}) {
      policy::Provider provider;
      provider.id = id;
      policy->providers.push_back(std::move(provider));
    }
  }
  ~ProberTest() override { std::filesystem::remove_all(folder); }

  void add_key(policy::ProviderIndex provider, std::uint64_t fingerprint) {
    policy::Key key;
    key.provider = provider;
    key.fingerprint = fingerprint;
    policy->keys.push_back(std::move(key));
  }
  std::optional<policy::KeyIndex> due() {
    return due_key(*policy, *health, clock.wall(),
                   [this](policy::ProviderIndex index) { return free_tests[index]; });
  }

  std::filesystem::path folder;
  std::unique_ptr<store::KeyHealth> health;
  std::shared_ptr<policy::Policy> policy = std::make_shared<policy::Policy>();
  std::vector<bool> free_tests{true, false};
  base::ManualClock clock;
};

TEST_F(ProberTest, AKeyIsDueWhenNothingWasHeardOfItForSixHours) {
  add_key(0, 0);
  EXPECT_EQ(due(), 0U) << "nothing was ever heard of it";
  health->good("tested", 0, clock.wall());
  EXPECT_EQ(due(), std::nullopt);
  clock.advance(hours{6} - std::chrono::seconds{1});
  EXPECT_EQ(due(), std::nullopt);
  clock.advance(std::chrono::seconds{1});
  EXPECT_EQ(due(), 0U);
  health->probed("tested", 0, clock.wall());
  EXPECT_EQ(due(), std::nullopt) << "a test counts, whatever it told";
}

TEST_F(ProberTest, EachKeyIsDueAtATimeOfItsOwn) {
  add_key(0, 1'800'000);  // half of the hour over which they are spread
  health->good("tested", 1'800'000, clock.wall());
  clock.advance(hours{6} + std::chrono::minutes{29});
  EXPECT_EQ(due(), std::nullopt);
  clock.advance(std::chrono::minutes{1});
  EXPECT_EQ(due(), 0U);
}

TEST_F(ProberTest, TheOneThatWasSilentForLongestComesFirst) {
  for (const std::uint64_t name : {1U, 2U, 3U}) add_key(0, name);
  health->good("tested", 3, clock.wall());
  clock.advance(hours{1});
  health->good("tested", 1, clock.wall());
  health->refused("tested", 2, clock.wall());
  clock.advance(hours{9});
  EXPECT_EQ(due(), 2U);
}

TEST_F(ProberTest, KeysWithoutAFreeTestAndOfProvidersThatAreOffAreNeverTested) {
  add_key(1, 1);
  EXPECT_EQ(due(), std::nullopt);
  add_key(0, 2);
  EXPECT_EQ(due(), 1U);
  policy->providers[0].enabled = false;
  EXPECT_EQ(due(), std::nullopt);
}

TEST_F(ProberTest, ATimeThatAClockWhichWentBackHasLeftAheadIsLongAgo) {
  add_key(0, 1);
  health->good("tested", 1, clock.wall() + hours{24 * 365});
  EXPECT_EQ(due(), 0U);
}

}  // namespace
}  // namespace freellmapi::cli
