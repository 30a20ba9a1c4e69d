#include "store/vault.hpp"

#include <algorithm>

#include "folder.hpp"
#include "store/schema.hpp"

namespace freellmapi::store::test {
namespace {

using base::Secret;

const base::WallTime now{std::chrono::milliseconds{1'767'225'600'000}};

class VaultTest : public Folder {
 protected:
  std::unique_ptr<Vault> open(const std::optional<Secret>& key = std::nullopt) {
    auto vault = Vault::open(database, key_file, key, true);
    EXPECT_TRUE(vault) << vault.error().message;
    return vault ? std::move(*vault) : nullptr;
  }
  /// "label=secret" of each key, a disabled one in brackets.
  static std::string listed(const Vault& vault, std::string_view provider) {
    std::string out;
    const auto keys = vault.keys(provider);
    EXPECT_TRUE(keys) << keys.error().message;
    if (!keys) return out;
    for (const VaultKey& key : *keys) {
      const std::string one = key.label + "=" + std::string(key.secret.reveal());
      out += (out.empty() ? "" : " ") + (key.enabled ? one : "[" + one + "]");
    }
    return out;
  }
  void by_hand(const char* sql) {
    auto raw = Database::open(database, Database::Mode::read_write, Database::Sync::full);
    ASSERT_TRUE(raw);
    ASSERT_TRUE((*raw)->run(sql)) << (*raw)->take_failure().message;
  }
  std::string everything() const {
    std::string all;
    for (const auto& file : std::filesystem::directory_iterator(folder)) all += read(file.path());
    return all;
  }
};

TEST_F(VaultTest, KeepsKeysOverARestartInTheOrderInWhichTheyWereAdded) {
  {
    const auto vault = open();
    EXPECT_EQ(*vault->add("groq", "", Secret("gsk_one_one_one"), now), "key1");
    EXPECT_EQ(*vault->add("groq", "work", Secret("gsk_two_two_two"), now), "work");
    EXPECT_EQ(*vault->add("groq", "", Secret("gsk_three_three"), now, false), "key2");
    EXPECT_EQ(*vault->add("mistral", "", Secret("gsk_one_one_one"), now), "key1");
  }
  const auto vault = open();
  EXPECT_EQ(listed(*vault, "groq"), "key1=gsk_one_one_one work=gsk_two_two_two [key2=gsk_three_three]");
  EXPECT_EQ(listed(*vault, "mistral"), "key1=gsk_one_one_one");
  EXPECT_EQ(*vault->providers(), (std::vector<std::string>{"groq", "mistral"}));
  EXPECT_EQ(vault->keys("groq")->front().added, now);
}

TEST_F(VaultTest, NoFileOfItHoldsASecretInTheClearAndNobodyElseMayReadThem) {
  const auto vault = open();
  ASSERT_TRUE(vault->add("groq", "", Secret("gsk_plain_to_see_0123456789"), now));
  ASSERT_TRUE(vault->set_own("unified key", Secret("freellmapi-plain-to-see-0123"), now));
  EXPECT_EQ(everything().find("plain_to_see"), std::string::npos);
  EXPECT_EQ(everything().find("plain-to-see"), std::string::npos);
  for (const auto& file : std::filesystem::directory_iterator(folder))
    EXPECT_EQ(mode(file.path()), 0600U) << file.path();
}

TEST_F(VaultTest, RefusesAKeyOrLabelThatIsThereAlreadyAndSaysWhere) {
  const auto vault = open();
  ASSERT_TRUE(vault->add("groq", "work", Secret("gsk_one_one_one"), now));
  const auto same_key = vault->add("groq", "home", Secret("gsk_one_one_one"), now);
  ASSERT_FALSE(same_key);
  EXPECT_EQ(same_key.error().message, "the vault has this key of groq already, as 'work'");
  const auto same_label = vault->add("groq", "work", Secret("gsk_two_two_two"), now);
  ASSERT_FALSE(same_label);
  EXPECT_EQ(same_label.error().code, base::Errc::already_exists);
  EXPECT_EQ(listed(*vault, "groq"), "work=gsk_one_one_one");
}

TEST_F(VaultTest, RemovesAndDisablesWhatItHasAndSaysSoOfWhatItHasNot) {
  const auto vault = open();
  ASSERT_TRUE(vault->add("groq", "a", Secret("gsk_one_one_one"), now));
  ASSERT_TRUE(vault->add("groq", "b", Secret("gsk_two_two_two"), now));
  ASSERT_TRUE(vault->enable("groq", "a", false));
  EXPECT_EQ(listed(*vault, "groq"), "[a=gsk_one_one_one] b=gsk_two_two_two");
  ASSERT_TRUE(vault->enable("groq", "a", true));
  ASSERT_TRUE(vault->remove("groq", "b"));
  EXPECT_EQ(listed(*vault, "groq"), "a=gsk_one_one_one");
  EXPECT_EQ(vault->remove("groq", "b").error().message, "the vault has no key 'b' of groq");
  EXPECT_FALSE(vault->enable("mistral", "a", false));
}

TEST_F(VaultTest, TheProgramsOwnSecretsAreOutOfReachOfTheKeys) {
  const auto vault = open();
  ASSERT_TRUE(vault->set_own("unified key", Secret("freellmapi-0123456789"), now));
  EXPECT_FALSE(vault->remove("", "unified key"));
  EXPECT_FALSE(vault->enable("", "check", false));
  EXPECT_FALSE(vault->add("", "check", Secret("x"), now));
  EXPECT_EQ(listed(*vault, ""), "");
  EXPECT_EQ((*vault->own("unified key"))->reveal(), "freellmapi-0123456789");
  EXPECT_FALSE(vault->own("another")->has_value());
  EXPECT_EQ(vault->own_or("unified key", Secret("later"), now)->reveal(), "freellmapi-0123456789");
}

TEST_F(VaultTest, AWrongKeyIsRefusedAndChangesNothing) {
  const Secret right("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
  ASSERT_TRUE(open(right)->add("groq", "", Secret("gsk_one_one_one"), now));
  const std::string before = read(database);
  const auto refused = Vault::open(database, key_file, Secret(std::string(64, 'a')), true);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("this vault was made with another key"), std::string::npos);
  EXPECT_NE(refused.error().message.find(database.string()), std::string::npos);
  EXPECT_EQ(read(database), before);
  EXPECT_FALSE(std::filesystem::exists(key_file));
  EXPECT_EQ(listed(*open(right), "groq"), "key1=gsk_one_one_one");
}

TEST_F(VaultTest, WithoutTheKeyFileItWasMadeWithItIsRefusedAndNoOtherIsMade) {
  ASSERT_NE(open(), nullptr);
  std::filesystem::remove(key_file);
  const auto refused = Vault::open(database, key_file, std::nullopt, true);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find(key_file.string()), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(key_file));
}

TEST_F(VaultTest, WithoutMakeAMissingOneStaysMissing) {
  const auto missing = Vault::open(database, key_file, std::nullopt, false);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, base::Errc::not_found);
  EXPECT_TRUE(std::filesystem::is_empty(folder));
}

