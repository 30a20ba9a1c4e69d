#include "chat/schema.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <random>
#include <string>
#include <vector>

namespace freellmapi::chat {
namespace {

Judgement judged(const std::string& schema, const std::string& value) {
  const JsonTree rules{schema}, json{value};
  EXPECT_TRUE(rules.sound()) << schema;
  EXPECT_TRUE(json.sound()) << value;
  return SchemaCheck(rules, JsonTree::root, json).judge();
}

struct Case {
  const char* schema;
  std::vector<const char*> valid, invalid;
};

TEST(ASchema, TellsWhatFitsItFromWhatDoesNot) {
  const std::vector<Case> cases{
      {R"({"type":"object"})", {"{}"}, {"[]", "1", "null", R"("{}")"}},
      {R"({"type":["string","null"]})", {R"("a")", "null"}, {"1", "{}"}},
      {R"({"type":"integer"})", {"1", "-7", "5.0", "1e3"}, {"1.5", R"("1")"}},
      {R"({"type":"number"})", {"1", "1.5"}, {"true"}},
      {R"({"type":"STRING"})", {R"("x")"}, {"3"}},
      {R"({"type":"string","nullable":true})", {"null", R"("x")"}, {"1"}},
      {R"({"enum":["a",1,{"b":[null]}]})",
       {R"("a")", "1.0", R"({"b":[null]})", R"("\u0061")"},
       {R"("b")", "2"}},
      {R"({"const":{"a":1,"b":2}})", {R"({"b":2,"a":1})"}, {R"({"a":1})"}},
      {R"({"required":["a"],"properties":{"a":{"type":"string"}}})",
       {R"({"a":"x","b":1})", "7"},
       {"{}", R"({"a":1})"}},
      {R"({"properties":{"a":{}},"additionalProperties":false})", {R"({"a":1})"}, {R"({"b":1})"}},
      {R"({"additionalProperties":{"type":"integer"}})", {R"({"x":1})"}, {R"({"x":"1"})"}},
      {R"({"items":{"type":"integer"},"minItems":1,"maxItems":2})",
       {"[1]", "[1,2]"},
       {"[]", "[1,2,3]", R"(["a"])"}},
      {R"({"prefixItems":[{"type":"string"}],"items":false})", {R"(["a"])", "[]"}, {"[1]", R"(["a",1])"}},
      {R"({"items":[{"type":"string"}],"additionalItems":false})", {R"(["a"])"}, {R"(["a",1])"}},
      {R"({"minimum":1,"exclusiveMaximum":3})", {"1", "2.9"}, {"0", "3"}},
      {R"({"minimum":1,"exclusiveMinimum":true})", {"2"}, {"1"}},
      {R"({"multipleOf":0.1})", {"0.3", "7"}, {"0.35"}},
      {R"({"minLength":2,"maxLength":3})", {R"("äö")", R"("\ud83d\ude00ab")"}, {R"("ä")", R"("abcd")"}},
      {R"({"uniqueItems":true})",
       {"[1,2]", R"([{"a":1},{"a":2}])"},
       {"[1,1.0]", R"([{"a":1,"b":2},{"b":2,"a":1}])"}},
      {R"({"minProperties":1,"maxProperties":1})", {R"({"a":1})"}, {"{}", R"({"a":1,"b":2})"}},
      {R"({"anyOf":[{"type":"string"},{"type":"null"}]})", {"null"}, {"1"}},
      {R"({"oneOf":[{"type":"integer"},{"minimum":5}]})", {"1", "5.5"}, {"7", "4.5"}},
      {R"({"allOf":[{"type":"integer"},{"minimum":5}]})", {"7"}, {"4"}},
      {R"({"not":{"type":"string"}})", {"1"}, {R"("a")"}},
      {R"({"$ref":"#/$defs/n","$defs":{"n":{"type":"integer"}}})", {"1"}, {R"("a")"}},
      {R"({"$defs":{"a/b":{"$ref":"#/$defs/c%20d"},"c d":{"type":"null"}},"$ref":"#/$defs/a~1b"})",
       {"null"},
       {"1"}},
      {R"({"type":"object","properties":{"next":{"$ref":"#"}},"additionalProperties":false})",
       {R"({"next":{"next":{}}})"},
       {R"({"next":{"next":{"x":1}}})"}},
      {"false", {}, {"1"}},
      {"true", {"1"}, {}},
  };
  for (const Case& c : cases) {
    for (const char* value : c.valid)
      EXPECT_EQ(judged(c.schema, value), Judgement::valid) << c.schema << value;
    for (const char* value : c.invalid)
      EXPECT_EQ(judged(c.schema, value), Judgement::invalid) << c.schema << value;
  }
}

TEST(ASchema, RefusesNothingOverWhatItCannotJudge) {
  for (const char* schema :
       {R"({"pattern":"^(a+)+$"})", R"({"format":"date"})", R"({"$ref":"https://example.com/x"})",
        R"({"$ref":"#/none"})", R"({"not":{"pattern":"a"}})",
        R"({"oneOf":[{"pattern":"a"},{"pattern":"b"}]})", R"({"if":{},"then":false})", R"({"$ref":"#"})",
        R"({"anyOf":[]})", R"({"enum":[]})"})
    EXPECT_EQ(judged(schema, R"("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!")"), Judgement::unknown) << schema;
  for (const char* messy :
       {R"({"type":"any"})", R"({"type":7})", R"({"required":true})", R"({"properties":[]})",
        R"({"enum":"a"})", R"({"items":3})", R"({"minLength":"1"})", R"({"x-mine":1,"title":2})", "{}",
        R"({"type":["string","what"]})"})
    EXPECT_EQ(judged(messy, "{}"), Judgement::valid) << messy;
  EXPECT_EQ(judged(R"({"patternProperties":{"^x":{}},"additionalProperties":false})", R"({"y":1})"),
            Judgement::unknown);
}

bool fit(std::string& json, const std::string& schema) {
  std::size_t steps = 0;
  return fit_to_schema(json, schema, steps);
}

struct Mending {
  const char *schema, *from, *to;  // to null: it cannot be mended
};

TEST(ASchema, MendsWhatIsBeyondDoubt) {
  const std::vector<Mending> cases{
      {R"({"properties":{"o":{"type":"object"}}})", R"({"o":"{\"a\":1}"})", R"({"o":{"a":1}})"},
      {R"({"properties":{"l":{"type":"array","items":{"type":"integer"}}}})", R"({"l":"[1, \"2\"]"})",
       R"({"l":[1, 2]})"},
      {R"({"properties":{"n":{"type":"integer"},"b":{"type":"boolean"}}})", R"({"n":"5","b":" true "})",
       R"({"n":5,"b":true})"},
      {R"({"properties":{"n":{"type":"integer"}}})", R"({"n":"5.5"})", nullptr},
      {R"({"properties":{"n":{"type":"integer"}}})", R"({"n":"five"})", nullptr},
      {R"({"properties":{"s":{"type":"string"}}})", R"({"s":1.10})", R"({"s":"1.10"})"},
      {R"({"properties":{"s":{"type":"string"}}})", R"({"s":{"a":1}})", nullptr},
      {R"({"properties":{"s":{"type":"string"},"t":{}}})", R"({"s":null,"t":1})", R"({"t":1})"},
      {R"({"properties":{"s":{"type":"string"},"t":{}}})", R"({"t":1, "s":null})", R"({"t":1})"},
      {R"({"properties":{"s":{"type":"string"}}})", R"({"s":null})", "{}"},
      {R"({"properties":{"s":{"type":"string"}},"required":["s"]})", R"({"s":null})", nullptr},
      {R"({"properties":{"o":{"anyOf":[{"type":"object","properties":{"n":{"type":"integer"}}},{"type":"null"}]}}})",
       R"({"o":"{\"n\":\"3\"}"})", R"({"o":{"n":3}})"},
      {R"({"properties":{"o":{"type":["object","string"]}}})", R"({"o":"{}"})", R"({"o":"{}"})"},
      {R"({"properties":{"n":{"enum":[1,2]}}})", R"({"n":"2"})", R"({"n":2})"},
      {R"({"required":["path"]})", R"({"file":"x"})", nullptr},
  };
  for (const Mending& m : cases) {
    std::string json = m.from;
    const bool fits = fit(json, m.schema);
    EXPECT_EQ(fits, m.to != nullptr) << m.schema << m.from;
    if (m.to != nullptr) {
      EXPECT_EQ(json, m.to) << m.schema;
    }
  }
  std::string any = R"({"a":1})";
  EXPECT_TRUE(fit(any, ""));
  EXPECT_TRUE(fit(any, "not a schema"));
}

TEST(ASchema, OfAMemberThatComesTwiceTheLastOneCounts) {
  EXPECT_EQ(judged(R"({"properties":{"a":{"type":"integer"}},"required":["a"]})", R"({"a":"x","\u0061":1})"),
            Judgement::invalid);  // both are members, and one of them is wrong
  EXPECT_EQ(judged(R"({"properties":{"a":{"type":"string"},"\u0061":{"type":"integer"}}})", R"({"a":1})"),
            Judgement::valid);
}

TEST(ASchema, ForbidsNothingInWhatHasMoreValuesThanAreLookedAt) {
  std::string many = "[1";
  for (std::size_t i = 0; i < JsonTree::most_values; ++i) many += ",1";
  many += "]";
  EXPECT_TRUE(JsonTree{many}.too_large());
  std::string json = many;
  EXPECT_TRUE(fit(json, R"({"type":"object"})"));
  EXPECT_EQ(json, many);
  json = "7";
  EXPECT_TRUE(fit(json, R"({"type":"string","enum":)" + many + "}"));
  EXPECT_EQ(json, "7");
}

// A document of random keywords and values; `left` bounds it.
std::string random_json(std::mt19937& random, int depth) {
  static const std::vector<std::string> names{
      "type",        "properties", "required", "items",     "anyOf",       "oneOf",
      "allOf",       "not",        "$ref",     "$defs",     "a",           "b",
      "enum",        "const",      "minimum",  "maxLength", "uniqueItems", "additionalProperties",
      "prefixItems", "minItems",   "pattern",  "nullable"};
  static const std::vector<std::string> leaves{"\"object\"",
                                               "\"string\"",
                                               "\"array\"",
                                               "\"integer\"",
                                               "\"#\"",
                                               "\"#/$defs/a\"",
                                               "\"#/properties/a\"",
                                               "1",
                                               "0.5",
                                               "-3e9",
                                               "1e999",
                                               "true",
                                               "false",
                                               "null",
                                               "\"a\"",
                                               "\"{}\"",
                                               "\"[1]\"",
                                               "\"5\"",
                                               "[\"a\"]",
                                               "{}"};
  const auto below = [&random](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  const std::size_t kind = depth <= 0 ? 0 : below(3);
  if (kind == 0) return leaves[below(leaves.size())];
  std::string out = kind == 1 ? "{" : "[";
  for (std::size_t i = below(5); i > 0; --i) {
    if (out.size() > 1) out += ',';
    if (kind == 1) out += "\"" + names[below(names.size())] + "\":";
    out += random_json(random, depth - 1);
  }
  return out + (kind == 1 ? "}" : "]");
}

TEST(ASchema, OfAnyShapeIsJudgedInBoundedTime) {
  std::mt19937 random(20261123);
  for (int i = 0; i < 20'000; ++i) {
    const std::string schema = random_json(random, 6);
    std::string value = random_json(random, 5);
    fit(value, schema);
    EXPECT_TRUE(JsonTree{value}.sound()) << value;
  }
}

TEST(ASchema, ThatWouldTakeForeverIsGivenUp) {
  const auto started = std::chrono::steady_clock::now();
  // Each level doubles the work.
  std::string doubling = R"({"$defs":{"d0":{"type":"string"})";
  for (int i = 1; i < 60; ++i) {
    const std::string below = R"({"$ref":"#/$defs/d)" + std::to_string(i - 1) + "\"}";
    doubling += ",\"d" + std::to_string(i) + "\":{\"allOf\":[" + below + "," + below + "]}";
  }
  doubling += R"(},"$ref":"#/$defs/d59"})";
  EXPECT_EQ(judged(doubling, R"("x")"), Judgement::unknown);

  std::string long_text = "\"" + std::string(std::size_t{1} << 20, 'x') + "\"";
  std::string many = R"({"anyOf":[)";
  for (int i = 0; i < 5'000; ++i) many += R"({"maxLength":3},)";
  many += R"({"maxLength":3}]})";
  EXPECT_NE(judged(many, long_text), Judgement::valid);

  std::string members = "{";
  for (int i = 0; i < 30'000; ++i) members += (i == 0 ? "\"k" : ",\"k") + std::to_string(i) + "\":1";
  members += "}";
  EXPECT_EQ(judged(R"({"uniqueItems":true,"items":{"const":)" + members + "}}", "[" + members + "]"),
            Judgement::unknown);
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds{20});
}

}  // namespace
}  // namespace freellmapi::chat
