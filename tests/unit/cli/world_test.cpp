#include "cli/world.hpp"

#include <gtest/gtest.h>

namespace freellmapi::cli {
namespace {

policy::Policy with_key(const char* secret) {
  policy::Policy policy;
  policy::Key key;
  key.secret = base::Secret(secret);
  policy.keys.push_back(std::move(key));
  return policy;
}

TEST(World, RedactsTheKeysOfThePolicyBeforeAReloadToo) {
  const policy::Policy before = with_key("the-old-key-0123");
  World world;
  world.policy = std::make_shared<const policy::Policy>(with_key("account-id-77:the-token-0123"));
  const auto redactor = world.redactor("freellmapi-unified", &before);
  for (const char* secret : {"the-old-key-0123", "account-id-77", "the-token-0123", "freellmapi-unified"}) {
    EXPECT_EQ(redactor->redact(secret), "[redacted]") << secret;
  }
}

}  // namespace
}  // namespace freellmapi::cli
