// policy.yaml + manifests + environment -> Policy, or every fault with its place.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/secret.hpp"
#include "policy/policy.hpp"

namespace freellmapi::policy {

/// One fault, printed as "FILE:LINE:COL: message". Line and column count from 1; 0 means that the whole file
/// is meant.
struct Diagnostic {
  std::string file;
  unsigned line = 0, column = 0;
  std::string message;
  bool warning = false;
  std::string text() const;
};

/// What a plugin says about itself, unread.
struct ManifestText {
  std::string provider;  ///< the ABI's provider id
  std::string yaml;
  std::string file;  ///< for messages: "groq.so"
};

/// A key of the vault.
struct VaultKey {
  std::string label;
  base::Secret secret;
};

/// Everything the result depends on. Pure: the same input gives the same policy.
struct Input {
  std::string text;  ///< of policy.yaml
  std::string file;  ///< its name in messages
  std::vector<ManifestText> manifests;
  /// Looks up a variable of the environment; nullopt: not set. NAME_FILE forms are resolved by the caller's
  /// function.
  std::function<std::optional<std::string>(const std::string&)> environment;
  /// The provider's keys in the vault, in order, those that are switched off left out. May be empty.
  std::function<std::vector<VaultKey>(const std::string& provider)> vault;
  /// Reads a key file named in the policy; nullopt: it cannot be read. May be empty.
  std::function<std::optional<std::string>(const std::string& path)> key_file;
  std::string listen_override;  ///< --listen
  bool advice = false;          ///< warn also of what is legal but hardly meant
};

struct Outcome {
  std::shared_ptr<const Policy> policy;  ///< null when there was an error
  std::vector<Diagnostic> diagnostics;   ///< errors and warnings, in file order; at most 100
};

/// Bounded: text over 1 MiB, depth over 64, any alias or tag, and too many nodes are errors, found before
/// they cost anything.
Outcome compile(const Input& input);

/// A JSON Schema (draft 2020-12) of policy.yaml, for editors.
std::string schema();

}  // namespace freellmapi::policy
