// Calls to a provider that behaves, and the pool.
#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "support/compress.hpp"
#include "support/fetch.hpp"
#include "support/raw_socket.hpp"

namespace freellmapi::net::testing {
namespace {

using std::chrono::milliseconds;

std::string sized(const std::string& body, const std::string& more = {}) {
  return "HTTP/1.1 200 OK\r\n" + more + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

// Answers every request on the connection with the same bytes.
RawPeer::Serve always(const std::string& answer) {
  return [answer](RawSocket& socket, int) {
    while (!socket.read_until("\r\n\r\n").empty()) {
      if (!socket.send(answer)) return;
    }
  };
}

Fetch get(const RawPeer& peer) {
  Fetch fetch;
  fetch.method = "GET";
  fetch.origin = local_origin(peer.port());
  return fetch;
}

TEST(Upstream, SendsHeadAndPiecesOfTheBodyAndReadsTheAnswer) {
  std::string head, body;
  RawPeer peer([&](RawSocket& socket, int) {
    head = socket.read_until("\r\n\r\n");
    body = socket.read_exactly(1000);
    socket.send(sized("answer", "X-Thing: Value\r\n"));
    socket.receive();
  });
  Fetch one = get(peer);
  one.method = "POST";
  one.fields = {{"Content-Type", "application/json"}};
  for (int i = 0; i < 200; ++i) one.body.push_back(std::to_string(10'000 + i));
  const Fetched answer = fetch(one);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "answer");
  EXPECT_TRUE(answer.whole);
  EXPECT_EQ(answer.fields.front().first, "x-thing");
  EXPECT_EQ(answer.fields.front().second, "Value");
  EXPECT_EQ(head.find("POST /v1/chat HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(peer.port()) + "\r\n"),
            0U);
  EXPECT_NE(head.find("\r\nContent-Length: 1000\r\n"), std::string::npos);
  EXPECT_EQ(body.substr(0, 10), "1000010001");
  EXPECT_EQ(body.substr(990), "1019810199");
}

TEST(Upstream, SendsABodyOfManyMegabytes) {
  std::size_t received = 0;
  RawPeer peer([&](RawSocket& socket, int) {
    socket.read_until("\r\n\r\n");
    received = socket.read_exactly(20'000'000).size();
    socket.send(sized("ok"));
    socket.receive();
  });
  Fetch one = get(peer);
  one.method = "POST";
  one.body = {std::string(12'000'000, 'a'), std::string(8'000'000, 'b')};
  EXPECT_EQ(fetch(one).body, "ok");
  EXPECT_EQ(received, 20'000'000U);
}

TEST(Upstream, ReadsEveryLegalFraming) {
  const std::string chunked =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
  RawPeer chunks(always(chunked));
  EXPECT_EQ(fetch(get(chunks)).body, "abcde");
  RawPeer close([](RawSocket& socket, int) {
    socket.read_until("\r\n\r\n");
    socket.send("HTTP/1.1 200 OK\r\n\r\nto the end");
  });
  const Fetched closed = fetch(get(close));
  EXPECT_EQ(closed.body, "to the end");
  EXPECT_TRUE(closed.whole);
  EXPECT_EQ(closed.idle, 0U);
  RawPeer none(always("HTTP/1.1 204 No Content\r\n\r\n"));
  const Fetched empty = fetch(get(none));
  EXPECT_TRUE(empty.whole);
  EXPECT_EQ(empty.idle, 1U);
  RawPeer head(always("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"));
  Fetch one = get(head);
  one.method = "HEAD";
  EXPECT_TRUE(fetch(one).whole);
}

TEST(Upstream, TellsWhetherMoreOfTheBodyIsAtHand) {
  const std::string begun = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n";
  std::promise<void> all_read;
  RawPeer pausing([&](RawSocket& socket, int) {
    socket.read_until("\r\n\r\n");
    socket.send(begun);
    all_read.get_future().wait();
    socket.send("0\r\n\r\n");
    socket.receive();
  });
  std::string marked;
  Fetch one = get(pausing);
  one.on_piece = [&](std::string_view piece, bool at_hand) {
    marked.append(piece).append(at_hand ? "+" : "|");
    if (piece == "de") all_read.set_value();
  };
  EXPECT_TRUE(fetch(one).whole);
  EXPECT_EQ(marked, "abc+de|");

  // The end is something to go on for too.
  RawPeer ending(always(begun + "0\r\n\r\n"));
  marked.clear();
  one = get(ending);
  one.on_piece = [&](std::string_view piece, bool at_hand) {
    marked.append(piece).append(at_hand ? "+" : "|");
  };
  EXPECT_TRUE(fetch(one).whole);
  EXPECT_EQ(marked, "abc+de+");

  // What compressed bytes give is not known before.
  const std::string packed = compress("hello", Wrapper::gzip);
  RawPeer zipped(always(sized(packed, "Content-Encoding: gzip\r\n")));
  marked.clear();
  one = get(zipped);
  one.on_piece = [&](std::string_view piece, bool at_hand) {
    marked.append(piece).append(at_hand ? "+" : "|");
  };
  EXPECT_EQ(fetch(one).body, "hello");
  EXPECT_EQ(marked, "hello|");
}

TEST(Upstream, ReadsAnAnswerThatComesByteByByte) {
  const std::string answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
  RawPeer peer([&](RawSocket& socket, int) {
    socket.read_until("\r\n\r\n");
    for (const char c : answer) socket.send({&c, 1});
    socket.receive();
  });
  EXPECT_EQ(fetch(get(peer)).body, "hello");
}

TEST(Upstream, SkipsInterimAnswers) {
  RawPeer peer(
      always("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + sized("real")));
  const Fetched answer = fetch(get(peer));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "real");
}

TEST(Upstream, FollowsNoRedirect) {
  RawPeer peer(always("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"));
  EXPECT_EQ(fetch(get(peer)).status, 302);
  EXPECT_EQ(peer.connections(), 1);
}

TEST(Upstream, InflatesAnAnswerItDidNotAskFor) {
  const std::string text(200'000, 'g');
  const std::string packed = compress(text + "end", Wrapper::gzip);
  RawPeer peer(always(sized(packed, "Content-Encoding: gzip\r\n")));
  const Fetched answer = fetch(get(peer));
  EXPECT_EQ(answer.body, text + "end");
  EXPECT_EQ(answer.idle, 1U);
  for (const auto& [name, value] : answer.fields) EXPECT_EQ(name.find("content-"), std::string::npos);
}

TEST(Upstream, TakesAnEarlyAnswerToABodyThatIsNotReadToItsEnd) {
  RawPeer peer([](RawSocket& socket, int) {
    socket.read_until("\r\n\r\n");
    socket.send("HTTP/1.1 413 Too Large\r\nContent-Length: 5\r\nConnection: close\r\n\r\nlarge");
    socket.half_close();
    socket.read_to_end(milliseconds{500});
  });
  Fetch one = get(peer);
  one.method = "POST";
  one.body = {std::string(500'000, 'x')};
  const Fetched answer = fetch(one);
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(answer.body, "large");
  EXPECT_EQ(answer.idle, 0U);
}

TEST(Upstream, TriesTheNextAddressOfAName) {
  RawPeer peer(always(sized("v4")));  // nothing listens on ::1, which may come first
  Fetch one = get(peer);
  one.origin.host = "localhost";
  EXPECT_EQ(fetch(one).body, "v4");
}

TEST(Pool, UsesAConnectionAgain) {
  RawPeer peer(always(sized("ok")));
  const auto answers = fetch_all({get(peer), get(peer), get(peer)});
  EXPECT_FALSE(answers[0].reused);
  EXPECT_TRUE(answers[1].reused);
  EXPECT_TRUE(answers[2].reused);
  EXPECT_EQ(peer.connections(), 1);
}

TEST(Pool, KeepsOriginsApart) {
  RawPeer peer(always(sized("ok")));
  Fetch other = get(peer);
  other.origin.host = "127.0.0.2";  // the peer does not listen there, so a mix-up would be seen
  const auto answers = fetch_all({get(peer), other});
  EXPECT_EQ(answers[1].fault, Fault::connect);
  EXPECT_EQ(answers[1].idle, 1U);
}

TEST(Pool, KeepsNoConnectionThatIsToBeClosedOrHoldsMoreThanAsked) {
  for (const std::string& answer :
       {sized("ok", "Connection: close\r\n"), sized("ok") + "HTTP/1.1 200 OK\r\n\r\n",
        std::string("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok")}) {
    RawPeer peer(always(answer));
    const auto answers = fetch_all({get(peer), get(peer)});
    EXPECT_EQ(answers[1].body, "ok");
    EXPECT_FALSE(answers[1].reused);
    EXPECT_EQ(answers[1].idle, 0U);
  }
}

class Departures final : public Departure {
 public:
  void delayed() override { heard += "delayed "; }
  void sent() override { heard += "sent "; }
  std::string heard;
};

TEST(ARequestThatCanNotLeaveAtOnce, TellsWhenAConnectionIsMadeFirstAndOverAKeptOneNothing) {
  RawPeer peer(always(sized("ok")));
  Departures first, second;
  Fetch dialled = get(peer), kept = get(peer);
  dialled.departure = &first;
  kept.departure = &second;
  const auto answers = fetch_all({dialled, kept});
  ASSERT_TRUE(answers[1].reused);
  EXPECT_EQ(first.heard, "delayed sent ");
  EXPECT_EQ(second.heard, "");
}

TEST(ARequestThatCanNotLeaveAtOnce, TellsWhenThePeerDoesNotTakeAllOfIt) {
  constexpr std::size_t size = 30'000'000;
  RawPeer peer([](RawSocket& socket, int) {
    socket.read_until("\r\n\r\n");
    socket.send(sized("ok"));
    socket.read_until("\r\n\r\n");
    socket.read_exactly(size);
    socket.send(sized("ok"));
    socket.receive();
  });
  Departures departures;
  Fetch large = get(peer);
  large.method = "POST";
  large.body = {std::string(size, 'x')};
  large.departure = &departures;
  const auto answers = fetch_all({get(peer), large});
  ASSERT_TRUE(answers[1].reused);
  EXPECT_EQ(answers[1].body, "ok");
  EXPECT_EQ(departures.heard, "delayed sent ");
}

TEST(Pool, NeverTakesBytesThatCameUnaskedForAnAnswer) {
  std::atomic<bool> answered{false}, unasked{false};
  RawPeer peer([&](RawSocket& socket, int) {
    socket.read_until("\r\n\r\n");
    socket.send(sized("first"));
    eventually([&answered] { return answered.load(); });
    socket.send("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n");
    unasked = true;
    socket.read_until("\r\n\r\n");
  });
  Fetch later = get(peer);
  later.before = [&] {
    answered = true;
    eventually([&unasked] { return unasked.load(); });
  };
  // The loop was blocked and has not heard of the bytes: the pool looks itself where a connection has rested.
  later.rests = milliseconds{15};
  const auto answers = fetch_all({get(peer), later});
  EXPECT_EQ(answers[1].body, "first");
  EXPECT_FALSE(answers[1].reused);
}

TEST(Pool, ReplacesAReusedConnectionThatDiesBeforeAnyByte) {
  RawPeer peer([](RawSocket& socket, int number) {
    socket.read_until("\r\n\r\n");
    socket.send(sized("ok"));
    if (number == 0) {  // takes the second request and goes
      socket.read_until("\r\n\r\n");
      return;
    }
    socket.receive();
  });
  const auto answers = fetch_all({get(peer), get(peer)});
  EXPECT_EQ(answers[1].body, "ok");
  EXPECT_FALSE(answers[1].reused);
  EXPECT_EQ(peer.connections(), 2);
}

TEST(Pool, LeavesADeadConnectionToACallerWhoCountsWhatIsSent) {
  std::atomic<int> requests = 0;
  RawPeer peer([&](RawSocket& socket, int) {
    while (!socket.read_until("\r\n\r\n").empty()) {
      if (++requests == 2) return;  // takes it, and goes
      socket.send(sized("ok"));
    }
  });
  Fetch once = get(peer), fresh = get(peer);
  once.over = Over::kept_once;
  fresh.over = Over::fresh;
  const auto answers = fetch_all({get(peer), once, get(peer), fresh});
  EXPECT_EQ(answers[1].fault, Fault::reset);
  EXPECT_TRUE(answers[1].kept);
  EXPECT_EQ(answers[2].body, "ok");
  EXPECT_FALSE(answers[3].reused);
  EXPECT_EQ(answers[3].body, "ok");
  EXPECT_EQ(requests, 4) << "nothing was sent twice";
  EXPECT_EQ(peer.connections(), 3);
}

TEST(Pool, ReplacesItOnlyOnceAndOnlyWithoutAByte) {
  RawPeer silent([](RawSocket& socket, int number) {
    socket.read_until("\r\n\r\n");
    if (number > 0) return;
    socket.send(sized("ok"));
    socket.read_until("\r\n\r\n");
  });
  EXPECT_EQ(fetch_all({get(silent), get(silent)})[1].fault, Fault::reset);
  EXPECT_EQ(silent.connections(), 2);
  RawPeer partial([](RawSocket& socket, int) {
    socket.read_until("\r\n\r\n");
    socket.send(sized("ok"));
    socket.read_until("\r\n\r\n");
    socket.send("HTT");
  });
  EXPECT_EQ(fetch_all({get(partial), get(partial)})[1].fault, Fault::truncated);
  EXPECT_EQ(partial.connections(), 1);
}

TEST(Pool, BoundsWhatItKeepsAndHowLong) {
  RawPeer peer(always(sized("ok")));
  UpstreamOptions options;
  options.idle_per_origin = 2;
  const std::vector<Fetch> five(5, get(peer));
  for (const Fetched& answer : fetch_together(five, options)) EXPECT_LE(answer.idle, 2U);
  options.idle_age = milliseconds{50};
  Fetch later = get(peer);
  later.before = [] { std::this_thread::sleep_for(milliseconds{120}); };
  const auto answers = fetch_all({get(peer), later}, options);
  EXPECT_FALSE(answers[1].reused);
  options.idle_per_origin = 0;
  EXPECT_EQ(fetch(get(peer), options).idle, 0U);
  options.idle_per_origin = 8;
  options.idle_total = 1;
  RawPeer another(always(sized("ok")));
  const auto two = fetch_all({get(peer), get(another)}, options);
  EXPECT_EQ(two[1].idle, 1U);
}

TEST(Pool, HasTheConnectionBackWithTheLastOfABodyThatHasCome) {
  const auto answered = [](const std::string& answer) {
    RawPeer peer(always(answer));
    return fetch(get(peer));
  };
  EXPECT_TRUE(answered(sized("ok")).told_of_end);
  const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  const Fetched last = answered(chunked + "2\r\nok\r\n0\r\n\r\n");
  EXPECT_TRUE(last.told_of_end);
  EXPECT_EQ(last.body, "ok");
  EXPECT_EQ(last.idle, 1U);
  EXPECT_FALSE(answered("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nok").told_of_end);
}

TEST(Pool, KeepsTheConnectionOfACallThatWasLeftWhenItsEndIsHere) {
  const std::string answer =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\ne\r\ndata: [DONE]\n\n\r\n0\r\n\r\n";
  RawPeer peer(always(answer));
  Fetch left = get(peer);
  left.leave_at = "[DONE]";
  EXPECT_EQ(fetch(left).idle, 1U);
  RawPeer longer(always("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[DONE] and more"));
  left.origin = local_origin(longer.port());
  EXPECT_EQ(fetch(left).idle, 0U);
}

}  // namespace
}  // namespace freellmapi::net::testing
