#include "crowd.hpp"

#include <string>
#include <utility>

namespace freellmapi::bench {
namespace {

using namespace std::chrono_literals;

policy::Rule rule(std::uint64_t limit, policy::Unit of, policy::Per per) {
  policy::Rule r;
  r.limit = limit;
  r.of = of;
  r.per = per;
  const bool day = per == policy::Per::day;
  r.length = day ? 86'400s : 60s;
  r.reset = day ? policy::Reset::wall_clock : policy::Reset::rolling;
  if (day) r.zone = "America/Los_Angeles";
  return r;
}

}  // namespace

std::shared_ptr<const policy::Policy> crowd(std::uint64_t limit) {
  constexpr std::uint64_t tokens = 2000;  // of a usual request
  auto made = std::make_shared<policy::Policy>();
  for (std::size_t p = 0; p < providers; ++p) {
    policy::Provider provider;
    provider.id = provider.plugin = "provider-" + std::to_string(p);
    for (std::size_t k = 0; k < keys_each; ++k) {
      policy::Key key;
      key.provider = static_cast<policy::ProviderIndex>(p);
      key.label = "key" + std::to_string(k + 1);
      key.fingerprint = made->keys.size() + 1;
      provider.keys.push_back(static_cast<policy::KeyIndex>(made->keys.size()));
      made->keys.push_back(std::move(key));
    }
    made->providers.push_back(std::move(provider));
  }
  made->chains.push_back({"default", {}, policy::Strategy::priority});
  for (std::size_t f = 0; f < families; ++f) {
    for (std::size_t i = 0; i < providers_per_family; ++i) {
      const auto p = static_cast<policy::ProviderIndex>((f * 5 + i * 3) % providers);
      policy::Model model;
      model.id = model.family = "model-" + std::to_string(f);
      model.provider = p;
      model.tools = model.vision = true;
      model.json = policy::Json::schema;
      model.context = 131'072;
      model.max_output = 8192;
      model.quota = {rule(limit, policy::Unit::requests, policy::Per::minute),
                     rule(limit * 30, policy::Unit::requests, policy::Per::day),
                     rule(limit * tokens, policy::Unit::tokens, policy::Per::minute),
                     rule(limit * tokens * 30, policy::Unit::tokens, policy::Per::day)};
      const auto index = static_cast<policy::ModelIndex>(made->models.size());
      made->providers[p].models.push_back(index);
      if (f == 0) made->chains[0].steps.push_back({index, 0ms});
      made->models.push_back(std::move(model));
    }
  }
  return made;
}

}  // namespace freellmapi::bench
