// Compiles policy texts against small manifests.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "policy/compile.hpp"

namespace freellmapi::policy::test {

inline const std::string groq_manifest = R"(manifest: 1
id: groq
name: Groq
base_url: https://api.groq.com/openai/v1
keys: {env: [GROQ_API_KEY], prefix: gsk_, min_length: 12}
counters: {scope: account, day: "00:00 UTC"}
billing: {failed: none, cancelled: all, cut: input}
timeouts: {first_byte: 20s}
models:
  small: {rank: 30, speed: 1, tools: true, context: 8192, quota: {rpm: 30, rpd: 14400}}
  big: {rank: 5, speed: 3, tools: true, context: 131072, quota: {rpm: 30, rpd: 1000, tpm: 12000}}
  big-fast: {rank: 5, speed: 2, family: big}
  gone: {rank: 1, enabled: false, why_off: retired, since: 2026-08-01}
  voice: {kind: speech, rank: 1}
)";
inline const std::string google_manifest = R"(manifest: 1
id: google
base_url: https://generativelanguage.googleapis.com/v1beta
keys: {env: [GEMINI_API_KEY, GOOGLE_API_KEY]}
counters: {scope: account, tokens: input_tokens, day: "00:00 America/Los_Angeles"}
quota: [{limit: 10000, of: neurons, per: day}]
models:
  gemini-2.5-flash: {rank: 10, vision: true, quota: {rpm: 10, tpm: 250000, rpd: 250}}
)";
inline const std::string custom_manifest = "manifest: 1\nid: custom\nkeys: {env: [], required: false}\n";
inline const std::string sandbox_manifest =
    "manifest: 1\nid: sandbox\nwire: local\nmodels: {echo: {tools: true}}\n";

inline std::string plain_manifest(const std::string& id) {
  return "manifest: 1\nid: " + id + "\nbase_url: https://" + id + ".example/v1\nmodels: {m: }\n";
}

struct House {
  std::map<std::string, std::string> environment;
  std::map<std::string, std::string> vault;  ///< "provider/label"
  std::map<std::string, std::string> files;
  std::vector<ManifestText> manifests{{"google", google_manifest, "google.so"},
                                      {"groq", groq_manifest, "groq.so"},
                                      {"custom", custom_manifest, "custom.so"},
                                      {"sandbox", sandbox_manifest, "sandbox.so"}};
  std::string listen_override;
  bool advice = false;

  Outcome operator()(const std::string& text) const {
    Input input;
    input.text = text;
    input.file = "p.yaml";
    input.manifests = manifests;
    input.listen_override = listen_override;
    input.advice = advice;
    const auto find = [](const auto& map, const std::string& key) -> std::optional<std::string> {
      const auto found = map.find(key);
      if (found == map.end()) return std::nullopt;
      return found->second;
    };
    input.environment = [&](const std::string& name) { return find(environment, name); };
    input.vault = [&](const std::string& provider) {
      std::vector<VaultKey> keys;
      for (const auto& [name, secret] : vault) {
        if (name.starts_with(provider + "/"))
          keys.push_back({name.substr(provider.size() + 1), base::Secret(secret)});
      }
      return keys;
    };
    input.key_file = [&](const std::string& path) { return find(files, path); };
    return compile(input);
  }
};

/// Every diagnostic on its line.
inline std::string texts(const Outcome& outcome) {
  std::string out;
  for (const Diagnostic& diagnostic : outcome.diagnostics) out += diagnostic.text() + "\n";
  return out;
}

/// The diagnostics of a text.
inline std::string faults(const std::string& text) { return texts(House{}(text)); }

/// What follows two lines that make a good policy, so that faults stand from line 3 on.
inline std::string with(const std::string& more) { return "version: 1\nchain: [groq]\n" + more; }

/// The models of a chain: "groq/big groq/small".
inline std::string steps(const Policy& policy, const Chain& chain) {
  std::string out;
  for (const Step& step : chain.steps) {
    const Model& model = policy.models[step.model];
    out += (out.empty() ? "" : " ") + policy.providers[model.provider].id + "/" + model.id;
  }
  return out;
}

}  // namespace freellmapi::policy::test
