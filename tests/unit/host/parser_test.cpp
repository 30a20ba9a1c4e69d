#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <new>
#include <stdexcept>

#include "fixture.hpp"
#include "host/tables.hpp"
#include "scripted.hpp"

namespace freellmapi::host {
namespace {

thread_local std::function<freellm_status(freellm_events_out*)> script;
thread_local int closed = 0;

template <class Event>
Event made(std::uint16_t type) {
  Event event{};
  event.h.size = sizeof event;
  event.h.type = type;
  return event;
}

freellm_ev_text text_event(std::string_view what) {
  auto event = made<freellm_ev_text>(FREELLM_EV_TEXT);
  event.text = text(what);
  return event;
}

class ParserTest : public testing::Test {
 protected:
  ParserTest() {
    closed = 0;
    table_ = scripted_table();
    table_.parser_feed = [](void*, const void*, std::size_t, freellm_events_out* out) { return script(out); };
    table_.parser_close = [](void*) { ++closed; };
    provider_ = scripted(table_);
  }
  Parser open() { return std::move(Parser::open(provider_, call_with("{}"), head_with(200)).value()); }
  // What one feed ends with when the plugin does this.
  freellm_status fed(std::function<freellm_status(freellm_events_out*)> does) {
    script = std::move(does);
    return open().feed("x", sink_);
  }
  freellm_status emitting(const freellm_event* event) {
    return fed([event](freellm_events_out* out) { return out->emit(out, event); });
  }

