#include "cli/files.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <fstream>

#include "cli/unified_key.hpp"

namespace freellmapi::cli {
namespace {

namespace fs = std::filesystem;

class Files : public testing::Test {
 protected:
  fs::path folder;
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "freellmapi-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder = name;
  }
  void TearDown() override {
    ::unsetenv("FREELLMAPI_KEY");
    ::unsetenv("FREELLMAPI_KEY_FILE");
    fs::remove_all(folder);
  }
};

TEST_F(Files, APrivateFileIsItsOwnersAloneEvenWhereSomebodyHasPutOneInItsWay) {
  const fs::path elsewhere = folder / "elsewhere";
  std::ofstream(elsewhere) << "theirs";
  fs::create_symlink(elsewhere, folder / "key.new");
  ASSERT_TRUE(write_private_file(folder / "key", "ours"));
  EXPECT_EQ(*read_file(folder / "key", 100), "ours");
  EXPECT_EQ(*read_file(elsewhere, 100), "theirs");
  EXPECT_EQ(fs::status(folder / "key").permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_FALSE(fs::is_symlink(folder / "key"));
}

TEST_F(Files, AUnifiedKeyFileThatCannotBeReadIsAnErrorAndNoReasonToMakeAnotherKey) {
  ::setenv("FREELLMAPI_KEY_FILE", (folder / "missing").c_str(), 1);
  const auto key = unified_key(folder);
  ASSERT_FALSE(key);
  EXPECT_NE(key.error().message.find("FREELLMAPI_KEY_FILE"), std::string::npos) << key.error().message;
  EXPECT_FALSE(fs::exists(folder / "unified.key"));
}

TEST_F(Files, ADataFolderThatEveryoneCanWriteToOrThatIsAnothersIsRefused) {
  const std::string data = folder / "data";
  ASSERT_TRUE(data_directory(data));
  EXPECT_EQ(fs::status(data).permissions(), fs::perms::owner_all);
  for (const mode_t mode : {0777U, 01777U}) {
    ASSERT_EQ(::chmod(data.c_str(), mode), 0);
    const auto refused = data_directory(data);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, base::Errc::permission);
  }
  ASSERT_EQ(::chmod(data.c_str(), 0775), 0);
  EXPECT_TRUE(data_directory(data)) << "a group may be meant";
}

TEST_F(Files, AUnifiedKeyIsMadeOnceAndKept) {
  const auto first = unified_key(folder);
  ASSERT_TRUE(first);
  EXPECT_TRUE(std::string_view(first->reveal()).starts_with("freellmapi-"));
  EXPECT_EQ(unified_key(folder)->reveal(), first->reveal());
}

}  // namespace
}  // namespace freellmapi::cli
