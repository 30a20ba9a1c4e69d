#include <gtest/gtest.h>

#include <freellmapi/plugin.hpp>
#include <stdexcept>

namespace freellmapi::sdk {
namespace {

struct Bare {
  static constexpr std::string_view id = "bare", manifest = "id: bare";
  struct Parser {
    Parser(const Bare&, const Call& call, const Headers&) {
      if (call.streams()) throw Failure{FREELLM_E_UNSUPPORTED};
    }
    void feed(std::string_view bytes, EventsOut& out) { out.text(bytes); }
    void finish(EventsOut&) { throw Failure{FREELLM_E_TRUNCATED}; }
  };
  void build_request(const Call& call, RequestOut&) const {
    if (call.model() == "throw") throw std::runtime_error("x");
    if (call.model() == "memory") throw std::bad_alloc();
    throw Failure{FREELLM_E_INVALID};
  }
  void classify_error(const Headers& head, std::string_view, std::int64_t, OutcomeOut& out) const {
    out.sort(head.status() == 429 ? FREELLM_C_RATE_LIMITED : FREELLM_C_UNKNOWN, false);
  }
};

const freellm_provider& table = provider_table<Bare>;

TEST(PluginTables, LeaveOutWhatAProviderDoesNotHave) {
  EXPECT_EQ(table.check_key_shape, nullptr);
  EXPECT_EQ(table.build_probe, nullptr);
  EXPECT_EQ(table.read_limits, nullptr);
  EXPECT_EQ(table.get_extension, nullptr);
  EXPECT_EQ(view(table.id), "bare");
  EXPECT_EQ(table.size, sizeof(freellm_provider));
}

TEST(PluginTables, NoExceptionPassesTheBarrier) {
  freellm_request_out out{};
  freellm_call call{};
  EXPECT_EQ(table.build_request(&table, &call, &out), FREELLM_E_INVALID);
  call.model = str("throw");
  EXPECT_EQ(table.build_request(&table, &call, &out), FREELLM_E_INTERNAL);
  call.model = str("memory");
  EXPECT_EQ(table.build_request(&table, &call, &out), FREELLM_E_LIMIT);
  call.flags = FREELLM_CALL_STREAM;
  freellm_head head{};
  Bare::Parser* none = nullptr;
  EXPECT_EQ(table.parser_open(&table, &none, &call, &head), FREELLM_E_UNSUPPORTED);
}

TEST(PluginTables, ListTheirProvidersAndNoMore) {
  constexpr freellm_plugin plugin = PluginTable<Bare>::make("1.2.3");
  EXPECT_EQ(plugin.abi_major, FREELLM_ABI_MAJOR);
  EXPECT_EQ(plugin.min_host_minor, 0);
  EXPECT_EQ(plugin.provider_count(), 1U);
  EXPECT_EQ(plugin.provider(0), &table);
  EXPECT_EQ(plugin.provider(1), nullptr);
}

TEST(Views, HeadersReadNumbersStrictly) {
  const freellm_header fields[] = {
      {str("a"), str("12")}, {str("b"), str("12.9")}, {str("c"), str("-1")}, {str("d"), str("x")}};
  freellm_head head{};
  head.headers = fields;
  head.header_count = 4;
  const Headers h(head);
  EXPECT_EQ(h.number("a"), 12U);
  EXPECT_EQ(h.number("b"), 12U);
  EXPECT_EQ(h.number("c"), std::nullopt);
  EXPECT_EQ(h.number("d"), std::nullopt);
  EXPECT_EQ(h.number("e"), std::nullopt);
}

TEST(Views, WindowsNeverPassTheirCapacity) {
  freellm_window windows[1];
  WindowsOut out(windows, 1);
  out.add(FREELLM_UNIT_TOKENS, FREELLM_WINDOW_DAY, FREELLM_SCOPE_KEY, std::nullopt, std::nullopt);
  EXPECT_EQ(out.count(), 0U);
  out.add(FREELLM_UNIT_TOKENS, FREELLM_WINDOW_DAY, FREELLM_SCOPE_KEY, 5, std::nullopt);
  out.add(FREELLM_UNIT_TOKENS, FREELLM_WINDOW_DAY, FREELLM_SCOPE_KEY, 6, 1);
  EXPECT_EQ(out.count(), 1U);
  EXPECT_EQ(windows[0].remaining, not_said);
}

}  // namespace
}  // namespace freellmapi::sdk
