#include "cli/vault_door.hpp"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <cstring>
#include <mutex>
#include <optional>
#include <vector>

#include "cli/files.hpp"

namespace freellmapi::cli {

namespace {

constexpr const char* variable = "FREELLMAPI_ENCRYPTION_KEY";

/// Read once: afterwards neither a child nor a look at the environment finds it.
base::Result<std::optional<base::Secret>> given_key() {
  static std::mutex mutex;
  static std::optional<base::Secret> kept;
  const std::lock_guard lock(mutex);
  std::vector<std::string> problems;
  if (auto set = environment(variable, &problems)) {
    kept.emplace(std::move(*set));
    if (char* text = ::getenv(variable)) OPENSSL_cleanse(text, std::strlen(text));
    ::unsetenv(variable);
    ::unsetenv("FREELLMAPI_ENCRYPTION_KEY_FILE");
  }
  // Another key instead would open nothing, or make a vault that nobody can open again.
  if (!problems.empty()) return base::Error{base::Errc::io, problems.front()};
  return kept;
}

}  // namespace

std::filesystem::path database_file(const std::filesystem::path& data) { return data / "freellmapi.db"; }

base::Result<std::unique_ptr<store::Vault>> open_vault(const std::filesystem::path& data, bool make) {
  const auto given = given_key();
  if (!given) return given.error();
  auto vault = store::Vault::open(database_file(data), data / "vault.key", *given, make);
  if (!vault && *given && vault.error().code == base::Errc::invalid_argument)
    return base::Error{base::Errc::invalid_argument, vault.error().message, variable};
  return vault;
}

std::unique_ptr<store::KeyHealth> known_health(const std::string& data_flag) {
  auto health = store::KeyHealth::open(database_file(data_path(data_flag)));
  return health ? std::move(*health) : nullptr;
}

void keep_memory_private() {
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  ::prctl(PR_SET_DUMPABLE, 0);
}

}  // namespace freellmapi::cli
