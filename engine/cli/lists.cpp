// `models` and `plugins list`.
#include <fmt/format.h>

#include <algorithm>

#include "base/json_object.hpp"
#include "cli/files.hpp"
#include "cli/quiet.hpp"
#include "cli/vault_door.hpp"
#include "cli/verbs.hpp"
#include "policy/manifest.hpp"
#include "policy/rules.hpp"
#include "policy/values.hpp"

namespace freellmapi::cli {

namespace {

std::string off_text(const std::string& why) { return why.empty() ? "off" : "off: " + why; }

/// How many of the provider's keys it has refused too often. `health` may be null.
std::size_t bad_keys(const policy::Policy& policy, const policy::Provider& provider,
                     const store::KeyHealth* health) {
  if (!health) return 0;
  return static_cast<std::size_t>(
      std::count_if(provider.keys.begin(), provider.keys.end(), [&](policy::KeyIndex index) {
        const store::KeyRecord record = health->of(provider.id, policy.keys[index].fingerprint);
        return record.state() == store::KeyRecord::State::bad;
      }));
}

/// "" when the model can be used as things are configured, and as its keys were last seen.
std::string why_not(const policy::Policy& policy, const policy::Model& model,
                    const store::KeyHealth* health) {
  const policy::Provider& provider = policy.providers[model.provider];
  if (!provider.enabled) return off_text(provider.why_off);
  if (!model.enabled) return off_text(model.why_off);
  if (model.kind != policy::Kind::chat)
    return fmt::format("kind {}: no chat request goes to it", policy::name(model.kind));
  if (provider.keys.empty() && !provider.keyless) return "no key";
  if (!provider.keys.empty() && !provider.keyless &&
      bad_keys(policy, provider, health) == provider.keys.size())
    return provider.keys.size() == 1 ? "its key is refused" : "every key is refused";
  return {};
}

std::string limits_json(const std::vector<policy::Rule>& rules) {
  std::string list;
  for (const policy::Rule& rule : rules) {
    const bool windowed = rule.of != policy::Unit::concurrency;
    std::string per{policy::name(rule.per)};
    if (rule.per == policy::Per::rolling) per += " " + policy::duration_text(rule.length);
    base::append_item(list, base::JsonObject()
                                .text("label", rule.label)
                                .count("limit", rule.limit)
                                .text("of", policy::unit_text(rule))
                                .text("per", windowed ? per : "")
                                .text("resets", windowed ? policy::reset_text(rule) : "")
                                .text("scope", policy::name(rule.scope))
                                .text("pool", rule.pool)
                                .text("source", rule.source)
                                .text("as_of", rule.as_of)
                                .take());
  }
  return "[" + list + "]";
}

std::string model_json(const policy::Policy& policy, const policy::Model& model,
                       const store::KeyHealth* health) {
  const policy::Provider& provider = policy.providers[model.provider];
  const std::string reason = why_not(policy, model, health);
  return base::JsonObject()
      .text("id", provider.id + "/" + model.id)
      .text("provider", provider.id)
      .text("name", model.name)
      .text("family", model.family)
      .text("kind", policy::name(model.kind))
      .known("context", model.context)
      .known("max_output", model.max_output)
      .known("max_input", model.max_input)
      .known("dims", model.dims)
      .truth("tools", model.tools)
      .truth("vision", model.vision)
      .truth("reasoning", model.reasoning)
      .text("json", policy::name(model.json))
      .count("rank", model.rank)
      .count("speed", model.speed)
      .text("tier", model.tier)
      .truth("available", reason.empty())
      .text("unavailable_reason", reason)
      .text("since", provider.enabled ? model.since : provider.since)
      .text("source", model.source)
      .text("as_of", model.as_of)
      .raw("limits", limits_json(model.quota))
      .take();
}

std::string provider_json(const policy::Policy& policy, const policy::Provider& provider,
                          const store::KeyHealth* health) {
  return base::JsonObject()
      .text("id", provider.id)
      .text("name", provider.name)
      .text("plugin", provider.plugin)
      .truth("enabled", provider.enabled)
      .text("why_off", provider.why_off)
      .text("since", provider.since)
      .count("keys", provider.keys.size())
      .count("keys_refused", bad_keys(policy, provider, health))
      .truth("keyless", provider.keyless)
      .truth("any_model", provider.any_model)
      .text("source", provider.source)
      .text("as_of", provider.as_of)
      .raw("limits", limits_json(provider.quota))
      .take();
}

void print_row(const std::string& id, const policy::Model& model, const std::string& reason) {
  const std::string can =
      model.kind != policy::Kind::chat
          ? std::string(policy::name(model.kind))
          : fmt::format("{}{}", model.tools ? "tools " : "      ", model.vision ? "vision" : "");
  const std::string context = model.context == 0 ? "" : std::to_string(model.context);
  fmt::print("{:<56} {:>9}  {:<12}  {}\n", id, context, can, reason.empty() ? "ok" : reason);
}

/// What a plugin says of one provider, whatever the policy makes of it.
struct Listed {
  policy::Manifest manifest;
  std::vector<policy::Diagnostic> faults;
  std::size_t off = 0;  ///< models
  std::vector<std::string_view> kinds;
};

Listed list(const std::string& id, const host::Provider& provider) {
  Listed out;
  policy::ManifestText text;
  text.provider = id;
  text.yaml = provider.manifest();
  text.file = provider.plugin().file();
  out.manifest = policy::read_manifest(text, out.faults);
  for (const policy::ModelSettings& model : out.manifest.models) {
    if (!model.enabled.value_or(true)) ++out.off;
    const std::string_view kind = policy::name(model.kind.value_or(policy::Kind::chat));
    if (std::find(out.kinds.begin(), out.kinds.end(), kind) == out.kinds.end()) out.kinds.push_back(kind);
  }
  return out;
}

void print_plugin(const std::string& id, const host::Provider& provider) {
  const Listed listed = list(id, provider);
  const std::string abi =
      fmt::format("ABI {}.{}", provider.plugin().abi_major(), provider.plugin().abi_minor());
  const std::size_t count = listed.manifest.models.size();
  std::string models = fmt::format("{} model{}", count, count == 1 ? "" : "s");
  if (listed.off > 0) models += fmt::format(", {} off", listed.off);
  std::string line =
      fmt::format("{:<16} {:<8} {:<8} {:<18} {:<28} {}", id, provider.plugin().version(), abi, models,
                  fmt::format("{}", fmt::join(listed.kinds, " ")), provider.plugin().file());
  if (!listed.manifest.enabled) line += "  " + off_text(listed.manifest.why_off);
  fmt::print("{}\n", line);
  for (const policy::Diagnostic& fault : listed.faults) fmt::print("{:<16} {}\n", "", fault.text());
}

std::string plugin_json(const std::string& id, const host::Provider& provider) {
  const Listed listed = list(id, provider);
  std::string kinds, faults;
  for (const std::string_view kind : listed.kinds) base::append_item(kinds, base::json_string(kind));
  for (const policy::Diagnostic& fault : listed.faults)
    base::append_item(faults, base::json_string(fault.text()));
  return base::JsonObject()
      .text("id", id)
      .text("name", listed.manifest.name)
      .text("file", provider.plugin().file())
      .text("version", provider.plugin().version())
      .text("abi", fmt::format("{}.{}", provider.plugin().abi_major(), provider.plugin().abi_minor()))
      .count("models", listed.manifest.models.size())
      .count("models_off", listed.off)
      .raw("kinds", "[" + kinds + "]")
      .truth("enabled", listed.manifest.enabled)
      .text("why_off", listed.manifest.why_off)
      .text("since", listed.manifest.since)
      .text("source", listed.manifest.source)
      .text("as_of", listed.manifest.as_of)
      .raw("faults", "[" + faults + "]")
      .take();
}

}  // namespace

int models_list(const Places& places, bool as_json) {
  Quiet quiet;
  const auto world = usable_world(places, quiet);
  if (!world) return refuse(world.error());
  const policy::Policy& policy = *world->policy;
  const auto known = known_health(places.data);
  const store::KeyHealth* health = known.get();
  if (as_json) {
    std::string models, providers;
    for (const policy::Model& model : policy.models) {
      // The nameless one stands for any name at an endpoint that takes them all.
      if (!model.id.empty()) base::append_item(models, model_json(policy, model, health));
    }
    for (const policy::Provider& provider : policy.providers)
      base::append_item(providers, provider_json(policy, provider, health));
    fmt::print("{{\"models\":[{}],\"providers\":[{}]}}\n", models, providers);
    return 0;
  }
  for (const policy::Provider& provider : policy.providers) {
    for (const policy::ModelIndex index : provider.models) {
      const policy::Model& model = policy.models[index];
      print_row(provider.id + "/" + model.id, model, why_not(policy, model, health));
    }
    if (!provider.models.empty()) continue;
    std::string reason = provider.any_model ? "any name is passed on" : "lists no model";
    if (!provider.enabled) reason = off_text(provider.why_off);
    print_row(provider.id + "/*", policy::Model{}, reason);
  }
  return 0;
}

int plugins_list(const Places& places, bool as_json) {
  Quiet quiet;
  const host::PluginSet set = quiet.loader.scan(plugin_directories(places.plugins));
  if (as_json) {
    std::string loaded, refused;
    for (const auto& [id, provider] : set.providers) base::append_item(loaded, plugin_json(id, *provider));
    for (const host::Refusal& r : set.refused)
      base::append_item(refused, base::JsonObject().text("file", r.file).text("reason", r.reason).take());
    fmt::print("{{\"plugins\":[{}],\"refused\":[{}]}}\n", loaded, refused);
    return 0;
  }
  for (const auto& [id, provider] : set.providers) print_plugin(id, *provider);
  for (const host::Refusal& r : set.refused) fmt::print("{:<16} refused: {}\n", r.file, r.reason);
  if (set.providers.empty()) {
    fmt::print("no plugin found; name their folder with --plugins\n");
    return 1;
  }
  return 0;
}

}  // namespace freellmapi::cli
