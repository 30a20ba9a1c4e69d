// Every recorded stream of every plugin, cut at every byte, and gone on with in every way.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "host/plugins.hpp"
#include "kit/fixture.hpp"
#include "relay/reading.hpp"

namespace freellmapi::relay {
namespace {

/// What a client makes of the stream.
class Client final : public Encoder {
 public:
  std::string text;
  std::vector<chat::ToolCall> calls;
  int begun = 0, finished = 0;

  std::string_view whole_content_type() const noexcept override { return "text/plain"; }
  void whole(const Route&, const chat::Answer&, std::string&) override {}
  Reply failure(const std::string&, const Failure&) override { return {}; }
  std::string_view stream_content_type() const noexcept override { return "text/plain"; }
  void begin(const Route&, std::string&) override { ++begun; }
  void event(const chat::Event& event, std::string&) override {
    if (event.kind == chat::Event::Kind::text) text += event.text;
    if (event.kind == chat::Event::Kind::tool_call) calls.push_back(*event.call);
  }
  void finish(chat::Finish, const chat::Usage&, std::string&) override { ++finished; }
  void failed(const std::string&, const Failure&, std::string&) override {}
  std::string_view ping() const noexcept override { return ""; }
};

template <class Event>
Event made(std::uint16_t type) {
  Event event{};
  event.h.size = sizeof event;
  event.h.type = type;
  return event;
}

freellm_str str(std::string_view text) { return {text.data(), text.size()}; }

/// The next model says the rest as a plugin would tell it.
Reading::State say(Reading& reading, std::string_view text, const chat::Answer& whole) {
  for (std::size_t at = 0; at < text.size(); at += 7) {
    auto event = made<freellm_ev_text>(FREELLM_EV_TEXT);
    event.text = str(text.substr(at, 7));
    if (!reading.sink().on_event(event.h)) return reading.end(FREELLM_E_STOPPED);
  }
  for (std::uint32_t i = 0; i < whole.calls.size(); ++i) {
    auto event = made<freellm_ev_tool>(FREELLM_EV_TOOL);
    event.index = i;
    event.name = str(whole.calls[i].name);
    event.arguments = str(whole.calls[i].arguments);
    reading.sink().on_event(event.h);
  }
  auto event = made<freellm_ev_finish>(FREELLM_EV_FINISH);
  event.reason = str(chat::name(*whole.finish));
  reading.sink().on_event(event.h);
  return reading.end(FREELLM_OK);
}

enum class Manner { anchored, again, straight };

std::string rest_of(const std::string& shown, const std::string& text, Manner manner) {
  const std::size_t said = chat::without_last_blanks(shown).size();
  if (manner == Manner::again || shown.empty()) return text;
  if (manner == Manner::straight) return text.substr(said);
  return std::string(chat::anchor_of(shown)) + text.substr(said);
}

struct Recorded {
  std::shared_ptr<const host::Provider> provider;
  const kit::Fixture& fixture;
  kit::HostCall call;
  kit::HostHead head;

  Recorded(std::shared_ptr<const host::Provider> p, const kit::Fixture& f)
      : provider(std::move(p)), fixture(f), call(f), head(*f.answer) {}
  host::Parser parser() const { return *host::Parser::open(provider, *call.get(), *head.get()); }
  std::string_view body() const { return fixture.answer->body; }
};

void cut(const Recorded& recorded, std::size_t at, const chat::Answer& whole, Manner manner,
         unsigned& joined) {
  Route route;
  Client client;
  host::Parser parser = recorded.parser();
  Reading first(&client, route, 10);
  first.feed(parser, recorded.body().substr(0, at));
  at % 2 == 0 ? first.end(parser) : first.broke(outcome_of(FREELLM_C_TRUNCATED, ""));
  if (first.state() == Reading::State::failed) {
    if (!first.showed()) return;  // nobody has seen anything: the next candidate answers afresh
    Before before;
    before.text = first.shown();
    if (chat::without_last_blanks(before.text).empty()) before.text.clear();
    ASSERT_TRUE(whole.text.starts_with(before.text)) << before.text << " of " << whole.text;
    // Nothing said to the beginning of its answer is no end of it: then the anchor is asked for.
    const bool straight =
        manner == Manner::straight && before.text.size() >= 24 && before.text.size() < whole.text.size();
    if (manner == Manner::straight && !straight) manner = Manner::anchored;
    Reading next(&client, route, 10);
    next.go_on(before, straight ? chat::Going::straight : chat::Going::anchored);
    ASSERT_EQ(say(next, rest_of(before.text, whole.text, manner), whole), Reading::State::done);
    ++joined;
  }
  ASSERT_EQ(client.text, whole.text);
  ASSERT_EQ(client.begun, 1);
  ASSERT_EQ(client.finished, 1);
  ASSERT_EQ(client.calls.size(), whole.calls.size());
  for (std::size_t i = 0; i < whole.calls.size(); ++i)
    ASSERT_EQ(client.calls[i].arguments, whole.calls[i].arguments);
}

TEST(RecordedStreams, GoOnExactlyWhereverTheyAreCut) {
  const base::SystemClock clock;
  const base::Log log(clock, base::LogFormat::text, base::Level::error);
  host::PluginLoader loader(log);
  const host::PluginSet plugins = loader.scan({PLUGINS_BUILT});
  unsigned streams = 0, joined = 0;
  for (const auto& [id, provider] : plugins.providers) {
    const std::filesystem::path folder = std::filesystem::path(PLUGINS_SOURCE) / id / "fixtures";
    for (const std::filesystem::path& one : kit::folders_in(folder)) {
      const kit::Fixture fixture(one);
      if (!fixture.answer || fixture.endpoint != 0 || fixture.answer->status != 200 ||
          !fixture.answer->is_event_stream())
        continue;
      const Recorded recorded(provider, fixture);
      host::Parser parser = recorded.parser();
      Route route;
      Client client;
      Reading whole(&client, route, 10);
      whole.feed(parser, recorded.body());
      if (whole.end(parser) != Reading::State::done || !whole.answer().refusal.empty()) continue;
      ++streams;
      for (std::size_t at = 0; at <= recorded.body().size(); ++at) {
        for (const Manner manner : {Manner::anchored, Manner::again, Manner::straight}) {
          SCOPED_TRACE(id + "/" + fixture.name + " cut at byte " + std::to_string(at));
          cut(recorded, at, whole.answer(), manner, joined);
          if (HasFatalFailure()) return;
        }
      }
    }
  }
  EXPECT_GE(streams, 20u);
  EXPECT_GE(joined, 5'000u);
  RecordProperty("streams", static_cast<int>(streams));
  RecordProperty("joined", static_cast<int>(joined));
}

}  // namespace
}  // namespace freellmapi::relay
