#include "net/authority.hpp"

#include <gtest/gtest.h>

namespace freellmapi::net {
namespace {

TEST(Authority, IsAHostWithAnOptionalPort) {
  const auto plain = parse_authority("Example.COM");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->host, "example.com");
  EXPECT_FALSE(plain->port);
  const auto literal = parse_authority("[FE80::1]:8080");
  ASSERT_TRUE(literal);
  EXPECT_EQ(literal->host, "fe80::1");
  EXPECT_EQ(literal->port, 8080);
}

TEST(Authority, IsNothingElse) {
  for (const char* text : {"", ":80", "a:", "a:0", "a:65536", "a:+1", "a:8 0", "a b", "a/b", "u@a", "[::1",
                           "[::1]x", "[zz]", "::1", "a,b", "a%00", "http://a"}) {
    EXPECT_FALSE(parse_authority(text)) << text;
  }
}

TEST(HostRules, OnlyWhatIsAllowedIsUsual) {
  const HostRules rules("10.0.0.7", 3001, {"Box.lan", "other:99", "not a host", "[::1]:5"});
  for (const char* text :
       {"127.0.0.1:3001", "localhost:3001", "10.0.0.7:3001", "box.lan", "box.lan:3001", "other:99"})
    EXPECT_TRUE(rules.usual(text)) << text;
  for (const char* text : {"", "localhost", "localhost:3002", "other", "other:3001", "::1:5", "::1",
                           "not a host", "not a host:3001", "evil.example:3001", "LOCALHOST:3001"})
    EXPECT_FALSE(rules.usual(text)) << text;
  EXPECT_TRUE(HostRules("", 80, {}).usual("localhost:80"));
  EXPECT_FALSE(HostRules("", 80, {}).usual(":80"));
}

}  // namespace
}  // namespace freellmapi::net
