#include "decoded.hpp"

namespace freellmapi::chat {
namespace {

// The canonical content of a user message that has this one.
std::string content(const std::string& said) {
  const std::string message = told(R"({"role":"user","content":)" + said + "}");
  constexpr std::string_view head = R"({"role":"user","content":)";
  return message.starts_with(head) ? message.substr(head.size(), message.size() - head.size() - 1) : message;
}
std::string fault(const std::string& said) {
  return talk(R"({"role":"user","content":)" + said + "}").fault();
}
Facts facts(const std::string& said) { return talk(R"({"role":"user","content":)" + said + "}").facts(); }

TEST(Parts, OfOpenAisKindStay) {
  const std::string parts =
      R"([{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"https://x.test/a.png","detail":"low"}}])";
  const Decoded d = talk(R"({"role":"user","content":)" + parts + "}");
  EXPECT_EQ(content(parts), parts);
  EXPECT_FALSE(d.copied());
  EXPECT_TRUE(d.facts().parts);
  EXPECT_TRUE(d.facts().images);
  EXPECT_FALSE(d.facts().extras);
  EXPECT_EQ(d.facts().image_count, 1u);
  EXPECT_EQ(d.facts().text_bytes, 1u);
}

TEST(Parts, BareAndBareTextsGetTheirType) {
  EXPECT_EQ(content(R"(["a",{"text":"b"}])"), R"([{"type":"text","text":"a"},{"type":"text","text":"b"}])");
  EXPECT_EQ(content(R"({"text":"b"})"), R"([{"type":"text","text":"b"}])");
  EXPECT_EQ(content(R"({"type":"text","text":"b"})"), R"([{"type":"text","text":"b"}])");
  EXPECT_EQ(content(R"([{"type":null,"text":"b"}])"), R"([{"type":"text","text":"b"}])");
  EXPECT_EQ(content(R"([{"type":"text","text":null}])"), R"([{"type":"text","text":""}])");
  EXPECT_EQ(content(R"([null,{"type":"text","text":"a","x":null},null])"), R"([{"type":"text","text":"a"}])");
  EXPECT_EQ(content("[]"), R"("")");
  EXPECT_EQ(content("[null]"), R"("")");
}

TEST(Parts, OfTheResponsesApiAreKnown) {
  EXPECT_EQ(content(R"([{"type":"input_text","text":"a"}])"), R"([{"type":"text","text":"a"}])");
  EXPECT_EQ(content(R"([{"type":"input_image","image_url":"http://x.test/a"}])"),
            R"([{"type":"image_url","image_url":{"url":"http://x.test/a"}}])");
}

TEST(Parts, WithAnImageAsAStringGetItsObject) {
  EXPECT_EQ(content(R"([{"type":"image_url","image_url":"https://x.test/a"}])"),
            R"([{"type":"image_url","image_url":{"url":"https://x.test/a"}}])");
  EXPECT_EQ(content(R"([{"image_url":{"url":"https://x.test/a","detail":null}}])"),
            R"([{"type":"image_url","image_url":{"url":"https://x.test/a"}}])");
}

TEST(Parts, ThatThinkAreLeftOut) {
  EXPECT_EQ(content(R"([{"type":"thinking","thinking":"hm","signature":"s"},{"type":"text","text":"a"}])"),
            R"([{"type":"text","text":"a"}])");
  EXPECT_EQ(content(R"([{"type":"redacted_thinking","data":"x"}])"), R"("")");
}

TEST(Parts, ThatNobodyKnowsAreRefused) {
  EXPECT_EQ(fault(R"([{"type":"text","text":"a"},{"type":"video","video":{}}])"),
            "unsupported_value messages[0].content[1].type");
  EXPECT_EQ(fault("[{}]"), "missing_required_parameter messages[0].content[0].type");
  EXPECT_EQ(fault("{}"), "missing_required_parameter messages[0].content.type");
  EXPECT_EQ(fault(R"([{"type":"text"}])"), "missing_required_parameter messages[0].content[0].text");
  EXPECT_EQ(fault(R"([{"type":"text","text":7}])"), "invalid_type messages[0].content[0].text");
  EXPECT_EQ(fault(R"([{"type":"image_url"}])"),
            "missing_required_parameter messages[0].content[0].image_url");
  EXPECT_EQ(fault(R"([{"type":"image_url","image_url":{}}])"),
            "missing_required_parameter messages[0].content[0].image_url.url");
  EXPECT_EQ(fault(R"([{"type":"image_url","image_url":{"url":1}}])"),
            "invalid_type messages[0].content[0].image_url.url");
  EXPECT_EQ(fault("[7]"), "invalid_type messages[0].content[0]");
  EXPECT_EQ(fault("7"), "invalid_type messages[0].content");
  EXPECT_EQ(fault("true"), "invalid_type messages[0].content");
}

TEST(Images, AsDataUrlsAreChecked) {
  const auto image = [](const std::string& url) {
    return fault(R"([{"type":"image_url","image_url":{"url":")" + url + "\"}}]");
  };
  const std::string refused = "invalid_value messages[0].content[0].image_url.url";
  EXPECT_EQ(image("data:image/png;base64,iVBORw0KGgo="), "fine");
  EXPECT_EQ(image("data:image\\/png;base64,AA\\/+AA=="), "fine");  // PHP escapes the slash
  EXPECT_EQ(image("DATA:image/jpeg;base64,AAAA"), "fine");
  EXPECT_EQ(image("data:image/png;base64,"), refused);
  EXPECT_EQ(image("data:image/png;base64,AA AA"), refused);
  EXPECT_EQ(image("data:image/png;base64,AA-_"), refused);
  EXPECT_EQ(image("data:image/png;base64,=AAA"), refused);
  EXPECT_EQ(image("data:image/png;base64"), refused);
  EXPECT_EQ(image("data:image/svg+xml,<svg>"), refused);
  EXPECT_EQ(image("data:text/html;base64,AAAA"), refused);
  EXPECT_EQ(image("file:///etc/passwd"), refused);
  EXPECT_EQ(image("gopher://x"), refused);
  EXPECT_EQ(image(""), refused);
  EXPECT_EQ(image("https://x.test/" + std::string(9'000, 'a')), refused);
  EXPECT_EQ(fault(R"([{"type":"image_url","image_url":"ftp://x"}])"),
            "invalid_value messages[0].content[0].image_url");
}

TEST(Images, DoNotCountAsText) {
  const Facts f = facts(R"([{"type":"image_url","image_url":{"url":"data:image/png;base64,)" +
                        std::string(4'000, 'A') + R"("}},{"type":"text","text":"what is it"}])");
  EXPECT_EQ(f.text_bytes, 10u);
  EXPECT_EQ(f.image_count, 1u);
}

TEST(Files, AreAFact) {
  const Facts f = facts(R"([{"type":"file","file":{"file_data":"data:application/pdf;base64,AAAA"}}])");
  EXPECT_TRUE(f.files);
  EXPECT_GT(f.file_bytes, 30u);
  EXPECT_TRUE(facts(R"([{"type":"input_audio","input_audio":{"data":"AAAA","format":"wav"}}])").files);
  EXPECT_EQ(fault(R"([{"type":"file"}])"), "missing_required_parameter messages[0].content[0].file");
}

TEST(Parts, WithFurtherMembersAreAFact) {
  EXPECT_TRUE(facts(R"([{"type":"text","text":"a","cache_control":{"type":"ephemeral"}}])").extras);
}

}  // namespace
}  // namespace freellmapi::chat
