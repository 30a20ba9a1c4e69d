#include "net/body_decoder.hpp"

#include <gtest/gtest.h>

#include <string>

namespace freellmapi::net {
namespace {

struct Outcome {
  BodyDecoder::State state = BodyDecoder::State::hungry;
  std::string body, rest;
};

Outcome decode(BodyPlan plan, const std::string& bytes, std::size_t piece) {
  BodyDecoder decoder;
  decoder.begin(plan);
  Outcome outcome;
  std::size_t at = 0;
  for (;;) {
    const std::string_view in = std::string_view(bytes).substr(at, piece);
    const BodyDecoder::Step step = decoder.step(in);
    outcome.body += step.payload;
    at += step.consumed;
    outcome.state = step.state;
    if (step.state == BodyDecoder::State::payload) continue;
    if (step.state != BodyDecoder::State::hungry || at == bytes.size()) break;
  }
  outcome.rest = bytes.substr(at);
  return outcome;
}

BodyPlan chunked() {
  BodyPlan plan;
  plan.kind = BodyPlan::Kind::chunked;
  return plan;
}

TEST(BodyDecoder, GivesTheSameBodyHoweverTheBytesAreCut) {
  const std::string bytes =
      "4;a=b\r\nWiki\r\n00005\r\npedia\r\nE\r\n in\r\n\r\nchunks.\r\n0\r\nA: b\r\n\r\nnext";
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    const Outcome outcome = decode(chunked(), bytes, piece);
    EXPECT_EQ(outcome.state, BodyDecoder::State::end) << piece;
    EXPECT_EQ(outcome.body, "Wikipedia in\r\n\r\nchunks.") << piece;
    EXPECT_EQ(outcome.rest, "next") << piece;
  }
}

TEST(BodyDecoder, LeavesWhatIsBehindALengthAlone) {
  BodyPlan plan;
  plan.kind = BodyPlan::Kind::length;
  plan.length = 4;
  const Outcome outcome = decode(plan, "bodynext", 100);
  EXPECT_EQ(outcome.state, BodyDecoder::State::end);
  EXPECT_EQ(outcome.body, "body");
  EXPECT_EQ(outcome.rest, "next");
}

TEST(BodyDecoder, KnowsWhichEndsOfTheConnectionAreLegal) {
  BodyDecoder decoder;
  BodyPlan plan;
  plan.kind = BodyPlan::Kind::until_close;
  decoder.begin(plan);
  decoder.step("abc");
  EXPECT_TRUE(decoder.finish());
  decoder.begin(chunked());
  decoder.step("3\r\nabc\r\n");
  EXPECT_FALSE(decoder.finish());
  decoder.begin(chunked());
  decoder.step("0\r\n");
  EXPECT_FALSE(decoder.finish());
}

TEST(BodyDecoder, AnnouncesAChunkBeforeItsData) {
  BodyDecoder decoder;
  decoder.begin(chunked());
  decoder.step("ffffff\r\n");
  EXPECT_EQ(decoder.announced(), 0xffffffU);
}

TEST(BodyDecoder, AcceptsAChunkLineOf1KiBAndNoMore) {
  const std::string good = "1;" + std::string(1000, 'x') + "\r\na\r\n0\r\n\r\n";
  const std::string bad = "1;" + std::string(1030, 'x') + "\r\na\r\n0\r\n\r\n";
  EXPECT_EQ(decode(chunked(), good, 7).state, BodyDecoder::State::end);
  EXPECT_EQ(decode(chunked(), bad, 7).state, BodyDecoder::State::bad);
  EXPECT_EQ(decode(chunked(), std::string(2000, '0'), 7).state, BodyDecoder::State::bad);
}

TEST(BodyDecoder, RefusesSizesThatWrapAround) {
  for (const char* size : {"10000000000000001", "ffffffffffffffff", "8000000000000000"}) {
    EXPECT_EQ(decode(chunked(), std::string(size) + "\r\nx", 100).state, BodyDecoder::State::bad) << size;
  }
}

}  // namespace
}  // namespace freellmapi::net
