// The manifest: every member the router reads, complete and sane. The grammar is in sdk/README.md.
#include <algorithm>
#include <set>

#include "kit/checks.hpp"
#include "kit/text.hpp"
#include "kit/yaml.hpp"

namespace freellmapi::kit {
namespace {

constexpr std::string_view root_members[] = {
    "manifest", "id",          "name",   "version",  "base_url", "hosts", "probe_url", "wire",
    "docs",     "console_url", "keys",   "timeouts", "counters", "quota", "billing",   "enabled",
    "why_off",  "since",       "source", "as_of",    "notes",    "models"};
constexpr std::string_view model_members[] = {
    "name",    "family",  "kind",      "context",        "max_output", "max_input", "dims",  "tools",
    "vision",  "json",    "reasoning", "reasoning_back", "prefill",    "rank",      "speed", "tier",
    "enabled", "why_off", "since",     "source",         "as_of",      "quota",     "note",  "cost"};
constexpr std::uint64_t most_tokens = 100'000'000;

using Look = std::function<void(const Place&, const Facts&, Judge&)>;

/// A check that looks at the root of each provider's manifest.
void look(Group& group, std::string name, std::string title, Look body) {
  group.each(std::move(name), std::move(title), [body = std::move(body)](const Facts& facts, Judge& judge) {
    if (const auto root = manifest_root(facts, judge)) body(*root, facts, judge);
  });
}

/// A check that looks at each model.
void look_at_models(Group& group, std::string name, std::string title,
                    std::function<void(const Place&, Judge&)> body) {
  look(group, std::move(name), std::move(title),
       [body = std::move(body)](const Place& root, const Facts&, Judge& judge) {
         const Place models = root.member("models");
         if (!models.is_map()) return;
         for (const auto& entry : models.node()) {
           if (judge.enough()) return;
           body({entry.second, "models." + (entry.first.IsScalar() ? entry.first.Scalar() : "?"), judge},
                judge);
         }
       });
}

bool is_variable(std::string_view name) {
  return !name.empty() && name.size() <= 64 && (name[0] < '0' || name[0] > '9') &&
         name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == name.npos;
}

void judge_variable(const Place& place) {
  const auto name = place.text(64);
  if (name && !is_variable(*name))
    place.fail("\"" + printable(*name, 64) + "\" is no name of an environment variable");
}

void judge_keys(const Place& root, const Facts& facts, Judge& judge) {
  constexpr std::string_view members[] = {"env", "prefix", "min_length", "required"};
  const Place keys = root.member("keys");
  if (!keys.there()) {
    if (!facts.local) judge.advise("no `keys`: the provider is taken to need none");
    return;
  }
  if (!keys.map_of(members)) return;
  keys.member("prefix").text(64);
  keys.member("min_length").whole(0, 4'096);
  const auto required = keys.member("required").truth();
  const bool names = keys.member("env").is_list() && keys.member("env").node().size() > 0;
  if (required.value_or(true) && !names) keys.fail("keys are required and no variable is named in `env`");
}

void judge_key_names(const Place& root, const Facts&, Judge&) {
  constexpr std::string_view members[] = {"name", "before", "host"};
  const Place env = root.member("keys").member("env");
  if (!env.there()) return;
  if (!env.is_list() || env.node().size() > 16) return env.fail("should be a list of at most 16 names");
  std::set<std::string> seen;
  for (std::size_t i = 0; i < env.node().size(); ++i) {
    const Place one = env.item(i);
    const Place name = one.is_map() ? one.member("name") : one;
    if (one.is_map() && one.map_of(members)) {
      judge_variable(one.member("before"));
      const auto host = one.member("host").text(64);
      if (host && !root.member("hosts").member(*host).there())
        one.fail("the host '" + *host + "' is not among `hosts`");
    }
    if (!name.there()) one.fail("needs a name");
    judge_variable(name);
    if (name.there() && name.node().IsScalar() && !seen.insert(name.node().Scalar()).second)
      one.fail("stands twice");
  }
}

void judge_hosts(const Place& root, const Facts&, Judge&) {
  const Place hosts = root.member("hosts");
  if (!hosts.there()) return;
  if (!hosts.is_map() || hosts.node().size() > 4) return hosts.fail("should be a map of at most four");
  for (const auto& entry : hosts.node()) {
    const std::string name = entry.first.Scalar();
    if (!is_name(name)) hosts.fail("'" + printable(name, 64) + "' is no name");
    hosts.member(name).url();
  }
}

void judge_timeouts(const Place& root, const Facts&, Judge&) {
  constexpr std::string_view members[] = {"connect", "first_byte", "idle", "total"};
  constexpr std::uint64_t least = 100, most = 86'400'000;
  const Place timeouts = root.member("timeouts");
  if (!timeouts.map_of(members)) return;
  std::uint64_t longest = 0, total = 0;
  for (const std::string_view name : members) {
    const Place one = timeouts.member(std::string(name));
    const auto text = one.text(32);
    if (!text) continue;
    const std::uint64_t ms = duration_ms(*text);
    if (ms < least || ms > most) one.fail("\"" + *text + "\" is no duration from 100ms to 24h");
    (name == "total" ? total : longest) = name == "total" ? ms : std::max(longest, ms);
  }
  if (total != 0 && longest > total) timeouts.fail("a part is longer than the total");
}

void judge_switch(const Place& place, bool date_needed) {
  place.member("since").date();
  const auto enabled = place.member("enabled").truth();
  const auto why = place.member("why_off").text(512);
  if (enabled.value_or(true)) {
    if (why) place.advise("it says why_off and is on");
    return;
  }
  if (!why || why->empty()) place.fail("is off and has no why_off");
  if (place.member("since").there()) return;
  if (date_needed)
    place.fail("is off and has no since");
  else
    place.advise("is off and has no since");
}

void judge_identity(const Place& root, const Facts& facts, Judge& judge) {
  const auto id = root.member("id").text(64);
  judge.expect(id.has_value() && *id == facts.id,
               [&] { return "its id is '" + id.value_or("") + "', the table's is '" + facts.id + "'"; });
}

void judge_base_url(const Place& root, const Facts& facts, Judge& judge) {
  const Place url = root.member("base_url");
  if (facts.local) return;
  if (!url.there()) return judge.advise("no base_url: every policy must give one");
  if (!url.url()) return;
  const std::string& text = url.node().Scalar();
  if (text.ends_with('/')) url.fail("ends with '/'; the paths of requests begin with it");
  if (text.find_first_of("?#@") != text.npos) url.fail("holds a query, a fragment or a user");
  if (text.starts_with("http://") && text.find("//localhost") == text.npos &&
      text.find("//127.") == text.npos)
    url.advise("keys travel unencrypted");
}

void judge_word_list(const Place& list, std::size_t most) {
  if (!list.there()) return;
  if (!list.is_list() || list.node().size() > most)
    return list.fail("should be a list of at most " + std::to_string(most));
  for (std::size_t i = 0; i < list.node().size(); ++i) list.item(i).text(4'096);
}

void judge_figures(const Place& root, const Facts&, Judge& judge) {
  root.member("as_of").date();
  const bool all = root.member("source").there() && root.member("as_of").there();
  root.member("source").text(512);
  const Place models = root.member("models");
  std::size_t without = 0;
  if (models.is_map())
    for (const auto& entry : models.node()) {
      const Place model(entry.second, "models." + entry.first.Scalar(), judge);
      model.member("source").text(512);
      model.member("as_of").date();
      const bool own = model.member("source").there() && model.member("as_of").there();
      without += !all && !own && model.member("quota").there() ? 1 : 0;
    }
  const bool account = root.member("quota").is_list() && root.member("quota").node().size() > 0;
  if (without > 0 || (account && !all))
    judge.advise("limits without a source and a date (`source`, `as_of`): " + std::to_string(without) +
                 " model(s)");
}

void judge_context(const Place& model, Judge&) {
  const auto context = model.member("context").whole(1, most_tokens);
  const auto output = model.member("max_output").whole(1, most_tokens);
  const bool chat = !model.member("kind").there() || model.member("kind").node().Scalar() == "chat";
  if (chat && !model.member("context").there())
    model.advise("a chat model without `context`: nothing is too long for it");
  if (context && output && *output > *context) model.fail("max_output is larger than context");
}

void judge_kind(const Place& model, Judge&) {
  constexpr std::string_view kinds[] = {"chat", "embedding", "image", "speech"};
  const Place kind = model.member("kind");
  if (kind.there() && !kind.one_of(kinds)) return;
  const bool embedding = kind.there() && kind.node().Scalar() == "embedding";
  for (const char* const name : {"dims", "max_input"})
    if (model.member(name).there() && !embedding && std::string_view(name) == "dims")
      model.fail("only embeddings have dims");
  model.member("dims").whole(1, 1'000'000);
  model.member("max_input").whole(1, most_tokens);
  if (embedding && !model.member("dims").there()) model.advise("an embedding without `dims`");
}

void judge_abilities(const Place& model, Judge&) {
  constexpr std::string_view words[] = {"none", "object", "schema"};
  for (const char* const name : {"tools", "vision", "reasoning", "reasoning_back", "prefill"})
    model.member(name).truth();
  if (model.member("json").there()) model.member("json").one_of(words);
}

void judge_ranking(const Place& model, Judge&) {
  constexpr std::string_view tiers[] = {"frontier", "large", "medium", "small"};
  model.member("rank").whole(1, 1'000'000);
  model.member("speed").whole(1, 1'000'000);
  if (model.member("tier").there()) model.member("tier").one_of(tiers);
}

}  // namespace

void add_manifest_checks(std::vector<Check>& checks) {
  Group group(checks, "manifest");
  look(group, "yaml", "it is a YAML map without anchors, aliases or tags",
       [](const Place&, const Facts& facts, Judge& judge) {
         const std::string_view text = view(facts.provider->manifest);
         for (std::size_t at = 0; at < text.size(); at = std::min(text.find('\n', at), text.size() - 1) + 1) {
           const std::string_view line = text.substr(at, text.find('\n', at) - at);
           const std::size_t value = line.find(": ");
           if (value == line.npos || line[line.find_first_not_of(' ')] == '#') continue;
           const std::string_view rest =
               line.substr(std::min(line.find_first_not_of(' ', value + 1), line.size()));
           if (!rest.empty() && (rest[0] == '&' || rest[0] == '*' || rest[0] == '!'))
             judge.fail("the router takes no anchors, aliases or tags: " + printable(line, 80));
         }
       });
  look(group, "format", "`manifest: 1` is there", [](const Place& root, const Facts&, Judge& judge) {
    judge.expect(root.member("manifest").whole(1, 1).has_value(), "the line 'manifest: 1' is missing");
  });
  look(group, "members", "it has no member that the router does not know",
       [](const Place& root, const Facts&, Judge&) { root.map_of(root_members); });
  look(group, "id", "its id is the table's", judge_identity);
  look(group, "names", "name, version and links are readable",
       [](const Place& root, const Facts&, Judge& judge) {
         const auto name = root.member("name").text(128);
         if (!name || name->empty()) judge.advise("a `name` reads better than the id");
         root.member("version").text(64);
         for (const char* const link : {"docs", "console_url"})
           if (root.member(link).there()) root.member(link).url();
       });
  look(group, "base-url", "base_url is an http(s) URL without a '/' at its end", judge_base_url);
  look(group, "hosts", "hosts are at most four names with URLs", judge_hosts);
  look(group, "probe-url", "probe_url is a URL", [](const Place& root, const Facts&, Judge&) {
    if (root.member("probe_url").there()) root.member("probe_url").url();
  });
  look(group, "wire", "wire is a short word, `local` exactly when it answers by itself",
       [](const Place& root, const Facts& facts, Judge& judge) {
         const auto wire = root.member("wire").text(32);
         judge.expect((wire && *wire == "local") == facts.local,
                      "`wire: local` and freellm.local/1 belong together");
       });
  look(group, "keys", "keys are described completely", judge_keys);
  look(group, "key-names", "the variables of keys have legal names", judge_key_names);
  look(group, "timeouts", "timeouts are durations in range and fit together", judge_timeouts);
  look(group, "switch", "a provider that is off says why and since when",
       [](const Place& root, const Facts&, Judge&) { judge_switch(root, true); });
  look(group, "notes", "notes are a list of sentences",
       [](const Place& root, const Facts&, Judge&) { judge_word_list(root.member("notes"), 64); });
  look(group, "models", "models are a map of at most 512",
       [](const Place& root, const Facts& facts, Judge& judge) {
         const Place models = root.member("models");
         if (!models.there())
           return judge.advise("no models: any name is passed on, and nothing is known of it");
         if (!models.is_map() || models.node().size() > 512)
           return models.fail("should be a map of at most 512");
         if (facts.models.empty()) models.fail("is empty");
       });
  look(group, "model-ids", "ids of models are readable and stand once",
       [](const Place& root, const Facts& facts, Judge&) {
         std::set<std::string> seen;
         for (const ModelFacts& model : facts.models) {
           const Place place = root.member("models");
           if (model.id.empty() || model.id.size() > 256 || printable(model.id, 256) != model.id ||
               model.id.find(' ') != model.id.npos)
             place.fail("\"" + printable(model.id, 80) + "\" is no id");
           if (!seen.insert(model.id).second) place.fail(model.id + " stands twice");
         }
       });
  look_at_models(group, "model-members", "models have no unknown member",
                 [](const Place& m, Judge&) { m.map_of(model_members); });
  look_at_models(group, "model-kind", "kinds are chat, embedding, image or speech, and their figures fit",
                 judge_kind);
  look_at_models(group, "model-context", "context and max_output are there and sane", judge_context);
  look_at_models(group, "model-abilities",
                 "tools, vision, json, reasoning and prefill are said in the right words", judge_abilities);
  look_at_models(group, "model-ranking", "rank, speed and tier are in range", judge_ranking);
  look_at_models(group, "model-names", "name, family and note are readable", [](const Place& m, Judge&) {
    m.member("name").text(256);
    m.member("family").text(256);
    m.member("note").text(4'096);
  });
  look_at_models(group, "model-switch", "a model that is off says why",
                 [](const Place& m, Judge&) { judge_switch(m, false); });
  look(group, "figures", "every figure has a source and a date", judge_figures);
}

}  // namespace freellmapi::kit
