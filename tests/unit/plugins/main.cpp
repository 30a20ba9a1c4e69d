// plugin_fixtures PLUGIN.so FIXTURES_DIR [googletest flags]: runs every fixture folder through the plugin.
// See README.md.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <iostream>
#include <set>
#include <utility>

#include "compare.hpp"
#include "drive.hpp"
#include "variants.hpp"

namespace {

using namespace fixtures;
namespace fs = std::filesystem;

void check_request(const freellm_provider& provider, const Fixture& fixture) {
  const json::object& expected = fixture.request->as_object();
  const json::object actual = build(provider, fixture);
  for (const auto& [name, value] : expected) {
    if (name == "error" || name == "method" || name == "path" || name == "credential" || name == "body" ||
        name == "output_bound") {
      const json::value* const got = actual.if_contains(name);
      EXPECT_TRUE(got != nullptr && same(value, *got))
          << name << ": expected " << json::serialize(value) << "\n got " << json::serialize(actual);
    } else if (name == "headers" && actual.contains("headers")) {
      const json::object& headers = actual.at("headers").as_object();
      for (const auto& [header, text] : value.as_object()) {
        const json::value* const got = headers.if_contains(header);
        EXPECT_TRUE(text.is_null() ? got == nullptr : got != nullptr && *got == text)
            << header << ": expected " << json::serialize(text) << ", got " << json::serialize(headers);
      }
    } else if (name == "pieces") {
      EXPECT_LE(actual.at("pieces").to_number<std::size_t>(), value.to_number<std::size_t>());
    } else {
      ADD_FAILURE() << "request.json: " << name << "?";
    }
  }
  if (!actual.contains("text")) return;
  std::set<std::string_view> names;
  for (const freellm_member& member : top_members(actual.at("text").as_string()))
    EXPECT_TRUE(names.insert({member.name.data, member.name.size}).second)
        << "written twice: " << std::string_view(member.name.data, member.name.size);
}

void check_keys(const freellm_provider& provider, const json::array& keys) {
  for (const json::value& value : keys) {
    const json::object& key = value.as_object();
    const std::string_view first = key.at("first_8").as_string();
    const auto length = key.at("length").to_number<std::size_t>();
    const bool good =
        provider.check_key_shape == nullptr || provider.check_key_shape(&provider, text(first), length) >= 0;
    EXPECT_EQ(good, key.at("good").as_bool()) << json::serialize(key);
  }
}

void check_cut_short(const freellm_provider& provider, const Fixture& fixture, const Parsed& whole) {
  const Answer& answer = *fixture.answer;
  if (const auto body = without_done(answer.body); body && fixture.runs("no-done")) {
    const Parsed got = parse(provider, fixture, answer, {*body});
    EXPECT_EQ(got.end, got.finished ? "ok" : "E_TRUNCATED") << "no-done";
    if (got.finished) {
      EXPECT_EQ(differs_in_events(whole.events, got.events), "") << "no-done";
    }
  }
  if (!fixture.runs("truncated") || answer.body.size() > every_cut_limit) return;
  for (std::size_t n = 0; n < answer.body.size(); ++n) {
    const Parsed got = parse(provider, fixture, answer, {std::string_view(answer.body).substr(0, n)});
    if (got.finished) break;
    ASSERT_TRUE(got.end == "E_TRUNCATED" || got.end == "E_PROTOCOL")
        << "truncated to " << n << ": " << got.end;
    ASSERT_TRUE(begins(got.events, whole.events))
        << "truncated to " << n << ": " << json::serialize(got.events) << " of "
        << json::serialize(whole.events);
  }
}

void check_events(const freellm_provider& provider, const Fixture& fixture) {
  const json::object& expected = fixture.events->as_object();
  const std::string end(expected.at("end").as_string());
  if (!fixture.answer) {
    const Parsed got = answer_locally(provider, fixture);
    EXPECT_EQ(got.end, end);
    EXPECT_EQ(differs_in_events(expected.at("events").as_array(), got.events), "");
    return;
  }
  for (const Variant& variant : variants(fixture)) {
    const Parsed got = parse(provider, fixture, *fixture.answer, pieces(variant));
    ASSERT_EQ(got.end, end) << variant.name << ": " << json::serialize(got.events);
    ASSERT_EQ(differs_in_events(expected.at("events").as_array(), got.events), "") << variant.name;
  }
  const Parsed whole = parse(provider, fixture, *fixture.answer, {fixture.answer->body});
  if (whole.finished) check_cut_short(provider, fixture, whole);
}

void check(const freellm_plugin& plugin, const fs::path& folder) {
  try {
    const Fixture fixture(folder);
    const freellm_provider* provider = nullptr;
    for (std::uint32_t i = 0; i < plugin.provider_count(); ++i) {
      const freellm_provider* const one = plugin.provider(i);
      const std::string_view id(one->id.data, one->id.size);
      if (provider == nullptr && (fixture.provider.empty() || fixture.provider == id)) provider = one;
    }
    ASSERT_NE(provider, nullptr) << "no provider " << fixture.provider;
    ASSERT_TRUE(fixture.request || fixture.events || fixture.outcome || fixture.limits || fixture.probe ||
                fixture.keys)
        << "nothing to check";
    if (fixture.request) check_request(*provider, fixture);
    if (fixture.probe) {
      const json::value got = probe(*provider);
      EXPECT_TRUE(same(*fixture.probe, got))
          << json::serialize(*fixture.probe) << "\n got " << json::serialize(got);
    }
    if (fixture.keys) check_keys(*provider, fixture.keys->as_array());
    if (fixture.events) check_events(*provider, fixture);
    if (fixture.outcome) {
      ASSERT_TRUE(fixture.answer) << "outcome.json without response.http";
      EXPECT_EQ(differs_in(fixture.outcome->as_object(), classify(*provider, fixture, *fixture.answer)), "");
    }
    if (fixture.limits) {
      ASSERT_TRUE(fixture.answer) << "limits.json without response.http";
      const json::array got = read_limits(*provider, fixture, *fixture.answer);
      EXPECT_TRUE(same(*fixture.limits, got))
          << json::serialize(*fixture.limits) << "\n got " << json::serialize(got);
    }
  } catch (const std::exception& e) {
    FAIL() << e.what();
  }
}

class FixtureTest : public testing::Test {
 public:
  explicit FixtureTest(std::function<void()> body) : body_(std::move(body)) {}
  void TestBody() override { body_(); }

