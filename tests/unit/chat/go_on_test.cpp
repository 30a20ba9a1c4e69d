#include "chat/go_on.hpp"

#include "decoded.hpp"

namespace freellmapi::chat {
namespace {

const char* const asked =
    R"({"model":"auto","stream":true,"messages":[{"role":"system","content":"short"},{"role":"user","content":"tell \"me\""}],)"
    R"("response_format":{"type":"json_object"},"temperature":0.5})";

TEST(GoingOn, TheTextSoFarStandsAsTheBeginningOfTheAnswer) {
  const Decoded first{asked};
  const auto made = going_on(first.request(), "One \"two\"\nthr\xC3\xA9\xC3\xA9 \n", Going::straight);
  ASSERT_TRUE(made);
  EXPECT_EQ(*made->body,
            "{\"model\":\"auto\",\"stream\":true,\"messages\":[{\"role\":\"system\",\"content\":\"short\"},"
            "{\"role\":\"user\",\"content\":\"tell \\\"me\\\"\"},{\"role\":\"assistant\",\"content\":\"One "
            "\\\"two\\\"\\nthr\xC3\xA9\xC3\xA9\"}],\"temperature\":0.5}");
  EXPECT_TRUE(made->facts.prefill);
  EXPECT_FALSE(made->facts.json_object);
  EXPECT_TRUE(made->stream);
  EXPECT_EQ(made->session, first.request().session);
  EXPECT_EQ(made->body, made->storage.get());
}

TEST(GoingOn, ByTheAnchorAUserAsksForIt) {
  const Decoded first{asked};
  const std::string shown =
      "The beginning of an answer that is so long that not all of it is repeated, only its last "
      "characters, which are enough.";
  const auto made = going_on(first.request(), shown, Going::anchored);
  ASSERT_TRUE(made);
  EXPECT_FALSE(made->facts.prefill);
  EXPECT_EQ(made->facts.message_count, 4u);
  EXPECT_NE(made->body->find("<<<\\n" + std::string(anchor_of(shown)) + "\\n>>>\"}]"), std::string::npos);
}

}  // namespace
}  // namespace freellmapi::chat
