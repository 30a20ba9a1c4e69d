#include "store/cipher.hpp"

#include <gtest/gtest.h>

#include <set>

namespace freellmapi::store {
namespace {

const std::string some_hex = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

MasterKey some_key() { return std::move(*MasterKey::from_hex(some_hex)); }

TEST(Cipher, GivesBackWhatWasSealedUnderTheSameKeyAndContext) {
  const MasterKey key = some_key();
  for (const std::string& secret : {std::string("gsk_0123456789"), std::string(), std::string(4096, 'x')}) {
    const auto sealed = seal(key, secret, "row 1");
    ASSERT_TRUE(sealed);
    if (!secret.empty()) {
      EXPECT_EQ(sealed->sealed.find(secret), std::string::npos);
    }
    const auto opened = unseal(key, *sealed, "row 1");
    ASSERT_TRUE(opened);
    EXPECT_EQ(opened->reveal(), secret);
  }
}

TEST(Cipher, OpensNothingUnderAnotherKeyOrContextOrWhenAByteIsChanged) {
  const MasterKey key = some_key();
  const Sealed sealed = *seal(key, "gsk_0123456789", "row 1");
  const auto other = MasterKey::random();
  ASSERT_TRUE(other);
  EXPECT_FALSE(unseal(*other, sealed, "row 1"));
  EXPECT_FALSE(unseal(key, sealed, "row 2"));
  for (std::size_t i = 0; i < sealed.sealed.size(); ++i) {
    Sealed changed = sealed;
    changed.sealed[i] = static_cast<char>(changed.sealed[i] ^ 1);
    EXPECT_FALSE(unseal(key, changed, "row 1")) << i;
  }
  Sealed cut = sealed;
  cut.sealed.resize(10);
  EXPECT_FALSE(unseal(key, cut, "row 1"));
  cut = sealed;
  cut.nonce.pop_back();
  EXPECT_FALSE(unseal(key, cut, "row 1"));
}

TEST(Cipher, NeverUsesANonceTwice) {
  const MasterKey key = some_key();
  std::set<std::string> nonces;
  for (int i = 0; i < 10'000; ++i)
    EXPECT_TRUE(nonces.insert(seal(key, "the same", "the same")->nonce).second);
}

TEST(MasterKey, IsSixtyFourHexadecimalDigitsAndNothingElse) {
  EXPECT_EQ(MasterKey::from_hex(some_hex + "\n")->hex().reveal(), some_hex);
  for (const std::string& wrong :
       {std::string(), some_hex.substr(1), some_hex + "0", "g" + some_hex.substr(1)}) {
    const auto key = MasterKey::from_hex(wrong);
    ASSERT_FALSE(key);
    EXPECT_EQ(key.error().message.find(some_hex.substr(1)), std::string::npos) << "it is a secret";
  }
}

}  // namespace
}  // namespace freellmapi::store
