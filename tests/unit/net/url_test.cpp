#include <gtest/gtest.h>

#include <map>

#include "net/proxy_url.hpp"
#include "net/upstream.hpp"

namespace freellmapi::net {
namespace {

TEST(BaseUrl, IsSplitIntoOriginAndPath) {
  const auto url = parse_base_url("HTTPS://API.Example.com/openai/v1//");
  ASSERT_TRUE(url);
  EXPECT_TRUE(url->origin.tls);
  EXPECT_EQ(url->origin.host, "api.example.com");
  EXPECT_EQ(url->origin.port, 443);
  EXPECT_EQ(url->path, "/openai/v1");
  EXPECT_FALSE(url->origin.local_allowed);
  const auto local = parse_base_url("http://[::1]:11434");
  ASSERT_TRUE(local);
  EXPECT_EQ(local->origin.host, "::1");
  EXPECT_EQ(local->origin.port, 11434);
  EXPECT_EQ(local->path, "");
}

TEST(BaseUrl, IsRefusedWhenAnythingElseHidesInIt) {
  for (const char* url :
       {"", "api.example.com", "ftp://a", "file:///etc/passwd", "https://", "https://u:p@a/", "https://a#b",
        "https://a?b", "https://a b", "https://a\r\n", "https://a:0", "https://a:65536", "https://a:x",
        "https://a\\b", "https:/a", "//a", "https://[::1", "https://ex\xc3\xa4mple"}) {
    EXPECT_FALSE(parse_base_url(url)) << url;
  }
}

TEST(ProxyUrl, IsTakenApart) {
  const auto proxy = parse_proxy_url("socks5h://us%40er:p%3Aw@[::1]:9/");
  ASSERT_TRUE(proxy);
  EXPECT_EQ(proxy->kind, ProxyUrl::Kind::socks5h);
  EXPECT_EQ(proxy->user, "us@er");
  EXPECT_EQ(proxy->password, "p:w");
  EXPECT_EQ(proxy->host, "::1");
  EXPECT_EQ(proxy->port, 9);
  EXPECT_EQ(parse_proxy_url("http://box")->port, 80);
  EXPECT_EQ(parse_proxy_url("socks5://box")->port, 1080);
  for (const char* url : {"", "box:80", "https://box", "ftp://box", "http://", "http://a/b"}) {
    EXPECT_FALSE(parse_proxy_url(url)) << url;
  }
}

std::map<std::string, std::string>& variables() {
  static std::map<std::string, std::string> map;
  return map;
}

std::string environment(const char* name) {
  const auto found = variables().find(name);
  return found == variables().end() ? std::string() : found->second;
}

std::string proxy_for(const std::string& host, bool tls = true, std::uint16_t port = 443) {
  Origin origin;
  origin.host = host;
  origin.tls = tls;
  origin.port = port;
  return proxy_from_environment(origin, environment);
}

TEST(ProxyFromEnvironment, PrefersTheSchemesOwnVariable) {
  variables() = {
      {"ALL_PROXY", "socks5://all:1"}, {"https_proxy", "http://secure:2"}, {"HTTPS_PROXY", "http://upper:3"}};
  EXPECT_EQ(proxy_for("a.example"), "http://secure:2");
  EXPECT_EQ(proxy_for("a.example", false), "socks5://all:1");
  variables() = {{"HTTPS_PROXY", "box:3128"}, {"HTTP_PROXY", "http://plain:1"}};
  EXPECT_EQ(proxy_for("a.example"), "http://box:3128");
  EXPECT_EQ(proxy_for("a.example", false), "http://plain:1");
  variables().clear();
  EXPECT_EQ(proxy_for("a.example"), "");
}

TEST(ProxyFromEnvironment, IsNeverUsedForThisMachine) {
  variables() = {{"ALL_PROXY", "http://box:1"}};
  for (const char* host : {"localhost", "LOCALHOST", "a.localhost", "127.0.0.1", "127.9.9.9", "::1"}) {
    EXPECT_EQ(proxy_for(host), "") << host;
  }
}

TEST(ProxyFromEnvironment, KnowsSuffixesPortsAndBlocksToLeaveOut) {
  variables() = {{"ALL_PROXY", "http://box:1"},
                 {"NO_PROXY", "example.com, .corp.lan,10.0.0.0/8,fd00::/8,host.lan:8443,192.0.2.7"}};
  for (const char* host :
       {"example.com", "api.EXAMPLE.com", "x.corp.lan", "corp.lan", "10.1.2.3", "fd00::5", "192.0.2.7"}) {
    EXPECT_EQ(proxy_for(host), "") << host;
  }
  for (const char* host :
       {"notexample.com", "example.com.evil", "11.0.0.1", "fe00::5", "host.lan", "192.0.2.70"}) {
    EXPECT_EQ(proxy_for(host), "http://box:1") << host;
  }
  EXPECT_EQ(proxy_for("host.lan", true, 8443), "");
  variables()["NO_PROXY"] = "*";
  EXPECT_EQ(proxy_for("anything.example"), "");
}

}  // namespace
}  // namespace freellmapi::net
