#include "base/keyed_hash.hpp"

#include <gtest/gtest.h>

#include <string>

namespace freellmapi::base {
namespace {

KeyedHash::Key counted() {
  KeyedHash::Key key{};
  for (unsigned i = 0; i < key.size(); ++i) key[i] = static_cast<unsigned char>(i);
  return key;
}

TEST(KeyedHash, IsSipHash24) {
  // From the reference implementation: the inputs are 00, 00 01, 00 01 02 and so on.
  const KeyedHash hash(counted());
  std::string bytes;
  EXPECT_EQ(hash(bytes), 0x726fdb47dd0e0e31ULL);
  bytes += '\0';
  EXPECT_EQ(hash(bytes), 0x74f839c593dc67fdULL);
  for (char c = 1; c < 15; ++c) bytes += c;
  EXPECT_EQ(hash(bytes), 0xa129ca6149be45e5ULL);
}

TEST(KeyedHash, OfANumberIsThatOfItsBytes) {
  const KeyedHash hash(counted());
  EXPECT_EQ(hash(std::uint64_t{0x0807060504030201ULL}), hash(std::string_view("\1\2\3\4\5\6\7\10")));
}

TEST(KeyedHash, AnotherKeyGivesAnotherName) {
  KeyedHash::Key other = counted();
  other[15] ^= 1U;
  EXPECT_NE(KeyedHash(counted())(std::uint64_t{7}), KeyedHash(other)(std::uint64_t{7}));
}

}  // namespace
}  // namespace freellmapi::base
