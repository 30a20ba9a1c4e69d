#include <freellmapi/ext/cost.h>
#include <gtest/gtest.h>

#include "fixture.hpp"
#include "host/tables.hpp"
#include "scripted.hpp"

namespace freellmapi::host {
namespace {

constexpr freellm_price unpriced = {UINT64_MAX, UINT64_MAX, UINT64_MAX};

TEST(Cost, IsNotKnownOfAProviderThatDoesNotSay) {
  const freellm_provider table = scripted_table();
  const auto provider = scripted(table);
  EXPECT_FALSE(provider->cost_bound("m", unpriced, 1, 1));
  EXPECT_FALSE(provider->stated_cost(head_with(200)));
}

TEST(Cost, IsWhatThePluginSaysWithinReason) {
  static freellm_status status;
  static std::uint64_t said;
  static constexpr freellm_cost cost = {
      sizeof(freellm_cost), 0,
      [](const freellm_provider*, freellm_str model, const freellm_price* price, std::uint64_t input,
         std::uint64_t output, std::uint64_t* out) {
        *out = said + model.size + price->per_request + input + output;
        return status;
      },
      [](const freellm_provider*, const freellm_head* head, std::uint64_t* out) {
        *out = static_cast<std::uint64_t>(head->http_status);
        return status;
      }};
  freellm_provider table = scripted_table();
  table.get_extension = [](const freellm_provider*, freellm_str id) -> const void* {
    return view(id) == FREELLM_EXT_COST ? &cost : nullptr;
  };
  const auto provider = scripted(table);
  const freellm_price price = {1'000, 0, 0};
  status = FREELLM_OK;
  said = 50'000;
  EXPECT_EQ(provider->cost_bound("mm", price, 300, 4), 51'306u);
  EXPECT_EQ(provider->stated_cost(head_with(200)), 200u);
  said = UINT64_MAX / 2;
  EXPECT_EQ(provider->cost_bound("m", price, 0, 0), std::uint64_t{1} << 53);
  for (const int refused : {-2, -7, 7}) {
    status = refused;
    EXPECT_FALSE(provider->cost_bound("m", price, 1, 1));
    EXPECT_FALSE(provider->stated_cost(head_with(200)));
  }
}

}  // namespace
}  // namespace freellmapi::host
