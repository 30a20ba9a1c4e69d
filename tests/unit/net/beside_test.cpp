// A coroutine beside another: begun late or never, joined on every way out.
#include "net/beside.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>
#include <string>

#include "net/loop.hpp"

namespace freellmapi::net::testing {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds tick{1}, long_enough{1'000}, for_ever{60'000};

base::Result<void> run(const std::function<Task<void>(Core&)>& body) {
  const base::SystemClock clock;
  const base::Log log(clock, base::LogFormat::text, base::Level::error);
  return run_on_core(clock, log, UpstreamOptions{}, body);
}

/// What happened, in its order.
struct Scene {
  Core* core = nullptr;
  std::string said;
  milliseconds works{0};
  bool throws = false;
  bool destroyed = false;
};

Task<void> nap(Core& core, milliseconds length) {
  const base::Instant until = core.clock().steady() + length;
  co_await core.sleep_until(until);
}

Task<void> work(void* owner) {
  struct Leaves {
    Scene& scene;
    ~Leaves() { scene.destroyed = true; }
  };
  const Leaves leaves{*static_cast<Scene*>(owner)};
  Scene& scene = leaves.scene;
  scene.said += "begun ";
  co_await nap(*scene.core, scene.works);
  if (scene.throws) throw std::runtime_error("it could not");
  scene.said += "ended ";
}

Task<void> play(Core& core, Scene& scene, milliseconds begins, milliseconds lasts) {
  scene.core = &core;
  Beside beside(core, &scene, work);
  const base::Instant when = core.clock().steady() + begins;
  beside.begin_at(when);
  co_await nap(core, lasts);
  scene.said += beside.begun() ? "meanwhile " : "alone ";
  co_await beside.join();
  scene.said += "joined";
}

TEST(Beside, WhatWasToBeginLaterThanTheOtherLastsNeverBegins) {
  Scene scene;
  ASSERT_TRUE(run([&](Core& core) { return play(core, scene, for_ever, milliseconds{5}); }));
  EXPECT_EQ(scene.said, "alone joined");
}

TEST(Beside, BothRunAndTheOwnerWaitsForTheSlowerOne) {
  Scene scene;
  scene.works = milliseconds{200};
  ASSERT_TRUE(run([&](Core& core) { return play(core, scene, tick, milliseconds{120}); }));
  EXPECT_EQ(scene.said, "begun meanwhile ended joined");
}

TEST(Beside, WhatHasEndedIsJoinedAtOnce) {
  Scene scene;
  ASSERT_TRUE(run([&](Core& core) { return play(core, scene, tick, long_enough); }));
  EXPECT_EQ(scene.said, "begun ended meanwhile joined");
}

TEST(Beside, WhatEscapesFromTheWorkIsThrownWhereItIsJoined) {
  Scene scene;
  scene.throws = true;
  const auto ran = run([&](Core& core) { return play(core, scene, tick, milliseconds{120}); });
  ASSERT_FALSE(ran);
  EXPECT_NE(ran.error().text().find("std::runtime_error"), std::string::npos) << ran.error().text();
  EXPECT_EQ(scene.said, "begun meanwhile ");
}

Task<void> called_off(Core& core, Scene& scene) {
  scene.core = &core;
  Beside beside(core, &scene, work);
  const base::Instant when = core.clock().steady() + milliseconds{20};
  beside.begin_at(when);
  beside.call_off();
  co_await nap(core, long_enough);
  co_await beside.join();
}

TEST(Beside, WhatIsCalledOffNeverBegins) {
  Scene scene;
  ASSERT_TRUE(run([&](Core& core) { return called_off(core, scene); }));
  EXPECT_EQ(scene.said, "");
}

Task<void> abandoned(Core& core, Scene& scene) { co_await play(core, scene, tick, for_ever); }

Task<void> goes_down(Core& core, Scene& scene) {
  static_cast<LocalCore&>(core).spawn("abandoned", abandoned(core, scene));
  while (scene.said.empty()) co_await nap(core, tick);
}

TEST(Beside, ACoreThatIsClosedDestroysBothAsTheyStand) {
  Scene scene;
  scene.works = for_ever;
  ASSERT_TRUE(run([&](Core& core) { return goes_down(core, scene); }));
  EXPECT_EQ(scene.said, "begun ");
  EXPECT_TRUE(scene.destroyed);
}

}  // namespace
}  // namespace freellmapi::net::testing
