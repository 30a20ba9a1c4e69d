#include "relay/sentence.hpp"

#include <gtest/gtest.h>

namespace freellmapi::relay {
namespace {

std::string told(std::string_view said) { return told_sentence(said, base::Redactor{}); }

TEST(Sentences, KeepWhatHelps) {
  for (const char* said : {"temperature must be below 2.", "'messages.0.content' : must be a string",
                           "the model `llama-3.3-70b-versatile` does not support user-defined tools", ""}) {
    EXPECT_EQ(told(said), said);
  }
}

TEST(Sentences, LoseAccountsOrganisationsAndMailAddresses) {
  EXPECT_EQ(told("model not allowed in organization `org_01hx3k9zq2e8v` for jo.doe@example.org."),
            "model not allowed in organization `[redacted]` for [redacted].");
  EXPECT_EQ(told("user-8dk3mzk2 of account 0123456789abcdef0123456789abcdef"),
            "[redacted] of account [redacted]");
}

TEST(Sentences, LoseLinks) {
  EXPECT_EQ(told("Upgrade at https://console.example.com/settings?org=1, or (see http://10.0.0.7:8080/docs)"),
            "Upgrade at [link], or (see [link])");
}

TEST(Sentences, LoseKeysBeforeTheyAreCut) {
  const std::string key = "0123456789abcdefghij0123456789";
  const std::string sentence = told_sentence(std::string(385, 'x') + ' ' + key, base::Redactor({key}));
  EXPECT_EQ(sentence.find("0123"), std::string::npos) << sentence;
}

}  // namespace
}  // namespace freellmapi::relay
