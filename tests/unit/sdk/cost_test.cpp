#include <gtest/gtest.h>

#include <freellmapi/cost.hpp>
#include <freellmapi/plugin.hpp>

namespace freellmapi::sdk {
namespace {

TEST(Cost, OfTokensIsRoundedUpAndNeverNonsense) {
  constexpr Price price = {500, 26'668'000, 204'805'000};
  EXPECT_EQ(cost_at(price, 0, 0), 500u);
  EXPECT_EQ(cost_at(price, 1'000'000, 1'000'000), 500u + 26'668'000u + 204'805'000u);
  EXPECT_EQ(cost_at(price, 1, 1), 500u + 232u);
  EXPECT_EQ(cost_at(price, UINT64_MAX, UINT64_MAX), std::uint64_t{1} << 53);
  EXPECT_EQ(cost_at({UINT64_MAX, 1, 1}, 5, 5), std::uint64_t{1} << 53);
}

TEST(Cost, AsTextIsReadInThousandths) {
  EXPECT_EQ(thousandths_of("7.50"), 7'500u);
  EXPECT_EQ(thousandths_of("12"), 12'000u);
  EXPECT_EQ(thousandths_of("0.0001"), 1u) << "rounded up";
  EXPECT_EQ(thousandths_of("0.0000"), 0u);
  for (const std::string_view bad : {"", ".5", "5.", "-1", "1e3", "7,50", "99999999999999999999"})
    EXPECT_FALSE(thousandths_of(bad)) << bad;
}

struct Plain {
  std::optional<std::uint64_t> stated_cost(const Headers&) const { return std::nullopt; }
};
static_assert(StatesCost<Plain> && !BoundsCost<Plain>);

TEST(Cost, ATableHasOnlyWhatTheProviderHas) {
  EXPECT_EQ(CostTable<Plain>::table.bound, nullptr);
  ASSERT_NE(CostTable<Plain>::table.stated, nullptr);
  freellm_head head{};
  std::uint64_t cost = 5;
  EXPECT_EQ(CostTable<Plain>::table.stated(nullptr, &head, &cost), FREELLM_E_UNSUPPORTED);
  EXPECT_EQ(cost, 5u);
}

}  // namespace
}  // namespace freellmapi::sdk
