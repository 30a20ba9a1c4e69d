#include "chat/amend.hpp"

#include <map>

#include "decoded.hpp"

namespace freellmapi::chat {
namespace {

const std::string user = R"({"role":"user","content":"read"})";
const std::string result = R"({"role":"tool","tool_call_id":"c1","content":"x"})";
std::string calling(const std::string& id, const std::string& arguments, const std::string& more = "") {
  return R"({"role":"assistant","content":null,"tool_calls":[{"id":")" + id +
         R"(","type":"function","function":{"name":"f","arguments":")" + arguments + R"("})" + more + "}]}";
}

/// Knows calls by one of their names.
struct Known final : ThoughtSource {
  std::map<std::uint64_t, Thought> by_id, by_place;
  int asked = 0;
  bool find(const CallName& name, Thought& out) override {
    ++asked;
    if (const auto at = by_id.find(name.by_id); at != by_id.end()) return out = at->second, true;
    if (const auto at = by_place.find(name.by_place); at != by_place.end()) return out = at->second, true;
    return false;
  }
};

/// The inside of the messages afterwards; "as it was".
std::string after(const std::string& messages, std::string_view note, ThoughtSource* source) {
  const Decoded decoded = talk(messages);
  const auto made = amended(decoded.request(), note, source);
  if (!made) return "as it was";
  for (const Member& m : made->members)
    if (m.name == "messages") return std::string(m.value.substr(1, m.value.size() - 2));
  return {};
}

TEST(Amend, PutsBackWhatACallCarriedAndItsAnswerThought) {
  Known known;
  known.by_id[name_of(0, 0, "c1", "f", R"({"a":1})").by_id] = {R"({"google":{"thought_signature":"s"}})",
                                                               "I \"read\""};
  EXPECT_EQ(after(user + "," + calling("c1", R"({ \"a\": 1 })") + "," + result, "", &known),
            user +
                R"(,{"reasoning_content":"I \"read\"","role":"assistant","content":null,"tool_calls":[{)"
                R"("extra_content":{"google":{"thought_signature":"s"}},"id":"c1","type":"function",)"
                R"("function":{"name":"f","arguments":"{ \"a\": 1 }"}}]},)" +
                result);
}

TEST(Amend, WhatTheClientSentStandsAndNothingIsSaidTwice) {
  Known known;
  known.by_id[name_of(0, 0, "c1", "f", "{}").by_id] = {R"({"x":1})", "thought"};
  std::string own = calling("c1", "{}", R"(,"extra_content":{"x":2})");
  own.insert(1, R"("reasoning_content":"own",)");
  EXPECT_EQ(after(user + "," + own + "," + result, "", &known), "as it was");
  EXPECT_EQ(known.asked, 1);
}

TEST(Amend, ACallWhoseIdABridgeHasRewrittenIsKnownByItsPlace) {
  const std::uint64_t before = talk(user).request().thread.so_far;
  Known known;
  known.by_place[name_of(before, 0, "another", "f", "{}").by_place] = {R"({"x":1})", ""};
  EXPECT_NE(
      after(user + "," + calling("c1", "{}") + "," + result, "", &known).find(R"("extra_content":{"x":1})"),
      std::string::npos);
  const std::string elsewhere = R"({"role":"user","content":"write"},)";
  EXPECT_EQ(after(elsewhere + calling("c1", "{}") + "," + result, "", &known), "as it was");
}

TEST(Amend, TheNoteStandsBehindTheLeadingSystemMessages) {
  const std::string note = R"({"role":"system","content":"N \"b\""})",
                    system = R"({"role":"system","content":"S"})",
                    developer = R"({"role":"developer","content":"D"})";
  EXPECT_EQ(after(user, "N \"b\"", nullptr), note + "," + user);
  EXPECT_EQ(after(system + "," + developer + "," + user + "," + system, "N \"b\"", nullptr),
            system + "," + developer + "," + note + "," + user + "," + system);
  EXPECT_EQ(after(user, "", nullptr), "as it was");
}

TEST(Amend, TheRestOfTheRequestIsTheSame) {
  const Decoded decoded{R"({"messages":[)" + user +
                        R"(],"model":"auto","temperature":0.5,"stream":true,"max_tokens":9})"};
  const auto made = amended(decoded.request(), "N", nullptr);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->model, "auto");
  EXPECT_TRUE(made->stream);
  EXPECT_EQ(made->max_tokens, 9u);
  EXPECT_EQ(made->members.size(), 5u);
  EXPECT_EQ(made->facts.message_count, 2u);
  EXPECT_EQ(made->thread.so_far, decoded.request().thread.so_far) << "the conversation is the client's";
}

}  // namespace
}  // namespace freellmapi::chat
