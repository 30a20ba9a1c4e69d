#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <functional>

#include "fixture.hpp"
#include "host/tables.hpp"
#include "scripted.hpp"

namespace freellmapi::host {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// What the plugin of the running test writes.
thread_local std::function<freellm_status(const freellm_call&, freellm_request_out*)> script;

class RequestTest : public testing::Test {
 protected:
  RequestTest() {
    table_ = scripted_table();
    table_.build_request = [](const freellm_provider*, const freellm_call* call, freellm_request_out* out) {
      return script(*call, out);
    };
    table_.build_probe = [](const freellm_provider*, freellm_request_out* out) {
      return out->target(out, text("GET"), text("/models"));
    };
    provider_ = scripted(table_);
  }
  base::Result<UpstreamRequest> build(
      std::function<freellm_status(const freellm_call&, freellm_request_out*)> writes) {
    script = std::move(writes);
    return provider_->build_request(call_with(body_));
  }
  // What building says after a good target.
  std::string after_target(std::function<freellm_status(freellm_request_out*)> writes) {
    const auto built = build([&](const freellm_call&, freellm_request_out* out) {
      EXPECT_EQ(out->target(out, text("POST"), text("/chat")), FREELLM_OK);
      return writes(out);
    });
    return built ? "built" : built.error().text();
  }
  std::string with_target(std::string_view method, std::string_view path) {
    const auto built = build([&](const freellm_call&, freellm_request_out* out) {
      return out->target(out, text(method), text(path));
    });
    return built ? "built" : built.error().text();
  }
  std::string with_header(std::string_view name, std::string_view value) {
    return after_target([&](freellm_request_out* out) { return out->header(out, text(name), text(value)); });
  }

