// Calls to providers that fail, lie or flood.
#include <gtest/gtest.h>

#include <atomic>

#include "support/compress.hpp"
#include "support/fetch.hpp"
#include "support/raw_socket.hpp"

namespace freellmapi::net::testing {
namespace {

using std::chrono::milliseconds;

Fetch get(std::uint16_t port) {
  Fetch fetch;
  fetch.method = "GET";
  fetch.origin = local_origin(port);
  return fetch;
}

// What a call to a peer ends with that sends these bytes and closes.
Fetched after(const std::string& bytes, const UpstreamOptions& options = {}, bool stream = false) {
  RawPeer peer([&](RawSocket& socket, int) {
    socket.read_until("\r\n\r\n");
    socket.send(bytes);
    socket.half_close();
    socket.read_to_end();
  });
  Fetch one = get(peer.port());
  one.stream = stream;
  return fetch(one, options);
}

TEST(Faults, HaveNamesOfTheirOwn) {
  EXPECT_EQ(name(Fault::resolve), "resolve");
  EXPECT_EQ(name(Fault::timeout_first_byte), "timeout_first_byte");
  EXPECT_EQ(name(Fault::cancelled), "cancelled");
}

TEST(Faults, NobodyListens) {
  std::uint16_t port = 0;
  {
    RawPeer gone([](RawSocket&, int) {});
    port = gone.port();
  }
  const Fetched answer = fetch(get(port));
  EXPECT_EQ(answer.fault, Fault::connect);
  EXPECT_NE(answer.detail.find("refused"), std::string::npos);
}

TEST(Faults, TheNameHasNoAddress) {
  Fetch one = get(80);
  one.origin.host = "no-such-name.invalid";
  EXPECT_EQ(fetch(one).fault, Fault::resolve);
}

TEST(Faults, TheAddressMustNotBeDialled) {
  RawPeer peer([](RawSocket&, int) {});
  Fetch local = get(peer.port());
  local.origin.local_allowed = false;
  EXPECT_EQ(fetch(local).fault, Fault::forbidden_address);
  local.origin.host = "localhost";  // a name is judged by what it resolves to
  EXPECT_EQ(fetch(local).fault, Fault::forbidden_address);
  for (const char* host :
       {"169.254.169.254", "metadata.google.internal", "::ffff:127.0.0.1", "fd00:ec2::254"}) {
    Fetch one = get(80);
    one.origin.host = host;
    EXPECT_EQ(fetch(one).fault, Fault::forbidden_address) << host;
  }
  EXPECT_EQ(peer.connections(), 0);
}

TEST(Faults, ClosedBeforeAnyByteIsAReset) {
  EXPECT_EQ(after("").fault, Fault::reset);
  RawPeer peer([](RawSocket& socket, int) {
    socket.read_until("\r\n\r\n");
    socket.reset();
  });
  EXPECT_EQ(fetch(get(peer.port())).fault, Fault::reset);
  EXPECT_EQ(peer.connections(), 1);  // a fresh connection is not tried again
}

TEST(Faults, ClosedInsideHeadOrBodyIsTruncated) {
  for (const char* bytes :
       {"H", "HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n"}) {
    EXPECT_EQ(after(bytes).fault, Fault::truncated) << bytes;
  }
  const std::string packed = compress("a compressed answer", Wrapper::gzip);
  EXPECT_EQ(
      after("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + packed.substr(0, packed.size() - 4)).fault,
      Fault::truncated);
}

TEST(Faults, WhatCannotBeTrustedIsABadResponse) {
  std::string many_interim;
  for (int i = 0; i < 20; ++i) many_interim += "HTTP/1.1 100 Continue\r\n\r\n";
  for (const std::string& bytes : {
           std::string("garbage\r\n\r\n"),
           std::string("<html>hello</html>\r\n\r\n"),
           std::string("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc"),
           std::string("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc"),
           std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n"),
           std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n"),
           std::string("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\nnot gzip!"),
           std::string("HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 2\r\n\r\nxx"),
           std::string("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"),
           std::string("HTTP/1.1 200 OK\nContent-Length: 2\n\nok"),
           many_interim,
       }) {
    EXPECT_EQ(after(bytes).fault, Fault::bad_response) << bytes.substr(0, 60);
  }
}

TEST(Faults, HeadsAndBodiesHaveBounds) {
  UpstreamOptions options;
  options.body_bytes = 100'000;
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  EXPECT_EQ(after(ok + "X: " + std::string(70'000, 'x') + "\r\n\r\n").fault, Fault::too_large);
  EXPECT_EQ(after(std::string(70'000, 'x')).fault, Fault::too_large);
  EXPECT_EQ(after(ok + "Content-Length: 100001\r\n\r\n", options).fault, Fault::too_large);
  EXPECT_EQ(after(ok + "\r\n" + std::string(200'000, 'x'), options).fault, Fault::too_large);
  const std::string bomb = compress(std::string(20'000'000, 0), Wrapper::gzip);
  const Fetched bombed = after(ok + "Content-Encoding: gzip\r\n\r\n" + bomb, options);
  EXPECT_EQ(bombed.fault, Fault::too_large);
  EXPECT_LE(bombed.body.size(), options.body_bytes);
  const Fetched stream = after(ok + "\r\n" + std::string(200'000, 'x'), options, true);
  EXPECT_EQ(stream.body.size(), 200'000U);
  EXPECT_TRUE(stream.whole);
}

TEST(Faults, ASenderIsHeldBackByAReaderThatDoesNotRead) {
  std::atomic<std::size_t> sent{0};
  RawPeer peer([&](RawSocket& socket, int) {
    socket.read_until("\r\n\r\n");
    socket.send("HTTP/1.1 200 OK\r\n\r\n");
    const std::string piece(64 * 1024, 'f');
    while (sent < 200'000'000 && socket.send(piece)) sent += piece.size();
  });
  Fetch one = get(peer.port());
  one.stream = true;
  one.leave_at = "f";
  fetch(one);
  EXPECT_TRUE(eventually([&] { return peer.connections() == 1; }));
  EXPECT_LT(sent, 64'000'000U);
}

}  // namespace
}  // namespace freellmapi::net::testing
