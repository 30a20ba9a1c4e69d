// The runner survives what a check does to its process.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "kit/build.hpp"
#include "kit/suite.hpp"

namespace freellmapi::kit {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Check check(std::string name, std::function<void(Judge&)> body) {
  return {"group", std::move(name), "title",
          [body = std::move(body)](Subject&, Judge& judge) { body(judge); }};
}
Check passes(std::string name) {
  return check(std::move(name), [](Judge&) {});
}
Check dies(std::string name, int signal) {
  return check(std::move(name), [signal](Judge&) {
    std::signal(signal, SIG_DFL);
    std::raise(signal);
  });
}

std::vector<Result> run(const std::vector<Check>& checks, const std::function<void(Options&)>& change = {}) {
  Options options;
  options.file = "none.so";
  options.command = "check none.so";
  options.limits.processor = std::chrono::seconds(1);
  if (change) change(options);
  return Runner(options).run(checks);
}

std::vector<Verdict> verdicts(const std::vector<Result>& results) {
  std::vector<Verdict> out;
  for (const Result& result : results) out.push_back(result.verdict);
  return out;
}

TEST(Runner, TellsPassedFailedAndSkipped) {
  const auto results = run({passes("a"), check("b", [](Judge& j) { j.fail("wrong"); }),
                            check("c", [](Judge& j) { j.skip("not here"); })});
  EXPECT_THAT(verdicts(results), ElementsAre(Verdict::passed, Verdict::failed, Verdict::skipped));
  EXPECT_THAT(results[1].seen, ElementsAre("wrong"));
  EXPECT_EQ(results[1].again, "check none.so --only group.b");
  EXPECT_THAT(results[2].seen, ElementsAre("not here"));
}

TEST(Runner, FailsTheCheckThatDiedAndGoesOnWithTheNext) {
  const auto results = run({passes("a"), dies("b", SIGKILL), passes("c")});
  EXPECT_THAT(verdicts(results), ElementsAre(Verdict::passed, Verdict::failed, Verdict::passed));
  EXPECT_THAT(results[1].seen[0], HasSubstr("killed by signal 9"));
}

TEST(Runner, SaysWhatTheDeadSaidLast) {
  const auto results = run({check("a", [](Judge&) {
    std::fputs("last words", stderr);
    std::fflush(stderr);
    _exit(7);
  })});
  EXPECT_THAT(results[0].seen, ElementsAre(HasSubstr("exit code 7"), HasSubstr("last words")));
}

TEST(Runner, EndsACheckThatDoesNotComeBack) {
  const auto results = run({check("a", [](Judge&) {
    const volatile bool always = true;
    while (always) continue;
  })});
  EXPECT_THAT(results[0].seen[0], HasSubstr("more than 1 s of processor time"));
}

TEST(Runner, SkipsTheRestOfAGroupAfterThreeDeathsAndRunsTheNextGroup) {
  std::vector<Check> checks{dies("a", SIGKILL), dies("b", SIGKILL), dies("c", SIGKILL), passes("d")};
  checks.push_back({"other", "e", "title", [](Subject&, Judge&) {}});
  EXPECT_THAT(verdicts(run(checks)), ElementsAre(Verdict::failed, Verdict::failed, Verdict::failed,
                                                 Verdict::skipped, Verdict::passed));
}

TEST(Runner, BoundsTheMemoryOfACheck) {
  if (sanitized) GTEST_SKIP() << "a sanitizer maps more than any bound";
  const auto results = run({check("a",
                                  [](Judge&) {
                                    std::vector<std::string> all;
                                    for (int i = 0; i < 64; ++i) all.emplace_back(16u << 20, 'x');
                                  })},
                           [](Options& o) { o.limits.memory_bytes = 64u << 20; });
  EXPECT_EQ(results[0].verdict, Verdict::failed);
}

TEST(Runner, RunsOneGroupOrOneCheckWhenAskedTo) {
  std::vector<Check> checks{passes("a"), passes("b")};
  checks.push_back({"other", "c", "title", [](Subject&, Judge&) {}});
  EXPECT_EQ(run(checks, [](Options& o) { o.group = "group"; }).size(), 2u);
  EXPECT_EQ(run(checks, [](Options& o) { o.only = "other.c"; }).size(), 1u);
  EXPECT_TRUE(run(checks, [](Options& o) { o.only = "nobody"; }).empty());
}

TEST(Runner, KeepsFiveSentencesAndCountsTheRest) {
  const auto results = run({check("a", [](Judge& j) {
    for (int i = 0; i < 9; ++i) j.fail(std::to_string(i));
  })});
  EXPECT_THAT(results[0].seen, ElementsAre("0", "1", "2", "3", "4", "and 4 more"));
}

TEST(Runner, SaysWhyAPluginCannotBeLoaded) {
  const auto results = run({{"abi", "loads", "title", [](Subject& subject, Judge&) { subject.plugin(); }}});
  EXPECT_EQ(results[0].verdict, Verdict::failed);
  EXPECT_THAT(results[0].seen[0], HasSubstr("none.so"));
}

}  // namespace
}  // namespace freellmapi::kit
