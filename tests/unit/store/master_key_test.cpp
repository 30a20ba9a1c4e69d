#include "store/master_key.hpp"

#include "folder.hpp"

namespace freellmapi::store::test {
namespace {

using MasterKeyFile = Folder;

TEST_F(MasterKeyFile, IsMadeOnFirstUseForItsOwnerAlone) {
  const auto made = file_key(key_file, true);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(mode(key_file), 0600U);
  EXPECT_EQ(read(key_file), std::string(made->hex().reveal()) + "\n");
  const auto again = file_key(key_file, false);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->hex().reveal(), made->hex().reveal());
}

TEST_F(MasterKeyFile, IsNotMadeWhereOneShouldBe) {
  const auto missing = file_key(key_file, false);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, base::Errc::not_found);
  EXPECT_FALSE(std::filesystem::exists(key_file));
}

TEST_F(MasterKeyFile, IsRefusedWhenOthersMayReadItOrItIsALink) {
  ASSERT_TRUE(file_key(key_file, true));
  for (const unsigned wide : {0640U, 0604U, 0660U, 0644U}) {
    ::chmod(key_file.c_str(), wide);
    const auto refused = file_key(key_file, true);
    ASSERT_FALSE(refused) << wide;
    EXPECT_NE(refused.error().message.find("chmod 600"), std::string::npos);
    EXPECT_EQ(mode(key_file), wide) << "it was left alone";
  }
  ::chmod(key_file.c_str(), 0600);
  std::filesystem::create_symlink(key_file, folder / "link");
  EXPECT_FALSE(file_key(folder / "link", true));
}

TEST_F(MasterKeyFile, ThatHoldsSomethingElseIsRefusedByName) {
  write(key_file, "not a key\n");
  ::chmod(key_file.c_str(), 0600);
  const auto refused = file_key(key_file, true);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().where, key_file.string());
  EXPECT_EQ(read(key_file), "not a key\n");
}

}  // namespace
}  // namespace freellmapi::store::test
