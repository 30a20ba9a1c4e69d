// plugin_fixtures PLUGIN.so FIXTURES_DIR [googletest flags]: runs every fixture folder through the plugin.
// See README.md.
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <iostream>
#include <utility>

#include "kit/cases.hpp"
#include "kit/plugin.hpp"

namespace {

using namespace freellmapi::kit;
namespace fs = std::filesystem;

void check(const Plugin& plugin, const fs::path& folder) {
  try {
    const Fixture fixture(folder);
    const freellm_provider* const provider = provider_of(fixture, plugin.providers());
    ASSERT_NE(provider, nullptr) << "no provider " << fixture.provider;
    bool anything = false;
    for (const Aspect aspect : all_aspects) {
      if (!shows(fixture, aspect)) continue;
      anything = true;
      for (const std::string& fault : run_case(*provider, fixture, aspect)) ADD_FAILURE() << fault;
    }
    EXPECT_TRUE(anything) << "nothing to check";
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

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (argc != 3) {
    std::cerr << "usage: plugin_fixtures PLUGIN.so FIXTURES_DIR\n";
    return 2;
  }
  try {
    const Plugin plugin(argv[1]);
    const std::vector<fs::path> folders = folders_in(argv[2]);
    if (folders.empty()) {
      std::cerr << argv[2] << " holds no fixtures\n";
      return 2;
    }
    const std::string suite = fs::path(argv[1]).stem().string();
    for (const fs::path& folder : folders)
      testing::RegisterTest(suite.c_str(), folder.filename().c_str(), nullptr, nullptr, __FILE__, __LINE__,
                            [&plugin, folder]() -> testing::Test* {
                              return new FixtureTest([&plugin, folder] { check(plugin, folder); });
                            });
    return RUN_ALL_TESTS();
  } catch (const std::exception& e) {
    std::cerr << e.what() << "\n";
    return 2;
  }
}
