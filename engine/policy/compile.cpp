#include "policy/compile.hpp"

#include <algorithm>

#include "base/ids.hpp"
#include "base/text.hpp"
#include "policy/advice.hpp"
#include "policy/chain.hpp"
#include "policy/digest.hpp"
#include "policy/file.hpp"
#include "policy/keys.hpp"
#include "policy/show.hpp"
#include "policy/tests.hpp"

namespace freellmapi::policy {
namespace {

// Lays policy.yaml over the manifests, provider by provider.
class Compiler {
 public:
  Compiler(const Input& input, Source& source) : input_(input), source_(source) {}

  std::shared_ptr<Policy> build(const FileSettings& file, const std::vector<Manifest>& manifests) {
    policy_->file = input_.file;
    policy_->server = file.server;
    policy_->routing = file.routing;
    policy_->store = file.store;
    override_listen();
    for (const Manifest& manifest : manifests) {
      const auto own = std::find_if(file.providers.begin(), file.providers.end(),
                                    [&](const ProviderSettings& p) { return p.name.text == manifest.id; });
      if (own != file.providers.end()) {
        if (own->manifest != nullptr) add_provider(*own->manifest, &*own);
      } else if (manifest.faulty || manifest.local || !manifest.base_url.empty()) {
        add_provider(manifest,
                     nullptr);  // one without an address is a plugin for endpoints of the user's own
      }
    }
    for (const ProviderSettings& settings : file.providers) {
      if (policy_->provider_named(settings.name.text) != none) continue;
      if (settings.manifest != nullptr) {
        add_provider(*settings.manifest, &settings);
      } else {
        add_unknown(settings);
      }
    }
    note_origins();
    add_chains(file);
    resolve_aliases(*policy_, file.aliases, source_);
    policy_->tests = check_tests(*policy_, file.tests, source_);
    add_nameless();
    name_tokenizers();
    policy_->version = short_hex(sha256(canonical(*policy_)));
    return policy_;
  }

 private:
  void override_listen() {
    if (input_.listen_override.empty()) return;
    const auto listen = parse_listen(input_.listen_override);
    if (!listen) {
      source_.faults.error({}, "--listen: " + listen.error().message);
      return;
    }
    policy_->server.address = listen->address;
    policy_->server.port = listen->port;
    source_.found.erase("server.listen");
    policy_->origins["server.listen"] = "--listen";
    if (!listen->loopback) source_.faults.warning({}, "--listen: " + beyond_loopback(*listen));
  }

  void add_provider(const Manifest& manifest, const ProviderSettings* settings) {
    Provider provider;
    provider.id = settings != nullptr ? settings->name.text : manifest.id;
    provider.plugin = manifest.id;
    provider.name = settings != nullptr && settings->display_name ? *settings->display_name : manifest.name;
    provider.base_url = manifest.base_url;
    provider.probe_url = manifest.probe_url;
    for (const HostSettings& host : manifest.hosts) provider.hosts.push_back({host.name, host.url, false});
    provider.keyless = !manifest.keys.required;
    provider.answers_itself = manifest.local;
    provider.local_allowed = manifest.base_url.empty() && !manifest.local;
    provider.enabled = manifest.enabled;
    provider.why_off = manifest.why_off;
    provider.since = manifest.since;
    provider.source = manifest.source;
    provider.as_of = manifest.as_of;
    provider.quota = manifest.quota;
    apply(manifest.timeouts, provider.timeouts);
    apply(manifest.billing, provider.billing);
    if (settings != nullptr) lay_over(*settings, manifest, provider);
    const auto index = static_cast<ProviderIndex>(policy_->providers.size());
    policy_->providers.push_back(std::move(provider));
    add_models(index, manifest, settings);
    add_keys(index, manifest, settings);
    note_manifest(policy_->providers[index].id, manifest);
  }

  // Its missing plugin is reported; a chain that names it need not report it again.
  void add_unknown(const ProviderSettings& settings) {
    Provider provider;
    provider.id = settings.name.text;
    provider.enabled = false;
    provider.why_off = "its plugin is not installed";
    policy_->providers.push_back(std::move(provider));
  }