TEST_F(VaultTest, ARowMovedToAnotherProviderLabelOrIdDoesNotOpen) {
  for (const char* move :
       {"UPDATE secrets SET provider = 'mistral' WHERE provider = 'groq'",
        "UPDATE secrets SET label = 'home' WHERE provider = 'groq'",
        "UPDATE secrets SET id = id + 100 WHERE provider = 'groq'",
        "UPDATE secrets SET (nonce, sealed) = (SELECT nonce, sealed FROM secrets WHERE provider = "
        "'cohere') WHERE provider = 'groq'"}) {
    {
      const auto vault = open();
      ASSERT_TRUE(vault->add("groq", "work", Secret("gsk_one_one_one"), now)) << move;
      ASSERT_TRUE(vault->add("cohere", "work", Secret("co_one_one_one"), now)) << move;
    }
    by_hand(move);
    {
      const auto vault = open();
      const auto moved =
          vault->keys(std::string_view(move).find("mistral") == std::string_view::npos ? "groq" : "mistral");
      ASSERT_TRUE(moved) << move;
      ASSERT_EQ(moved->size(), 1U) << move;
      EXPECT_TRUE(moved->front().damaged) << move;
      EXPECT_TRUE(moved->front().secret.empty()) << move;
    }
    by_hand("DELETE FROM secrets WHERE provider <> ''");
  }
}

