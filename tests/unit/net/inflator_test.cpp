#include "net/inflator.hpp"

#include <gtest/gtest.h>

#include <array>

#include "support/compress.hpp"

namespace freellmapi::net {
namespace {

using testing::compress;
using testing::Wrapper;

// Feeds `bytes` in pieces; "damaged" or "cut" when it is.
std::string inflate_all(Coding coding, const std::string& bytes, std::size_t piece, std::size_t room = 64) {
  Inflator inflator(coding);
  std::string out;
  std::vector<char> buffer(room);
  for (std::size_t at = 0; at < bytes.size();) {
    std::string_view in = std::string_view(bytes).substr(at, piece);
    at += in.size();
    for (;;) {
      const Inflator::Step step = inflator.step(in, buffer);
      if (step.damaged) return "damaged";
      out.append(buffer.data(), step.produced);
      in.remove_prefix(step.consumed);
      if (step.consumed == 0 && step.produced == 0) break;
    }
  }
  return inflator.finished() ? out : "cut";
}

TEST(Inflator, GivesTheSameTextHoweverTheBytesAreCut) {
  std::string text;
  for (int i = 0; i < 500; ++i) text += "line " + std::to_string(i * i) + "\n";
  for (const Wrapper wrapper : {Wrapper::gzip, Wrapper::zlib, Wrapper::raw}) {
    const std::string packed = compress(text, wrapper);
    const Coding coding = wrapper == Wrapper::gzip ? Coding::gzip : Coding::deflate;
    for (const std::size_t piece : {1UL, 2UL, 3UL, 17UL, 1000UL, packed.size()}) {
      EXPECT_EQ(inflate_all(coding, packed, piece), text);
    }
  }
}

TEST(Inflator, ReadsSeveralGzipMembersInARow) {
  const std::string packed = compress("one, ", Wrapper::gzip) + compress("two", Wrapper::gzip);
  for (std::size_t piece = 1; piece <= packed.size(); ++piece) {
    EXPECT_EQ(inflate_all(Coding::gzip, packed, piece), "one, two");
  }
}

TEST(Inflator, TellsDamageFromACut) {
  const std::string packed = compress("a text that is worth it", Wrapper::gzip);
  EXPECT_EQ(inflate_all(Coding::gzip, packed.substr(0, packed.size() - 1), 5), "cut");
  EXPECT_EQ(inflate_all(Coding::gzip, packed + "more", 5), "damaged");
  EXPECT_EQ(inflate_all(Coding::gzip, "plain text", 5), "damaged");
  std::string wrong_sum = packed;
  wrong_sum[wrong_sum.size() - 6] ^= 1;
  EXPECT_EQ(inflate_all(Coding::gzip, wrong_sum, 5), "damaged");
}

TEST(Inflator, KnowsOnlyTheCodingsItCanUndo) {
  EXPECT_EQ(parse_coding(""), Coding::identity);
  EXPECT_EQ(parse_coding(" GZip "), Coding::gzip);
  EXPECT_EQ(parse_coding("deflate"), Coding::deflate);
  EXPECT_EQ(parse_coding("br"), std::nullopt);
  EXPECT_EQ(parse_coding("gzip, gzip"), std::nullopt);
}

}  // namespace
}  // namespace freellmapi::net
