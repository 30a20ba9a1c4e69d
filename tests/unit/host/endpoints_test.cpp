// Embeddings, images and speech through the extension "freellm.endpoints/1", with the ABI's rules kept.
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "fixture.hpp"
#include "scripted.hpp"

namespace freellmapi::host {
namespace {

thread_local std::function<freellm_status(freellm_answer_out*, freellm_outcome*)> reading;

freellm_endpoints& table_of_endpoints() {
  static freellm_endpoints table = [] {
    freellm_endpoints t{};
    t.size = sizeof t;
    t.served = FREELLM_ENDPOINT_BIT(FREELLM_ENDPOINT_EMBEDDINGS) | 1u << 31;
    t.build_request = [](const freellm_provider*, std::uint32_t, const freellm_call* call,
                         freellm_request_out* out) {
      out->target(out, text("POST"), text("/embeddings"));
      return out->body(out, call->body.data, call->body.size);
    };
    t.read_answer = [](const freellm_provider*, std::uint32_t, const freellm_call*, const freellm_head*,
                       freellm_str, freellm_answer_out* out,
                       freellm_outcome* failure) { return reading(out, failure); };
    return t;
  }();
  return table;
}

class Endpoints : public testing::Test {
 protected:
  Endpoints() {
    table_ = scripted_table();
    table_.get_extension = [](const freellm_provider*, freellm_str id) -> const void* {
      return std::string_view{id.data, id.size} == FREELLM_EXT_ENDPOINTS ? &table_of_endpoints() : nullptr;
    };
    provider_ = scripted(table_);
  }
  std::variant<EndpointAnswer, freellm_outcome> read(
      std::function<freellm_status(freellm_answer_out*, freellm_outcome*)> does) {
    reading = std::move(does);
    return provider_->read_endpoint(FREELLM_ENDPOINT_EMBEDDINGS, call_with("{}"), head_with(200), "x");
  }
  static std::uint32_t class_of(const std::variant<EndpointAnswer, freellm_outcome>& answer) {
    return std::holds_alternative<freellm_outcome>(answer) ? std::get<freellm_outcome>(answer).error_class
                                                           : 9999;
  }
  freellm_provider table_{};
  std::shared_ptr<const Provider> provider_;
};

TEST_F(Endpoints, OnlyThoseThatTheProviderNamesAreServed) {
  EXPECT_TRUE(provider_->serves(FREELLM_ENDPOINT_EMBEDDINGS));
  EXPECT_FALSE(provider_->serves(FREELLM_ENDPOINT_SPEECH));
  EXPECT_FALSE(provider_->serves(31));
  EXPECT_EQ(provider_->build_endpoint(FREELLM_ENDPOINT_SPEECH, call_with("{}")).error().code,
            base::Errc::not_found);
  freellm_provider plain = scripted_table();
  EXPECT_EQ(scripted(plain)->endpoints(), 0u);
}

TEST_F(Endpoints, ARequestIsWrittenAsForChat) {
  const auto request = provider_->build_endpoint(FREELLM_ENDPOINT_EMBEDDINGS, call_with(R"({"input":"a"})"));
  ASSERT_TRUE(request);
  EXPECT_EQ(request->path(), "/embeddings");
  EXPECT_EQ(request->body_size(), 13u);
}

TEST_F(Endpoints, AnAnswerIsTypedAndWhole) {
  const auto answer = read([](freellm_answer_out* out, freellm_outcome*) {
    EXPECT_EQ(out->content_type(out, text("application/json")), FREELLM_OK);
    EXPECT_EQ(out->input_tokens(out, 7), FREELLM_OK);
    EXPECT_EQ(out->body(out, "{", 1), FREELLM_OK);
    return out->body(out, "}", 1);
  });
  const auto& whole = std::get<EndpointAnswer>(answer);
  EXPECT_EQ(whole.content_type, "application/json");
  EXPECT_EQ(whole.body, "{}");
  EXPECT_EQ(whole.input_tokens, 7u);
}

TEST_F(Endpoints, AnErrorInTheAnswerIsTheProvidersAndNonsenseIsMalformed) {
  EXPECT_EQ(class_of(read([](freellm_answer_out*, freellm_outcome* failure) {
              failure->error_class = FREELLM_C_QUOTA_EXHAUSTED;
              return freellm_status{FREELLM_E_PROTOCOL};
            })),
            std::uint32_t{FREELLM_C_QUOTA_EXHAUSTED});
  EXPECT_EQ(class_of(read(
                [](freellm_answer_out*, freellm_outcome*) { return freellm_status{FREELLM_E_PROTOCOL}; })),
            std::uint32_t{FREELLM_C_MALFORMED});
  EXPECT_EQ(class_of(read([](freellm_answer_out*, freellm_outcome*) { return freellm_status{FREELLM_OK}; })),
            std::uint32_t{FREELLM_C_MALFORMED})
      << "an answer without a body";
}

TEST_F(Endpoints, WhatTheHostRefusedIsNoAnswerWhateverThePluginMakesOfIt) {
  const auto untyped = read([](freellm_answer_out* out, freellm_outcome*) {
    EXPECT_EQ(out->body(out, "x", 1), FREELLM_E_INVALID);
    return freellm_status{FREELLM_OK};
  });
  EXPECT_EQ(class_of(untyped), std::uint32_t{FREELLM_C_MALFORMED});
  const auto forged = read([](freellm_answer_out* out, freellm_outcome*) {
    EXPECT_EQ(out->content_type(out, text("audio/mpeg\r\nset-cookie: a")), FREELLM_E_INVALID);
    EXPECT_EQ(out->content_type(out, text("audio/mpeg")), FREELLM_E_INVALID) << "the first fault counts";
    return freellm_status{FREELLM_OK};
  });
  EXPECT_EQ(class_of(forged), std::uint32_t{FREELLM_C_MALFORMED});
}

TEST_F(Endpoints, APluginThatThrowsIsToBlame) {
  EXPECT_EQ(class_of(read([](freellm_answer_out*, freellm_outcome*) -> freellm_status { throw 7; })),
            plugin_failed);
}

}  // namespace
}  // namespace freellmapi::host
