#include "base/redact.hpp"

#include <gtest/gtest.h>

namespace freellmapi::base {
namespace {

constexpr const char* secret = "s3cr3t/Value+with spaces";

TEST(Redactor, TakesAKnownSecretOutWhereverItStands) {
  const Redactor redactor{{secret}};
  EXPECT_EQ(redactor.redact(std::string{"a"} + secret + "b" + secret), "a[redacted]b[redacted]");
  EXPECT_EQ(redactor.redact(secret), "[redacted]");
}

TEST(Redactor, FindsTheUrlEncodedFormInBothLetterCases) {
  const Redactor redactor{{secret}};
  EXPECT_EQ(redactor.redact("key:s3cr3t%2FValue%2Bwith%20spaces."), "key:[redacted].");
  EXPECT_EQ(redactor.redact("key:s3cr3t%2fValue%2bwith%20spaces."), "key:[redacted].");
}

TEST(Redactor, FindsTheBase64FormAtEveryAlignment) {
  const Redactor redactor{{"abcdefghijkl"}};
  EXPECT_EQ(redactor.redact("YWJjZGVmZ2hpamts"), "[redacted]");           // the secret alone
  EXPECT_EQ(redactor.redact("dTphYmNkZWZnaGlqa2w="), "dTp[redacted]w=");  // behind "u:", two bytes
  EXPECT_EQ(redactor.redact("OmFiY2RlZmdoaWprbA=="), "Om[redacted]A==");  // behind ":", one byte
}

TEST(Redactor, FindsTheUrlSafeBase64Form) {
  const Redactor redactor{{"\xfb\xef\xbe\xfb\xef\xbe\xfb\xef\xbe"}};
  EXPECT_EQ(redactor.redact("x=----------------x"), "x=[redacted]----x");
  EXPECT_EQ(redactor.redact("x=++++++++++++x"), "x=[redacted]x");
}

TEST(Redactor, OfTwoSecretsWithOneStartTheLongerGoesWhole) {
  const Redactor redactor{{"password-one", "password-one-and-two"}};
  EXPECT_EQ(redactor.redact("<password-one-and-two>"), "<[redacted]>");
  EXPECT_EQ(redactor.redact("<password-one>"), "<[redacted]>");
}

TEST(Redactor, TakesOutTheBeginningOfASecretWhereTheTextIsCut) {
  const Redactor redactor{{secret}};
  EXPECT_EQ(redactor.redact("no such key: s3cr3t/Value"), "no such key: [redacted]");
  EXPECT_EQ(redactor.redact("no such key: s3cr3t/Value!"), "no such key: s3cr3t/Value!");
}

TEST(Redactor, IgnoresSecretsShorterThanEightCharacters) {
  EXPECT_EQ(Redactor{{"the"}}.redact("the weather"), "the weather");
  EXPECT_EQ(Redactor{{"1234567"}}.redact("1234567"), "1234567");
  EXPECT_EQ(Redactor{{"12345678"}}.redact("12345678"), "[redacted]");
}

TEST(Redactor, TakesOutWhatIsShapedLikeAKeyItDoesNotHold) {
  const Redactor redactor;
  for (const char* key : {"sk-proj-abcDEF123456ghij", "gsk_0123456789abcdefghij",
                          "nvapi-0123456789abcdefghij", "AIzaSyA0123456789abcdefghijklmnopqrstuv",
                          "hf_0123456789abcdefghij", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
                          "sk-abcd****************wxyz", "freellmapi-0123456789abcdef"}) {
    EXPECT_EQ(redactor.redact(std::string{"Incorrect API key: "} + key + "."),
              std::string_view{key}.starts_with("eyJ") ? "Incorrect API key: [redacted]"
                                                       : "Incorrect API key: [redacted].")
        << key;
  }
}

TEST(Redactor, KeepsTheWordBeforeACredentialAndTakesTheCredential) {
  const Redactor redactor;
  EXPECT_EQ(redactor.redact("Authorization: Bearer abc123def456"), "Authorization: Bearer [redacted]");
  EXPECT_EQ(redactor.redact("authorization: bEARER abc.123/def="), "authorization: bEARER [redacted]");
  EXPECT_EQ(redactor.redact("GET /v1beta?key=abc123def456&alt=sse"), "GET /v1beta?key=[redacted]&alt=sse");
  EXPECT_EQ(redactor.redact("https://x/?a=1&api_key=abc123def456"), "https://x/?a=1&api_key=[redacted]");
}

TEST(Redactor, LeavesOrdinaryTextAlone) {
  const Redactor redactor{{secret}};
  for (const char* text : {"", "sk-", "a task-force of sk-learn-something", "Bearer tokens are required",
                           "s3cr3t/V", "llama-3.3-70b-versatile", "monkey=bananas1234", "key=1234567890"}) {
    EXPECT_EQ(redactor.redact(text), text);
  }
}

}  // namespace
}  // namespace freellmapi::base
