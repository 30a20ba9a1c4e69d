// Deadlines and cancellation.
#include <gtest/gtest.h>

#include <atomic>

#include "support/fetch.hpp"
#include "support/raw_socket.hpp"

namespace freellmapi::net::testing {
namespace {

using std::chrono::milliseconds;

// Sends the bytes and stays, silent.
RawPeer::Serve silent_after(const std::string& bytes) {
  return [bytes](RawSocket& socket, int) {
    socket.read_until("\r\n\r\n");
    socket.send(bytes);
    socket.read_to_end();
  };
}

Fetch call_to(const RawPeer& peer) {
  Fetch fetch;
  fetch.origin = local_origin(peer.port());
  fetch.deadlines.connect = fetch.deadlines.first_byte = fetch.deadlines.idle = fetch.deadlines.total =
      milliseconds{20'000};
  return fetch;
}

void expect_fault(const Fetched& answer, Fault fault) {
  EXPECT_EQ(answer.fault, fault);
  EXPECT_GE(answer.took, milliseconds{90});
  EXPECT_LT(answer.took, milliseconds{10'000});  // the others are twenty seconds
  EXPECT_EQ(answer.idle, 0U);
}

TEST(Deadlines, OfTheConnectionCoversTheTlsHandshake) {
  RawPeer peer([](RawSocket& socket, int) { socket.read_to_end(); });
  Fetch one = call_to(peer);
  one.origin.tls = true;
  one.deadlines.connect = milliseconds{100};
  expect_fault(fetch(one), Fault::timeout_connect);
}

TEST(Deadlines, OfTheFirstByteCoversTheWholeHead) {
  RawPeer silent(silent_after(""));
  RawPeer begun(silent_after("HTTP/1.1 200 OK\r\nX: "));
  RawPeer interim(silent_after("HTTP/1.1 100 Continue\r\n\r\n"));
  for (const RawPeer* peer : {&silent, &begun, &interim}) {
    Fetch one = call_to(*peer);
    one.deadlines.first_byte = milliseconds{100};
    expect_fault(fetch(one), Fault::timeout_first_byte);
  }
}

TEST(Deadlines, OfIdlenessIsBetweenTwoReads) {
  RawPeer peer(silent_after("HTTP/1.1 200 OK\r\n\r\nsome"));
  Fetch one = call_to(peer);
  one.deadlines.idle = milliseconds{100};
  const Fetched answer = fetch(one);
  expect_fault(answer, Fault::timeout_idle);
  EXPECT_EQ(answer.body, "some");
  RawPeer drips([](RawSocket& socket, int) {
    socket.read_until("\r\n\r\n");
    socket.send("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n");
    for (int i = 0; i < 8; ++i) {
      std::this_thread::sleep_for(milliseconds{160});
      socket.send("x");
    }
    socket.receive();
  });
  Fetch slow = call_to(drips);
  slow.deadlines.idle = milliseconds{1'000};
  EXPECT_TRUE(fetch(slow).whole);
}

TEST(Deadlines, OfIdlenessCoversAProviderThatDoesNotTakeTheRequest) {
  std::atomic<bool> over{false};
  RawPeer peer([&over](RawSocket&, int) { eventually([&over] { return over.load(); }); });
  Fetch one = call_to(peer);
  one.body = {std::string(30'000'000, 'x')};
  one.deadlines.idle = milliseconds{100};
  expect_fault(fetch(one), Fault::timeout_idle);
  over = true;
}

TEST(Deadlines, OfTheWholeCallIsNotMovedByProgress) {
  RawPeer drips([](RawSocket& socket, int) {
    socket.read_until("\r\n\r\n");
    socket.send("HTTP/1.1 200 OK\r\n\r\n");
    for (int i = 0; i < 2'000; ++i) {
      if (!socket.send("x")) return;
      std::this_thread::sleep_for(milliseconds{10});
    }
  });
  Fetch one = call_to(drips);
  one.deadlines.total = milliseconds{150};
  expect_fault(fetch(one), Fault::timeout_total);
}

TEST(Deadlines, OfZeroAreNone) {
  RawPeer peer([](RawSocket& socket, int) {
    socket.read_until("\r\n\r\n");
    std::this_thread::sleep_for(milliseconds{120});
    socket.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    socket.receive();
  });
  Fetch one = call_to(peer);
  one.deadlines.connect = one.deadlines.first_byte = one.deadlines.idle = one.deadlines.total =
      milliseconds{0};
  EXPECT_EQ(fetch(one).body, "ok");
}

TEST(Cancelling, EndsACallInEveryPhaseAndTheProviderSeesIt) {
  std::atomic<int> ended{0};
  const auto then_watch = [&](const std::string& bytes) {
    return [&ended, bytes](RawSocket& socket, int) {
      if (!bytes.empty()) {
        socket.read_until("\r\n\r\n");
        socket.send(bytes);
      }
      socket.read_to_end();
      ++ended;
    };
  };
  RawPeer handshake(then_watch(""));
  RawPeer head(then_watch("HTTP/1.1 "));
  RawPeer body(then_watch("HTTP/1.1 200 OK\r\n\r\nsome"));
  int expected = 0;
  for (const RawPeer* peer : {&handshake, &head, &body}) {
    Fetch one = call_to(*peer);
    one.origin.tls = peer == &handshake;
    one.cancel_after = milliseconds{100};
    const Fetched answer = fetch(one);
    expect_fault(answer, Fault::cancelled);
    EXPECT_EQ(answer.unsent, peer == &handshake)
        << "no byte of the request leaves before the handshake is done";
    ++expected;
    EXPECT_TRUE(eventually([&] { return ended == expected; }));
  }
}

TEST(Cancelling, BeforeTheCallMeansThatNothingIsDialled) {
  RawPeer peer(silent_after(""));
  Fetch one = call_to(peer);
  one.cancel_before = true;
  const Fetched answer = fetch(one);
  EXPECT_EQ(answer.fault, Fault::cancelled);
  EXPECT_TRUE(answer.unsent);
  EXPECT_EQ(peer.connections(), 0);
}

TEST(Cancelling, LeavesOtherCallsOfTheCoreAlone) {
  std::atomic<bool> left{false};
  RawPeer peer([&left](RawSocket& socket, int) {
    socket.read_until("\r\n\r\n");
    // The others are answered when the cancelled one is gone.
    bool ended = false;
    eventually([&] {
      ended = socket.ends_within(milliseconds{10});
      if (ended) left = true;
      return left.load();
    });
    if (ended) return;
    socket.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    socket.receive();
  });
  Fetch cancelled = call_to(peer);
  cancelled.cancel_after = milliseconds{100};
  const auto answers = fetch_together({call_to(peer), cancelled, call_to(peer)});
  EXPECT_EQ(answers[0].body, "ok");
  EXPECT_EQ(answers[1].fault, Fault::cancelled);
  EXPECT_EQ(answers[2].body, "ok");
}

}  // namespace
}  // namespace freellmapi::net::testing
