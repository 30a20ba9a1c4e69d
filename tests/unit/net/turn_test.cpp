// When a request takes its next step: behind what else has come, unless nothing else ever does.
#include "net/turn.hpp"

#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <functional>
#include <string>
#include <vector>

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

/// The last of several that run beside each other ends it.
struct Running {
  explicit Running(LocalCore& its, int tasks) : core(its), over(its.io()), left(tasks) {}
  void ended() {
    if (--left == 0) over.set();
  }
  void begin(std::function<Task<void>()> make) {
    asio::post(core.io(), [this, make = std::move(make)] { core.spawn("test", make()); });
  }
  LocalCore& core;
  Event over;
  int left;
};

Task<void> take(Running& running, Story& story, std::string name, std::vector<Step> steps) {
  story.push_back(name + " comes");
  for (std::size_t i = 0; i < steps.size(); ++i) {
    co_await running.core.turn().at(steps[i]);
    story.push_back(name + (i == 0 ? " goes on" : " ends"));
  }
  running.ended();
}

Task<void> take_beside_each_other(LocalCore& core, Story& story, std::vector<std::vector<Step>> all) {
  Running running(core, static_cast<int>(all.size()));
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::string name(1, static_cast<char>('A' + i));
    running.begin([&running, &story, name, steps = all[i]] { return take(running, story, name, steps); });
  }
  co_await running.over;
}

TEST(Turn, WhatHasComeTakesAStepTogetherAndThenTheNext) {
  Story story;
  const std::vector<Step> steps = {Step::read, Step::send};
  const auto body = [&](LocalCore& core) {
    return take_beside_each_other(core, story, {steps, steps, steps});
  };
  run(body);
  EXPECT_EQ(story, (Story{"A comes", "B comes", "C comes", "A goes on", "B goes on", "C goes on", "A ends",
                          "B ends", "C ends"}));
}

TEST(Turn, TakesTheStepsInTheirOrderWhoeverCameFirst) {
  Story story;
  const auto body = [&](LocalCore& core) {
    return take_beside_each_other(core, story, {{Step::account}, {Step::hear}, {Step::enter}});
  };
  run(body);
  EXPECT_EQ(story, (Story{"A comes", "B comes", "C comes", "C goes on", "B goes on", "A goes on"}));
}

TEST(Turn, WhoComesBackToAStepThatHasBeenTakenLetsTheLoopGoOnFirst) {
  Story story;
  const auto body = [&](LocalCore& core) -> Task<void> {
    Event told(core.io());
    co_await core.turn().at(Step::send);
    asio::post(core.io(), [&] { story.push_back("something else"); });
    for (const Step step : {Step::answer, Step::read}) {
      co_await core.turn().at(step);
      story.push_back(step == Step::answer ? "a later step" : "an earlier one");
    }
  };
  run(body);
  EXPECT_EQ(story, (Story{"a later step", "something else", "an earlier one"}));
}

// Turns with nobody else in them.
Task<unsigned> waits_alone(Turn& turn) {
  unsigned waits = 0;
  for (; waits < 10'000 && !turn.alone(); ++waits) co_await turn.at(Step::send);
  co_return waits;
}

Task<unsigned> steps_without_waiting(Turn& turn) {
  unsigned steps = 0;
  for (; steps < 10'000 && turn.alone(); ++steps) co_await turn.at(Step::send);
  co_return steps;
}

TEST(Turn, OfACoreWithOneRequestAtATimeGoesStraightOnAndLooksAgainNowAndThen) {
  const auto body = [](LocalCore& core) -> Task<void> {
    const unsigned at_first = co_await waits_alone(core.turn());
    EXPECT_EQ(at_first, 8U);
    const unsigned straight_on = co_await steps_without_waiting(core.turn());
    EXPECT_EQ(straight_on, 2'000U);
    const unsigned looks = co_await waits_alone(core.turn());
    EXPECT_EQ(looks, 1U) << "it was alone again";
  };
  run(body);
}

TEST(Turn, OfACoreWithMuchToDoWaitsForTheOthersAgain) {
  const auto body = [](LocalCore& core) -> Task<void> {
    co_await waits_alone(core.turn());
    co_await steps_without_waiting(core.turn());
    Story story;
    const std::vector<std::vector<Step>> all = {{Step::read}, {Step::read}};
    co_await take_beside_each_other(core, story, all);
    const unsigned waits = co_await waits_alone(core.turn());
    EXPECT_EQ(waits, 8U);
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

TEST(Turn, WhatIsCancelledBeforeItIsSentIsNotSent) {
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