  const std::string body_ = R"({"model":"m","messages":[]})";
  freellm_provider table_{};
  std::shared_ptr<const Provider> provider_;
};

TEST_F(RequestTest, PiecesOfTheCallAreReferencesAndOthersAreCopies) {
  const auto built = build([](const freellm_call& call, freellm_request_out* out) {
    std::string passing = "passing";
    out->target(out, text("POST"), text("/chat"));
    out->body(out, call.body.data, 4);
    out->body(out, call.body.data + 4, 6);  // adjacent: one piece
    out->body(out, passing.data(), 4);
    out->body(out, passing.data() + 4, 3);
    out->body(out, call.body.data + 12, 2);
    passing.assign(7, 'x');
    return freellm_status{FREELLM_OK};
  });
  ASSERT_TRUE(built);
  UpstreamRequest moved = std::move(*const_cast<base::Result<UpstreamRequest>&>(built));
  EXPECT_THAT(moved.pieces(), ElementsAre(body_.substr(0, 10), "passing", body_.substr(12, 2)));
  EXPECT_EQ(moved.pieces()[0].data(), body_.data());
  EXPECT_EQ(moved.body_size(), 19u);
}

TEST_F(RequestTest, AHeaderWrittenBetweenTwoPiecesIsPartOfNeither) {
  const auto built = build([](const freellm_call&, freellm_request_out* out) {
    out->body(out, "one", 3);
    out->target(out, text("POST"), text("/chat"));
    out->body(out, "two", 3);
    out->body(out, "three", 5);
    return out->header(out, text("x-a"), text("b"));
  });
  ASSERT_TRUE(built);
  EXPECT_THAT(built->pieces(), ElementsAre("one", "twothree"));
  EXPECT_EQ(built->method(), "POST");
  EXPECT_EQ(built->path(), "/chat");
  ASSERT_EQ(built->header_count(), 1u);
  EXPECT_EQ(built->header(0).name, "x-a");
  EXPECT_EQ(built->header(0).value, "b");
}

TEST_F(RequestTest, APieceThatReachesBeyondTheCallIsCopied) {
  const std::string around = "{" + body_ + "}";
  freellm_call call = call_with(std::string_view{around}.substr(1, body_.size()));
  script = [&](const freellm_call&, freellm_request_out* out) {
    out->target(out, text("POST"), text("/chat"));
    return out->body(out, around.data(), around.size());
  };
  const auto built = provider_->build_request(call);
  ASSERT_TRUE(built);
  EXPECT_THAT(built->pieces(), ElementsAre(around));
  EXPECT_NE(built->pieces()[0].data(), around.data());
}

TEST_F(RequestTest, ATargetIsAMethodAndAPath) {
  EXPECT_EQ(with_target("POST", "/v1/chat?alt=sse&x=%20"), "built");
  EXPECT_EQ(with_target("GET", "/{key}/{key:1}?k={key:2}"), "built");
  EXPECT_THAT(with_target("post", "/"), HasSubstr("as the method"));
  EXPECT_THAT(with_target("PO ST", "/"), HasSubstr("as the method"));
  EXPECT_THAT(with_target("", "/"), HasSubstr("as the method"));
  for (const char* path : {"", "chat", "http://x/", "/a b", "/a\r\nHost: x", "/a#b", "/{secret}", "/{key",
                           "/a}", "/\xC3\xA9", "/a\\b"}) {
    EXPECT_THAT(with_target("GET", path), HasSubstr("which no request may have")) << path;
  }
  EXPECT_THAT(with_target("GET", "/" + std::string(8192, 'a')), HasSubstr("which no request may have"));
}

TEST_F(RequestTest, ExactlyOneTargetIsGiven) {
  EXPECT_THAT(after_target([](freellm_request_out* out) { return out->target(out, text("GET"), text("/")); }),
              HasSubstr("two targets"));
  const auto none =
      build([](const freellm_call&, freellm_request_out*) { return freellm_status{FREELLM_OK}; });
  EXPECT_EQ(none.error().text(), "scripted: the plugin wrote a request without a target");
}

TEST_F(RequestTest, HeadersAreLegal) {
  EXPECT_EQ(with_header("X-Thing", "a value\twith \xC3\xA9"), "built");
  EXPECT_EQ(with_header("X-Empty", ""), "built");
  for (const char* name : {"", "a b", "a:", "a\r\nb", "\xC3\xA9"})
    EXPECT_THAT(with_header(name, "x"), HasSubstr("no legal name")) << name;
  for (const std::string_view value : {std::string_view{"a\r\nEvil: 1"}, std::string_view{"a\n"},
                                       std::string_view{"a\0b", 3}, std::string_view{"\x7f"}}) {
    EXPECT_THAT(with_header("X-Thing", value), HasSubstr("control characters"));
  }
  EXPECT_THAT(with_header("X-Thing", std::string(8193, 'a')), HasSubstr("over 8192 bytes"));
}

TEST_F(RequestTest, WhatFramesAMessageIsTheHostsToWrite) {
  for (const char* name : {"Host", "content-length", "Connection", "Transfer-Encoding", "User-Agent",
                           "Accept-Encoding", "TE", "Expect", "Upgrade"}) {
    EXPECT_EQ(with_header(name, "x"), "scripted: the plugin wrote the header " + std::string{name} +
                                          ", which is the host's to write");
  }
}

TEST_F(RequestTest, AtMost64HeadersGoOut) {
  const auto count = [this](int n) {
    return after_target([n](freellm_request_out* out) {
      freellm_status status = FREELLM_OK;
      for (int i = 0; i < n && status >= 0; ++i) status = out->header(out, text("X-Thing"), text("x"));
      return status;
    });
  };
  EXPECT_EQ(count(64), "built");
  EXPECT_EQ(count(65), "scripted: the plugin gave more than 64 headers");
}

TEST_F(RequestTest, ACredentialIsAPlaceAndNeverAValue) {
  const auto built = build([](const freellm_call&, freellm_request_out* out) {
    out->target(out, text("POST"), text("/chat"));
    return out->credential(out, text("X-Account"), text("id "), 1);
  });
  ASSERT_TRUE(built);
  EXPECT_EQ(built->header(0).credential, 1u);
  EXPECT_EQ(built->header(0).value, "id ");
  EXPECT_THAT(
      after_target([](freellm_request_out* out) { return out->credential(out, text("X"), text(""), 3); }),
      HasSubstr("part 3 of the key"));
  EXPECT_THAT(
      after_target([](freellm_request_out* out) { return out->credential(out, text("Host"), text(""), 0); }),
      HasSubstr("the host's to write"));
}

// A provider with two heads known before; `script` writes what stands behind one, `chosen` names it.
class FixedHeadTest : public RequestTest {
 protected:
  FixedHeadTest() {
    chosen = 1;
    fields[0] = {text("authorization"), text("Bearer "), 0, 0};
    fields[1] = {text("accept"), text("*/*"), FREELLM_NO_CREDENTIAL, 0};
    heads[0] = {text("POST"), text("/whole"), fields.data(), 2};
    heads[1] = {text("POST"), text("/stream"), fields.data(), 2};
    described = {
        sizeof described, 2, heads.data(),
        [](const freellm_provider*, const freellm_call* call, freellm_request_out* out, std::uint32_t* head) {
          *head = chosen;
          return script(*call, out);
        }};
    table_.get_extension = [](const freellm_provider*, freellm_str id) -> const void* {
      return view(id) == FREELLM_EXT_HEADS ? &described : nullptr;
    };
  }
  std::string said(std::function<freellm_status(freellm_request_out*)> writes) {
    provider_ = scripted(table_);
    const auto built = build([&](const freellm_call&, freellm_request_out* out) { return writes(out); });
    return built ? "built" : built.error().text();
  }