  void lay_over(const ProviderSettings& settings, const Manifest& manifest, Provider& provider) {
    if (settings.enabled && !manifest.faulty) {
      provider.enabled = *settings.enabled;
      provider.why_off = provider.enabled ? "" : "switched off in the policy";
      provider.since.clear();
    }
    if (settings.proxy) provider.proxy = *settings.proxy;
    if (settings.ca_file) provider.ca_file = *settings.ca_file;
    if (settings.local) provider.local_allowed = *settings.local;
    if (settings.timeouts) apply(*settings.timeouts, provider.timeouts);
    if (settings.billing) apply(*settings.billing, provider.billing);
    if (settings.quota) apply(*settings.quota, provider.quota);
    const bool remote = !provider.local_allowed;
    if (settings.base_url) {
      // A key must not go to a host that the user did not name.
      provider.hosts.clear();
      provider.probe_url.clear();
      set_url(*settings.base_url, settings.local, remote, provider.id, provider.base_url,
              provider.local_allowed);
    } else if (provider.base_url.empty() && !manifest.local && !manifest.faulty) {
      source_.faults.error(settings.name.place,
                           settings.name.path + ": the plugin '" + manifest.id + "' needs a 'base_url'");
    }
    if (settings.probe_url) {
      bool local = false;
      set_url(*settings.probe_url, settings.local, remote, provider.id, provider.probe_url, local);
    }
    if (settings.hosts) {
      provider.hosts.clear();
      for (const HostSettings& host : *settings.hosts) {
        Host own{host.name, {}, !remote};
        set_url({host.url, host.path, host.place}, settings.local, remote, provider.id, own.url,
                own.local_allowed);
        provider.hosts.push_back(std::move(own));
      }
    }
  }

  // A local address reached through a name is refused when it is dialled; here only what the file spells out
  // is seen.
  void set_url(const Spot& spot, const std::optional<bool>& local, bool remote, const std::string& provider,
               std::string& out, bool& local_allowed) {
    const auto url = parse_base_url(spot.text);
    if (!url) return;  // reported when it was read
    out = url->text;
    if (!remote) return;
    if (url->host == HostKind::local || (url->host == HostKind::loopback && local)) {
      source_.faults.error(spot.place, spot.path +
                                           ": a private address is for custom endpoints; 'local: true' "
                                           "beside it allows it here");
    } else if (url->host == HostKind::loopback) {
      local_allowed = true;
      source_.faults.warning(
          spot.place, spot.path + ": requests and keys of " + provider + " go to a program on this machine");
    }
  }

  void add_models(ProviderIndex index, const Manifest& manifest, const ProviderSettings* settings) {
    for (const ModelSettings& model : manifest.models) add_model(index, model);
    if (settings != nullptr) {
      for (const ModelSettings& model : settings->models) {
        const ModelIndex known = policy_->model_of(index, model.id);
        if (known != none) {
          Model& changed = policy_->models[known];
          apply(model, changed);
          if (!changed.enabled && changed.why_off.empty()) changed.why_off = "switched off in the policy";
        } else {
          if (!manifest.models.empty()) warn_new_model(*settings, manifest, model);
          add_model(index, model);
        }
      }
    }
    Provider& provider = policy_->providers[index];
    provider.any_model = provider.models.empty() && provider.enabled && !provider.answers_itself;
  }

  void add_model(ProviderIndex index, const ModelSettings& settings) {
    Model model;
    model.id = model.name = settings.id;
    model.family = base::to_lower(settings.id);
    model.provider = index;
    apply(settings, model);
    if (!model.enabled && model.why_off.empty())
      model.why_off = why_off_text("", settings.since.value_or(""));
    policy_->providers[index].models.push_back(static_cast<ModelIndex>(policy_->models.size()));
    policy_->models.push_back(std::move(model));
  }

  void warn_new_model(const ProviderSettings& settings, const Manifest& manifest,
                      const ModelSettings& model) {
    std::vector<std::string> ids;
    for (const ModelSettings& known : manifest.models) ids.push_back(known.id);
    const std::string hint = did_you_mean(model.id, ids);
    if (hint.empty()) return;
    source_.faults.warning(model.place, member_path(settings.name.path + ".models", model.id) +
                                            ": taken for a new model; the plugin does not list it" + hint);
  }

  void add_keys(ProviderIndex index, const Manifest& manifest, const ProviderSettings* settings) {
    Provider& provider = policy_->providers[index];
    const KeyFacts facts = facts_of(provider.id, manifest);
    const auto* references = settings != nullptr && settings->keys ? &*settings->keys : nullptr;
    for (Key& key : find_keys(provider, facts, references, input_, source_.faults, &provider.duplicates)) {
      key.provider = index;
      provider.keys.push_back(static_cast<KeyIndex>(policy_->keys.size()));
      policy_->keys.push_back(std::move(key));
    }
    if (settings != nullptr && !provider.keys.empty()) warn_in_the_clear(*settings, provider);
  }

