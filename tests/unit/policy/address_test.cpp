#include "policy/address.hpp"

#include <gtest/gtest.h>

#include "fixture.hpp"

namespace freellmapi::policy::test {
namespace {

TEST(BaseUrl, IsKeptWithoutItsLastSlash) {
  EXPECT_EQ(parse_base_url("https://API.groq.com/openai/v1/")->text, "https://api.groq.com/openai/v1");
  EXPECT_EQ(parse_base_url("http://box:8080")->text, "http://box:8080");
  EXPECT_EQ(parse_base_url("http://[::1]:8080/V1")->text, "http://[::1]:8080/V1");
}

TEST(BaseUrl, IsRefusedWhenItIsNoPlainAddressOfAServer) {
  for (const char* url : {"",
                          "api.groq.com",
                          "ftp://x/",
                          "file:///etc/passwd",
                          "http://",
                          "http:///v1",
                          "https://user:pw@x/v1",
                          "https://x@y",
                          "https://x/v1?a=b",
                          "https://x/v1#f",
                          "https://x y/",
                          "https://x\\y/",
                          "https://x:0/",
                          "https://x:99999/",
                          "https://x:/",
                          "https://x:8a/",
                          "https://[::1",
                          "https://[x]/",
                          "https://::1/",
                          "https://\xc3\xa9/"}) {
    EXPECT_FALSE(parse_base_url(url).has_value()) << url;
  }
}

TEST(BaseUrl, NeverNamesAMetadataServiceHoweverItIsSpelled) {
  for (const char* url :
       {"http://169.254.169.254/latest", "http://100.100.100.200/", "http://[fd00:ec2::254]/",
        "http://metadata.google.internal/", "http://METADATA.google.internal./", "http://metadata/",
        "http://[fe80::1]/", "http://[::ffff:169.254.169.254]/", "http://[64:ff9b::a9fe:a9fe]/",
        "http://2852039166/", "http://0xa9fea9fe/", "http://0251.0376.0251.0376/", "http://0.0.0.0/",
        "http://[::]/", "http://169.254.169.254./"}) {
    EXPECT_FALSE(parse_base_url(url).has_value()) << url;
  }
}

TEST(BaseUrl, TellsLocalHostsFromOthers) {
  EXPECT_EQ(host_kind("127.9.9.9"), HostKind::loopback);
  EXPECT_EQ(host_kind("localhost"), HostKind::loopback);
  EXPECT_EQ(host_kind("::1"), HostKind::loopback);
  EXPECT_EQ(host_kind("192.168.1.5"), HostKind::local);
  EXPECT_EQ(host_kind("172.31.0.1"), HostKind::local);
  EXPECT_EQ(host_kind("fd12::1"), HostKind::local);
  EXPECT_EQ(host_kind("8.8.8.8"), HostKind::open);
  EXPECT_EQ(host_kind("api.groq.com"), HostKind::open);
  EXPECT_EQ(host_kind("1.e100.net"), HostKind::open);
}

TEST(BaseUrl, OfACustomEndpointMayBeLocal) {
  const auto outcome =
      House{}(with("providers: {box: {plugin: custom, base_url: \"http://192.168.1.5:8080/v1\"}}\n"));
  ASSERT_NE(outcome.policy, nullptr) << texts(outcome);
  EXPECT_EQ(texts(outcome), "");
  const auto& box = outcome.policy->providers[outcome.policy->provider_named("box")];
  EXPECT_TRUE(box.local_allowed);
  EXPECT_TRUE(box.any_model);
  EXPECT_TRUE(box.keyless);
}

TEST(BaseUrl, OfAProviderIsNotPrivateUnlessThePolicySaysSo) {
  EXPECT_EQ(faults(with("providers: {groq: {base_url: \"http://10.0.0.1/v1\"}}\n")),
            "p.yaml:3:30: providers.groq.base_url: a private address is for custom endpoints; 'local: true' "
            "beside it "
            "allows it here\n");
  const auto allowed = House{}(with("providers: {groq: {base_url: \"http://10.0.0.1/v1\", local: true}}\n"));
  ASSERT_NE(allowed.policy, nullptr);
  EXPECT_TRUE(allowed.policy->providers[allowed.policy->provider_named("groq")].local_allowed);
}

TEST(BaseUrl, OfAProviderOnThisMachineIsTakenWithAWarning) {
  const auto outcome =
      House{}(with("providers: {groq: {base_url: \"http://127.0.0.1:9/groq/openai/v1\"}}\n"));
  ASSERT_NE(outcome.policy, nullptr);
  EXPECT_EQ(texts(outcome),
            "p.yaml:3:30: warning: providers.groq.base_url: requests and keys of groq go to a program on "
            "this machine\n");
  EXPECT_TRUE(outcome.policy->providers[outcome.policy->provider_named("groq")].local_allowed);
  EXPECT_FALSE(outcome.policy->providers[outcome.policy->provider_named("google")].local_allowed);
}

TEST(Listen, TakesAddressesOfBothKindsAndAnyPort) {
  EXPECT_EQ(parse_listen("127.0.0.1:3001")->port, 3001);
  EXPECT_EQ(parse_listen("[::1]:0")->address, "::1");
  EXPECT_EQ(parse_listen("localhost:1")->address, "127.0.0.1");
  EXPECT_EQ(parse_listen(":3001")->address, "127.0.0.1");
  EXPECT_FALSE(parse_listen("0.0.0.0:3001")->loopback);
  for (const char* text :
       {"", "3001", "127.0.0.1", "127.0.0.1:", "x.lan:1", "127.0.0.1:65536", "127.0.0.1:-1", "::1:80"}) {
    EXPECT_FALSE(parse_listen(text).has_value()) << text;
  }
}

TEST(Listen, BeyondThisMachineIsAWarning) {
  const auto outcome = House{}(with("server: {listen: \"0.0.0.0:80\", hosts: [Router.lan]}\n"));
  ASSERT_NE(outcome.policy, nullptr);
  EXPECT_EQ(texts(outcome),
            "p.yaml:3:18: warning: server.listen: listening on 0.0.0.0 lets other machines in\n");
  EXPECT_EQ(outcome.policy->server.address, "0.0.0.0");
  EXPECT_EQ(outcome.policy->server.port, 80);
  EXPECT_EQ(outcome.policy->server.hosts, std::vector<std::string>{"router.lan"});
}

TEST(Listen, OfTheCommandLineWins) {
  House setup;
  setup.listen_override = "127.0.0.2:0";
  const auto outcome = setup(with("server: {listen: \"127.0.0.1:80\"}\n"));
  ASSERT_NE(outcome.policy, nullptr);
  EXPECT_EQ(outcome.policy->server.address, "127.0.0.2");
  EXPECT_EQ(outcome.policy->server.port, 0);
  setup.listen_override = "nowhere";
  EXPECT_EQ(texts(setup(with(""))), "p.yaml: --listen: expected ADDRESS:PORT such as 127.0.0.1:3001\n");
}

}  // namespace
}  // namespace freellmapi::policy::test
