#include "host/trust.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.hpp"

namespace freellmapi::host {
namespace {

using testing::HasSubstr;

class TrustTest : public testing::Test {
 protected:
  std::string why(const fs::path& file) {
    const auto opened = open_trusted_file(file);
    return opened ? "opened" : opened.error().message;
  }
  Folder folder_;
  fs::path file_ = folder_.write("file", "content");
};

TEST_F(TrustTest, AFileOfOurOwnInFoldersOfOurOwnIsOpened) {
  const auto opened = open_trusted_file(file_);
  ASSERT_TRUE(opened) << opened.error().text();
  char buffer[16] = {};
  EXPECT_EQ(::read(opened->descriptor.get(), buffer, sizeof buffer), 7);
  EXPECT_EQ(opened->status.st_size, 7);
}

TEST_F(TrustTest, AFileThatGroupOrOthersMayWriteIsRefused) {
  for (const mode_t mode : {0664u, 0646u, 0666u}) {
    ::chmod(file_.c_str(), mode);
    EXPECT_THAT(why(file_), HasSubstr(file_.string() + " can be written by its group or by others")) << mode;
  }
  ::chmod(file_.c_str(), 0755);
  EXPECT_EQ(why(file_), "opened");
}

TEST_F(TrustTest, EveryFolderAboveIsJudged) {
  fs::create_directories(folder_.path() / "a/b");
  fs::copy_file(file_, folder_.path() / "a/b/file");
  EXPECT_EQ(why(folder_.path() / "a/b/file"), "opened");
  ::chmod((folder_.path() / "a").c_str(), 0775);
  EXPECT_THAT(why(folder_.path() / "a/b/file"),
              HasSubstr((folder_.path() / "a").string() + " can be written"));
}

TEST_F(TrustTest, ASharedStickyFolderMayStandAboveButNotHoldTheFile) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can make such a folder";
  fs::create_directories(folder_.path() / "tmp/own");
  fs::copy_file(file_, folder_.path() / "tmp/own/file");
  fs::copy_file(file_, folder_.path() / "tmp/file");
  ::chmod((folder_.path() / "tmp").c_str(), 01777);
  EXPECT_EQ(why(folder_.path() / "tmp/own/file"), "opened");
  EXPECT_THAT(why(folder_.path() / "tmp/file"),
              HasSubstr("can be written by its group or by others (mode 1777)"));
  EXPECT_FALSE(open_trusted_folder(folder_.path() / "tmp"));
  EXPECT_TRUE(open_trusted_folder(folder_.path() / "tmp/own"));
}

TEST_F(TrustTest, WhatBelongsToAnotherUserIsRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  ASSERT_EQ(::chown(file_.c_str(), 4711, 4711), 0);
  EXPECT_THAT(why(file_), HasSubstr(file_.string() + " belongs to user 4711"));
  ASSERT_EQ(::chown(file_.c_str(), 0, 0), 0);
  ASSERT_EQ(::chown(folder_.path().c_str(), 4711, 4711), 0);
  EXPECT_THAT(why(file_), HasSubstr(folder_.path().string() + " belongs to user 4711"));
}

TEST_F(TrustTest, ASymbolicLinkIsFollowedAndBothWaysAreJudged) {
  Folder other;
  fs::create_symlink(file_, other.path() / "link");
  fs::create_directory_symlink("../" + folder_.path().filename().string(), other.path() / "folder");
  EXPECT_EQ(why(other.path() / "link"), "opened");
  EXPECT_EQ(why(other.path() / "folder/../" / folder_.path().filename() / "file"), "opened");
  EXPECT_EQ(why(other.path() / "folder/./file"), "opened");
  ::chmod(other.path().c_str(), 0777);
  EXPECT_THAT(why(other.path() / "link"), HasSubstr(other.path().string() + " can be written"));
  ::chmod(other.path().c_str(), 0700);
  ::chmod(folder_.path().c_str(), 0777);
  EXPECT_THAT(why(other.path() / "link"), HasSubstr(folder_.path().string() + " can be written"));
}

TEST_F(TrustTest, ALinkOfAnotherUserIsRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a link away";
  fs::create_symlink(file_, folder_.path() / "link");
  ASSERT_EQ(::lchown((folder_.path() / "link").c_str(), 4711, 4711), 0);
  EXPECT_THAT(why(folder_.path() / "link"), HasSubstr("belongs to user 4711"));
}

TEST_F(TrustTest, LinksThatTurnInACircleEnd) {
  fs::create_symlink("b", folder_.path() / "a");
  fs::create_symlink("a", folder_.path() / "b");
  EXPECT_THAT(why(folder_.path() / "a"), HasSubstr("cannot be followed"));
}

TEST_F(TrustTest, OnlyARegularFileIsOpened) {
  EXPECT_THAT(why(folder_.path()), HasSubstr("is not a regular file"));
  ASSERT_EQ(::mkfifo((folder_.path() / "pipe").c_str(), 0600), 0);
  EXPECT_THAT(why(folder_.path() / "pipe"), HasSubstr("is not a regular file"));
  EXPECT_THAT(why("/dev/null"), HasSubstr("is not a regular file"));
  EXPECT_EQ(open_trusted_folder(file_).error().message, file_.string() + " is not a folder");
}

TEST_F(TrustTest, WhatIsNotThereIsNotFound) {
  EXPECT_EQ(open_trusted_file(folder_.path() / "absent").error().code, base::Errc::not_found);
  EXPECT_EQ(open_trusted_file(file_ / "below").error().code, base::Errc::not_found);
  EXPECT_EQ(open_trusted_folder(folder_.path() / "absent").error().code, base::Errc::not_found);
}

}  // namespace
}  // namespace freellmapi::host
