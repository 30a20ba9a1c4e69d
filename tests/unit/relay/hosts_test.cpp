// Keys at a provider of several base URLs.
#include <gtest/gtest.h>

#include <string>

#include "relay/attempts.hpp"
#include "relay/key_hosts.hpp"

namespace freellmapi::relay {
namespace {

using std::chrono::seconds;
const base::Instant t0{std::chrono::hours{1}};

Lane lane(unsigned model, unsigned key, std::uint32_t hosts = 2, std::uint32_t host = 0) {
  Lane l;
  l.provider = 0;
  l.model = model;
  l.key = key;
  l.hosts = hosts;
  l.host = host;
  return l;
}

Attempts attempts(Attempts::Lanes lanes, unsigned most = 20) {
  Limits limits;
  limits.attempts = most;
  limits.no_new_attempt_after = t0 + seconds{45};
  return Attempts(std::move(lanes), limits);
}

/// "lane@host ..." with every attempt ending as the next of `classes`; '-' not yet, '!' as the first host
/// said.
std::string walk(Attempts& a, const std::vector<std::uint32_t>& classes) {
  std::string out;
  std::size_t n = 0;
  for (Action action = a.next(t0); action.what == Action::What::attempt; action = a.next(t0)) {
    out += std::to_string(action.lane) + "@" + std::to_string(action.host);
    std::uint32_t error_class = FREELLM_C_RATE_LIMITED;
    if (n < classes.size()) error_class = classes[n];
    ++n;
    const Held held = a.failed(action.lane, outcome_of(error_class, ""));
    out += held == Held::not_yet ? "- " : held == Held::as_first ? "! " : " ";
  }
  return out;
}

TEST(AKeyThatOneHostRefuses, IsTriedAtTheOtherAtOnceAndThenStaysThere) {
  auto a = attempts({lane(0, 0), lane(1, 0), lane(1, 1)});
  EXPECT_EQ(walk(a, {FREELLM_C_AUTH_INVALID, FREELLM_C_OVERLOADED}), "0@0- 0@1 1@1 2@0 ");
  EXPECT_EQ(a.attempted(), 4U);
}

TEST(AKeyThatEveryHostRefuses, IsRefused) {
  auto a = attempts({lane(0, 0), lane(1, 0), lane(1, 1)});
  EXPECT_EQ(walk(a, {FREELLM_C_AUTH_INVALID, FREELLM_C_AUTH_INVALID}), "0@0- 0@1 2@0 ");
}

TEST(AKeyThatOneHostRefuses, GoesRoundAllOfThemFromWhereItBegan) {
  auto a = attempts({lane(0, 0, 3, 1)});
  EXPECT_EQ(walk(a, {FREELLM_C_AUTH_INVALID, FREELLM_C_AUTH_INVALID, FREELLM_C_AUTH_INVALID}),
            "0@1- 0@0- 0@2 ");
}

TEST(AKeyThatOneHostRefuses, IsRefusedWhenTheOtherCannotBeReached) {
  auto a = attempts({lane(0, 0), lane(1, 0), lane(1, 1)});
  EXPECT_EQ(walk(a, {FREELLM_C_AUTH_INVALID, FREELLM_C_NETWORK}), "0@0- 0@1! 2@0 ")
      << "the provider as a whole can be reached: its other key is tried";
}

TEST(AHostThatCannotBeReached, LeavesItsKeysToTheOther) {
  auto a = attempts({lane(0, 0), lane(1, 0), lane(1, 1)});
  EXPECT_EQ(walk(a, {FREELLM_C_NETWORK, FREELLM_C_OVERLOADED}), "0@0- 0@1 1@1 2@0 ");
}

TEST(AHostThatCannotBeReached, IsTheReasonWhenTheOtherRefusesItsKey) {
  auto a = attempts({lane(0, 0), lane(1, 0), lane(1, 1)});
  EXPECT_EQ(walk(a, {FREELLM_C_NETWORK, FREELLM_C_AUTH_INVALID}), "0@0- 0@1! ")
      << "nobody knows the key to be bad";
}

TEST(AProviderNoneOfWhoseHostsCanBeReached, IsLeft) {
  auto a = attempts({lane(0, 0), lane(1, 0), lane(1, 1)});
  EXPECT_EQ(walk(a, {FREELLM_C_NETWORK, FREELLM_C_NETWORK}), "0@0- 0@1 ");
}

TEST(AKeyThatOneHostHasTaken, IsNotRefusedWhenThatHostIsGoneLater) {
  auto a = attempts({lane(0, 0), lane(1, 0), lane(1, 1)});
  EXPECT_EQ(walk(a, {FREELLM_C_AUTH_INVALID, FREELLM_C_OVERLOADED, FREELLM_C_NETWORK}), "0@0- 0@1 1@1 ");
}

TEST(AKeyThatOneHostRefuses, IsTriedNoMoreThanTheAttemptsAllow) {
  auto a = attempts({lane(0, 0), lane(1, 1)}, 1);
  EXPECT_EQ(walk(a, {FREELLM_C_AUTH_INVALID}), "0@0- ");
  EXPECT_TRUE(a.out_of_budget());
}

TEST(AKeyOfAProviderWithOneHost, IsRefusedAtOnce) {
  auto a = attempts({lane(0, 0, 1), lane(1, 0, 1)});
  EXPECT_EQ(walk(a, {FREELLM_C_AUTH_INVALID}), "0@0 ");
}

policy::Policy policy_of(const std::string& second_host, std::uint32_t begin_at = 0) {
  policy::Policy policy;
  policy::Provider provider;
  provider.base_url = "https://a.example";
  provider.hosts = {{"b", second_host, false}};
  policy.providers.push_back(std::move(provider));
  for (std::uint64_t fingerprint : {7U, 8U}) {
    policy::Key key;
    key.provider = 0;
    key.fingerprint = fingerprint;
    key.host = begin_at;
    policy.keys.push_back(std::move(key));
  }
  return policy;
}

TEST(KeyHosts, BeginWhereThePolicySaysAndStayWhereTheyWereTaken) {
  KeyHosts hosts(policy_of("https://b.example"), nullptr);
  EXPECT_EQ(hosts.of(0), 0U);
  hosts.taken(0, 1);
  EXPECT_EQ(hosts.of(0), 1U);
  EXPECT_EQ(hosts.of(1), 0U);
}

TEST(KeyHosts, AreKeptOverAReloadUnlessTheUrlsOrTheBeginningChange) {
  KeyHosts before(policy_of("https://b.example"), nullptr);
  before.taken(0, 1);
  EXPECT_EQ(KeyHosts(policy_of("https://b.example"), &before).of(0), 1U);
  EXPECT_EQ(KeyHosts(policy_of("https://c.example"), &before).of(0), 0U);
  KeyHosts begun_at_b(policy_of("https://b.example", 1), nullptr);
  begun_at_b.taken(0, 0);
  EXPECT_EQ(KeyHosts(policy_of("https://b.example"), &begun_at_b).of(0), 0U);
  EXPECT_EQ(KeyHosts(policy_of("https://b.example", 1), &before).of(0), 1U);
}

}  // namespace
}  // namespace freellmapi::relay
