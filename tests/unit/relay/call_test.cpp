#include "relay/call.hpp"

#include <gtest/gtest.h>

namespace freellmapi::relay {
namespace {

/// A request with these members, all of them in one body.
class Repair : public testing::Test {
 protected:
  const std::string body = R"({"model":"m","max_tokens":50,"logprobs":true})";
  chat::Request request;
  policy::Model model;

  void SetUp() override {
    request.body = &body;
    request.max_tokens = 50;
    request.members = {{"model", "\"m\""}, {"max_tokens", "50"}, {"logprobs", "true"}};
  }
  static std::string names(const PluginCall& call) {
    std::string all;
    for (std::size_t i = 0; i < call.get().member_count; ++i) {
      const freellm_str name = call.get().members[i].name;
      all += std::string(name.data, name.size) + " ";
    }
    return all;
  }
};

TEST_F(Repair, DropsTheNamedMember) {
  PluginCall call(request, model, "m", 50, 1);
  EXPECT_TRUE(call.repair("logprobs", ""));
  EXPECT_EQ(names(call), "model max_tokens ");
}

TEST_F(Repair, RenamesTheNamedMember) {
  PluginCall call(request, model, "m", 50, 1);
  EXPECT_TRUE(call.repair("logprobs", "top_logprobs"));
  EXPECT_EQ(names(call), "model max_tokens top_logprobs ");
}

TEST_F(Repair, OfTheOutputLimitFindsItUnderEitherNameAndForgetsItsValue) {
  PluginCall call(request, model, "m", 50, 1);
  EXPECT_EQ(call.get().max_output_tokens, 50u);
  EXPECT_TRUE(call.repair("max_completion_tokens", ""));
  EXPECT_EQ(names(call), "model logprobs ");
  EXPECT_EQ(call.get().max_output_tokens, 0u);
}

TEST_F(Repair, OfAMemberThatIsNotThereIsNone) {
  PluginCall call(request, model, "m", 50, 1);
  EXPECT_FALSE(call.repair("temperature", ""));
}

}  // namespace
}  // namespace freellmapi::relay
