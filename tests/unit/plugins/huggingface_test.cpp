// Embeddings by the hub's own server, which are asked for and answered in shapes of its own.
#include <gtest/gtest.h>

#include <freellmapi/endpoints.hpp>
#include <freellmapi/json.hpp>
#include <string>

#include "box.hpp"
#include "embeddings.hpp"

namespace freellmapi::huggingface {
namespace {

using sdk::Client;
using sdk::Fields;
using sdk::Written;

std::string asked(Client& client, std::string_view model, std::string* path = nullptr) {
  client.call.model = sdk::str(model);
  Written written;
  sdk::RequestOut out(written.out);
  ask_for_features(sdk::Call(client.call), out);
  if (path != nullptr) *path = written.method + " " + written.path;
  return written.body;
}

struct Heard {
  std::string type, body;
  bool whole = false;
};

Heard heard(const Client& client, std::string_view body) {
  Heard out;
  freellm_answer_out to{};
  to.size = sizeof to;
  to.ctx = &out;
  to.content_type = [](freellm_answer_out* o, freellm_str type) {
    static_cast<Heard*>(o->ctx)->type = sdk::view(type);
    return freellm_status{FREELLM_OK};
  };
  to.body = [](freellm_answer_out* o, const void* data, std::size_t n) {
    static_cast<Heard*>(o->ctx)->body.append(static_cast<const char*>(data), n);
    return freellm_status{FREELLM_OK};
  };
  sdk::AnswerOut answer(to);
  out.whole = read_features(sdk::Call(client.call), body, answer);
  return out;
}

TEST(HuggingFaceEmbeddings, TheModelStandsInThePathAndTheTextsAreAlwaysAList) {
  std::string path;
  Client one(Fields{{"model", "\"auto\""}, {"input", "\"a b\""}, {"user", "\"me\""}});
  EXPECT_EQ(asked(one, "BAAI/bge-m3", &path), R"({"inputs":["a b"]})");
  EXPECT_EQ(path, "POST /hf-inference/models/BAAI/bge-m3/pipeline/feature-extraction");
  Client two(Fields{{"input", R"(["a","b"])"}});
  EXPECT_EQ(asked(two, "x y?", &path), R"({"inputs":["a","b"]})");
  EXPECT_EQ(path, "POST /hf-inference/models/x%20y%3F/pipeline/feature-extraction");
}

TEST(HuggingFaceEmbeddings, WhatIsNoTextIsNotAskedFor) {
  for (const char* const input : {"[1,2]", "[]", "{}", R"(["a",1])"}) {
    Client client(Fields{{"input", input}});
    EXPECT_THROW(asked(client, "m"), sdk::Failure) << input;
  }
  Client nothing(Fields{{"model", "\"m\""}});
  EXPECT_THROW(asked(nothing, "m"), sdk::Failure);
}

TEST(HuggingFaceEmbeddings, ABareListOfVectorsBecomesOpenAIsShape) {
  const Client client(Fields{{"input", R"(["a","b"])"}});
  const Heard answer = heard(client, "[[0.5,1],[2,-3.25]]");
  EXPECT_TRUE(answer.whole);
  EXPECT_EQ(answer.type, "application/json");
  EXPECT_EQ(sdk::parse_json(answer.body),
            sdk::parse_json(R"({"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.5,1]},
                               {"object":"embedding","index":1,"embedding":[2,-3.25]}]})"));
}

TEST(HuggingFaceEmbeddings, OneTextMayBeAnsweredWithItsVectorAlone) {
  const Client client(Fields{{"input", "\"a\""}, {"dimensions", "2"}});
  EXPECT_EQ(heard(client, "[0.5,1]").body, heard(client, "[[0.5,1]]").body);
  EXPECT_TRUE(heard(client, "[0.5,1]").whole);
}

TEST(HuggingFaceEmbeddings, AShorterVectorThanTheModelsIsNotToBeHad) {
  const Client client(Fields{{"input", "\"a\""}, {"dimensions", "1"}});
  EXPECT_THROW(heard(client, "[[0.5,1]]"), sdk::Failure);
}

TEST(HuggingFaceEmbeddings, AnAnswerWithoutAVectorForEachTextIsNone) {
  const Client client(Fields{{"input", R"(["a","b"])"}});
  for (const char* const body : {"[[1,2]]", "[1,2]", "[[1],[\"x\"]]", "[[1],[]]", "[[[1]],[[2]]]",
                                 "{\"error\":\"no\"}", "[[1],[2]", ""})
    EXPECT_FALSE(heard(client, body).whole) << body;
}

}  // namespace
}  // namespace freellmapi::huggingface
