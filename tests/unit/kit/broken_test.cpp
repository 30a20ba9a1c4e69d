// The kit is red on each broken plugin, for the reason it is broken for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kit/build.hpp"
#include "kit/report.hpp"
#include "kit/suite.hpp"

namespace freellmapi::kit {
namespace {

using testing::HasSubstr;

std::string plugin(const std::string& name) { return std::string(BROKEN_PLUGINS) + "/" + name + ".so"; }

std::vector<Result> run(const std::string& name, const std::string& only) {
  Options options;
  options.file = plugin(name);
  options.command = "check " + name;
  options.only = only;
  options.limits.processor = std::chrono::seconds(sanitized ? 8 : 3);
  return Runner(options).run(all_checks());
}

struct Broken {
  const char *name, *check, *reason;
};

class BrokenPlugin : public testing::TestWithParam<Broken> {};

TEST_P(BrokenPlugin, FailsTheCheckForItsFault) {
  const std::vector<Result> results = run(GetParam().name, GetParam().check);
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(results[0].verdict, Verdict::failed);
  ASSERT_FALSE(results[0].seen.empty());
  EXPECT_THAT(results[0].seen[0], HasSubstr(GetParam().reason));
  EXPECT_EQ(results[0].again, std::string("check ") + GetParam().name + " --only " + GetParam().check);
}

TEST_P(BrokenPlugin, PassesThatCheckWithoutTheFault) {
  const std::vector<Result> results = run("nothing", GetParam().check);
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(results[0].verdict, Verdict::passed) << as_text("nothing", results, false);
}

// Memory is not measured under sanitizers, which keep what is freed.
constexpr bool memory_is_measured = !sanitized;

std::vector<Broken> all() {
  std::vector<Broken> some{
      {"wrong_major", "abi.major", "abi_major is 2"},
      {"throws", "garbage.throws", "threw an exception across the C ABI: an error without a body"},
      {"spins", "garbage.noise", "it did not come back"},
      {"crashes", "errors.body-nothing", sanitized ? "" : "killed by signal 11"},
      {"counts_requests", "requests.same-bytes", "other bytes the second time"},
      {"forwards", "requests.unknown-members-dropped", "is forwarded"},
      {"misclassifies", "errors.429", "is auth_invalid"},
      {"too_sure", "errors.guess", "definitely bad_request"},
      {"loses_text", "streams.plain", "byte-by-byte"},
      {"remembers", "state.interleaved", "beside other parsers"},
      {"shows_keys", "secrets.first-eight", "stand in the log"},
      {"takes_keys", "secrets.environment", "stands in what it writes"},
      {"takes_keys", "secrets.own-keys", "it writes the header Authorization itself"},
      {"counts_too_far", "limits.capacity", "with room for 0 it says that it wrote 3"},
      {"heads_otherwise", "requests.fixed-heads", "behind a fixed head it writes another request"},
      {"reads_otherwise", "garbage.mutated-cuts", "in one call it reads an answer otherwise"},
      {"finishes_everything", "streams.truncated", "the end is not E_TRUNCATED"},
      {"says_little", "manifest.format", "'manifest: 1' is missing"},
      {"says_little", "manifest.members", "unknown member 'tiemouts'"},
      {"says_little", "manifest.keys", "no variable is named"},
      {"says_little", "manifest.switch", "has no why_off"},
      {"says_little", "manifest.model-kind", "should be one of chat"},
      {"copies_prompts", "requests.long-prompt-copied", "bytes of the body are copied"}};
  if (!memory_is_measured) return some;
  some.push_back({"overruns", "garbage.closing", "outside of its parser_size"});
  some.push_back({"overruns", "memory.guard-page", "killed by signal 11"});
  some.push_back({"leaks", "memory.abandoned", "behind"});
  some.push_back({"hoards", "memory.endless-comments", "takes more"});
  some.push_back({"counts_requests", "state.globals", "change from call to call"});
  some.push_back({"shares_a_buffer", "state.threads-requests", "from eight threads at once"});
  some.push_back({"starts_threads", "state.threads-started", "1 threads are alive"});
  some.push_back({"starts_threads", "abi.imports", "it calls"});
  return some;
}

INSTANTIATE_TEST_SUITE_P(Each, BrokenPlugin, testing::ValuesIn(all()), [](const auto& instance) {
  std::string name = std::string(instance.param.name) + "_" + instance.param.check;
  for (char& c : name)
    if (c == '.' || c == '-') c = '_';
  return name;
});

TEST(Kit, IsGreenOnAPluginWithNothingWrong) {
  const std::vector<Result> results = run("nothing", "");
  EXPECT_EQ(count(results).failed, 0u) << as_text("nothing", results, false);
  EXPECT_GE(count(results).passed, 150u);
}

TEST(Kit, HasAnIdForEachCheckAndNoneTwice) {
  std::set<std::string> ids;
  for (const Check& check : all_checks()) {
    EXPECT_TRUE(ids.insert(check.id()).second) << check.id();
    EXPECT_FALSE(check.title.empty()) << check.id();
    EXPECT_EQ(check.id().find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-."), std::string::npos)
        << check.id();
  }
}

}  // namespace
}  // namespace freellmapi::kit
