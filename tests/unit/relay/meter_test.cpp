// Counting, and where a request's time went.
#include "relay/meter.hpp"

#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "relay/timing.hpp"

namespace freellmapi::relay {
namespace {

using namespace std::chrono_literals;

policy::Policy two_providers() {
  policy::Policy policy;
  for (const char* id : {"a", "b"}) {
    policy::Provider provider;
    provider.id = id;
    policy.providers.push_back(std::move(provider));
    policy::Model model;
    model.id = "m";
    model.provider = static_cast<policy::ProviderIndex>(policy.providers.size() - 1);
    policy.models.push_back(std::move(model));
  }
  return policy;
}

template <class List>
const auto& named(const List& list, std::string_view name) {
  for (const auto& entry : list) {
    if (entry.name == name) return entry;
  }
  throw std::runtime_error("nobody has that name");
}

Record answered(Meter& meter, std::string_view surface, const CountedAs& counted_as) {
  Record record;
  record.surface = surface;
  record.surface_number = meter.learn_surface(surface);
  record.provider_number = counted_as.providers[0];
  record.status = 200;
  record.provider = "a";
  record.first_token = 300ms;
  record.admitted = 10us;
  record.decided = 90us;
  return record;
}

TEST(Places, GiveEveryNameItsOwnNumberAndZeroToTheRest) {
  Places places(3);
  EXPECT_EQ(places.add("a", "m"), 1U);
  EXPECT_EQ(places.add("a", "n"), 2U);
  EXPECT_EQ(places.add("a", "m"), 1U);
  EXPECT_EQ(places.add("am"), 3U) << "two parts are not their sum";
  EXPECT_EQ(places.add("c"), 0U) << "there is no room";
  EXPECT_EQ(places.add("am"), 3U);
  EXPECT_EQ(places.names().size(), 4U);
  EXPECT_EQ(places.names()[0].first, "other");
}

TEST(Meter, SortsRequestsByHowTheyEnded) {
  Meter meter(2);
  Record record = answered(meter, "openai.chat", meter.learn(two_providers()));
  meter.request(0, record, 2s);
  meter.request(1, record, 2s);
  record.code = "truncated_stream";
  meter.request(0, record, 2s);
  for (const int status : {400, 429, 499, 502}) {
    record.status = status;
    meter.request(5, record, 1ms);
  }
  const Meter::Sum sum = meter.sum();
  const auto& chat = named(sum.surfaces, "openai.chat");
  EXPECT_EQ(chat.ended, (std::array<std::uint64_t, ended_kinds>{2, 1, 2, 1, 1}));
  EXPECT_EQ(chat.duration.sum, 3U * 2'000'000 + 4U * 1'000);
}

TEST(Meter, PutsAValueInTheFirstBucketThatHoldsIt) {
  Meter meter(1);
  Record record = answered(meter, "http", meter.learn(two_providers()));
  record.first_token = 5ms;
  meter.request(0, record, 5'001us);
  record.first_token = 1h;
  meter.request(0, record, 0us);
  const Meter::Sum sum = meter.sum();
  const auto& waits = named(sum.providers, "a").first_token;
  EXPECT_EQ(waits.counts.front(), 1U) << "a bound belongs to its bucket";
  EXPECT_EQ(waits.counts.back(), 1U);
  EXPECT_EQ(named(sum.surfaces, "http").duration.counts[1], 1U);
  EXPECT_EQ(sum.route.counts[2], 2U) << "the key's check is not the route's";
}

TEST(Meter, CountsAttemptsAndTokensUnderTheirNames) {
  Meter meter(1);
  const CountedAs counted_as = meter.learn(two_providers());
  const std::uint32_t a = counted_as.providers[0], b = counted_as.providers[1];
  meter.attempt(0, a, attempt_answered);
  meter.attempt(0, b, FREELLM_C_RATE_LIMITED);
  meter.attempt(0, b, 100'000);
  meter.attempt(0, 0, attempt_left);
  meter.tokens(0, counted_as.models[1], 10, 20);
  meter.tokens(0, 0, 1, 2);
  meter.continued(0);
  meter.waited(0, 50ms);
  const Meter::Sum sum = meter.sum();
  EXPECT_EQ(named(sum.providers, "a").attempts[attempt_answered], 1U);
  EXPECT_EQ(named(sum.providers, "b").attempts[FREELLM_C_RATE_LIMITED], 1U);
  EXPECT_EQ(named(sum.providers, "b").attempts[FREELLM_C_UNKNOWN], 1U) << "a class that nobody knows";
  EXPECT_EQ(named(sum.providers, "other").attempts[attempt_left], 1U);
  EXPECT_EQ(sum.models[0].output, 2U) << "other";
  EXPECT_EQ(sum.models[2].provider, "b");
  EXPECT_EQ(sum.models[2].input, 10U);
  EXPECT_EQ(sum.continued, 1U);
  EXPECT_EQ(sum.queue.sum, 50'000U);
  EXPECT_EQ(attempt_name(FREELLM_C_RATE_LIMITED), "rate_limited");
  EXPECT_EQ(attempt_name(attempt_answered), "answered");
  EXPECT_EQ(attempt_name(attempt_hedged), "hedged");
}

TEST(Meter, LosesNothingWhenTwoThreadsShareACore) {
  Meter meter(1);
  const std::uint32_t a = meter.learn(two_providers()).providers[0];
  const auto work = [&] {
    for (int i = 0; i < 50'000; ++i) meter.attempt(0, a, attempt_answered);
  };
  std::thread other(work);
  work();
  other.join();
  EXPECT_EQ(named(meter.sum().providers, "a").attempts[attempt_answered], 100'000U);
}

TEST(Meter, KeepsItsCountsOverAReload) {
  Meter meter(1);
  meter.attempt(0, meter.learn(two_providers()).providers[0], attempt_answered);
  policy::Policy next = two_providers();
  std::swap(next.providers[0], next.providers[1]);
  meter.attempt(0, meter.learn(next).providers[1], attempt_answered);
  EXPECT_EQ(named(meter.sum().providers, "a").attempts[attempt_answered], 2U);
  EXPECT_EQ(meter.sum().providers.size(), 3U);
}

TEST(ServerTiming, TellsWhereTheTimeWentInMilliseconds) {
  const auto text = [](const Timing& timing) {
    std::string out;
    append_server_timing(out, timing);
    return out;
  };
  EXPECT_EQ(text({12us, 310us, 412'329us}),
            "auth;dur=0.012, route;dur=0.298, upstream;dur=412.019, total;dur=412.329");
  EXPECT_EQ(text({5us, std::nullopt, 1'005us}),
            "auth;dur=0.005, route;dur=1.000, upstream;dur=0.000, total;dur=1.005")
      << "nobody was asked";
}

}  // namespace
}  // namespace freellmapi::relay
