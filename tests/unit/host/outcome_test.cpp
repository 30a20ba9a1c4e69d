#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <string>

#include "fixture.hpp"
#include "scripted.hpp"

namespace freellmapi::host {
namespace {

TEST(Outcome, ValuesNobodyKnowsBecomeTheirDefaults) {
  freellm_provider table = scripted_table();
  table.classify_error = [](const freellm_provider*, const freellm_head*, freellm_str, std::int64_t,
                            freellm_outcome* outcome) {
    outcome->size = 4;
    outcome->error_class = outcome->scope = outcome->window = outcome->unit = 9999;
    outcome->definite = 17;
    outcome->retry_after_ms = -500;
    outcome->reset_unix_ms = -500;
    return freellm_status{FREELLM_OK};
  };
  const freellm_outcome outcome = scripted(table)->classify(head_with(500), "", 0);
  EXPECT_EQ(outcome.size, sizeof outcome);
  EXPECT_EQ(outcome.error_class, std::uint32_t{FREELLM_C_UNKNOWN});
  EXPECT_EQ(outcome.scope, std::uint32_t{FREELLM_SCOPE_DEFAULT});
  EXPECT_EQ(outcome.window, std::uint32_t{FREELLM_WINDOW_UNKNOWN});
  EXPECT_EQ(outcome.unit, std::uint32_t{FREELLM_UNIT_UNKNOWN});
  EXPECT_EQ(outcome.definite, 1u);
  EXPECT_EQ(outcome.retry_after_ms, -1);
  EXPECT_EQ(outcome.reset_unix_ms, -1);
}

TEST(Outcome, EveryTextEnds) {
  freellm_provider table = scripted_table();
  table.classify_error = [](const freellm_provider*, const freellm_head*, freellm_str, std::int64_t,
                            freellm_outcome* outcome) {
    std::memset(outcome->repair_field, 'a', sizeof outcome->repair_field);
    std::memset(outcome->repair_rename, 'b', sizeof outcome->repair_rename);
    std::memset(outcome->code, 'c', sizeof outcome->code);
    std::memset(outcome->message, 'd', sizeof outcome->message);
    return freellm_status{FREELLM_OK};
  };
  const freellm_outcome outcome = scripted(table)->classify(head_with(500), "", 0);
  EXPECT_EQ(std::string{outcome.repair_field}, std::string(63, 'a'));
  EXPECT_EQ(std::string{outcome.repair_rename}, std::string(63, 'b'));
  EXPECT_EQ(std::string{outcome.code}, std::string(63, 'c'));
  EXPECT_EQ(std::string{outcome.message}, std::string(511, 'd'));
}

TEST(Outcome, APluginThatRefusesHasSaidNothing) {
  freellm_provider table = scripted_table();
  table.classify_error = [](const freellm_provider*, const freellm_head*, freellm_str, std::int64_t,
                            freellm_outcome* outcome) {
    outcome->error_class = FREELLM_C_AUTH_INVALID;
    return freellm_status{FREELLM_E_UNSUPPORTED};
  };
  EXPECT_EQ(scripted(table)->classify(head_with(401), "", 0).error_class, std::uint32_t{FREELLM_C_UNKNOWN});
}

TEST(Outcome, APluginThatFailsIsTheOneToBlame) {
  freellm_provider table = scripted_table();
  table.classify_error = [](const freellm_provider*, const freellm_head*, freellm_str, std::int64_t,
                            freellm_outcome* outcome) {
    outcome->error_class = FREELLM_C_AUTH_INVALID;
    outcome->retry_after_ms = 5;
    return freellm_status{FREELLM_E_INTERNAL};
  };
  const freellm_outcome outcome = scripted(table)->classify(head_with(401), "", 0);
  EXPECT_EQ(outcome.error_class, plugin_failed);
  EXPECT_EQ(outcome.retry_after_ms, -1);
}

TEST(Outcome, NoPluginCanBlameAPlugin) {
  freellm_provider table = scripted_table();
  table.classify_error = [](const freellm_provider*, const freellm_head*, freellm_str, std::int64_t,
                            freellm_outcome* outcome) {
    outcome->error_class = plugin_failed;
    return freellm_status{FREELLM_OK};
  };
  EXPECT_EQ(scripted(table)->classify(head_with(401), "", 0).error_class, std::uint32_t{FREELLM_C_UNKNOWN});
}

TEST(Outcome, ThePluginSeesTheBodyUpTo64KiBAndTheTime) {
  freellm_provider table = scripted_table();
  table.classify_error = [](const freellm_provider*, const freellm_head*, freellm_str body, std::int64_t now,
                            freellm_outcome* outcome) {
    outcome->used = body.size;
    outcome->reset_unix_ms = now + 1;
    return freellm_status{FREELLM_OK};
  };
  const auto provider = scripted(table);
  const freellm_outcome outcome = provider->classify(head_with(500), std::string(100'000, 'x'), 41);
  EXPECT_EQ(outcome.used, 65'536u);
  EXPECT_EQ(outcome.reset_unix_ms, 42);
}

TEST(Limits, WindowsOfAnUnknownUnitAreLeftOutAndOtherUnknownsAreDefaults) {
  freellm_provider table = scripted_table();
  table.read_limits = [](const freellm_provider*, const freellm_head*, std::int64_t, freellm_window* windows,
                         std::size_t capacity, std::size_t* count) {
    EXPECT_EQ(capacity, 32u);
    windows[0] = {FREELLM_UNIT_REQUESTS, FREELLM_WINDOW_DAY, FREELLM_SCOPE_KEY, 0, 1000, 7, 60'000};
    windows[1] = {99, FREELLM_WINDOW_DAY, FREELLM_SCOPE_KEY, 0, 1, 1, 1};
    windows[2] = {FREELLM_UNIT_TOKENS, 99, 99, 0, 5, 6, -99};
    windows[3] = {FREELLM_UNIT_TOKENS, FREELLM_WINDOW_DAY, FREELLM_SCOPE_KEY, 0, 5, 6, INT64_MAX};
    *count = 4;
    return freellm_status{FREELLM_OK};
  };
  const auto windows = scripted(table)->read_limits(head_with(200), 0);
  ASSERT_EQ(windows.size(), 3u);
  EXPECT_EQ(windows[2].reset_in_ms, -1);
  EXPECT_EQ(windows[0].remaining, 7u);
  EXPECT_EQ(windows[1].window, std::uint32_t{FREELLM_WINDOW_UNKNOWN});
  EXPECT_EQ(windows[1].scope, std::uint32_t{FREELLM_SCOPE_DEFAULT});
  EXPECT_EQ(windows[1].reset_in_ms, -1);
}

TEST(Limits, ACountBeyondTheCapacityIsNotBelieved) {
  freellm_provider table = scripted_table();
  table.read_limits = [](const freellm_provider*, const freellm_head*, std::int64_t, freellm_window* windows,
                         std::size_t capacity, std::size_t* count) {
    for (std::size_t i = 0; i < capacity; ++i) windows[i].unit = FREELLM_UNIT_TOKENS;
    *count = SIZE_MAX;
    return freellm_status{FREELLM_OK};
  };
  EXPECT_EQ(scripted(table)->read_limits(head_with(200), 0).size(), 32u);
  table.read_limits = [](const freellm_provider*, const freellm_head*, std::int64_t, freellm_window*,
                         std::size_t, std::size_t* count) {
    *count = 3;
    return freellm_status{FREELLM_E_PROTOCOL};
  };
  EXPECT_TRUE(scripted(table)->read_limits(head_with(200), 0).empty());
}

}  // namespace
}  // namespace freellmapi::host
