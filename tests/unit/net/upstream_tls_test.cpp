// TLS to a provider, with certificates of the test's own.
#include <gtest/gtest.h>

#include <atomic>

#include "support/fetch.hpp"
#include "support/test_certificate.hpp"

namespace freellmapi::net::testing {
namespace {

const std::string answer_bytes = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecure";

// Serves requests over TLS until the client goes; counts resumed handshakes.
RawPeer::Serve secure(SSL_CTX* context, std::atomic<int>* resumed = nullptr,
                      const std::string& answer = answer_bytes) {
  return [=](RawSocket& socket, int) {
    serve_tls(socket, context, [&](SSL* ssl) {
      if (resumed != nullptr && SSL_session_reused(ssl) == 1) ++*resumed;
      while (tls_read_until(ssl, "\r\n\r\n").find("\r\n\r\n") != std::string::npos) tls_write(ssl, answer);
      return true;
    });
  };
}

Fetch get(const RawPeer& peer, const TestAuthority& authority) {
  Fetch fetch;
  fetch.method = "GET";
  fetch.origin = local_origin(peer.port());
  fetch.origin.tls = true;
  fetch.origin.ca_file = authority.file();
  return fetch;
}

TEST(Tls, SpeaksWithAServerWhoseNameAndAuthorityAreRight) {
  TestAuthority authority;
  const auto context = authority.server("DNS:localhost,IP:127.0.0.1");
  RawPeer peer(secure(context.get()));
  for (const char* host : {"127.0.0.1", "localhost"}) {
    Fetch one = get(peer, authority);
    one.origin.host = host;
    const Fetched answer = fetch(one);
    EXPECT_EQ(answer.body, "secure") << answer.detail;
    EXPECT_EQ(answer.idle, 1U);
  }
}

TEST(Tls, SendsNoByteOfHttpToAServerItCannotVerify) {
  TestAuthority authority, stranger;
  std::atomic<int> requests{0};
  struct Case {
    const char* what;
    std::shared_ptr<SSL_CTX> context;
    std::string ca_file, host;
  };
  const std::vector<Case> cases = {
      {"an unknown authority", stranger.server("IP:127.0.0.1"), authority.file(), "127.0.0.1"},
      {"the system's trust", authority.server("IP:127.0.0.1"), "", "127.0.0.1"},
      {"another name", authority.server("DNS:other.example"), authority.file(), "localhost"},
      {"another address", authority.server("IP:127.0.0.9,DNS:127.0.0.1"), authority.file(), "127.0.0.1"},
      {"an expired certificate", authority.server("IP:127.0.0.1", true), authority.file(), "127.0.0.1"},
  };
  for (const Case& c : cases) {
    RawPeer peer([&](RawSocket& socket, int) {
      serve_tls(socket, c.context.get(), [&](SSL* ssl) {
        if (!tls_read_until(ssl, "\r\n").empty()) ++requests;
        return true;
      });
    });
    Fetch one = get(peer, authority);
    one.origin.ca_file = c.ca_file;
    one.origin.host = c.host;
    const Fetched answer = fetch(one);
    EXPECT_EQ(answer.fault, Fault::tls) << c.what;
    EXPECT_NE(answer.detail.find("certificate"), std::string::npos) << answer.detail;
  }
  EXPECT_EQ(requests, 0);
}

TEST(Tls, IsNeverOlderThan12) {
  TestAuthority authority;
  const auto context = authority.server("IP:127.0.0.1");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(context.get(), TLS1_1_VERSION);
  SSL_CTX_set_security_level(context.get(), 0);
  RawPeer peer(secure(context.get()));
  EXPECT_EQ(fetch(get(peer, authority)).fault, Fault::tls);
}

TEST(Tls, SaysThatACaFileCannotBeUsed) {
  TestAuthority authority;
  const auto context = authority.server("IP:127.0.0.1");
  RawPeer peer(secure(context.get()));
  Fetch one = get(peer, authority);
  one.origin.ca_file = "/nowhere/ca.pem";
  const Fetched answer = fetch(one);
  EXPECT_EQ(answer.fault, Fault::tls);
  EXPECT_NE(answer.detail.find("/nowhere/ca.pem"), std::string::npos);
}

class TlsVersion : public ::testing::TestWithParam<int> {};

TEST_P(TlsVersion, ResumesTheSessionOfAConnectionThatWasClosed) {
  TestAuthority authority;
  const auto context = authority.server("IP:127.0.0.1");
  SSL_CTX_set_max_proto_version(context.get(), GetParam());
  std::atomic<int> resumed{0};
  RawPeer peer(secure(context.get(), &resumed));
  UpstreamOptions no_pool;
  no_pool.idle_per_origin = 0;
  const auto answers = fetch_all(std::vector<Fetch>(4, get(peer, authority)), no_pool);
  for (const Fetched& answer : answers) EXPECT_EQ(answer.body, "secure") << answer.detail;
  EXPECT_EQ(peer.connections(), 4);
  EXPECT_EQ(resumed, 3);
}

INSTANTIATE_TEST_SUITE_P(Both, TlsVersion, ::testing::Values(TLS1_2_VERSION, TLS1_3_VERSION));

TEST(Tls, UsesAConnectionAgain) {
  TestAuthority authority;
  const auto context = authority.server("IP:127.0.0.1");
  RawPeer peer(secure(context.get()));
  const auto answers = fetch_all(std::vector<Fetch>(3, get(peer, authority)));
  EXPECT_TRUE(answers[2].reused);
  EXPECT_EQ(peer.connections(), 1);
}

TEST(Tls, AnEndWithoutCloseNotifyIsTruncated) {
  TestAuthority authority;
  const auto context = authority.server("IP:127.0.0.1");
  for (const bool notify : {true, false}) {
    RawPeer peer([&](RawSocket& socket, int) {
      serve_tls(socket, context.get(), [&](SSL* ssl) {
        tls_read_until(ssl, "\r\n\r\n");
        tls_write(ssl, "HTTP/1.1 200 OK\r\n\r\nto the end");
        return notify;
      });
    });
    const Fetched answer = fetch(get(peer, authority));
    EXPECT_EQ(answer.body, "to the end");
    EXPECT_EQ(answer.whole, notify);
    EXPECT_EQ(answer.fault.has_value(), !notify);
    EXPECT_EQ(answer.fault.value_or(Fault::truncated), Fault::truncated);
  }
}

TEST(Tls, CarriesLargeBodiesBothWays) {
  TestAuthority authority;
  const auto context = authority.server("IP:127.0.0.1");
  std::size_t received = 0;
  RawPeer peer([&](RawSocket& socket, int) {
    serve_tls(socket, context.get(), [&](SSL* ssl) {
      received = tls_read_until(ssl, "the very end").size();
      tls_write(ssl, "HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n" + std::string(3'000'000, 'r'));
      return true;
    });
  });
  Fetch one = get(peer, authority);
  one.method = "POST";
  one.body = {std::string(5'000'000, 'a'), "small", std::string(2'000'000, 'b'), "the very end"};
  const Fetched answer = fetch(one);
  EXPECT_EQ(answer.body.size(), 3'000'000U);
  EXPECT_GT(received, 7'000'000U);
}

}  // namespace
}  // namespace freellmapi::net::testing