  // Whoever is on the way to another machine reads what goes there without TLS.
  void warn_in_the_clear(const ProviderSettings& settings, const Provider& provider) {
    const auto look = [&](const Spot& spot) {
      const auto url = parse_base_url(spot.text);
      if (!url || !url->text.starts_with("http://") || url->host == HostKind::loopback) return;
      if (url->host == HostKind::local && !provider.local_allowed) return;  // refused
      source_.faults.warning(spot.place, spot.path + ": keys and prompts of " + provider.id +
                                             " go to this address in the clear; use https:// if it has it");
    };
    if (settings.base_url) look(*settings.base_url);
    if (settings.probe_url) look(*settings.probe_url);
    if (!settings.hosts) return;
    for (const HostSettings& host : *settings.hosts) look({host.url, host.path, host.place});
  }

  void note_manifest(const std::string& provider, const Manifest& manifest) {
    const std::string above = "providers." + provider + ".";
    for (const auto& [path, place] : manifest.found) {
      std::string full = above;
      full += path;
      policy_->origins[full] = manifest.file + ":" + std::to_string(place.line);
    }
  }

  void note_origins() {
    for (const auto& [path, place] : source_.found) {
      policy_->origins[path] = input_.file + ":" + std::to_string(place.line);
    }
  }

  // Nobody knows what a model can do that only the client names: its word is taken. Off, so that no list
  // shows it.
  void add_nameless() {
    for (ProviderIndex i = 0; i < policy_->providers.size(); ++i) {
      Provider& provider = policy_->providers[i];
      if (!provider.any_model) continue;
      Model model;
      model.provider = i;
      model.tools = model.vision = true;
      model.json = Json::schema;
      model.enabled = false;
      model.why_off = "only a name in the request makes it a model";
      provider.any = static_cast<ModelIndex>(policy_->models.size());
      policy_->models.push_back(std::move(model));
    }
  }

  void name_tokenizers() {
    for (Model& model : policy_->models)
      if (!model.family.empty()) model.tokenizer = base::fnv1a(model.family);
  }

  void add_chains(const FileSettings& file) {
    Chain main;
    main.name = "default";
    main.strategy = file.strategy;
    const auto found = source_.found.find("chain");
    const Place place = found == source_.found.end() ? Place{} : found->second;
    if (file.chain) main.steps = resolve_chain(*policy_, *file.chain, {{}, "chain", place}, source_);
    policy_->chains.push_back(std::move(main));
    for (const ProfileSettings& profile : file.profiles) {
      Chain chain;
      chain.name = profile.name.text;
      chain.strategy = profile.strategy.value_or(file.strategy);
      if (profile.chain) {
        chain.steps = resolve_chain(*policy_, *profile.chain, profile.name, source_);
      } else {
        chain.steps = policy_->chains.front().steps;
      }
      policy_->chains.push_back(std::move(chain));
    }
  }

  const Input& input_;
  Source& source_;
  std::shared_ptr<Policy> policy_ = std::make_shared<Policy>();
};

}  // namespace

Outcome compile(const Input& input) {
  Outcome out;
  std::vector<Diagnostic> of_manifests;
  std::vector<Manifest> manifests;
  for (const ManifestText& text : input.manifests) {
    const bool twice = std::any_of(manifests.begin(), manifests.end(),
                                   [&](const Manifest& m) { return m.id == text.provider; });
    if (twice) {
      of_manifests.push_back(
          {text.file, 0, 0, "the provider '" + text.provider + "' is there already", true});
    } else {
      manifests.push_back(read_manifest(text, of_manifests));
    }
  }
  Source source(input.file);
  if (const auto root = read_document(input.text, source.faults)) {
    const FileSettings file = read_file(*root, source, manifests);
    auto policy = Compiler(input, source).build(file, manifests);
    if (input.advice) advise(*policy, file, source);
    if (!source.faults.any_errors()) out.policy = std::move(policy);
  }
  out.diagnostics = source.faults.sorted();
  const std::size_t room = max_diagnostics - out.diagnostics.size();
  if (of_manifests.size() > room) of_manifests.resize(room);
  out.diagnostics.insert(out.diagnostics.end(), of_manifests.begin(), of_manifests.end());
  return out;
}

}  // namespace freellmapi::policy
