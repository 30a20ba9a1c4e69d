#include "chat/json_answer.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "chat/json_scan.hpp"

namespace freellmapi::chat {
namespace {

// The prefix judges every change of one byte as the scan does.
TEST(AJsonPrefix, AgreesWithTheScan) {
  const std::string good =
      R"({"a":[1,-2.5e+7,0,0.5,1E3],"b":{"c":"x\"\\\u00e9y"},"d":[true,false,null,[],{}]})";
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const char c : {'"', '\\', '{', '}', '[', ']', ',', ':', '0', 'e', '.', '-', ' ', 'u', 't'}) {
      std::string text = good;
      text[at] = c;
      JsonPrefix prefix;
      const bool whole = prefix.feed(text) && prefix.complete();
      std::string copy = text;
      EXPECT_EQ(whole, !check_json(copy)) << text;
    }
  }
}

JsonForm object_form(bool streamed = false) { return {R"({"type":"json_object"})", false, streamed}; }
JsonForm schema_form() {
  return {R"({"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object","required":["n"],)"
          R"("properties":{"n":{"$ref":"#/$defs/n"}},"$defs":{"n":{"type":"integer"}}}}})",
          true, true};
}

std::optional<std::string> settled(std::string text, const JsonForm& form) {
  return settle_json(text, form) ? std::optional{text} : std::nullopt;
}

TEST(AJsonAnswer, IsTakenOutOfItsFenceAndOutOfProse) {
  const JsonForm form = object_form();
  EXPECT_EQ(settled(R"( {"a":1} )", form), R"( {"a":1} )");
  EXPECT_EQ(settled("```json\n{\"a\":1}\n```", form), R"({"a":1})");
  EXPECT_EQ(settled("Here you are:\n```\n[{\"a\":1}]\n```\nAnything else?", form), R"([{"a":1}])");
  EXPECT_EQ(settled(R"(Sure! {"a":{"b":"}"}} Hope [1] helps {you}.)", form), R"({"a":{"b":"}"}})");
  EXPECT_EQ(settled(R"("{\"a\":1}")", form), R"({"a":1})");
  for (const char* text : {"", "no", "12", R"("a")", R"({"a":1)", R"({"a":1} or {"a":2})", "null", "{a:1}"})
    EXPECT_EQ(settled(text, form), std::nullopt) << text;
}

TEST(AJsonAnswer, IsHeldAgainstItsSchema) {
  EXPECT_EQ(settled(R"({"n":1})", schema_form()), R"({"n":1})");
  EXPECT_EQ(settled("```json\n{\"n\":\"1\"}\n```", schema_form()), R"({"n":1})");
  EXPECT_EQ(settled(R"({"m":1})", schema_form()), std::nullopt);
  EXPECT_EQ(settled(R"({"n":"x"})", schema_form()), std::nullopt);
  EXPECT_EQ(settled("[]", schema_form()), std::nullopt);
}

struct Heard {
  std::string text;
  Fed fed = Fed::ok;
  bool before_end = false;
};

Heard hear(const std::string& text, const JsonForm& form, std::size_t cut, bool length = false) {
  JsonHold hold(form);
  Heard heard;
  for (std::size_t at = 0; at < text.size() && heard.fed == Fed::ok; at += cut) {
    std::string_view out;
    heard.fed = hold.feed(std::string_view{text}.substr(at, cut), out);
    heard.text += out;
  }
  heard.before_end = !heard.text.empty();
  std::string rest;
  if (heard.fed == Fed::ok) heard.fed = hold.finish(length, rest);
  if (heard.fed == Fed::ok) heard.text += rest;
  return heard;
}

TEST(AJsonAnswer, OfAnObjectGoesOutAsItComes) {
  for (const std::size_t cut : {1U, 3U, 1000U}) {
    for (const char* text : {"{\"a\":[1,2]}", "\n {\"a\":[1,2]}  ", "```json\n{\"a\":[1,2]}\n```\nBye {x}"}) {
      const Heard heard = hear(text, object_form(true), cut);
      EXPECT_EQ(heard.fed, Fed::ok) << text;
      EXPECT_EQ(heard.text, "{\"a\":[1,2]}") << text;
      EXPECT_TRUE(heard.before_end);
    }
    const Heard prose = hear("Well: {\"a\":1}", object_form(true), cut);
    EXPECT_FALSE(prose.before_end);
    EXPECT_EQ(prose.text, "{\"a\":1}");
    EXPECT_EQ(hear("no", object_form(true), cut).fed, Fed::not_json);
    EXPECT_EQ(hear("{\"a\":nothing}", object_form(true), cut).fed, Fed::not_json);
    EXPECT_EQ(hear("{\"a\":", object_form(true), cut).fed, Fed::not_json);
    EXPECT_EQ(hear("{\"a\":", object_form(true), cut, true).text, "{\"a\":");
  }
}

TEST(AJsonAnswer, OfASchemaIsHeldUntilItIsKnownToFit) {
  for (const std::size_t cut : {1U, 4U, 1000U}) {
    const Heard good = hear(R"({"n":1})", schema_form(), cut);
    EXPECT_EQ(good.text, R"({"n":1})");
    EXPECT_FALSE(good.before_end);
    const Heard bad = hear(R"({"n":true})", schema_form(), cut);
    EXPECT_EQ(bad.fed, Fed::not_json);
    EXPECT_EQ(bad.text, "");
  }
}

}  // namespace
}  // namespace freellmapi::chat
