// Embeddings, images and speech of providers that speak OpenAI's shape.
#include <gtest/gtest.h>

#include <freellmapi/json.hpp>

#include "box.hpp"

namespace freellmapi::sdk {
namespace {

constexpr MemberRule rules[] = {drop("user"), clamp("speed", 0.5, 2),
                                rename("dimensions", "output_dimension")};
constexpr OpenAiDialect dialect = {.credential_part = 2,
                                   .embeddings_path = "/embeddings",
                                   .speech_path = "/audio/speech",
                                   .endpoint_members = rules};

constexpr OpenAiDialect chat_alone = {};
struct Chat final : OpenAiProvider {
  constexpr Chat() : OpenAiProvider(chat_alone) {}
};

struct Many final : OpenAiProvider {
  static constexpr std::string_view id = "many", manifest = "id: many";
  constexpr Many() : OpenAiProvider(dialect) {}
  void add_endpoint_members(Endpoint endpoint, const Call&, MemberWriter& out) const override {
    if (endpoint == Endpoint::embeddings) out.add_string("input_type", "query");
  }
};

const freellm_endpoints& table() {
  const freellm_provider& provider = provider_table<Many>;
  return *static_cast<const freellm_endpoints*>(
      provider.get_extension(&provider, str(FREELLM_EXT_ENDPOINTS)));
}

struct Heard {
  std::string type, body;
  std::uint64_t tokens = not_said;
  freellm_outcome failure = fresh_outcome();
  freellm_status status = FREELLM_OK;
};

Heard read(std::uint32_t endpoint, std::string_view body, std::string_view type) {
  Heard heard;
  freellm_answer_out out{};
  out.size = sizeof out;
  out.ctx = &heard;
  out.content_type = [](freellm_answer_out* o, freellm_str t) {
    static_cast<Heard*>(o->ctx)->type = view(t);
    return freellm_status{FREELLM_OK};
  };
  out.body = [](freellm_answer_out* o, const void* data, std::size_t n) {
    static_cast<Heard*>(o->ctx)->body.append(static_cast<const char*>(data), n);
    return freellm_status{FREELLM_OK};
  };
  out.input_tokens = [](freellm_answer_out* o, std::uint64_t n) {
    static_cast<Heard*>(o->ctx)->tokens = n;
    return freellm_status{FREELLM_OK};
  };
  const freellm_header field{str("content-type"), str(type)};
  freellm_head head{};
  head.size = sizeof head;
  head.http_status = 200;
  head.headers = &field;
  head.header_count = 1;
  const Client client(Fields{});
  const freellm_provider& provider = provider_table<Many>;
  heard.status =
      table().read_answer(&provider, endpoint, &client.call, &head, str(body), &out, &heard.failure);
  return heard;
}

TEST(Endpoints, ServedAreThoseWithAPath) {
  EXPECT_EQ(table().served, bit(Endpoint::embeddings) | bit(Endpoint::speech));
  EXPECT_EQ(Chat().served_endpoints(), 0u);
}

TEST(Endpoints, ARequestHasTheModelTheKnownMembersAndTheProvidersOwn) {
  const Client client(Fields{{"model", "\"auto\""},
                             {"input", R"(["a","b"])"},
                             {"user", "\"me\""},
                             {"dimensions", "256"},
                             {"temperature", "1"}});
  Written written;
  const freellm_provider& provider = provider_table<Many>;
  ASSERT_EQ(table().build_request(&provider, FREELLM_ENDPOINT_EMBEDDINGS, &client.call, &written.out),
            FREELLM_OK);
  EXPECT_EQ(
      parse_json(written.body),
      parse_json(R"({"model":"real-model","input":["a","b"],"output_dimension":256,"input_type":"query"})"));
  EXPECT_EQ(table().build_request(&provider, FREELLM_ENDPOINT_IMAGES, &client.call, &written.out),
            FREELLM_E_UNSUPPORTED);
  EXPECT_EQ(table().build_request(&provider, 40, &client.call, &written.out), FREELLM_E_UNSUPPORTED);
}

TEST(Endpoints, AnAnswerInOpenAisShapeGoesThroughWithItsTokens) {
  const std::string_view body =
      R"({"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.1]}],"usage":{"prompt_tokens":5}})";
  const Heard heard = read(FREELLM_ENDPOINT_EMBEDDINGS, body, "application/json");
  EXPECT_EQ(heard.status, FREELLM_OK);
  EXPECT_EQ(heard.type, "application/json");
  EXPECT_EQ(heard.body, body);
  EXPECT_EQ(heard.tokens, 5u);
}

TEST(Endpoints, SoundIsPassedOnAsItIs) {
  const Heard heard = read(FREELLM_ENDPOINT_SPEECH, "ID3\x01", "audio/mpeg");
  EXPECT_EQ(heard.status, FREELLM_OK);
  EXPECT_EQ(heard.type, "audio/mpeg");
  EXPECT_EQ(heard.body, "ID3\x01");
  EXPECT_EQ(read(FREELLM_ENDPOINT_SPEECH, "", "audio/mpeg").status, FREELLM_E_PROTOCOL);
}

TEST(Endpoints, AnErrorInsideA200IsSorted) {
  for (const std::uint32_t endpoint : {FREELLM_ENDPOINT_EMBEDDINGS, FREELLM_ENDPOINT_SPEECH}) {
    const Heard heard =
        read(endpoint, R"({"error":{"message":"Insufficient balance","code":"insufficient_quota"}})",
             "application/json");
    EXPECT_EQ(heard.status, FREELLM_E_PROTOCOL);
    EXPECT_EQ(heard.failure.error_class, std::uint32_t{FREELLM_C_PAYMENT_REQUIRED}) << heard.failure.message;
    EXPECT_EQ(heard.body, "");
  }
  EXPECT_EQ(read(FREELLM_ENDPOINT_EMBEDDINGS, "<html>", "text/html").status, FREELLM_E_PROTOCOL);
}

}  // namespace
}  // namespace freellmapi::sdk
