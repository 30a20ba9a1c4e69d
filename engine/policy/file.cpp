#include "policy/file.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "policy/tests.hpp"

namespace freellmapi::policy {
namespace {

using namespace std::chrono_literals;

Spot spot_of(const Value& value, std::string text) { return {std::move(text), value.path(), value.place()}; }

std::optional<Spot> read_spot(const Value& value) {
  auto text = value.text();
  if (!text) return std::nullopt;
  return spot_of(value, std::move(*text));
}

std::optional<std::vector<ChainItem>> read_chain(const Value& value) {
  if (!value.is(Element::Kind::sequence)) {
    value.wrong("a list of providers and models");
    return std::nullopt;
  }
  std::vector<ChainItem> out;
  for (const Value& item : value.list(256)) {
    ChainItem read;
    std::optional<Spot> target;
    if (item.is(Element::Kind::mapping)) {
      Fields fields(item);
      const auto model = fields.get("model");
      const auto provider = fields.get("provider");
      fields.duration("wait", read.wait, 0ms, 10min);
      fields.close();
      if (model.has_value() == provider.has_value()) {
        item.fault("an entry names either a 'model' or a 'provider'");
        continue;
      }
      target = read_spot(model ? *model : *provider);
      read.kind = model ? ChainItem::Kind::model : ChainItem::Kind::provider;
    } else if (item.is(Element::Kind::scalar)) {
      target = read_spot(item);
    } else {
      item.wrong("a provider, provider/model or {model: ..., wait: ...}");
    }
    if (!target) continue;
    read.target = std::move(*target);
    out.push_back(std::move(read));
  }
  return out;
}

std::optional<Strategy> read_strategy(const Value& value) {
  return read_word<Strategy::priority, Strategy::balanced, Strategy::fastest, Strategy::smartest,
                   Strategy::reliable, Strategy::expiring>(value);
}

void read_server(const Value& value, FileSettings& out) {
  Fields fields(value);
  if (const auto listen = fields.get("listen")) {
    if (const auto text = listen->text(300)) {
      const auto address = parse_listen(*text);
      if (!address) {
        listen->fault(address.error().message);
      } else {
        out.server.address = address->address;
        out.server.port = address->port;
        if (!address->loopback) listen->warn(beyond_loopback(*address));
      }
    }
  }
  if (const auto hosts = fields.get("hosts")) {
    for (const Value& host : hosts->list(64)) {
      if (auto name = read_host_name(host)) out.server.hosts.push_back(std::move(*name));
    }
  }
  fields.close();
}

void read_routing(const Value& value, FileSettings& out) {
  Fields fields(value);
  fields.read("strategy", out.strategy, read_strategy);
  fields.duration("sticky", out.routing.sticky, 0ms, 24h);
  fields.read("attempts", out.routing.attempts, [](const Value& v) -> std::optional<unsigned> {
    const auto number = v.whole(1, 1000);
    if (!number) return std::nullopt;
    return static_cast<unsigned>(*number);
  });
  fields.truth("enforce_json", out.routing.enforce_json);
  fields.duration("budget", out.routing.budget, 10ms, 1h);
  fields.truth("continue_streams", out.routing.continue_streams);
  fields.read("on_content_filter", out.routing.on_content_filter,
              read_word<OnContentFilter::fail, OnContentFilter::next>);
  fields.read("handoff", out.routing.handoff, read_word<Handoff::off, Handoff::note>);
  fields.read("hedge", out.routing.hedge, read_word<Hedge::off, Hedge::surplus>);
  fields.close();
}

void read_store(const Value& value, Store& out) {
  Fields fields(value);
  if (const auto requests = fields.get("requests")) {
    Fields bounds(*requests);
    bounds.read("days", out.days, [](const Value& v) -> std::optional<unsigned> {
      const auto number = v.whole(1, 3650);
      if (!number) return std::nullopt;
      return static_cast<unsigned>(*number);
    });
    bounds.read("rows", out.rows, [](const Value& v) { return v.whole(1, 100'000'000); });
    bounds.close();
  }
  fields.duration("conversations", out.conversations, 0ms, 24h * 30);
  fields.close();
}

void read_profiles(const Value& value, FileSettings& out) {
  for (const auto& [name, profile] : value.entries(64)) {
    ProfileSettings read;
    read.name = spot_of(name, name.node().text);
    if (!is_name(read.name.text)) {
      name.fault("a profile's name has 1 to 64 characters a-z, 0-9 and '-'");
    } else if (read.name.text == "auto" || read.name.text == "default" || strategy_named(read.name.text)) {
      name.fault("the name is taken: it means a strategy or the default chain");
    }
    Fields fields(profile);
    fields.read("chain", read.chain, read_chain);
    fields.read("strategy", read.strategy, read_strategy);
    fields.close();
    out.profiles.push_back(std::move(read));
  }
}

std::vector<KeyReference> read_key_references(const Value& value) {
  std::vector<KeyReference> out;
  for (const Value& item : value.list(256)) {
    Fields fields(item);
    if (!fields.readable()) continue;
    constexpr std::array<std::pair<std::string_view, KeyReference::Kind>, 3> kinds{
        {{"env", KeyReference::Kind::env},
         {"file", KeyReference::Kind::file},
         {"vault", KeyReference::Kind::vault}}};
    KeyReference read;
    std::size_t named = 0;
    for (const auto& [key, kind] : kinds) {
      const auto found = fields.get(key);
      if (!found) continue;
      ++named;
      read.kind = kind;
      if (auto text = read_spot(*found)) read.what = std::move(*text);
    }
    fields.text("label", read.label);
    fields.text("before", read.before);
    fields.read("host", read.host, read_spot);
    fields.close();
    if (!read.before.empty() && read.kind != KeyReference::Kind::env)
      item.fault("'before' goes with 'env': both are variables");
    if (named != 1) item.fault("a key is one of {env: NAME}, {file: PATH} and {vault: LABEL}");
    if (named == 1 && !read.what.text.empty()) out.push_back(std::move(read));
  }
  return out;
}

const Manifest* manifest_of(std::span<const Manifest> manifests, const std::string& plugin) {
  const auto found =
      std::find_if(manifests.begin(), manifests.end(), [&](const Manifest& m) { return m.id == plugin; });
  return found == manifests.end() ? nullptr : &*found;
}

void find_plugin(const Value& name, ProviderSettings& out, std::span<const Manifest> manifests) {
  const std::string& plugin = out.plugin ? out.plugin->text : out.name.text;
  out.manifest = manifest_of(manifests, plugin);
  if (out.manifest != nullptr) return;
  std::vector<std::string> installed;
  for (const Manifest& manifest : manifests) installed.push_back(manifest.id);
  const std::string missing = "no plugin '" + base::printable(plugin, 64) + "' is installed";
  if (out.plugin) {
    name.source().faults.error(out.plugin->place,
                               out.plugin->path + ": " + missing + did_you_mean(plugin, installed));
  } else {
    const std::string hint = did_you_mean(plugin, installed);
    name.fault(missing + (hint.empty()
                              ? "; an endpoint of your own says which 'plugin' speaks to it, such as custom"
                              : hint));
  }
}

ProviderSettings read_provider(const Value& name, const Value& value, std::span<const Manifest> manifests) {
  ProviderSettings out;
  out.name = spot_of(name, name.node().text);
  if (!is_name(out.name.text)) name.fault("a provider's name has 1 to 64 characters a-z, 0-9 and '-'");
  Fields fields(value);
  fields.read("plugin", out.plugin, read_spot);
  if (fields.readable()) find_plugin(name, out, manifests);
  fields.text("name", out.display_name);
  fields.truth("enabled", out.enabled);
  const auto read_url = [](const Value& v) -> std::optional<Spot> {
    auto url = read_base_url(v);
    if (!url) return std::nullopt;
    return spot_of(v, std::move(*url));
  };
  fields.read("base_url", out.base_url, read_url);
  fields.read("hosts", out.hosts, [](const Value& v) { return std::optional(read_hosts(v)); });
  fields.read("probe_url", out.probe_url, read_url);
  fields.truth("local", out.local);
  fields.read("proxy", out.proxy, read_proxy);
  fields.read("ca_file", out.ca_file, [](const Value& v) { return v.text(4096); });
  fields.read("keys", out.keys, [](const Value& v) { return std::optional(read_key_references(v)); });
  fields.read("timeouts", out.timeouts, read_timeouts);
  fields.read("billing", out.billing, read_billing);
  fields.read("counters", out.counters, read_counters);
  RuleContext context = out.manifest != nullptr ? out.manifest->rules : RuleContext{};
  context.source = "policy";
  if (out.counters) context.counters = *out.counters;
  fields.read("quota", out.quota, [&](const Value& v) { return read_quota(v, context); });
  if (const auto models = fields.get("models")) out.models = read_models(*models, context);
  fields.close();
  return out;
}

void read_aliases(const Value& value, FileSettings& out) {
  for (const auto& [name, target] : value.entries(512)) {
    auto spot = read_spot(target);
    const std::string& text = name.node().text;
    if (text == "auto" || text.starts_with("auto:")) {
      name.fault("'auto' always means the chain; choose another name");
    } else if (spot) {
      out.aliases.emplace_back(spot_of(name, text), std::move(*spot));
    }
  }
}

}  // namespace

std::string beyond_loopback(const Listen& listen) {
  return "listening on " + listen.address + " lets other machines in";
}

FileSettings read_file(const Element& root, Source& source, std::span<const Manifest> manifests) {
  FileSettings out;
  Fields fields(Value(root, source));
  if (!fields.readable()) return out;
  if (const auto version = fields.get("version")) {
    version->whole(1, 1);
  } else {
    source.faults.error({1, 1}, "the line 'version: 1' is missing");
  }
  if (const auto server = fields.get("server")) read_server(*server, out);
  const auto chain = fields.get("chain");
  if (chain) {
    out.chain = read_chain(*chain);
  } else {
    source.faults.error({1, 1}, "a 'chain' is missing: the providers and models to try, best first");
  }
  if (const auto profiles = fields.get("profiles")) read_profiles(*profiles, out);
  if (const auto routing = fields.get("routing")) read_routing(*routing, out);
  if (const auto store = fields.get("store")) read_store(*store, out.store);
  if (const auto aliases = fields.get("aliases")) read_aliases(*aliases, out);
  if (const auto tests = fields.get("tests")) out.tests = read_tests(*tests);
  if (const auto providers = fields.get("providers")) {
    for (const auto& [name, provider] : providers->entries(128)) {
      out.providers.push_back(read_provider(name, provider, manifests));
    }
  }
  fields.close();
  return out;
}

}  // namespace freellmapi::policy
