#include <gtest/gtest.h>

#include <freellmapi/sse.hpp>
#include <string>
#include <utility>
#include <vector>

namespace freellmapi::sdk {
namespace {

using Events = std::vector<std::pair<std::string, std::string>>;  // name, data

struct Reader {
  SseSplitter splitter;
  Events events;
  bool feed(std::string_view bytes) {
    const std::string own(bytes);  // a view kept too long is then seen by the sanitizer
    return splitter.feed(own, [&](const SseEvent& e) { events.emplace_back(e.name, e.data); });
  }
  bool finish() {
    return splitter.finish([&](const SseEvent& e) { events.emplace_back(e.name, e.data); });
  }
};

Events read(std::string_view bytes) {
  Reader r;
  EXPECT_TRUE(r.feed(bytes));
  EXPECT_TRUE(r.finish());
  return r.events;
}

const Events two = {{"", "one"}, {"", "two"}};

TEST(SseSplitter, TakesLinesEndedByLfCrlfAndCr) {
  EXPECT_EQ(read("data: one\n\ndata: two\n\n"), two);
  EXPECT_EQ(read("data: one\r\n\r\ndata: two\r\n\r\n"), two);
  EXPECT_EQ(read("data: one\r\rdata: two\r\r"), two);
  EXPECT_EQ(read("data: one\r\n\ndata: two\r\r\n"), two);
}

TEST(SseSplitter, TakesDataWithAndWithoutASpace) {
  EXPECT_EQ(read("data:one\n\ndata: two\n\n"), two);
  EXPECT_EQ(read("data:  one\n\n"), (Events{{"", " one"}}));
}

TEST(SseSplitter, JoinsSeveralDataLinesWithALineFeed) {
  EXPECT_EQ(read("data: a\ndata:b\ndata\ndata: c\n\n"), (Events{{"", "a\nb\n\nc"}}));
}

TEST(SseSplitter, PassesOverCommentsAndFieldsItDoesNotKnow) {
  EXPECT_EQ(read(": ping\n\nid: 7\nretry: 5\n: x\ndata: one\nfoo\n\n:\n\ndata: two\n\n"), two);
}

TEST(SseSplitter, NamesAnEventOnceAndOnlyWithData) {
  EXPECT_EQ(read("event: error\ndata: x\n\ndata: y\n\n"), (Events{{"error", "x"}, {"", "y"}}));
  EXPECT_EQ(read("event: error\n\ndata: y\n\n"), (Events{{"", "y"}}));
}

TEST(SseSplitter, PassesOverAByteOrderMarkAtTheStartOnly) {
  EXPECT_EQ(read("\xEF\xBB\xBF"
                 "data: one\n\ndata: two\n\n"),
            two);
  EXPECT_EQ(read("\xEF\xBB"
                 "data: one\n\n"),
            Events{});
  EXPECT_EQ(read("data: one\n\n\xEF\xBB\xBF"
                 "data: x\n\ndata: two\n\n"),
            two);
}

TEST(SseSplitter, HandsOutALastEventThatLacksItsBlankLine) {
  EXPECT_EQ(read("data: one\n\ndata: two\n"), two);
  EXPECT_EQ(read("data: one\n\ndata: two"), two);
}

TEST(SseSplitter, GivesTheSameEventsForEveryCut) {
  const std::string stream =
      "\xEF\xBB\xBF: hi\r\n\r\nevent: error\r\ndata: a\r\ndata: b\r\n\r\ndata:c\n\n\rdata: d\rdata\r\r"
      "data: {\"x\":1}\n\ndata: [DONE]\n\n";
  const Events whole = read(stream);
  ASSERT_EQ(whole.size(), 5U);
  for (std::size_t i = 0; i <= stream.size(); ++i) {
    for (std::size_t j = i; j <= stream.size(); ++j) {
      Reader r;
      ASSERT_TRUE(r.feed(std::string_view(stream).substr(0, i)));
      ASSERT_TRUE(r.feed(std::string_view(stream).substr(i, j - i)));
      ASSERT_TRUE(r.feed(std::string_view(stream).substr(j)));
      ASSERT_TRUE(r.finish());
      ASSERT_EQ(r.events, whole) << i << " " << j;
    }
  }
  Reader bytes;
  for (const char c : stream) ASSERT_TRUE(bytes.feed({&c, 1}));
  EXPECT_EQ(bytes.events, whole);
}

TEST(SseSplitter, HandsOutAWholeEventWhereItLies) {
  const std::string stream = "data: here\n\n";
  SseSplitter splitter;
  const char* seen = nullptr;
  splitter.feed(stream, [&](const SseEvent& e) { seen = e.data.data(); });
  EXPECT_EQ(seen, stream.data() + 6);
}

TEST(SseSplitter, RefusesALineOverItsBoundHoweverItIsCut) {
  const std::string line = "data: " + std::string(SseSplitter::max_event, 'x') + "\n\n";
  EXPECT_FALSE(Reader{}.feed(line));
  Reader r;
  bool fits = true;
  for (std::size_t i = 0; fits && i < line.size(); i += 4096)
    fits = r.feed(std::string_view(line).substr(i, 4096));
  EXPECT_FALSE(fits);
  EXPECT_TRUE(r.events.empty());
}

TEST(SseSplitter, RefusesAnEventOfManyLinesOverItsBound) {
  const std::string line = "data: " + std::string(64 * 1024, 'x') + "\n";
  Reader r;
  bool fits = true;
  for (int i = 0; fits && i < 17; ++i) fits = r.feed(line);
  EXPECT_FALSE(fits);
}

TEST(SseSplitter, StaysLinearOnAStreamOfCarriageReturns) {
  std::string stream;
  for (int i = 0; i < 200'000; ++i) stream += "data: x\r\r";
  EXPECT_EQ(read(stream).size(), 200'000U);
}

}  // namespace
}  // namespace freellmapi::sdk