  freellm_provider table_{};
  std::shared_ptr<const Provider> provider_;
  Recorder sink_;
};

TEST_F(ParserTest, EventsOfEveryKnownKindReachTheSink) {
  auto event = text_event("hi");
  for (const std::uint16_t type : {FREELLM_EV_TEXT, FREELLM_EV_REASONING, FREELLM_EV_REFUSAL}) {
    event.h.type = type;
    EXPECT_EQ(emitting(&event.h), FREELLM_OK);
  }
  const auto tool = made<freellm_ev_tool>(FREELLM_EV_TOOL);
  EXPECT_EQ(emitting(&tool.h), FREELLM_OK);
  const auto extra = made<freellm_ev_extra>(FREELLM_EV_EXTRA);
  EXPECT_EQ(emitting(&extra.h), FREELLM_OK);
  EXPECT_EQ(sink_.script, "T?2?8?3?7");
}

TEST_F(ParserTest, AnEventSmallerThanItsKindIsThePluginsFault) {
  EXPECT_EQ(emitting(nullptr), plugin_fault);
  auto bare = freellm_event{4, FREELLM_EV_TEXT, 0};
  EXPECT_EQ(emitting(&bare), plugin_fault);
  const auto one_short = [this](auto event) {
    event.h.size -= 1;
    return emitting(&event.h);
  };
  EXPECT_EQ(one_short(text_event("hi")), plugin_fault);
  EXPECT_EQ(one_short(made<freellm_ev_tool>(FREELLM_EV_TOOL)), plugin_fault);
  EXPECT_EQ(one_short(made<freellm_ev_usage>(FREELLM_EV_USAGE)), plugin_fault);
  EXPECT_EQ(one_short(made<freellm_ev_finish>(FREELLM_EV_FINISH)), plugin_fault);
  EXPECT_EQ(one_short(made<freellm_ev_error>(FREELLM_EV_ERROR)), plugin_fault);
  EXPECT_EQ(one_short(made<freellm_ev_extra>(FREELLM_EV_EXTRA)), plugin_fault);
  EXPECT_EQ(sink_.script, "");
}

TEST_F(ParserTest, AnUnknownEventOrPlaceIsIgnored) {
  const freellm_event unheard_of{sizeof unheard_of, 4711, 0};
  EXPECT_EQ(emitting(&unheard_of), FREELLM_OK);
  auto extra = made<freellm_ev_extra>(FREELLM_EV_EXTRA);
  extra.place = 99;
  EXPECT_EQ(emitting(&extra.h), FREELLM_OK);
  EXPECT_EQ(sink_.script, "");
}

TEST_F(ParserTest, ATextThatPointsNowhereIsThePluginsFault) {
  auto event = text_event("hi");
  event.text = {nullptr, 2};
  EXPECT_EQ(emitting(&event.h), plugin_fault);
  event.text = {"hi", SIZE_MAX};
  EXPECT_EQ(emitting(&event.h), plugin_fault);
  event.text = {nullptr, 0};
  EXPECT_EQ(emitting(&event.h), FREELLM_OK);
}

TEST_F(ParserTest, AnUnknownReasonToFinishIsStop) {
  auto event = made<freellm_ev_finish>(FREELLM_EV_FINISH);
  for (const char* reason : {"stop", "length", "tool_calls", "content_filter", "eos", ""}) {
    event.reason = text(reason);
    EXPECT_EQ(emitting(&event.h), FREELLM_OK);
  }
  EXPECT_EQ(sink_.script, "F(stop)F(length)F(tool_calls)F(content_filter)F(stop)F(stop)");
}

TEST_F(ParserTest, AnErrorInsideTheAnswerIsMadeKnownAndNothingMayFollow) {
  freellm_outcome outcome = blank_outcome();
  outcome.error_class = 999;
  std::fill(std::begin(outcome.message), std::end(outcome.message), 'm');
  auto error = made<freellm_ev_error>(FREELLM_EV_ERROR);
  error.outcome = &outcome;
  const auto more = text_event("more");
  Parser parser = open();
  script = [&](freellm_events_out* out) { return out->emit(out, &error.h); };
  EXPECT_EQ(parser.feed("x", sink_), FREELLM_OK);
  EXPECT_EQ(sink_.script, "E(0," + std::string(511, 'm') + ")");
  script = [&](freellm_events_out* out) { return out->emit(out, &more.h); };
  EXPECT_EQ(parser.feed("x", sink_), plugin_fault);
  EXPECT_EQ(sink_.answer, "");

  error.outcome = nullptr;
  EXPECT_EQ(emitting(&error.h), plugin_fault);
  outcome.size = 8;
  error.outcome = &outcome;
  EXPECT_EQ(emitting(&error.h), plugin_fault);
}

TEST_F(ParserTest, TheSinksStopHoldsEvenWhenThePluginGoesOn) {
  sink_.wanted = 1;
  EXPECT_EQ(fed([](freellm_events_out* out) {
              const auto event = text_event("a");
              EXPECT_EQ(out->emit(out, &event.h), FREELLM_E_STOPPED);
              EXPECT_EQ(out->emit(out, &event.h), FREELLM_E_STOPPED);
              return freellm_status{FREELLM_OK};
            }),
            FREELLM_E_STOPPED);
  EXPECT_EQ(sink_.answer, "a");
}

TEST_F(ParserTest, AnExceptionOfTheSinkDoesNotCrossThePlugin) {
  struct Throwing final : EventSink {
    bool on_event(const freellm_event&) override {
      if (no_memory) throw std::bad_alloc{};
      throw std::runtime_error("sink");
    }
    bool no_memory = false;
  } throwing;
  const auto event = text_event("a");
  script = [&](freellm_events_out* out) { return out->emit(out, &event.h); };
  EXPECT_EQ(open().feed("x", throwing), FREELLM_E_INTERNAL);
  throwing.no_memory = true;
  EXPECT_EQ(open().feed("x", throwing), FREELLM_E_LIMIT);
}

TEST_F(ParserTest, AnInternalStatusAndOneNobodyKnowsAreThePluginsFault) {
  EXPECT_EQ(fed([](freellm_events_out*) { return -99; }), plugin_fault);
  EXPECT_EQ(fed([](freellm_events_out*) { return freellm_status{FREELLM_E_INTERNAL}; }), plugin_fault);
  EXPECT_EQ(fed([](freellm_events_out*) { return 99; }), FREELLM_OK);
  EXPECT_EQ(fed([](freellm_events_out*) { return freellm_status{FREELLM_E_LIMIT}; }), FREELLM_E_LIMIT);
}

TEST_F(ParserTest, ThePluginIsNotAskedAgainAfterAnEnd) {
  int calls = 0;
  script = [&calls](freellm_events_out*) {
    ++calls;
    return freellm_status{FREELLM_E_PROTOCOL};
  };
  Parser parser = open();
  EXPECT_EQ(parser.feed("x", sink_), FREELLM_E_PROTOCOL);
  EXPECT_EQ(parser.feed("x", sink_), FREELLM_E_PROTOCOL);
  EXPECT_EQ(parser.finish(sink_), FREELLM_E_PROTOCOL);
  EXPECT_EQ(calls, 1);
  Parser finished = open();
  EXPECT_EQ(finished.finish(sink_), FREELLM_OK);
  EXPECT_EQ(finished.feed("x", sink_), FREELLM_E_INTERNAL);
  EXPECT_EQ(calls, 1);
}

TEST_F(ParserTest, WhatFollowsAWholeAnswerIsPassedOver) {
  int calls = 0;
  script = [&calls](freellm_events_out*) {
    ++calls;
    return freellm_status{FREELLM_DONE};
  };
  Parser parser = open();
  EXPECT_EQ(parser.feed("x", sink_), FREELLM_DONE);
  EXPECT_EQ(parser.feed("x", sink_), FREELLM_DONE);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(parser.finish(sink_), FREELLM_OK);
}

TEST_F(ParserTest, AProviderThatAnswersByItselfDoesSoThroughTheSameGate) {
  EXPECT_FALSE(provider_->is_local());
  static constexpr freellm_local local = {
      sizeof(freellm_local), 0,
      [](const freellm_provider*, const freellm_call*, freellm_events_out* out) { return script(out); }};
  table_.get_extension = [](const freellm_provider*, freellm_str id) -> const void* {
    return view(id) == FREELLM_EXT_LOCAL ? &local : nullptr;
  };
  const auto provider = scripted(table_);
  ASSERT_TRUE(provider->is_local());
  script = [](freellm_events_out* out) {
    const auto event = text_event("by myself");
    return out->emit(out, &event.h);
  };
  EXPECT_EQ(provider->answer_locally(call_with("{}"), sink_), FREELLM_OK);
  EXPECT_EQ(sink_.answer, "by myself");
  script = [](freellm_events_out* out) { return out->emit(out, nullptr); };
  EXPECT_EQ(provider->answer_locally(call_with("{}"), sink_), plugin_fault);
}

TEST_F(ParserTest, AnAnswerThatHasComeAltogetherIsReadThroughTheSameGate) {
  EXPECT_FALSE(provider_->reads_whole());
  static std::string seen;
  static constexpr freellm_whole whole = {
      sizeof(freellm_whole), 0,
      [](const freellm_provider*, const freellm_call*, const freellm_head* head, freellm_str body,
         freellm_events_out* out) {
        seen = std::to_string(head->http_status) + std::string{view(body)};
        return script(out);
      }};
  table_.get_extension = [](const freellm_provider*, freellm_str id) -> const void* {
    return view(id) == FREELLM_EXT_WHOLE ? &whole : nullptr;
  };
  const auto provider = scripted(table_);
  ASSERT_TRUE(provider->reads_whole());
  const auto read = [&] { return provider->read_whole(call_with("{}"), head_with(200), "all of it", sink_); };
  script = [](freellm_events_out* out) {
    const auto event = text_event("in one call");
    return out->emit(out, &event.h);
  };
  EXPECT_EQ(read(), FREELLM_OK);
  EXPECT_EQ(seen, "200all of it");
  EXPECT_EQ(sink_.answer, "in one call");
  script = [](freellm_events_out*) { return freellm_status{FREELLM_E_TRUNCATED}; };
  EXPECT_EQ(read(), FREELLM_E_TRUNCATED);
  script = [](freellm_events_out* out) { return out->emit(out, nullptr); };
  EXPECT_EQ(read(), plugin_fault);
}

TEST_F(ParserTest, AnErrorThatHoldsAnAnswerGivesItThroughTheSameGate) {
  EXPECT_FALSE(provider_->can_salvage());
  static std::string seen;
  static constexpr freellm_salvage salvage = {
      sizeof(freellm_salvage), 0,
      [](const freellm_provider*, const freellm_call*, const freellm_head* head, freellm_str body,
         freellm_events_out* out) {
        seen = std::to_string(head->http_status) + std::string{view(body)};
        return script(out);
      }};
  table_.get_extension = [](const freellm_provider*, freellm_str id) -> const void* {
    return view(id) == FREELLM_EXT_SALVAGE ? &salvage : nullptr;
  };
  const auto provider = scripted(table_);
  ASSERT_TRUE(provider->can_salvage());
  EXPECT_FALSE(provider->is_local());
  const auto salvaged = [&] { return provider->salvage(call_with("{}"), head_with(400), "quoted", sink_); };
  script = [](freellm_events_out* out) {
    const auto event = text_event("after all");
    return out->emit(out, &event.h);
  };
  EXPECT_EQ(salvaged(), FREELLM_OK);
  EXPECT_EQ(seen, "400quoted");
  EXPECT_EQ(sink_.answer, "after all");
  script = [](freellm_events_out*) { return freellm_status{FREELLM_E_UNSUPPORTED}; };
  EXPECT_EQ(salvaged(), FREELLM_E_UNSUPPORTED);
  script = [](freellm_events_out* out) { return out->emit(out, nullptr); };
  EXPECT_EQ(salvaged(), plugin_fault);
}

TEST_F(ParserTest, ItsMemoryIsAlignedAndClean) {
  table_.parser_open = [](const freellm_provider*, void* memory, const freellm_call*, const freellm_head*) {
    const auto* bytes = static_cast<unsigned char*>(memory);
    const bool clean = std::all_of(bytes, bytes + 64, [](unsigned char c) { return c == 0; });
    std::fill_n(static_cast<unsigned char*>(memory), 64, static_cast<unsigned char>(0xAA));
    return reinterpret_cast<std::uintptr_t>(memory) % 64 == 0 && clean ? freellm_status{FREELLM_OK}
                                                                       : freellm_status{FREELLM_E_INTERNAL};
  };
  const auto provider = scripted(table_);
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(Parser::open(provider, call_with("{}"), head_with(200)));
}

TEST_F(ParserTest, EachGoodOpenIsClosedOnce) {
  {
    Parser first = open();
    Parser second = std::move(first);
    first = open();
    second = std::move(first);
    EXPECT_EQ(closed, 1);
  }
  EXPECT_EQ(closed, 2);
  table_.parser_open = [](const freellm_provider*, void*, const freellm_call*, const freellm_head*) {
    return freellm_status{FREELLM_E_LIMIT};
  };
  const auto opened = Parser::open(scripted(table_), call_with("{}"), head_with(200));
  EXPECT_EQ(opened.error().code, base::Errc::limit);
  EXPECT_EQ(closed, 2);
}

}  // namespace
}  // namespace freellmapi::host
