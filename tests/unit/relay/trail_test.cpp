#include "relay/trail.hpp"

#include <gtest/gtest.h>

namespace freellmapi::relay {
namespace {

TEST(Trail, ReadsLikeTheIncumbentsHeader) {
  Trail trail;
  trail.add({"groq", "llama-3.3-70b-versatile", "key1", "rate_limited"});
  trail.add({"mistral", "mistral-large-latest", "", "timeout"});
  EXPECT_EQ(trail.header(),
            "groq/llama-3.3-70b-versatile key1=rate_limited; mistral/mistral-large-latest keyless=timeout");
  EXPECT_EQ(trail.count(), 2u);
}

TEST(Trail, WhatAHeaderMustNotHoldIsPercentEncoded) {
  Trail trail;
  trail.add({"box",
             "m\xc3\xb6"
             "del;\r\nx: y",
             "k,1", "network"});
  EXPECT_EQ(trail.header(), "box/m%C3%B6del%3B%0D%0Ax:%20y k%2C1=network");
}

TEST(Trail, ShowsTenHopsAndAtMostOneKibibyte) {
  Trail trail;
  for (int i = 0; i < 100; ++i) trail.add({"p", "m" + std::to_string(i), "key1", "network"});
  EXPECT_NE(trail.header().find("m9 "), std::string::npos);
  EXPECT_EQ(trail.header().find("m10 "), std::string::npos);
  EXPECT_EQ(trail.count(), 100u);
  Trail wide;
  for (int i = 0; i < 10; ++i) wide.add({"p", std::string(300, 'm'), "key1", "network"});
  EXPECT_LE(wide.header().size(), 1024u);
}

}  // namespace
}  // namespace freellmapi::relay
