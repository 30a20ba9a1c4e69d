#include "host/tables.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scripted.hpp"

namespace freellmapi::host {
namespace {

using testing::HasSubstr;

std::string why(const freellm_provider& table) {
  const auto error = refuse_provider(&table, 3);
  return error ? error->message : "taken";
}

TEST(Tables, AWholeTableIsTaken) { EXPECT_EQ(why(scripted_table()), "taken"); }

TEST(Tables, EachRequiredFunctionIsMissedByName) {
  const auto without = [](auto member) {
    freellm_provider table = scripted_table();
    table.*member = nullptr;
    return why(table);
  };
  EXPECT_EQ(without(&freellm_provider::build_request),
            "provider 3: \"scripted\" lacks the function build_request");
  EXPECT_THAT(without(&freellm_provider::parser_open), HasSubstr("parser_open"));
  EXPECT_THAT(without(&freellm_provider::parser_feed), HasSubstr("parser_feed"));
  EXPECT_THAT(without(&freellm_provider::parser_finish), HasSubstr("parser_finish"));
  EXPECT_THAT(without(&freellm_provider::parser_close), HasSubstr("parser_close"));
  EXPECT_THAT(without(&freellm_provider::classify_error), HasSubstr("classify_error"));
}

TEST(Tables, AnIdHasItsAlphabetAndLength) {
  const auto with_id = [](freellm_str id) {
    freellm_provider table = scripted_table();
    table.id = id;
    return why(table);
  };
  const std::string longest(64, 'a'), too_long(65, 'a');
  EXPECT_EQ(with_id(text("a-0")), "taken");
  EXPECT_EQ(with_id(text(longest)), "taken");
  for (const std::string& id : {std::string{}, too_long, std::string{"Groq"}, std::string{"a b"},
                                std::string{"a/b"}, std::string{"a_b"}}) {
    EXPECT_THAT(with_id(text(id)), HasSubstr("is not made of")) << id;
  }
  EXPECT_THAT(with_id({nullptr, 4}), HasSubstr("is not made of"));
}

TEST(Tables, AManifestIsThereAndHasAtMost256KiB) {
  const std::string largest(256 * 1024, 'm');
  freellm_provider table = scripted_table();
  table.manifest = text(largest);
  EXPECT_EQ(why(table), "taken");
  const std::string larger = largest + 'm';
  table.manifest = text(larger);
  EXPECT_EQ(why(table),
            "provider 3: the manifest of \"scripted\" has 262145 bytes, at most 262144 are allowed");
  table.manifest = {nullptr, 10};
  EXPECT_EQ(why(table), "provider 3: \"scripted\" has no manifest");
}

TEST(Tables, AParserHasASaneSizeAndAlignment) {
  const auto with = [](std::uint32_t size, std::uint32_t align) {
    freellm_provider table = scripted_table();
    table.parser_size = size;
    table.parser_align = align;
    return why(table);
  };
  EXPECT_EQ(with(1, 1), "taken");
  EXPECT_EQ(with(1024 * 1024, 64), "taken");
  for (const std::uint32_t size : {0u, 1024u * 1024 + 1, 0xFFFFFFFFu})
    EXPECT_THAT(with(size, 8), HasSubstr("parser_size")) << size;
  for (const std::uint32_t align : {0u, 3u, 24u, 128u})
    EXPECT_THAT(with(8, align), HasSubstr("parser_align")) << align;
}

TEST(Tables, ASizeThatCannotBeTrueIsRefused) {
  freellm_provider table = scripted_table();
  table.size = sizeof table - 1;
  EXPECT_THAT(why(table), HasSubstr("its table says it has 127 bytes"));
  table.size = 4097;
  EXPECT_THAT(why(table), HasSubstr("its table says it has 4097 bytes"));
  EXPECT_THAT(refuse_provider(nullptr, 0)->message, HasSubstr("null pointer"));
}

TEST(Tables, ADescriptorNeedsItsFunctionsAndAVersion) {
  freellm_plugin plugin{};
  plugin.size = sizeof plugin;
  plugin.version = text("1");
  plugin.provider_count = [] { return 1u; };
  EXPECT_THAT(adopt_plugin(&plugin).error().message, HasSubstr("lacks the function provider;"));
  plugin.provider = [](std::uint32_t) -> const freellm_provider* { return nullptr; };
  EXPECT_TRUE(adopt_plugin(&plugin));
  plugin.provider_count = nullptr;
  EXPECT_THAT(adopt_plugin(&plugin).error().message, HasSubstr("provider_count"));
  plugin.provider_count = [] { return 1u; };
  plugin.version = {nullptr, 3};
  EXPECT_THAT(adopt_plugin(&plugin).error().message, HasSubstr("version"));
}

TEST(Tables, WhatTheOtherSideDidNotKnowIsZero) {
  freellm_plugin theirs{};
  theirs.size = offsetof(freellm_plugin, version);
  theirs.version = text("beyond its size");
  EXPECT_EQ(adopt(&theirs).version.data, nullptr);
}

TEST(Tables, AStatusBecomesAnErrorThatSaysWhatItMeans) {
  EXPECT_EQ(error_of(FREELLM_E_INVALID, "p", {}).text(),
            "p: the call cannot be expressed on this provider's wire");
  EXPECT_EQ(error_of(FREELLM_E_UNSUPPORTED, "p", {}).code, base::Errc::not_found);
  EXPECT_EQ(error_of(-99, "p", {}).text(), "p: the plugin failed with status -99");
  EXPECT_EQ(error_of(FREELLM_E_LIMIT, "p", "too many").text(), "p: too many");
}

}  // namespace
}  // namespace freellmapi::host
