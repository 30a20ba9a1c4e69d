#include "policy/show.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "policy/address.hpp"
#include "policy/rules.hpp"
#include "policy/values.hpp"

namespace freellmapi::policy {
namespace {

std::string in_units(std::uint64_t thousandths) {
  std::string text = std::to_string(thousandths / 1'000);
  if (thousandths % 1'000 != 0) {
    const std::string decimals = std::to_string(1'000 + thousandths % 1'000).substr(1);
    text += "." + decimals.substr(0, decimals.find_last_not_of('0') + 1);
  }
  return text;
}

std::string plain(std::string_view text) {
  const bool letters = !text.empty() && ((text[0] >= 'a' && text[0] <= 'z') || text[0] == '/') &&
                       std::all_of(text.begin(), text.end(), [](char c) {
                         return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                                c == '.' || c == '_' || c == '-' || c == '/';
                       });
  constexpr std::array<std::string_view, 8> words{"true", "false", "null", "yes", "no", "on", "off", "none"};
  if (letters && std::find(words.begin(), words.end(), text) == words.end()) return std::string(text);
  std::string out;
  base::append_json_string(out, text);
  return out;
}

std::string_view yes_no(bool value) { return value ? "true" : "false"; }

class Writer {
 public:
  Writer(const Policy& policy, bool comments) : policy_(policy), comments_(comments) {}

  std::string text() {
    line(0, "version: 1", {});
    server();
    chain("chain", policy_.chains.empty() ? Chain{} : policy_.chains.front(), 0);
    profiles();
    routing();
    store();
    if (!policy_.aliases.empty()) aliases();
    line(0, "providers:", {});
    for (const Provider& provider : policy_.providers) write(provider);
    return std::move(out_);
  }

 private:
  // `path` names the value whose origin stands in the comment; empty: none is due.
  void line(int depth, const std::string& content, const std::string& path) {
    out_.append(static_cast<std::size_t>(depth) * 2, ' ').append(content);
    if (comments_ && !path.empty()) {
      const auto found = policy_.origins.find(path);
      out_ += "  # ";
      out_ += found == policy_.origins.end() ? "default" : found->second;
    }
    out_ += '\n';
  }
  void remark(int depth, const std::string& text) {
    if (comments_) line(depth, "# " + base::printable(text, 500), {});
  }

  void server() {
    const Server& s = policy_.server;
    const bool v6 = s.address.find(':') != std::string::npos;
    const std::string listen = (v6 ? "[" + s.address + "]" : s.address) + ":" + std::to_string(s.port);
    line(0, "server:", {});
    line(1, "listen: \"" + listen + "\"", "server.listen");
    if (s.hosts.empty()) return;
    line(1, "hosts:", "server.hosts");
    for (const std::string& host : s.hosts) line(2, "- " + plain(host), {});
  }

  void chain(const std::string& key, const Chain& chain, int depth) {
    line(depth, key + ":", {});
    for (const Step& step : chain.steps) {
      const Model& model = policy_.models[step.model];
      const std::string name = plain(policy_.providers[model.provider].id + "/" + model.id);
      line(depth + 1,
           step.wait.count() == 0 ? "- " + name
                                  : "- {model: " + name + ", wait: " + duration_text(step.wait) + "}",
           {});
    }
  }

  void profiles() {
    if (policy_.chains.size() < 2) return;
    line(0, "profiles:", {});
    for (std::size_t i = 1; i < policy_.chains.size(); ++i) {
      const Chain& profile = policy_.chains[i];
      const std::string path = "profiles." + profile.name;
      line(1, plain(profile.name) + ":", path);
      line(2, "strategy: " + std::string(name(profile.strategy)), path + ".strategy");
      chain("chain", profile, 2);
    }
  }

  void routing() {
    const Routing& r = policy_.routing;
    line(0, "routing:", {});
    const Strategy strategy = policy_.chains.empty() ? Strategy::priority : policy_.chains.front().strategy;
    line(1, "strategy: " + std::string(name(strategy)), "routing.strategy");
    line(1, "sticky: " + duration_text(r.sticky), "routing.sticky");
    line(1, "attempts: " + std::to_string(r.attempts), "routing.attempts");
    line(1, "enforce_json: " + std::string(yes_no(r.enforce_json)), "routing.enforce_json");
    line(1, "budget: " + duration_text(r.budget), "routing.budget");
    line(1, "continue_streams: " + std::string(yes_no(r.continue_streams)), "routing.continue_streams");
    line(1, "on_content_filter: " + std::string(name(r.on_content_filter)), "routing.on_content_filter");
    line(1, "handoff: " + std::string(name(r.handoff)), "routing.handoff");
    line(1, "hedge: " + std::string(name(r.hedge)), "routing.hedge");
  }

  void store() {
    line(0, "store:", {});
    line(1, "requests:", {});
    line(2, "days: " + std::to_string(policy_.store.days), "store.requests.days");
    line(2, "rows: " + std::to_string(policy_.store.rows), "store.requests.rows");
    line(1, "conversations: " + duration_text(policy_.store.conversations), "store.conversations");
  }

  void aliases() {
    line(0, "aliases:", {});
    std::map<std::string, std::string> sorted(policy_.aliases.begin(), policy_.aliases.end());
    for (const auto& [alias, target] : sorted)
      line(1, plain(alias) + ": " + plain(target), "aliases." + alias);
  }

  void write(const Provider& provider) {
    const std::string path = "providers." + provider.id;
    const auto field = [&](const std::string& key, const std::string& value) {
      line(2, key + ": " + value, path + "." + key);
    };
    line(1, plain(provider.id) + ":", {});
    field("plugin", plain(provider.plugin));
    field("name", plain(provider.name));
    field("enabled", std::string(yes_no(provider.enabled)));
    if (!provider.why_off.empty()) remark(2, "off: " + provider.why_off);
    if (!provider.base_url.empty()) field("base_url", plain(provider.base_url));
    if (!provider.hosts.empty()) {
      line(2, "hosts:", path + ".hosts");
      for (const Host& host : provider.hosts)
        line(3, host.name + ": " + plain(host.url), path + ".hosts." + host.name);
    }
    if (!provider.probe_url.empty()) field("probe_url", plain(provider.probe_url));
    if (provider.local_allowed) field("local", "true");
    if (!provider.proxy.empty()) field("proxy", "\"" + proxy_without_secret(provider.proxy) + "\"");
    if (!provider.ca_file.empty()) field("ca_file", plain(provider.ca_file));
    const Timeouts& t = provider.timeouts;
    field("timeouts", "{connect: " + duration_text(t.connect) +
                          ", first_byte: " + duration_text(t.first_byte) +
                          ", idle: " + duration_text(t.idle) + ", total: " + duration_text(t.total) + "}");
    field("billing", std::string("{failed: ") +
                         (provider.billing.failed_counts_request ? "requests" : "none") +
                         ", cancelled: " + std::string(name(provider.billing.cancelled)) +
                         ", cut: " + std::string(name(provider.billing.cut)) + "}");
    keys(provider, path);
    quota(2, provider.quota, path + ".quota");
    if (provider.models.empty()) return;
    line(2, "models:", {});
    for (const ModelIndex model : provider.models) write(policy_.models[model], path + ".models.");
  }

  void keys(const Provider& provider, const std::string& path) {
    if (provider.keyless && comments_) remark(2, "works without a key");
    if (provider.keys.empty()) {
      line(2, "keys: []", path + ".keys");
      return;
    }
    line(2, "keys:", path + ".keys");
    for (const KeyIndex index : provider.keys) {
      const Key& key = policy_.keys[index];
      const auto space = key.source.find(' ');
      const std::string from = key.source.substr(0, space);
      const std::string what = space == std::string::npos ? "" : key.source.substr(space + 1);
      if (!comments_)
        line(3, "- " + key.label + " " + std::to_string(key.fingerprint) + " " + std::to_string(key.host),
             {});
      if (comments_ && what.empty()) remark(3, key.label + ": " + from);
      if (comments_ && !what.empty()) {
        line(3, "- {" + from + ": " + plain(what) + ", label: " + plain(key.label) + "}", {});
      }
    }
  }

  void quota(int depth, const std::vector<Rule>& rules, const std::string& path) {
    if (rules.empty()) return;
    line(depth, "quota:", path);
    for (const Rule& rule : rules) {
      std::string text = "- {limit: " + std::to_string(rule.limit) + ", of: " + plain(unit_text(rule));
      if (rule.of != Unit::concurrency) {
        text += ", per: " + (rule.per == Per::rolling ? "\"rolling " + duration_text(rule.length) + "\""
                                                      : std::string(name(rule.per)));
        text += ", resets: \"" + reset_text(rule) + "\"";
      }
      text += ", scope: " + std::string(name(rule.scope));
      if (!rule.pool.empty()) text += ", pool: " + plain(rule.pool);
      text += '}';
      if (comments_ && !rule.source.empty()) {
        text += "  # " + base::printable(rule.source, 512) + (rule.as_of.empty() ? "" : ", " + rule.as_of);
      }
      line(depth + 1, text, {});
    }
  }

  void write(const Model& model, const std::string& above) {
    const std::string path = above + model.id;
    const auto field = [&](const std::string& key, const std::string& value) {
      line(4, key + ": " + value, path + "." + key);
    };
    const auto flag = [&](const std::string& key, bool value) {
      if (value) field(key, "true");
    };
    const auto number = [&](const std::string& key, std::uint64_t value) {
      if (value != 0) field(key, std::to_string(value));
    };
    line(3, plain(model.id) + ":", path);
    field("name", plain(model.name));
    field("family", plain(model.family));
    field("kind", std::string(name(model.kind)));
    number("context", model.context);
    number("max_output", model.max_output);
    number("max_input", model.max_input);
    number("dims", model.dims);
    flag("tools", model.tools);
    flag("vision", model.vision);
    flag("reasoning", model.reasoning);
    flag("reasoning_back", model.reasoning_back);
    flag("prefill", model.prefill);
    field("json", std::string(name(model.json)));
    number("rank", model.rank);
    number("speed", model.speed);
    if (!model.tier.empty()) field("tier", model.tier);
    field("enabled", std::string(yes_no(model.enabled)));
    if (!model.why_off.empty()) field("why_off", plain(model.why_off));
    if (model.price)
      field("cost", "{request: " + in_units(model.price->per_request) +
                        ", input: " + in_units(model.price->per_million_input) +
                        ", output: " + in_units(model.price->per_million_output) + "}");
    quota(4, model.quota, path + ".quota");
  }

  const Policy& policy_;
  const bool comments_;
  std::string out_;
};

}  // namespace

std::string show(const Policy& policy) { return Writer(policy, true).text(); }
std::string canonical(const Policy& policy) { return Writer(policy, false).text(); }

}  // namespace freellmapi::policy
