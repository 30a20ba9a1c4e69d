#include "world.hpp"

namespace freellmapi::quota::testing {
namespace {

using Rows = World;
using policy::Scope;

TEST_F(Rows, OneForEveryWindowAndNamedByWhatItCounts) {
  use(PolicyText{}
          .provider("p", {in(Scope::account, per_day(9))})
          .key(1)
          .key(2)
          .model("a", {per_minute(3)})
          .model("b", {pooled("x", per_day(5))})
          .model("c", {pooled("x", per_day(5))}));
  std::vector<std::string> names;
  for (const Row& r : ledger.rows(*plan, now())) names.push_back(r.provider + "|" + r.key + "|" + r.model);
  EXPECT_EQ(names, (std::vector<std::string>{"p|key1|a", "p||", "p|key2|a", "p||"}));
}

TEST_F(Rows, TellWhenSomethingComesBack) {
  with({per_minute(3), per_day(10), at_once(2)});
  EXPECT_FALSE(row(0).resets_at.has_value());
  spend();
  clock.advance(30s);
  spend();
  EXPECT_GE(*row(0).resets_at, clock.wall() + 30s);
  EXPECT_LE(*row(0).resets_at, clock.wall() + 32s);
  EXPECT_EQ(*row(1).resets_at, clock.wall() + 24h - 30s);
  EXPECT_FALSE(row(2).resets_at.has_value());
}

TEST_F(Rows, TellUsedReservedAndLimit) {
  with({per_minute(3), at_once(2)});
  spend();
  const Reservation r = reserve();
  EXPECT_EQ(row(0).used, 1u);
  EXPECT_EQ(row(0).reserved, 1u);
  EXPECT_EQ(row(0).limit, 3u);
  EXPECT_EQ(row(1).used, 0u);
  EXPECT_EQ(row(1).reserved, 1u);
}

}  // namespace
}  // namespace freellmapi::quota::testing
