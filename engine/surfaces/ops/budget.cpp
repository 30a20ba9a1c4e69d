#include "surfaces/ops/budget.hpp"

#include <algorithm>
#include <map>
#include <tuple>

namespace freellmapi::surfaces {
namespace {

using policy::Scope;

constexpr std::uint64_t month = std::uint64_t{30} * 24 * 3600;
constexpr std::uint64_t endless = std::uint64_t{1} << 60;

std::uint64_t in_a_month(const policy::Rule& rule) {
  const auto length = static_cast<std::uint64_t>(std::max<std::int64_t>(rule.length.count(), 1));
  // What lasts a month or longer comes once; below, part of a window counts as the part it is.
  if (length >= month) return rule.limit;
  return rule.limit / length > endless / month
             ? endless
             : rule.limit * (month / length) + rule.limit * (month % length) / length;
}

bool of_tokens(const policy::Rule& rule) {
  return rule.of == policy::Unit::tokens || rule.of == policy::Unit::input_tokens ||
         rule.of == policy::Unit::output_tokens;
}

/// Spends each shared counter as the candidates come to it. Counters lie inside one another (a key's inside
/// the account's), so taking what each still has adds up to the whole.
class Counting {
 public:
  explicit Counting(const policy::Policy& policy) : policy_(policy) {}

  /// What one key at one model may have; nothing is left of it afterwards.
  std::uint64_t take(policy::ModelIndex m, policy::KeyIndex key, bool tokens) {
    const policy::Model& model = policy_.models[m];
    const policy::Provider& provider = policy_.providers[model.provider];
    std::vector<std::uint64_t*> left;
    std::uint64_t amount = endless;
    const auto look = [&](const std::vector<policy::Rule>& rules, bool of_model) {
      for (std::size_t i = 0; i < rules.size(); ++i) {
        if (tokens ? !of_tokens(rules[i]) : rules[i].of != policy::Unit::requests) continue;
        std::uint64_t& counter = of(rules[i], i, of_model, m, key);
        amount = std::min(amount, counter);
        left.push_back(&counter);
      }
    };
    look(model.quota, true);
    look(provider.quota, false);
    if (left.empty()) return 0;
    for (std::uint64_t* counter : left) *counter -= amount;
    return amount;
  }

  bool counts_tokens(policy::ModelIndex m) const {
    const policy::Model& model = policy_.models[m];
    return std::ranges::any_of(model.quota, of_tokens) ||
           std::ranges::any_of(policy_.providers[model.provider].quota, of_tokens);
  }

 private:
  /// Pool or not, the provider, the rule (by its place or its pool's name), the model, the key.
  using Name = std::tuple<policy::ProviderIndex, std::string, std::size_t, std::uint32_t, std::uint32_t>;

  std::uint64_t& of(const policy::Rule& rule, std::size_t place, bool of_model, policy::ModelIndex m,
                    policy::KeyIndex key) {
    const policy::ProviderIndex provider = policy_.models[m].provider;
    Name name{provider, {}, place, policy::none, policy::none};
    if (!rule.pool.empty()) {
      name = {provider, rule.pool + "/" + rule.label, 0, policy::none, policy::none};
    } else if (of_model || rule.scope == Scope::model) {
      std::get<3>(name) = m;
    }
    if (rule.scope == Scope::key) std::get<4>(name) = key;
    if (!of_model && rule.pool.empty()) std::get<1>(name) = "account";
    return counters_.try_emplace(std::move(name), in_a_month(rule)).first->second;
  }

  const policy::Policy& policy_;
  std::map<Name, std::uint64_t> counters_;  // bounded by rules times keys
};

}  // namespace

Budget month_budget(const policy::Policy& policy, policy::ChainIndex chain) {
  Budget out;
  if (chain >= policy.chains.size()) return out;
  Counting counting(policy);
  for (const policy::Step& step : policy.chains[chain].steps) {
    const policy::Model& model = policy.models[step.model];
    const policy::Provider& provider = policy.providers[model.provider];
    if (!provider.enabled || !model.enabled || model.kind != policy::Kind::chat) continue;
    if (provider.keys.empty() && !provider.keyless) continue;
    auto share = std::ranges::find(out.providers, provider.id, &Budget::Share::provider);
    if (share == out.providers.end()) share = out.providers.insert(out.providers.end(), {provider.id, 0, 0});
    const bool tokens = counting.counts_tokens(step.model);
    const auto add = [&](policy::KeyIndex key) {
      const std::uint64_t amount = counting.take(step.model, key, tokens);
      (tokens ? share->tokens : share->requests) += amount;
      (tokens ? out.tokens : out.requests) += amount;
    };
    if (provider.keys.empty()) add(policy::none);
    for (const policy::KeyIndex key : provider.keys) add(key);
  }
  return out;
}

}  // namespace freellmapi::surfaces
