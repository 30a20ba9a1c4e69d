// Answers and schemas that are made to cost time: what they cost grows as their size does.
#include <gtest/gtest.h>

#include <ctime>
#include <string>
#include <vector>

#include "chat/assemble.hpp"
#include "chat/schema.hpp"
#include "chat/seam.hpp"

namespace freellmapi::chat {
namespace {

constexpr std::size_t mebibyte = std::size_t{1} << 20;

/// The processor's time, which does not depend on what else runs.
class Stopwatch {
 public:
  double seconds() const { return static_cast<double>(std::clock() - began_) / CLOCKS_PER_SEC; }

 private:
  std::clock_t began_ = std::clock();
};

// Linear work takes a twentieth of it in a Debug build, quadratic work several times as much.
constexpr double enough = 4;

std::string times(const std::string& text, std::size_t n) {
  std::string out;
  out.reserve(text.size() * n);
  for (std::size_t i = 0; i < n; ++i) out += text;
  return out;
}

/// `beginning`, then blanks, byte by byte.
double seconds_for_blanks(const Offered& offered, std::string_view beginning) {
  Assembler answer(nullptr, offered);
  answer.text(beginning);
  const Stopwatch watch;
  for (int i = 0; i < 100'000 && watch.seconds() < enough; ++i) EXPECT_EQ(answer.text(" "), Fed::ok);
  return watch.seconds();
}

TEST(ALongRowOfBlanks, IsNotReadAgainWithEveryPiece) {
  const std::vector<OfferedTool> tools{{"f", "{}"}};
  Offered calls{tools};
  EXPECT_LT(seconds_for_blanks(calls, ""), enough);
  EXPECT_LT(seconds_for_blanks(calls, "```"), enough);
  EXPECT_LT(seconds_for_blanks(calls, R"({"name":"f","arguments":{}})"), enough);
  Offered json;
  json.form = {R"({"type":"json_object"})", false, true};
  EXPECT_LT(seconds_for_blanks(json, ""), enough);
  EXPECT_LT(seconds_for_blanks(json, "```json\n"), enough);
}

TEST(LogprobsOfAStream, AreNotReadAgainWithEveryPiece) {
  const std::string piece = R"({"content":[{"token":"a","logprob":-0.5,"top_logprobs":[)" +
                            times(R"({"token":"b","logprob":-1.25},)", 19) +
                            R"({"token":"c","logprob":-3}]}]})";
  Assembler answer;
  const Stopwatch watch;
  for (int i = 0; i < 3'000 && watch.seconds() < enough; ++i) answer.extra(true, "logprobs", piece);
  EXPECT_LT(watch.seconds(), enough);
}

TEST(ACallOfManyParameters, IsReadWithOneLookAtItsSchema) {
  std::string schema = R"({"type":"object","properties":{)";
  for (int i = 0; i < 1'000; ++i)
    schema +=
        "\"p" + std::to_string(i) + R"(":{"type":"integer","description":")" + std::string(200, 'x') + "\"},";
  schema += R"("p":{"type":"string"}}})";
  const std::vector<OfferedTool> tools{{"f", schema}};
  const auto seconds_for = [&tools](std::size_t parameters, Fed expected) {
    Assembler answer(nullptr, Offered{tools});
    const Stopwatch watch;
    EXPECT_EQ(answer.text("<function=f>" + times("<parameter=p>1</parameter>", parameters) + "</function>"),
              expected);
    return watch.seconds();
  };
  EXPECT_LT(seconds_for(1'000, Fed::ok), enough);
  EXPECT_LT(seconds_for(30'000, Fed::malformed), enough);
}

TEST(CallsWithinACall, OfAnExampleAreNotReadOneByOne) {
  const std::vector<OfferedTool> tools{{"f", "{}"}};
  Assembler answer(nullptr, Offered{tools});
  const std::string text =
      "```\n" + times("<function=f><parameter=>", 40'000) + "</parameter></function>\n```";
  const Stopwatch watch;
  EXPECT_EQ(answer.text(text), Fed::ok);
  EXPECT_LT(watch.seconds(), enough);
  EXPECT_EQ(answer.finish("stop"), Fed::ok);
  EXPECT_EQ(answer.answer().text, text);
}

double seconds_to_fit(const std::string& schema, std::string json) {
  const Stopwatch watch;
  std::size_t steps = 0;
  fit_to_schema(json, schema, steps);
  return watch.seconds();
}

TEST(AJudgement, CostsNoMoreForLongStringsThanForMany) {
  const std::string text(mebibyte, 'x');
  const std::string ones = "[" + times("1,", 30'000) + "1]", objects = "[" + times("{},", 30'000) + "{}]";
  const std::string letters = "[" + times(R"("a",)", 30'000) + R"("a"])";
  EXPECT_LT(seconds_to_fit(R"({"required":)" + letters + "}", R"({"a":0,"\n)" + text + R"(":1})"), enough);
  EXPECT_LT(seconds_to_fit(R"({"items":{"not":{"required":[")" + text + R"("]}}})", objects), enough);
  EXPECT_LT(seconds_to_fit(R"({"items":{"$ref":"x)" + text + R"("}})", ones), enough);
  EXPECT_LT(seconds_to_fit(R"({"items":{"type":")" + text + R"("}})", ones), enough);
  EXPECT_LT(seconds_to_fit(R"({"enum":)" + letters + "}", R"("\n)" + text + "\""), enough);
  EXPECT_LT(seconds_to_fit(R"({"$ref":"#/)" + times("~0", mebibyte) + "\"}", "1"), enough);
}

TEST(AJudgement, OfManyMembersByManyPropertiesEnds) {
  std::string schema = R"({"properties":{)", json = "{";
  for (int i = 0; i < 30'000; ++i) {
    schema += "\"p" + std::to_string(100'000 + i) + "\":true,";
    json += "\"q" + std::to_string(100'000 + i) + "\":1,";
  }
  EXPECT_LT(seconds_to_fit(schema + R"("p":true}})", json + R"("q":1})"), enough);
}

TEST(TheMendingsOfAnAnswer, ShareOneBound) {
  std::string schema = R"({"properties":{"long":{"items":{"allOf":[)" + times("{},", 300) + "{}]}}";
  std::string json = R"({"long":[)" + times("1,", 600) + "1]";
  for (int i = 0; i < 20; ++i) {
    schema += ",\"k" + std::to_string(i) + R"(":{"type":"integer"})";
    json += ",\"k" + std::to_string(i) + "\":\"1\"";
  }
  schema += "}}";
  json += "}";
  const std::vector<OfferedTool> tools{{"f", schema}};
  Assembler answer(nullptr, Offered{tools, false, true});
  for (std::uint32_t i = 0; i < Assembler::most_calls; ++i) answer.tool({i, "", "f", json, ""});
  const Stopwatch watch;
  EXPECT_EQ(answer.finish("stop"), Fed::ok);
  EXPECT_LT(watch.seconds(), enough);
}

TEST(AnAnchor, IsNotLookedForInAllOfALongAnswer) {
  const std::string half = std::string(8 * mebibyte, 'a') + "b";
  const Stopwatch watch;
  const std::string shown = half + half;
  const Seam seam(shown, Going::anchored);
  EXPECT_FALSE(anchor_of(shown).empty());
  EXPECT_LT(watch.seconds(), enough);
}

}  // namespace
}  // namespace freellmapi::chat
