// `keys import` and `keys export`.
#include <fmt/format.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <set>

#include "base/json_object.hpp"
#include "base/text.hpp"
#include "cli/env_file.hpp"
#include "cli/files.hpp"
#include "cli/keys.hpp"
#include "cli/known_provider.hpp"
#include "cli/quiet.hpp"
#include "cli/vault_door.hpp"
#include "policy/keys.hpp"

namespace freellmapi::cli {

namespace {

constexpr std::size_t file_most = 1024 * 1024;

/// What became of one thing in the file.
struct Taken {
  std::string provider, label, variable, last_four;
  std::string why_not;  ///< "" when it was taken
  bool lost = false;    ///< it was not taken, and the vault has it not
};

using EnvFile = std::map<std::string, EnvValue>;

/// The keys that the file has for one provider, found as they are found in the environment.
std::vector<policy::Key> keys_in(const EnvFile& file, const KnownProvider& known, std::set<std::string>& used,
                                 std::vector<policy::Diagnostic>& warnings, std::size_t& left_out) {
  policy::Input input;
  input.environment = [&](const std::string& name) -> std::optional<std::string> {
    const auto found = file.find(name);
    if (found == file.end() || found->second.value.empty()) return std::nullopt;
    used.insert(name);
    return found->second.value;
  };
  policy::Faults faults("import");
  auto keys = policy::find_keys(known.provider, known.facts, nullptr, input, faults, nullptr, &left_out);
  for (policy::Diagnostic& warning : faults.sorted()) warnings.push_back(std::move(warning));
  return keys;
}

/// The label that an export has written, unless the variable holds several keys or the label is another
/// key's.
EnvValue mark_of(const EnvFile& file, const std::string& variable) {
  const auto found = file.find(variable);
  if (found == file.end() || !store::is_label(found->second.label)) return {};
  return found->second;
}

Taken take(store::Vault& vault, const std::string& provider, const policy::Key& key, const EnvFile& file,
           base::WallTime now) {
  Taken out;
  out.provider = provider;
  out.variable = key.source.substr(std::min(key.source.find(' ') + 1, key.source.size()));
  out.last_four = key.secret.last_four();
  const EnvValue mark = mark_of(file, out.variable);
  auto added = vault.add(provider, mark.label, key.secret, now, mark.enabled);
  if (!added && added.error().code == base::Errc::already_exists && !mark.label.empty())
    added = vault.add(provider, "", key.secret, now, mark.enabled);
  if (added) {
    out.label = *added;
  } else {
    out.why_not = added.error().message;
    out.lost = added.error().code != base::Errc::already_exists;
  }
  return out;
}

std::string json_of(const std::vector<Taken>& all, const std::vector<std::string>& left) {
  std::string taken, refused, unknown;
  for (const Taken& each : all) {
    base::JsonObject object;
    object.text("provider", each.provider).text("variable", each.variable).text("last_four", each.last_four);
    if (each.why_not.empty()) base::append_item(taken, object.text("label", each.label).take());
    if (!each.why_not.empty()) base::append_item(refused, object.text("reason", each.why_not).take());
  }
  for (const std::string& name : left) base::append_item(unknown, base::json_string(name));
  return fmt::format("{{\"taken\":[{}],\"not_taken\":[{}],\"unknown\":[{}]}}", taken, refused, unknown);
}

void print(const std::vector<Taken>& all, const std::vector<std::string>& left) {
  for (const Taken& each : all) {
    if (each.why_not.empty()) {
      fmt::print("{:<14} {:<10} ...{:<6} from {}\n", each.provider, each.label, each.last_four,
                 each.variable);
    } else {
      fmt::print("{:<14} {:<10} ...{:<6} from {}: not taken: {}\n", each.provider, "", each.last_four,
                 each.variable, each.why_not);
    }
  }
  if (!left.empty()) fmt::print("not a provider's key: {}\n", fmt::join(left, ", "));
}

}  // namespace

int keys_import(const KeysOptions& options) {
  keep_memory_private();
  if (!options.rest.empty()) return refuse("`keys import` takes one file");
  auto text = read_file(options.file, file_most);
  if (!text) return refuse(text.error().message);
  const EnvFile file = read_env_file(*text);
  OPENSSL_cleanse(text->data(), text->size());
  Quiet quiet;
  const auto world = read_world(options.places, quiet.loader);
  if (!world) return refuse(world.error());
  const auto data = data_directory(options.places.data);
  if (!data) return refuse(data.error());
  const auto vault = open_vault(*data, true);
  if (!vault) return refuse(vault.error());

  std::vector<Taken> all;
  std::set<std::string> used;
  std::vector<policy::Diagnostic> warnings;
  std::size_t lost = 0;
  for (const KnownProvider& known : known_providers(*world)) {
    for (const policy::Key& key : keys_in(file, known, used, warnings, lost))
      all.push_back(take(**vault, known.provider.id, key, file, quiet.clock.wall()));
  }
  std::vector<std::string> left;
  for (const auto& [name, value] : file) {
    if (!used.contains(name)) left.push_back(name);
  }
  for (const policy::Diagnostic& warning : warnings) fmt::print(stderr, "{}\n", warning.message);
  if (options.as_json) {
    fmt::print("{}\n", json_of(all, left));
  } else {
    print(all, left);
  }
  const bool any =
      std::any_of(all.begin(), all.end(), [](const Taken& each) { return each.why_not.empty(); });
  if (!any && !options.as_json) fmt::print("no new key\n");
  lost += static_cast<std::size_t>(
      std::count_if(all.begin(), all.end(), [](const Taken& each) { return each.lost; }));
  if (lost > 0) {
    return refuse(base::Error{base::Errc::limit,
                              fmt::format("{} not taken; {} only in {}",
                                          lost == 1 ? "1 key was" : fmt::format("{} keys were", lost),
                                          lost == 1 ? "it is" : "they are", options.file)});
  }
  return all.empty() ? 1 : 0;
}

int keys_export(const KeysOptions& options) {
  keep_memory_private();
  if (!options.rest.empty()) return refuse("`keys export` takes one file");
  if (!options.show_secrets) {
    return refuse(
        "the file will show every key of the vault to whoever can read it: say --yes-show-secrets if that is "
        "what you want");
  }
  std::error_code ec;
  if (std::filesystem::exists(std::filesystem::symlink_status(options.file, ec)))
    return refuse(options.file + " is there already; name a new file");
  Quiet quiet;
  const auto world = read_world(options.places, quiet.loader);
  if (!world) return refuse(world.error());
  const auto vault = open_vault(data_path(options.places.data), false);
  if (!vault && vault.error().code == base::Errc::not_found)
    return refuse(base::Error{base::Errc::not_found, "the vault has no keys yet"});
  if (!vault) return refuse(vault.error());

  std::string text = "# Keys of the vault; `freellmapi keys import` reads them again.\n";
  text.reserve(1024 * 1024);  // one block: it is wiped below
  std::size_t count = 0;
  bool lost = false;
  for (const KnownProvider& known : known_providers(*world)) {
    const auto keys = (*vault)->keys(known.provider.id);
    if (!keys) return refuse(keys.error());
    if (keys->empty()) continue;
    if (known.facts.env.empty()) {
      fmt::print(stderr, "freellmapi: {} has no variable for its keys; they are left out\n",
                 known.provider.id);
      continue;
    }
    const std::string& variable = known.facts.env.front().name;
    std::size_t number = 0;
    for (const store::VaultKey& key : *keys) {
      if (key.damaged) {
        lost = true;
        refuse(store::told_of_damage(known.provider.id, key.label));
        continue;
      }
      ++count;
      ++number;
      text += fmt::format("# label: {}{}\n{}{}=", key.label, key.enabled ? "" : " (disabled)", variable,
                          number == 1 ? "" : fmt::format("_{}", number));
      text += key.secret.reveal();
      text += '\n';
    }
  }
  const auto written = write_private_file(options.file, text);
  OPENSSL_cleanse(text.data(), text.size());
  if (!written) return refuse(written.error());
  fmt::print("wrote {} key{} to {}\n", count, count == 1 ? "" : "s", options.file);
  return lost ? 1 : 0;
}

}  // namespace freellmapi::cli
