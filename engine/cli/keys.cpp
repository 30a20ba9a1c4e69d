// `keys add`, `keys remove`, `keys disable`, `keys enable`.
#include "cli/keys.hpp"

#include <fmt/format.h>

#include "base/clock.hpp"
#include "base/json_object.hpp"
#include "base/text.hpp"
#include "cli/files.hpp"
#include "cli/known_provider.hpp"
#include "cli/quiet.hpp"
#include "cli/secret_input.hpp"
#include "cli/vault_door.hpp"
#include "policy/keys.hpp"

namespace freellmapi::cli {

namespace {

/// An empty sentence: it looks like one of the provider's.
std::string unlike(const KnownProvider& known, const base::Secret& secret) {
  std::string wrong = policy::wrong_shape(known.facts, secret.reveal());
  if (wrong.empty() && !known.plugin->has_key_shape(secret.reveal()))
    wrong = "does not look like a key of this provider";
  return wrong;
}

int failed(const base::Error& error) {
  refuse(error.text());
  const bool mistake = error.code == base::Errc::invalid_argument || error.code == base::Errc::not_found ||
                       error.code == base::Errc::already_exists;
  return mistake ? 2 : 1;
}

/// The vault that is there; a missing one has no key.
base::Result<std::unique_ptr<store::Vault>> present_vault(const Places& places) {
  auto vault = open_vault(data_path(places.data), false);
  if (!vault && vault.error().code == base::Errc::not_found)
    return base::Error{base::Errc::not_found, "the vault has no keys yet; `keys add PROVIDER` takes one"};
  return vault;
}

/// The label that is meant: the given one, or that of the provider's only key.
base::Result<std::string> meant(const store::Vault& vault, const KeysOptions& options) {
  if (!options.label.empty()) return options.label;
  const auto keys = vault.keys(options.provider);
  if (!keys) return keys.error();
  if (keys->size() == 1) return keys->front().label;
  std::string labels;
  for (const store::VaultKey& key : *keys) labels += (labels.empty() ? "" : ", ") + key.label;
  return base::Error{base::Errc::invalid_argument,
                     keys->empty()
                         ? fmt::format("the vault has no key of {}; keys of the environment and of files are "
                                       "taken away where they are set",
                                       base::printable(options.provider, 64))
                         : fmt::format("say which key of {}: {}", options.provider, labels)};
}

int change(const KeysOptions& options, const char* done,
           base::Result<void> (*how)(store::Vault&, const std::string& provider, const std::string& label)) {
  keep_memory_private();
  if (!options.rest.empty()) return refuse("one key at a time: PROVIDER and LABEL");
  const auto vault = present_vault(options.places);
  if (!vault) return failed(vault.error());
  const auto label = meant(**vault, options);
  if (!label) return failed(label.error());
  if (const auto changed = how(**vault, options.provider, *label); !changed) return failed(changed.error());
  if (options.as_json) {
    fmt::print("{}\n", base::JsonObject()
                           .text("provider", options.provider)
                           .text("label", *label)
                           .text("done", done)
                           .take());
  } else {
    fmt::print("{} {} {}\n", done, options.provider, *label);
  }
  return 0;
}

}  // namespace

int keys_add(const KeysOptions& options) {
  keep_memory_private();
  if (!options.rest.empty()) {
    return refuse(
        "a key on the command line is seen by every program of this machine and kept by the shell, so it is "
        "not taken "
        "from there: pipe it in, or type it at the prompt of `freellmapi keys add PROVIDER`. Take the one "
        "you typed out "
        "of the shell's history");
  }
  Quiet quiet;
  const auto world = read_world(options.places, quiet.loader);
  if (!world) return failed(world.error());
  const auto known = known_provider(*world, options.provider);
  if (!known) return failed(known.error());
  if (known->plugin->is_local()) return refuse(known->provider.id + " needs no key");
  if (!options.label.empty() && !store::is_label(options.label))
    return refuse("a label has 1 to 64 letters, digits and . _ -");

  const auto secret = read_secret_input(fmt::format("Key of {} (not shown)", known->provider.id));
  if (!secret) return failed(secret.error());
  if (!policy::is_sendable(secret->reveal()))
    return refuse("that holds characters that no key has, or is too long");
  const std::string wrong = unlike(*known, *secret);
  if (!wrong.empty() && !options.anyway)
    return refuse(fmt::format("not added, because it {}; --anyway adds it all the same", wrong));

  const auto data = data_directory(options.places.data);
  if (!data) return failed(data.error());
  const auto vault = open_vault(*data, true);
  if (!vault) return failed(vault.error());
  const auto label = (*vault)->add(known->provider.id, options.label, *secret, quiet.clock.wall());
  if (!label) return failed(label.error());
  if (options.as_json) {
    fmt::print("{}\n", base::JsonObject()
                           .text("provider", known->provider.id)
                           .text("label", *label)
                           .text("last_four", secret->last_four())
                           .take());
  } else {
    fmt::print("added {} {} (...{})\n", known->provider.id, *label, secret->last_four());
  }
  return 0;
}

int keys_remove(const KeysOptions& options) {
  return change(options, "removed",
                [](store::Vault& vault, const std::string& provider, const std::string& label) {
                  return vault.remove(provider, label);
                });
}

int keys_enable(const KeysOptions& options, bool enabled) {
  if (enabled) {
    return change(options, "enabled",
                  [](store::Vault& vault, const std::string& provider, const std::string& label) {
                    return vault.enable(provider, label, true);
                  });
  }
  return change(options, "disabled",
                [](store::Vault& vault, const std::string& provider, const std::string& label) {
                  return vault.enable(provider, label, false);
                });
}

}  // namespace freellmapi::cli
