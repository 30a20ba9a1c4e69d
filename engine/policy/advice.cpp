#include "policy/advice.hpp"

#include <algorithm>
#include <limits>

namespace freellmapi::policy {
namespace {

constexpr std::uint64_t long_prompt = 100'000;
constexpr std::uint64_t unbounded = std::numeric_limits<std::uint64_t>::max();

// A token limit below the model's window is the window of a free tier.
std::uint64_t longest_prompt(const Policy& policy, const Model& model) {
  std::uint64_t most = model.context == 0 ? unbounded : model.context;
  for (const auto* rules : {&model.quota, &policy.providers[model.provider].quota}) {
    for (const Rule& rule : *rules) {
      if (rule.of == Unit::tokens || rule.of == Unit::input_tokens) most = std::min(most, rule.limit);
    }
  }
  return most;
}

void advise_on_chain(const Policy& policy, const Chain& chain, const std::string& path, Source& source) {
  if (chain.steps.empty()) return;  // that is a fault of its own
  bool tools = false, images = false;
  std::uint64_t longest = 0;
  const Model* roomiest = nullptr;
  for (const Step& step : chain.steps) {
    const Model& model = policy.models[step.model];
    tools = tools || model.tools;
    images = images || model.vision;
    const std::uint64_t most = longest_prompt(policy, model);
    if (most <= longest) continue;
    longest = most;
    roomiest = &model;
  }
  const auto found = source.found.find(path);
  const Place place = found == source.found.end() ? Place{} : found->second;
  const auto warn = [&](const std::string& message) { source.faults.warning(place, path + ": " + message); };
  if (!tools) warn("no model in it can call tools: no agent can use it");
  if (!images) warn("no model in it can read images");
  if (longest < long_prompt && roomiest != nullptr) {
    warn("no model in it takes a prompt of " + std::to_string(long_prompt) + " tokens; the most is " +
         std::to_string(longest) + ", of " + policy.providers[roomiest->provider].id + "/" + roomiest->id);
  }
}

std::string origin_of(const Rule& rule) {
  if (rule.source.empty() && rule.as_of.empty()) return {};
  return " (" + rule.source + (rule.source.empty() || rule.as_of.empty() ? "" : ", ") + rule.as_of + ")";
}

void advise_on_quota(const QuotaSettings& own, const std::vector<Rule>& known, Source& source) {
  for (std::size_t i = 0; i < own.rules.size(); ++i) {
    const Rule& mine = own.rules[i];
    for (const Rule& rule : known) {
      const bool same =
          counts_the_same(mine, rule) && (!own.whole || (mine.scope == rule.scope && mine.pool == rule.pool));
      if (!same || mine.limit <= rule.limit) continue;
      source.faults.warning(own.where[i].place, own.where[i].path + ": " + std::to_string(mine.limit) +
                                                    " is above the plugin's " + rule.label + origin_of(rule));
      break;
    }
  }
  for (std::size_t i = 0; i < own.dropped.size(); ++i) {
    for (const Rule& rule : known) {
      if (rule.of != own.dropped[i].first) continue;
      if (rule.of != Unit::concurrency && rule.per != own.dropped[i].second) continue;
      source.faults.warning(
          own.where_dropped[i].place,
          own.where_dropped[i].path + ": takes away the plugin's " + rule.label + origin_of(rule));
      break;
    }
  }
}

void advise_on_limits(const ProviderSettings& provider, Source& source) {
  if (provider.manifest == nullptr) return;
  if (provider.quota) advise_on_quota(*provider.quota, provider.manifest->quota, source);
  for (const ModelSettings& model : provider.models) {
    const auto& all = provider.manifest->models;
    const auto known =
        std::find_if(all.begin(), all.end(), [&](const ModelSettings& m) { return m.id == model.id; });
    if (known == all.end() || !model.quota || !known->quota) continue;
    advise_on_quota(*model.quota, known->quota->rules, source);
  }
}

}  // namespace

void advise(const Policy& policy, const FileSettings& file, Source& source) {
  if (policy.chains.empty()) return;
  advise_on_chain(policy, policy.chains.front(), "chain", source);
  for (const ProfileSettings& profile : file.profiles) {
    const ChainIndex index = policy.profile_named(profile.name.text);
    if (profile.chain && index != none)
      advise_on_chain(policy, policy.chains[index], profile.name.path + ".chain", source);
  }
  for (const ProviderSettings& provider : file.providers) advise_on_limits(provider, source);
}

}  // namespace freellmapi::policy
