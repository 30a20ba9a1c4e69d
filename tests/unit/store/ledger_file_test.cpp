// The ledger's file and the lock of its directory.
#include "store/ledger_file.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <string>

#include "store/instance_lock.hpp"

namespace freellmapi::store {
namespace {

constexpr LedgerShape shape{4096, 8192, 3};

class InAFolder : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "freellmapi-ledger-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder = name;
    file = folder / "ledger";
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  std::filesystem::path folder, file;
};
using TheFile = InAFolder;
using TheLock = InAFolder;

TEST_F(TheFile, IsMadeForItsOwnerAloneAndKeepsWhatIsStored) {
  {
    auto made = LedgerFile::open(file, shape);
    ASSERT_TRUE(made.has_value()) << made.error().message;
    EXPECT_EQ(made->blocks(), 0u);
    ASSERT_TRUE(made->add_block().has_value());
    made->head()[0] = std::byte{'h'};
    made->block(0)[8191] = std::byte{'b'};
  }
  struct stat found {};
  ASSERT_EQ(::stat(file.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777u, 0600u);
  auto again = LedgerFile::open(file, shape);
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->blocks(), 1u);
  EXPECT_EQ(again->head()[0], std::byte{'h'});
  EXPECT_EQ(again->block(0)[8191], std::byte{'b'});
  EXPECT_TRUE(again->flush().has_value());
}

TEST_F(TheFile, BlocksDoNotMoveWhenItGrowsAndThereIsABound) {
  auto made = LedgerFile::open(file, shape);
  ASSERT_TRUE(made->add_block().has_value());
  const std::byte* const first = made->block(0).data();
  ASSERT_TRUE(made->add_block().has_value());
  ASSERT_TRUE(made->add_block().has_value());
  EXPECT_EQ(made->block(0).data(), first);
  const auto more = made->add_block();
  ASSERT_FALSE(more.has_value());
  EXPECT_EQ(more.error().code, base::Errc::limit);
}

TEST_F(TheFile, AFullDiskIsAnErrorWhenItGrowsAndNotLater) {
  auto made = LedgerFile::open(file, shape);
  ASSERT_TRUE(made->add_block().has_value());
  // A limit on the size of files is the full disk that a test can have.
  const auto before = std::signal(SIGXFSZ, SIG_IGN);
  rlimit old{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old), 0);
  const rlimit small{4096 + 8192, old.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto grown = made->add_block();
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &old), 0);
  std::signal(SIGXFSZ, before);
  ASSERT_FALSE(grown.has_value());
  EXPECT_EQ(grown.error().code, base::Errc::io);
  EXPECT_EQ(made->blocks(), 1u);
  made->block(0)[0] = std::byte{1};
  EXPECT_TRUE(made->add_block().has_value()) << "and it can be tried again";
}

TEST_F(TheFile, WhatIsNoFileOrTooShortOrTooLongIsRefused) {
  std::filesystem::create_directory(file);
  EXPECT_EQ(LedgerFile::open(file, shape).error().code, base::Errc::permission);
  std::filesystem::remove(file);
  std::filesystem::create_symlink("/etc/hostname", file);
  EXPECT_EQ(LedgerFile::open(file, shape).error().code, base::Errc::permission);
  std::filesystem::remove(file);
  std::ofstream(file) << "short";
  EXPECT_EQ(LedgerFile::open(file, shape).error().message, "it is too short");
  std::filesystem::resize_file(file, 4096 + 4 * 8192);
  EXPECT_EQ(LedgerFile::open(file, shape).error().message, "it is too long");
  EXPECT_EQ(std::filesystem::file_size(file), 4096u + 4u * 8192u) << "it is left as it is";
}

TEST_F(TheFile, HasOneUserEvenWhenSomebodyDeletedTheLock) {
  auto first = LedgerFile::open(file, shape);
  ASSERT_TRUE(first.has_value());
  ASSERT_TRUE(first->add_block().has_value());
  const auto second = LedgerFile::open(file, shape);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, base::Errc::already_exists);
  EXPECT_EQ(first->blocks(), 1u);
}

TEST_F(TheFile, IsClosedToOthersAndOneOfAnotherAccountIsRefused) {
  ASSERT_TRUE(LedgerFile::open(file, shape).has_value());
  ASSERT_EQ(::chmod(file.c_str(), 0666), 0);
  ASSERT_TRUE(LedgerFile::open(file, shape).has_value());
  EXPECT_EQ(std::filesystem::status(file).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  ASSERT_EQ(::chown(file.c_str(), 65534, 65534), 0);
  EXPECT_EQ(LedgerFile::open(file, shape).error().code, base::Errc::permission);
}

TEST_F(TheLock, IsHeldByOneAndNamesIt) {
  {
    const auto first = InstanceLock::take(folder);
    ASSERT_TRUE(first.has_value()) << first.error().message;
    const auto second = InstanceLock::take(folder);
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().code, base::Errc::already_exists);
    EXPECT_TRUE(second.error().message.starts_with("process " + std::to_string(::getpid()) + " already"));
  }
  EXPECT_TRUE(InstanceLock::take(folder).has_value());
}

TEST_F(TheLock, IsLookedAtWithoutBeingTaken) {
  EXPECT_FALSE(InstanceLock::is_held(folder)) << "there is no file yet";
  EXPECT_FALSE(InstanceLock::is_held(folder / "nowhere"));
  {
    const auto lock = InstanceLock::take(folder);
    ASSERT_TRUE(lock.has_value());
    EXPECT_TRUE(InstanceLock::is_held(folder));
    EXPECT_FALSE(InstanceLock::take(folder).has_value());
  }
  EXPECT_FALSE(InstanceLock::is_held(folder)) << "the file stays, the lock does not";
  EXPECT_TRUE(InstanceLock::take(folder).has_value());
}

using TheFileDeathTest = InAFolder;

TEST_F(TheFileDeathTest, ThatIsCutOffUnderTheProcessEndsItWithASentence) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto cut_off = [this](std::uintmax_t size) {
    auto made = LedgerFile::open(file, shape);
    if (!made || !made->add_block()) return;
    std::filesystem::resize_file(file, size);
    made->block(0)[8191] = std::byte{'b'};
  };
  for (const std::uintmax_t size : {0U, 4096U})
    EXPECT_EXIT(cut_off(size), ::testing::ExitedWithCode(1), "the ledger .*ledger was cut off while it was");
}

}  // namespace
}  // namespace freellmapi::store
