// A plugin that breaks the rules hurts nobody but itself, as far as one process can see to it.
#include <gtest/gtest.h>

#include <cstdint>
#include <stdexcept>

#include "fixture.hpp"
#include "host/tables.hpp"
#include "scripted.hpp"

namespace freellmapi::host {
namespace {

TEST(Guard, WhatAPluginThrowsEndsAtTheCall) {
  freellm_provider table = scripted_table();
  table.check_key_shape = [](const freellm_provider*, freellm_str, std::size_t) -> freellm_status {
    throw std::runtime_error("unruly");
  };
  table.build_request = [](const freellm_provider*, const freellm_call*,
                           freellm_request_out*) -> freellm_status { throw 7; };
  table.build_probe = [](const freellm_provider*, freellm_request_out*) -> freellm_status { throw 7; };
  table.classify_error = [](const freellm_provider*, const freellm_head*, freellm_str, std::int64_t,
                            freellm_outcome*) -> freellm_status { throw 7; };
  table.read_limits = [](const freellm_provider*, const freellm_head*, std::int64_t, freellm_window*,
                         std::size_t, std::size_t*) -> freellm_status { throw 7; };
  table.parser_feed = [](void*, const void*, std::size_t, freellm_events_out*) -> freellm_status { throw 7; };
  table.parser_finish = [](void*, freellm_events_out*) -> freellm_status { throw 7; };
  table.parser_close = [](void*) { throw 7; };
  const auto provider = scripted(table);
  EXPECT_FALSE(provider->has_key_shape("key"));
  EXPECT_EQ(provider->build_request(call_with("{}")).error().code, base::Errc::internal);
  EXPECT_EQ(provider->build_probe().error().code, base::Errc::internal);
  EXPECT_EQ(provider->classify(head_with(500), "", 0).error_class, plugin_failed);
  EXPECT_TRUE(provider->read_limits(head_with(200), 0).empty());
  Recorder sink;
  EXPECT_EQ(Parser::open(provider, call_with("{}"), head_with(200)).value().feed("x", sink), plugin_fault);
  EXPECT_EQ(Parser::open(provider, call_with("{}"), head_with(200)).value().finish(sink), plugin_fault);
}

TEST(Guard, AParserThatCannotBeOpenedSaysWhoseFaultItIs) {
  freellm_provider table = scripted_table();
  table.parser_open = [](const freellm_provider*, void*, const freellm_call*,
                         const freellm_head*) -> freellm_status { throw 7; };
  EXPECT_EQ(Parser::open(scripted(table), call_with("{}"), head_with(200)).error().code,
            base::Errc::internal);
  table.parser_open = [](const freellm_provider*, void*, const freellm_call*, const freellm_head*) {
    return freellm_status{FREELLM_E_PROTOCOL};
  };
  EXPECT_EQ(Parser::open(scripted(table), call_with("{}"), head_with(200)).error().code,
            base::Errc::protocol);
}

thread_local int feeds = 0, closes = 0;

TEST(Guard, AWriteOnEitherSideOfTheParsersMemoryEndsItForGood) {
  for (const std::ptrdiff_t at : {-1, -64, 64, 127}) {
    static thread_local std::ptrdiff_t where;
    where = at;
    feeds = closes = 0;
    freellm_provider table = scripted_table();
    table.parser_feed = [](void* memory, const void*, std::size_t, freellm_events_out*) {
      ++feeds;
      *(static_cast<volatile char*>(memory) + where) = 'x';
      return freellm_status{FREELLM_OK};
    };
    table.parser_close = [](void*) { ++closes; };
    Recorder sink;
    {
      auto parser = std::move(Parser::open(scripted(table), call_with("{}"), head_with(200)).value());
      EXPECT_EQ(parser.feed("x", sink), plugin_fault) << at;
      EXPECT_EQ(parser.feed("x", sink), plugin_fault);
      EXPECT_EQ(parser.finish(sink), plugin_fault);
    }
    EXPECT_EQ(feeds, 1);
    EXPECT_EQ(closes, 0) << "its code ran on broken memory";
  }
}

TEST(Guard, AWritePastTheOutcomeIsThePluginsFault) {
  freellm_provider table = scripted_table();
  table.classify_error = [](const freellm_provider*, const freellm_head*, freellm_str, std::int64_t,
                            freellm_outcome* outcome) {
    outcome->error_class = FREELLM_C_AUTH_INVALID;
    *(reinterpret_cast<volatile char*>(outcome) + sizeof *outcome) = 'x';
    return freellm_status{FREELLM_OK};
  };
  EXPECT_EQ(scripted(table)->classify(head_with(401), "", 0).error_class, plugin_failed);
}

TEST(Guard, MoreWindowsThanThereIsRoomForAreNoStatementAtAll) {
  freellm_provider table = scripted_table();
  table.read_limits = [](const freellm_provider*, const freellm_head*, std::int64_t, freellm_window* windows,
                         std::size_t capacity, std::size_t* count) {
    volatile auto* past = reinterpret_cast<volatile char*>(windows + capacity);
    *past = 'x';
    *count = capacity + 1;
    return freellm_status{FREELLM_OK};
  };
  EXPECT_TRUE(scripted(table)->read_limits(head_with(200), 0).empty());
}

}  // namespace
}  // namespace freellmapi::host