TEST_F(VaultTest, ARowThatWasTamperedWithHidesNoOtherAndCanBeReplaced) {
  {
    const auto vault = open();
    for (const char* label : {"one", "two", "three"})
      ASSERT_TRUE(vault->add("groq", label, Secret("gsk_of_" + std::string(label)), now));
  }
  by_hand("UPDATE secrets SET sealed = zeroblob(length(sealed)) WHERE label = 'two'");
  const auto vault = open();
  EXPECT_EQ(listed(*vault, "groq"), "one=gsk_of_one two= three=gsk_of_three");
  EXPECT_TRUE((*vault->keys("groq"))[1].damaged);
  EXPECT_FALSE(vault->add("groq", "two", Secret("gsk_of_two"), now)) << "its label is taken";
  ASSERT_TRUE(vault->remove("groq", "two"));
  ASSERT_TRUE(vault->add("groq", "two", Secret("gsk_of_two"), now));
  EXPECT_EQ(listed(*vault, "groq"), "one=gsk_of_one three=gsk_of_three two=gsk_of_two");
}

TEST_F(VaultTest, WhatItSaysOfAChangedRowIsOneLineWithoutControlCharacters) {
  {
    const auto vault = open();
    ASSERT_TRUE(vault->add("groq", "work", Secret("gsk_one_one_one"), now));
  }
  by_hand("UPDATE secrets SET label = 'a' || char(27) || '[2J' || char(10) || 'b' WHERE provider = 'groq'");
  const auto vault = open();
  for (const std::string& said : {told_of_damage("groq", vault->keys("groq")->front().label),
                                  vault->remove("x", "\x1b\n").error().message})
    EXPECT_TRUE(std::all_of(said.begin(), said.end(), [](char c) { return c >= ' '; })) << said;
}

TEST_F(VaultTest, EveryChangeIsSeenByOthersAsANewGeneration) {
  const auto mine = open();
  const auto other = open();
  auto seen = *mine->generation();
  const auto changed = [&] {
    const auto next = *mine->generation();
    return std::exchange(seen, next) != next;
  };
  EXPECT_FALSE(changed());
  ASSERT_TRUE(other->add("groq", "a", Secret("gsk_one_one_one"), now));
  EXPECT_TRUE(changed());
  ASSERT_TRUE(other->enable("groq", "a", false));
  EXPECT_TRUE(changed());
  ASSERT_TRUE(other->set_own("unified key", Secret("x"), now));
  EXPECT_TRUE(changed());
  ASSERT_TRUE(other->remove("groq", "a"));
  EXPECT_TRUE(changed());
  EXPECT_FALSE(other->remove("groq", "a"));
  EXPECT_FALSE(changed());
}

TEST_F(VaultTest, HasABoundOnTheKeysOfAProvider) {
  const auto vault = open();
  for (std::size_t i = 0; i < vault_keys_most; ++i) {
    ASSERT_TRUE(vault->add("groq", "", Secret("gsk_" + std::to_string(i)), now));
  }
  EXPECT_EQ(vault->add("groq", "", Secret("gsk_one_more"), now).error().code, base::Errc::limit);
}

TEST_F(VaultTest, LabelsArePlainWords) {
  for (const char* good : {"a", "work-2", "a.b_c", "KEY"}) EXPECT_TRUE(is_label(good)) << good;
  for (const std::string& bad :
       {std::string(), std::string("a b"), std::string(65, 'a'), std::string("ä"), std::string("a\n")}) {
    EXPECT_FALSE(is_label(bad)) << bad;
  }
}

}  // namespace
}  // namespace freellmapi::store::test