  static inline std::uint32_t chosen = 0;
  static inline std::array<freellm_head_field, 2> fields;
  static inline std::array<freellm_fixed_head, 2> heads;
  static inline freellm_heads described;
};

TEST_F(FixedHeadTest, ARequestStandsBehindAHeadThatWasJudgedBefore) {
  provider_ = scripted(table_);
  auto built = build([](const freellm_call&, freellm_request_out* out) {
    out->header(out, text("X-Thing"), text("more"));
    return out->body(out, "body", 4);
  });
  ASSERT_TRUE(built);
  const UpstreamRequest request = std::move(*built);
  EXPECT_EQ(request.method(), "POST");
  EXPECT_EQ(request.path(), "/stream");
  EXPECT_EQ(request.lines(), "accept: */*\r\n");
  ASSERT_EQ(request.header_count(), 2u);
  EXPECT_EQ(request.header(0).name, "authorization");
  EXPECT_EQ(request.header(0).credential, 0u);
  EXPECT_EQ(request.header(1).name, "X-Thing");
  EXPECT_THAT(request.pieces(), ElementsAre("body"));
}

TEST_F(FixedHeadTest, WhatStandsBehindAHeadIsJudgedAsEver) {
  const auto nothing = [](freellm_request_out*) { return freellm_status{FREELLM_OK}; };
  EXPECT_EQ(said(nothing), "built");
  EXPECT_THAT(said([](freellm_request_out* out) { return out->header(out, text("Host"), text("x")); }),
              HasSubstr("the host's to write"));
  EXPECT_THAT(said([](freellm_request_out* out) { return out->target(out, text("POST"), text("/")); }),
              HasSubstr("two targets"));
  EXPECT_THAT(said([](freellm_request_out* out) {
                for (int i = 0; i < 63; ++i) out->header(out, text("X-Thing"), text("x"));
                return freellm_status{FREELLM_OK};
              }),
              HasSubstr("more than 64 headers"));
  chosen = 2;
  EXPECT_THAT(said(nothing), HasSubstr("a head that it does not have"));
}

TEST_F(FixedHeadTest, AProviderWithAHeadThatNoRequestMayHaveWritesAllOfThemAnew) {
  fields[1].value = text("a\r\nEvil: 1");
  const auto target = [](freellm_request_out* out) { return out->target(out, text("GET"), text("/anew")); };
  EXPECT_EQ(said(target), "built");
  fields[1].value = text("*/*");
  EXPECT_THAT(said(target), HasSubstr("two targets"));
}

TEST_F(RequestTest, ABodyHasItsBounds) {
  const std::string mebibyte(1024 * 1024, 'x');
  const auto count = [&](int n) {
    return after_target([&](freellm_request_out* out) {
      freellm_status status = FREELLM_OK;
      for (int i = 0; i < n && status >= 0; ++i) status = out->body(out, mebibyte.data(), mebibyte.size());
      return status;
    });
  };
  EXPECT_EQ(count(64), "built");
  EXPECT_EQ(count(65), "scripted: the plugin wrote a body of more than 67108864 bytes");
  EXPECT_THAT(after_target([](freellm_request_out* out) { return out->body(out, nullptr, 1); }),
              HasSubstr("null pointer"));
  EXPECT_THAT(after_target([](freellm_request_out* out) {
                freellm_status status = FREELLM_OK;
                for (int i = 0; i < 70'000 && status >= 0; ++i) status = out->body(out, "x", 1);
                return status;
              }),
              HasSubstr("in more than 65536 pieces"));
}

TEST_F(RequestTest, AFaultCountsWhenThePluginIgnoresIt) {
  EXPECT_THAT(after_target([](freellm_request_out* out) {
                out->header(out, text("Host"), text("x"));
                EXPECT_EQ(out->body(out, "x", 1), FREELLM_E_INVALID);
                return freellm_status{FREELLM_OK};
              }),
              HasSubstr("header Host"));
}

TEST_F(RequestTest, ThePluginsOwnRefusalIsPassedOn) {
  const auto built =
      build([](const freellm_call&, freellm_request_out*) { return freellm_status{FREELLM_E_INVALID}; });
  EXPECT_EQ(built.error().code, base::Errc::invalid_argument);
  EXPECT_EQ(built.error().where, "scripted");
}

TEST_F(RequestTest, AProbeIsARequestToo) {
  const auto probe = provider_->build_probe();
  ASSERT_TRUE(probe);
  EXPECT_EQ(std::string(probe->method()) + " " + std::string(probe->path()), "GET /models");
  EXPECT_TRUE(probe->pieces().empty());
}

TEST_F(RequestTest, APluginSeesEightCharactersOfAKeyAtMost) {
  table_.check_key_shape = [](const freellm_provider*, freellm_str shown, std::size_t length) {
    return shown.size == std::min<std::size_t>(8, length) ? freellm_status{FREELLM_OK}
                                                          : freellm_status{FREELLM_E_INVALID};
  };
  const auto provider = scripted(table_);
  for (const char* key : {"", "short", "12345678", "a-key-of-some-length"})
    EXPECT_TRUE(provider->has_key_shape(key)) << key;
  EXPECT_TRUE(provider_->has_key_shape("anything")) << "a plugin without an opinion takes any key";
}

}  // namespace
}  // namespace freellmapi::host
