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

}  // namespace
}  // namespace freellmapi::net
