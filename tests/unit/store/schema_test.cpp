#include "store/schema.hpp"

#include "folder.hpp"
#include "store/request_reader.hpp"
#include "store/vault.hpp"

namespace freellmapi::store::test {
namespace {

class SchemaTest : public Folder {
 protected:
  /// A file as the program of that schema left it.
  void make(int version) {
    auto made = Database::open(database, Database::Mode::make, Database::Sync::full);
    ASSERT_TRUE(made);
    ASSERT_TRUE(migrate(**made, version));
    (*made)->run(
        "INSERT INTO secrets(provider, label, format, nonce, sealed, enabled, added_ms)"
        " VALUES('groq', 'work', 1, x'00', x'01', 1, 5)");
    ASSERT_FALSE((*made)->failed());
  }
  std::string refused() {
    const std::string before = read(database);
    const auto opened = open_database(database, Database::Sync::full);
    EXPECT_FALSE(opened);
    EXPECT_EQ(read(database), before) << "it must be left as it is";
    return opened ? "" : opened.error().message;
  }
};

TEST_F(SchemaTest, EveryOlderOneBecomesTodaysAndKeepsItsKeys) {
  for (int version = 1; version < schema_version; ++version) {
    std::filesystem::remove(database);
    make(version);
    const auto opened = open_database(database, Database::Sync::full);
    ASSERT_TRUE(opened) << version << ": " << opened.error().message;
    EXPECT_EQ((*opened)->number("PRAGMA user_version"), schema_version);
    EXPECT_EQ((*opened)->number("SELECT count(*) FROM secrets WHERE label = 'work'"), 1);
    EXPECT_EQ((*opened)->number("SELECT count(*) FROM request_batches"), 0);
    for (const char* count :
         {"SELECT count(*) FROM key_health", "SELECT count(*) FROM pins", "SELECT count(*) FROM thoughts",
          "SELECT count(*) FROM token_costs", "SELECT count(*) FROM measured"})
      EXPECT_EQ((*opened)->number(count), 0) << version << ": " << count;
  }
}

TEST_F(SchemaTest, TheRequestsOfSchemaFourAreStillFoundAndReadInOrder) {
  make(4);
  {
    auto old = Database::open(database, Database::Mode::read_write, Database::Sync::full);
    ASSERT_TRUE(
        (*old)->run("WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 300)"
                    " INSERT INTO requests(at_ms, request_id, surface, status, code, asked, provider, model, "
                    "key_label, attempts,"
                    " trail, streamed, input_tokens, output_tokens, request_bytes, response_bytes, "
                    "first_token_us, decided_us,"
                    " total_us, decision) SELECT 1000000 + 700 * n, 'req_' || n, 'openai.chat', 200, 'c', "
                    "'auto', 'groq', 'm',"
                    " 'work', 2, 't', 1, 10, 20, 30, 40, NULL, 50, 60, x'000102' FROM c"))
        << (*old)->take_failure().message;
  }
  const auto reader = RequestReader::open(database);
  ASSERT_TRUE(reader) << reader.error().message;
  EXPECT_TRUE(*(*reader)->by_name("req_250", [](const RequestRow& r) {
    EXPECT_EQ(r.id, 250);
    EXPECT_EQ(r.at.time_since_epoch().count(), 1'000'000 + 700 * 250);
    std::string texts;
    for (const std::string_view text :
         {r.surface, r.code, r.asked, r.provider, r.model, r.key_label, r.trail})
      texts.append(text) += ' ';
    EXPECT_EQ(texts, "openai.chat c auto groq m work t ");
    EXPECT_EQ(r.status, 200);
    EXPECT_EQ(r.attempts, 2U);
    EXPECT_TRUE(r.streamed);
    EXPECT_EQ(r.input_tokens, 10U);
    EXPECT_EQ(r.output_tokens, 20U);
    EXPECT_EQ(r.request_bytes, 30U);
    EXPECT_EQ(r.response_bytes, 40U);
    EXPECT_EQ(r.first_token_us, std::nullopt);
    EXPECT_EQ(r.decided_us, 50);
    EXPECT_EQ(r.total_us, 60);
    EXPECT_EQ(r.decision, std::string_view("\0\1\2", 3));
  }));
  std::int64_t seen = 0;
  EXPECT_TRUE(
      (*reader)->between({}, base::WallTime::max(), [&seen](const RequestRow& r) { return r.id == ++seen; }));
  EXPECT_EQ(seen, 300);
}

TEST_F(SchemaTest, TheBatchesOfSchemaSixAreStillFoundAndReadInOrder) {
  make(6);
  {
    auto old = Database::open(database, Database::Mode::read_write, Database::Sync::full);
    ASSERT_TRUE((*old)->run("DROP TABLE requests"));
    Statement batch(**old, "INSERT INTO request_batches VALUES(?1,?2,?3,64,?4)");
    Statement name(**old, "INSERT INTO request_names VALUES(?1,?2)");
    for (std::int64_t id = 1; id < 300; id += 64) {
      std::string packed;
      for (std::int64_t i = id; i < id + 64; ++i) {
        const std::string told = "req_" + std::to_string(i);
        RequestRow row;
        row.at = base::WallTime{std::chrono::milliseconds{1'000'000 + i}};
        row.request_id = told;
        row.model = i % 3 == 0 ? "m" : "another";
        row.first_token_us = i;
        row.decision = std::string_view("\0\1\2", 3);
        pack(row, packed);
        ASSERT_TRUE(name.bind(1, i).bind(2, std::string_view(told)).run());
      }
      batch.bind(1, id).bind(2, 1'000'000 + id).bind(3, 1'000'000 + id + 63).bind_bytes(4, packed);
      ASSERT_TRUE(batch.run());
    }
  }
  const auto reader = RequestReader::open(database);
  ASSERT_TRUE(reader) << reader.error().message;
  EXPECT_TRUE(*(*reader)->by_name("req_250", [](const RequestRow& r) {
    EXPECT_EQ(r.id, 250);
    EXPECT_EQ(r.model, "another");
    EXPECT_EQ(r.first_token_us, 250);
    EXPECT_EQ(r.decision, std::string_view("\0\1\2", 3));
  }));
  std::int64_t seen = 0;
  EXPECT_TRUE(
      (*reader)->between({}, base::WallTime::max(), [&seen](const RequestRow& r) { return r.id == ++seen; }));
  EXPECT_EQ(seen, 320);
}

TEST_F(SchemaTest, AMigrationThatFailsChangesNothing) {
  make(1);
  {
    auto by_hand = Database::open(database, Database::Mode::read_write, Database::Sync::full);
    // The last step finds its name taken, after the one before it has been done.
    ASSERT_TRUE((*by_hand)->run("PRAGMA journal_mode=WAL; CREATE TABLE key_health(x)"));
  }
  const auto opened = open_database(database, Database::Sync::full);
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().message.find("is as it was"), std::string::npos) << opened.error().message;
  auto after = Database::open(database, Database::Mode::read_write, Database::Sync::full);
  EXPECT_EQ((*after)->number("PRAGMA user_version"), 1);
  EXPECT_EQ((*after)->number("SELECT count(*) FROM sqlite_schema WHERE name = 'requests'"), 0);
  EXPECT_EQ((*after)->number("SELECT count(*) FROM secrets"), 1);
}

TEST_F(SchemaTest, ANewerFileIsRefusedByNameAndLeftAlone) {
  make(schema_version);
  {
    auto by_hand = Database::open(database, Database::Mode::read_write, Database::Sync::full);
    ASSERT_TRUE((*by_hand)->run("PRAGMA user_version=99"));
  }
  const std::string why = refused();
  EXPECT_NE(why.find(database.string() + " was written by a newer version"), std::string::npos) << why;
  EXPECT_NE(why.find("99"), std::string::npos);
}

TEST_F(SchemaTest, AnEmptyATornAForeignAndAnUnknownFileAreRefusedByNameAndLeftAlone) {
  write(database, "");
  EXPECT_NE(refused().find("is empty"), std::string::npos);
  write(database, "this is a letter to my aunt\n" + std::string(4096, 'a'));
  EXPECT_NE(refused().find("is damaged or no database"), std::string::npos);

  std::filesystem::remove(database);
  {
    auto foreign = Database::open(database, Database::Mode::make, Database::Sync::full);
    ASSERT_TRUE((*foreign)->run("CREATE TABLE songs(name)"));
  }
  EXPECT_NE(refused().find("of another program"), std::string::npos);

  std::filesystem::remove(database);
  make(schema_version);
  const std::string whole = read(database);
  write(database, whole.substr(0, whole.size() / 2));
  EXPECT_NE(refused().find("damaged"), std::string::npos);
  std::string scrambled = whole;
  for (std::size_t at = 4096; at < scrambled.size(); at += 3)
    scrambled[at] = static_cast<char>(scrambled[at] ^ 0x5a);
  write(database, scrambled);
  EXPECT_NE(refused().find("damaged"), std::string::npos);
}

TEST_F(SchemaTest, TheWriteAheadLogHasItsBoundWhateverThePagesSize) {
  constexpr std::int64_t most = 4 * 1024 * 1024;
  ASSERT_TRUE(make_database(database));
  for (const std::int64_t page : {8'192, 4'096}) {
    auto opened = open_database(database, Database::Sync::normal);
    ASSERT_TRUE(opened) << opened.error().text();
    EXPECT_EQ((*opened)->number("PRAGMA page_size"), page);
    EXPECT_EQ((*opened)->number("PRAGMA wal_autocheckpoint"), most / page);
    // As the versions before made it.
    (*opened)->run("PRAGMA journal_mode=DELETE");
    (*opened)->run("PRAGMA page_size=4096");
    EXPECT_TRUE((*opened)->run("VACUUM"));
  }
}

TEST_F(SchemaTest, ALinkInThePlaceOfTheFileIsRefused) {
  make(schema_version);
  std::filesystem::rename(database, folder / "elsewhere.db");
  std::filesystem::create_symlink(folder / "elsewhere.db", database);
  EXPECT_FALSE(open_database(database, Database::Sync::full));
}

TEST_F(SchemaTest, AFileThatOthersMayReadIsClosedToThem) {
  make(schema_version);
  ::chmod(database.c_str(), 0644);
  ASSERT_TRUE(open_database(database, Database::Sync::full));
  EXPECT_EQ(mode(database), 0600U);
}

TEST_F(SchemaTest, AMissingOneIsMadeOnlyWhenAskedFor) {
  const auto missing = open_database(database, Database::Sync::full);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, base::Errc::not_found);
  ASSERT_TRUE(make_database(database));
  EXPECT_EQ(mode(database), 0600U);
  const std::string first = read(database);
  ASSERT_TRUE(make_database(database)) << "the second of two first starts";
  EXPECT_EQ(read(database), first);
  EXPECT_TRUE(open_database(database, Database::Sync::full));
}

TEST_F(SchemaTest, WhatAnotherFileLeftBehindIsNotPlayedIntoANewOne) {
  ASSERT_TRUE(make_database(database));
  {
    const auto opened = open_database(database, Database::Sync::full);
    ASSERT_TRUE(opened);
    ASSERT_TRUE((*opened)->run("UPDATE counters SET value = 41 WHERE name = 'vault'"));
    std::filesystem::copy_file(database.string() + "-wal", folder / "kept");
  }
  std::filesystem::remove(database);
  std::filesystem::rename(folder / "kept", database.string() + "-wal");
  const auto made = make_database(database);
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().message.find("freellmapi.db-wal is still there"), std::string::npos)
      << made.error().message;
  EXPECT_FALSE(std::filesystem::exists(database));
  std::filesystem::remove(database.string() + "-wal");
  ASSERT_TRUE(make_database(database));
  const auto opened = open_database(database, Database::Sync::full);
  ASSERT_TRUE(opened);
  EXPECT_EQ((*opened)->number("SELECT value FROM counters WHERE name = 'vault'"), 0);
}

}  // namespace
}  // namespace freellmapi::store::test
