#include "store/vault.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "store/column.hpp"
#include "store/master_key.hpp"
#include "store/schema.hpp"

namespace freellmapi::store {

namespace {

namespace fs = std::filesystem;

constexpr std::int64_t sealed_format = 1;
// The program's own secrets stand under a provider that cannot be: a provider's name has a letter at least.
constexpr std::string_view own_provider;
constexpr std::string_view check_label = "check";
constexpr std::string_view check_text = "this key made this vault";

/// What a secret is bound to. Lengths stand before what varies, so that no two rows have one context.
std::string context_of(std::int64_t id, std::string_view provider, std::string_view label) {
  return fmt::format("freellmapi vault {} {} {}:{} {}:{}", sealed_format, id, provider.size(), provider,
                     label.size(), label);
}

base::Error another_key(const fs::path& file) {
  return {base::Errc::permission,
          fmt::format("{}: this vault was made with another key; nothing was changed. Give the "
                      "FREELLMAPI_ENCRYPTION_KEY or put the key file back that it was made with",
                      file.string())};
}

/// The sealed text of one row; nothing: there is none, or the database failed.
std::optional<std::pair<std::int64_t, Sealed>> row_of(Database& database, std::string_view provider,
                                                      std::string_view label) {
  Statement find(database, "SELECT id, nonce, sealed FROM secrets WHERE provider = ?1 AND label = ?2");
  if (!find.bind(1, provider).bind(2, label).step()) return std::nullopt;
  return std::pair{find.integer(0), Sealed{find.bytes(1), find.bytes(2)}};
}

void count_change(Database& database) {
  database.run("UPDATE counters SET value = value + 1 WHERE name = 'vault'");
}

}  // namespace

std::string told_of_damage(std::string_view provider, std::string_view label) {
  return fmt::format(
      "the vault's key '{}' of {} was sealed with another key or has been changed; remove it and add it anew",
      base::printable(label, 64), provider.empty() ? "the program" : base::printable(provider, 64));
}

bool is_label(std::string_view text) noexcept {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

base::Result<std::unique_ptr<Vault>> Vault::open(const fs::path& file, const fs::path& key_file,
                                                 const std::optional<base::Secret>& given, bool make) {
  std::error_code ec;
  if (make && !fs::exists(fs::symlink_status(file, ec))) {
    if (const auto made = make_database(file); !made) return made.error();
  }
  auto database = open_database(file, Database::Sync::full);
  if (!database) return database.error();
  const auto check = row_of(**database, own_provider, check_label);
  if ((*database)->failed()) return (*database)->take_failure();
  // A vault that has been used knows its key: a new one would only hide that the right one is missing.
  auto key = given ? MasterKey::from_hex(given->reveal()) : file_key(key_file, !check);
  if (!key && check && key.error().code == base::Errc::not_found) {
    return base::Error{
        base::Errc::permission,
        fmt::format("{}: the file with its key, {}, is missing; nothing was changed. Put it back, or "
                    "give the key as FREELLMAPI_ENCRYPTION_KEY",
                    file.string(), key_file.string())};
  }
  if (!key) return key.error();
  if (check) {
    const auto opened = unseal(*key, check->second, context_of(check->first, own_provider, check_label));
    if (!opened || opened->reveal() != check_text) return another_key(file);
    return std::unique_ptr<Vault>(new Vault(std::move(*database), std::move(*key)));
  }
  std::unique_ptr<Vault> vault(new Vault(std::move(*database), std::move(*key)));
  const auto known = vault->own_or(check_label, base::Secret(std::string(check_text)), base::WallTime{});
  if (!known) {
    // Another process was first, with its own key.
    return known.error().code == base::Errc::permission ? another_key(file) : known.error();
  }
  return vault;
}

base::Result<void> Vault::insert(std::string_view provider, std::string_view label,
                                 const base::Secret& secret, base::WallTime now, bool enabled) {
  {
    Statement add(*database_,
                  "INSERT INTO secrets(provider, label, format, nonce, sealed, enabled, added_ms)"
                  " VALUES(?1, ?2, ?3, x'', x'', ?4, ?5)");
    add.bind(1, provider).bind(2, label).bind(3, sealed_format).bind(4, std::int64_t{enabled});
    if (!add.bind(5, stored(now)).run()) return database_->take_failure();
  }
  const std::int64_t id = database_->last_row_id();
  const auto sealed = seal(key_, secret.reveal(), context_of(id, provider, label));
  if (!sealed) return sealed.error();
  Statement fill(*database_, "UPDATE secrets SET nonce = ?1, sealed = ?2 WHERE id = ?3");
  if (!fill.bind_bytes(1, sealed->nonce).bind_bytes(2, sealed->sealed).bind(3, id).run())
    return database_->take_failure();
  count_change(*database_);
  return {};
}

base::Result<std::vector<VaultKey>> Vault::read(std::string_view provider) const {
  std::vector<VaultKey> keys;
  Statement find(
      *database_,
      "SELECT id, label, nonce, sealed, enabled, added_ms FROM secrets WHERE provider = ?1 ORDER BY id");
  find.bind(1, provider);
  while (find.step()) {
    VaultKey key;
    key.label = find.text(1);
    auto secret =
        unseal(key_, Sealed{find.bytes(2), find.bytes(3)}, context_of(find.integer(0), provider, key.label));
    key.damaged = !secret;
    if (secret) key.secret = std::move(*secret);
    key.enabled = find.integer(4) != 0;
    key.added = time_in(find, 5);
    keys.push_back(std::move(key));
  }
  if (database_->failed()) return database_->take_failure();
  return keys;
}

base::Result<std::vector<VaultKey>> Vault::keys(std::string_view provider) const {
  const std::lock_guard lock(mutex_);
  if (provider == own_provider) return std::vector<VaultKey>{};
  return read(provider);
}

base::Result<std::vector<std::string>> Vault::providers() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  Statement find(*database_, "SELECT DISTINCT provider FROM secrets WHERE provider <> '' ORDER BY provider");
  while (find.step()) names.push_back(find.text(0));
  if (database_->failed()) return database_->take_failure();
  return names;
}

base::Result<std::string> Vault::add(std::string_view provider, std::string label, const base::Secret& secret,
                                     base::WallTime now, bool enabled) {
  if (provider == own_provider || secret.empty() || (!label.empty() && !is_label(label))) {
    return base::Error{base::Errc::invalid_argument,
                       "a key needs a provider, and a label of 1 to 64 letters, digits and . _ -"};
  }
  const std::lock_guard lock(mutex_);
  Transaction transaction(*database_);
  const auto known = read(provider);
  if (!known) return known.error();
  const auto taken = [&known](std::string_view name) {
    return std::any_of(known->begin(), known->end(),
                       [name](const VaultKey& key) { return key.label == name; });
  };
  for (const VaultKey& key : *known) {
    if (base::equal_constant_time(key.secret.reveal(), secret.reveal())) {
      return base::Error{base::Errc::already_exists,
                         fmt::format("the vault has this key of {} already, as '{}'", provider, key.label)};
    }
  }
  if (known->size() >= vault_keys_most) {
    return base::Error{base::Errc::limit,
                       fmt::format("{} has {} keys in the vault already", provider, vault_keys_most)};
  }
  if (label.empty()) {
    std::size_t number = 1;
    while (taken(fmt::format("key{}", number))) ++number;
    label = fmt::format("key{}", number);
  } else if (taken(label)) {
    return base::Error{
        base::Errc::already_exists,
        fmt::format("the vault has a key '{}' of {} already; choose another --label, or remove it first",
                    label, provider)};
  }
  if (const auto inserted = insert(provider, label, secret, now, enabled); !inserted) return inserted.error();
  if (const auto committed = transaction.commit(); !committed) return committed.error();
  return label;
}

base::Result<void> Vault::change(const char* sql, std::string_view provider, std::string_view label,
                                 bool enabled) {
  const std::lock_guard lock(mutex_);
  Transaction transaction(*database_);
  std::int64_t changed = 0;
  {
    Statement statement(*database_, sql);
    statement.bind(1, provider).bind(2, label).bind(3, std::int64_t{enabled}).run();
    changed = database_->changed_rows();
  }
  if (!database_->failed() && changed == 0) {
    return base::Error{base::Errc::not_found,
                       fmt::format("the vault has no key '{}' of {}", base::printable(label, 64),
                                   base::printable(provider, 64))};
  }
  count_change(*database_);
  return transaction.commit();
}

base::Result<void> Vault::remove(std::string_view provider, std::string_view label) {
  return change("DELETE FROM secrets WHERE provider = ?1 AND label = ?2 AND provider <> '' AND ?3", provider,
                label, true);
}

base::Result<void> Vault::enable(std::string_view provider, std::string_view label, bool enabled) {
  return change("UPDATE secrets SET enabled = ?3 WHERE provider = ?1 AND label = ?2 AND provider <> ''",
                provider, label, enabled);
}

base::Result<std::optional<base::Secret>> Vault::read_own(std::string_view name) const {
  const auto row = row_of(*database_, own_provider, name);
  if (database_->failed()) return database_->take_failure();
  if (!row) return std::optional<base::Secret>{};
  auto secret = unseal(key_, row->second, context_of(row->first, own_provider, name));
  if (!secret) return base::Error{base::Errc::permission, told_of_damage(own_provider, name)};
  return std::optional<base::Secret>(std::move(*secret));
}

base::Result<std::optional<base::Secret>> Vault::own(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  return read_own(name);
}

base::Result<void> Vault::set_own(std::string_view name, const base::Secret& secret, base::WallTime now) {
  const std::lock_guard lock(mutex_);
  Transaction transaction(*database_);
  {
    // Deleted and made anew: a row's id is never used for two secrets.
    Statement remove(*database_, "DELETE FROM secrets WHERE provider = '' AND label = ?1");
    remove.bind(1, name).run();
  }
  if (database_->failed()) return database_->take_failure();
  if (const auto inserted = insert(own_provider, name, secret, now, true); !inserted) return inserted.error();
  return transaction.commit();
}

base::Result<base::Secret> Vault::own_or(std::string_view name, const base::Secret& secret,
                                         base::WallTime now) {
  const std::lock_guard lock(mutex_);
  Transaction transaction(*database_);
  auto known = read_own(name);
  if (!known) return known.error();
  if (*known) return std::move(**known);
  if (const auto inserted = insert(own_provider, name, secret, now, true); !inserted) return inserted.error();
  if (const auto committed = transaction.commit(); !committed) return committed.error();
  return secret;
}

std::optional<std::int64_t> Vault::generation() const {
  const std::lock_guard lock(mutex_);
  auto value = database_->number("SELECT value FROM counters WHERE name = 'vault'");
  if (database_->failed()) database_->take_failure();
  return value;
}

}  // namespace freellmapi::store