 private:
  std::function<void()> body_;
};

const freellm_plugin* load(const char* file) {
  void* const library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    std::cerr << dlerror() << "\n";
    return nullptr;
  }
  const auto* plugin = static_cast<const freellm_plugin*>(dlsym(library, "freellm_plugin_v1"));
  if (plugin == nullptr || plugin->abi_major != FREELLM_ABI_MAJOR) {
    std::cerr << file << " is no plugin of this ABI\n";
    return nullptr;
  }
  if (plugin->init != nullptr) {
    static freellm_host host{};
    host.size = sizeof host;
    host.abi_major = FREELLM_ABI_MAJOR;
    host.abi_minor = FREELLM_ABI_MINOR;
    host.log = [](const freellm_host*, std::int32_t, freellm_str) {};
    host.get_extension = [](const freellm_host*, freellm_str) -> const void* { return nullptr; };
    if (plugin->init(&host) < 0) {
      std::cerr << file << " did not start\n";
      return nullptr;
    }
  }
  return plugin;
}

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (argc != 3) {
    std::cerr << "usage: plugin_fixtures PLUGIN.so FIXTURES_DIR\n";
    return 2;
  }
  const freellm_plugin* const plugin = load(argv[1]);
  std::error_code error;
  std::vector<fs::path> folders;
  for (const auto& entry : fs::directory_iterator(argv[2], error))
    if (entry.is_directory()) folders.push_back(entry.path());
  if (plugin == nullptr || error || folders.empty()) {
    if (error || folders.empty()) std::cerr << argv[2] << " holds no fixtures\n";
    return 2;
  }
  std::sort(folders.begin(), folders.end());
  const std::string suite = fs::path(argv[1]).stem().string();
  for (const fs::path& folder : folders)
    testing::RegisterTest(suite.c_str(), folder.filename().c_str(), nullptr, nullptr, __FILE__, __LINE__,
                          [plugin, folder]() -> testing::Test* {
                            return new FixtureTest([plugin, folder] { check(*plugin, folder); });
                          });
  return RUN_ALL_TESTS();
}
