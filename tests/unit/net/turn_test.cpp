// When a core sends: behind what else has come, unless nothing else ever does.
#include "net/turn.hpp"

#include <gtest/gtest.h>

#include <boost/asio/post.hpp>

#include "net/local_core.hpp"
#include "net/loop.hpp"
#include "support/fetch.hpp"
#include "support/raw_socket.hpp"

namespace freellmapi::net::testing {
namespace {

void run(const std::function<Task<void>(LocalCore&)>& body) {
  const base::SystemClock clock;
  const base::Log log(clock, base::LogFormat::text, base::Level::error);
  const auto ran = run_on_core(clock, log, UpstreamOptions(),
                               [&](Core& core) { return body(static_cast<LocalCore&>(core)); });
  ASSERT_TRUE(ran) << ran.error().text();
}

/// What happens, in its order.
using Story = std::vector<std::string>;

Task<void> come_and_send(Turn& turn, Story& story, std::string name, Event* told) {
  story.push_back(name + " came");
  co_await turn.end();
  story.push_back(name + " sends");
  if (told != nullptr) told->set();
}

Task<void> send_together(LocalCore& core, Story& story) {
  Event last(core.io());
  asio::post(core.io(), [&] { core.spawn("first", come_and_send(core.turn(), story, "first", nullptr)); });
  asio::post(core.io(), [&] { core.spawn("second", come_and_send(core.turn(), story, "second", nullptr)); });
  asio::post(core.io(), [&] { core.spawn("third", come_and_send(core.turn(), story, "third", &last)); });
  co_await last;
}

TEST(Turn, SendsBehindEverythingThatHasComeInTheOrderOfComing) {
  Story story;
  const auto body = [&](LocalCore& core) { return send_together(core, story); };
  run(body);
  EXPECT_EQ(story,
            (Story{"first came", "second came", "third came", "first sends", "second sends", "third sends"}));
}

// Sends one after another, with nothing beside them: how many are put off before one is not, or the reverse.
Task<unsigned> lone_sends(Turn& turn, bool put_off) {
  unsigned sends = 0;
  for (; sends < 10'000 && turn.puts_off() == put_off; ++sends)
    if (put_off) co_await turn.end();
  co_return sends;
}

TEST(Turn, OfACoreWhoseTurnsHoldOneSendEachSendsAtOnceAndLooksAgainNowAndThen) {
  const auto body = [](LocalCore& core) -> Task<void> {
    const unsigned at_first = co_await lone_sends(core.turn(), true);
    EXPECT_EQ(at_first, 4U);
    // The call that ended the count was a send that is not put off.
    const unsigned at_once = co_await lone_sends(core.turn(), false);
    EXPECT_EQ(at_once, 255U);
    co_await core.turn().end();
    const unsigned looks = co_await lone_sends(core.turn(), true);
    EXPECT_EQ(looks, 0U) << "it was alone again";
  };
  run(body);
}

TEST(Turn, OfACoreWithMuchToDoPutsOffAgain) {
  const auto body = [](LocalCore& core) -> Task<void> {
    co_await lone_sends(core.turn(), true);
    co_await lone_sends(core.turn(), false);
    Story story;
    co_await send_together(core, story);
    const unsigned put_off = co_await lone_sends(core.turn(), true);
    EXPECT_EQ(put_off, 4U);
  };
  run(body);
}

struct Asked {
  CallError error;
  bool answered = false;
};

Task<void> ask(LocalCore& core, const Origin& origin, Canceller& canceller, Asked& asked, Event& over) {
  OutgoingRequest request;
  request.method = "GET";
  request.path = "/";
  const Deadlines deadlines;
  const auto call = co_await core.upstream().call(origin, request, deadlines, false, canceller, asked.error);
  asked.answered = call != nullptr;
  if (call) co_await call->read();
  if (call) co_await call->read();
  over.set();
}

TEST(Turn, WhatIsCancelledBeforeItsEndIsNotSent) {
  std::string rest = "nothing was read";
  {
    RawPeer peer([&rest](RawSocket& socket, int) {
      socket.read_until("\r\n\r\n");
      socket.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
      rest = socket.read_to_end();
    });
    const auto body = [&](LocalCore& core) -> Task<void> {
      const Origin origin = local_origin(peer.port());
      Canceller first_canceller, canceller;
      Asked first, second;
      Event answered(core.io()), over(core.io());
      co_await ask(core, origin, first_canceller, first, answered);
      EXPECT_TRUE(first.answered);
      EXPECT_EQ(core.upstream().idle(), 1U);
      core.spawn("ask", ask(core, origin, canceller, second, over));
      canceller.cancel();
      co_await over;
      EXPECT_FALSE(second.answered);
      EXPECT_EQ(second.error.fault, Fault::cancelled);
      EXPECT_TRUE(second.error.unsent);
    };
    run(body);
  }
  EXPECT_EQ(rest, "");
}

}  // namespace
}  // namespace freellmapi::net::testing
