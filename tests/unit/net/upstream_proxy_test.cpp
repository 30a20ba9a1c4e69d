// Through HTTP and SOCKS5 proxies.
#include <gtest/gtest.h>

#include "support/fetch.hpp"
#include "support/test_certificate.hpp"

namespace freellmapi::net::testing {
namespace {

const std::string answer_bytes = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nproxied";

Fetch through(const std::string& scheme, const RawPeer& proxy, const std::string& user = {}) {
  Fetch fetch;
  fetch.method = "GET";
  fetch.origin = local_origin(8443);
  fetch.origin.host = "api.example";
  fetch.origin.local_allowed = false;  // a proxy may be local all the same
  fetch.origin.proxy = scheme + "://" + user + "127.0.0.1:" + std::to_string(proxy.port());
  return fetch;
}

// Serves the far end on the proxy's own socket.
void far_end(RawSocket& socket, SSL_CTX* context) {
  if (context == nullptr) {
    socket.read_until("\r\n\r\n");
    socket.send(answer_bytes);
    socket.receive();
    return;
  }
  serve_tls(socket, context, [](SSL* ssl) {
    tls_read_until(ssl, "\r\n\r\n");
    tls_write(ssl, answer_bytes);
    return true;
  });
}

TEST(HttpProxy, IsAskedToConnectForTls) {
  TestAuthority authority;
  const auto context = authority.server("DNS:api.example");
  std::string asked;
  RawPeer proxy([&](RawSocket& socket, int) {
    asked = socket.read_until("\r\n\r\n");
    socket.send("HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n");
    far_end(socket, context.get());
  });
  Fetch one = through("http", proxy, "me:pa%3Ass@");
  one.origin.tls = true;
  one.origin.ca_file = authority.file();
  const Fetched answer = fetch(one);
  EXPECT_EQ(answer.body, "proxied") << answer.detail;
  EXPECT_EQ(asked.find("CONNECT api.example:8443 HTTP/1.1\r\nHost: api.example:8443\r\n"), 0U);
  EXPECT_NE(asked.find("\r\nProxy-Authorization: Basic bWU6cGE6c3M=\r\n"), std::string::npos);
}

TEST(HttpProxy, IsGivenTheWholeUrlOtherwise) {
  std::string asked;
  RawPeer proxy([&](RawSocket& socket, int) {
    asked = socket.read_until("\r\n\r\n");
    socket.send(answer_bytes);
    socket.receive();
  });
  EXPECT_EQ(fetch(through("http", proxy, "me:x@")).body, "proxied");
  EXPECT_EQ(asked.find("GET http://api.example:8443/v1/chat HTTP/1.1\r\nHost: api.example:8443\r\n"), 0U);
  EXPECT_NE(asked.find("\r\nProxy-Authorization: Basic bWU6eA==\r\n"), std::string::npos);
}

TEST(HttpProxy, SaysNo) {
  for (const char* answer : {"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "HTTP/1.1 403 No\r\n\r\n",
                             "not http\r\n\r\n", "", "HTTP/1.1 200 OK\r\n\r\nbytes of its own"}) {
    RawPeer proxy([&](RawSocket& socket, int) {
      socket.read_until("\r\n\r\n");
      socket.send(answer);
    });
    Fetch one = through("http", proxy);
    one.origin.tls = true;
    EXPECT_EQ(fetch(one).fault, Fault::proxy) << answer;
  }
  RawPeer wants_user([](RawSocket& socket, int) {
    socket.read_until("\r\n\r\n");
    socket.send("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
    socket.receive();
  });
  EXPECT_EQ(fetch(through("http", wants_user)).fault, Fault::proxy);
}

// Speaks SOCKS5 up to the request and gives it out.
std::string socks(RawSocket& socket, bool password, std::string& login) {
  const std::string hello = socket.read_exactly(2);
  socket.read_exactly(static_cast<std::size_t>(hello[1]));
  socket.send(password ? std::string("\x05\x02", 2) : std::string("\x05\x00", 2));
  if (password) {
    login = socket.read_exactly(2 + 2);
    login += socket.read_exactly(1 + 4);
    socket.send(std::string("\x01\x00", 2));
  }
  std::string request = socket.read_exactly(4);
  const std::size_t rest = request[3] == 1 ? 6 : static_cast<std::size_t>(socket.read_exactly(1)[0]) + 2;
  return request + socket.read_exactly(rest);
}

TEST(SocksProxy, ResolvesTheNameWhenItIsSocks5h) {
  std::string request, login;
  RawPeer proxy([&](RawSocket& socket, int) {
    request = socks(socket, true, login);
    socket.send(std::string("\x05\x00\x00\x03\x04host\x00\x01", 11));
    far_end(socket, nullptr);
  });
  EXPECT_EQ(fetch(through("socks5h", proxy, "me:word@")).body, "proxied");
  EXPECT_EQ(login, std::string("\x01\x02me\x04word", 9));
  EXPECT_EQ(request, std::string("\x05\x01\x00\x03", 4) + "api.example" + std::string("\x20\xfb", 2));
}

TEST(SocksProxy, IsGivenACheckedAddressWhenItIsSocks5) {
  std::string request, login;
  RawPeer proxy([&](RawSocket& socket, int) {
    request = socks(socket, false, login);
    socket.send(std::string("\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x01", 10));
    far_end(socket, nullptr);
  });
  Fetch one = through("socks5", proxy);
  one.origin.host = "localhost";
  EXPECT_EQ(fetch(one).fault, Fault::forbidden_address);
  one.origin.host = "127.0.0.1";
  one.origin.local_allowed = true;
  EXPECT_EQ(fetch(one).body, "proxied");
  EXPECT_EQ(request, std::string("\x05\x01\x00\x01\x7f\x00\x00\x01\x20\xfb", 10));
}

TEST(SocksProxy, SaysNo) {
  for (const std::string& reply : {std::string("\x05\x05\x00\x01\x00", 5), std::string("HTTP/1.1 400"),
                                   std::string("\x05\x00\x00\x09\x00", 5)}) {
    RawPeer proxy([&](RawSocket& socket, int) {
      std::string login;
      socks(socket, false, login);
      socket.send(reply);
    });
    EXPECT_EQ(fetch(through("socks5h", proxy)).fault, Fault::proxy);
  }
  RawPeer wants_password([](RawSocket& socket, int) {
    socket.read_exactly(3);
    socket.send(std::string("\x05\xff", 2));
  });
  EXPECT_EQ(fetch(through("socks5h", wants_password)).fault, Fault::proxy);
}

TEST(Proxies, ThatCannotBeReachedOrUnderstoodAreTheProxysFault) {
  Fetch one;
  one.origin = local_origin(80);
  one.origin.proxy = "https://box:1";
  EXPECT_EQ(fetch(one).fault, Fault::proxy);
  std::uint16_t port = 0;
  {
    RawPeer gone([](RawSocket&, int) {});
    port = gone.port();
  }
  one.origin.proxy = "http://127.0.0.1:" + std::to_string(port);
  EXPECT_EQ(fetch(one).fault, Fault::proxy);
}

TEST(Proxies, NeverHearOfAForbiddenLiteral) {
  RawPeer proxy([](RawSocket&, int) {});
  Fetch one = through("http", proxy);
  one.origin.host = "169.254.169.254";
  EXPECT_EQ(fetch(one).fault, Fault::forbidden_address);
  EXPECT_EQ(proxy.connections(), 0);
}

}  // namespace
}  // namespace freellmapi::net::testing
