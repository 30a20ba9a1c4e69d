#include "policy/policy.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace freellmapi::policy {
namespace {

constexpr std::array<std::pair<std::string_view, Strategy>, 6> strategies{{
    {"priority", Strategy::priority},
    {"balanced", Strategy::balanced},
    {"fastest", Strategy::fastest},
    {"smartest", Strategy::smartest},
    {"reliable", Strategy::reliable},
    {"expiring", Strategy::expiring},
}};

}  // namespace

std::string_view name(Kind kind) noexcept {
  constexpr std::array<std::string_view, 4> words{"chat", "embedding", "image", "speech"};
  return words[static_cast<std::size_t>(kind)];
}

std::string_view name(Json mode) noexcept {
  constexpr std::array<std::string_view, 3> words{"none", "object", "schema"};
  return words[static_cast<std::size_t>(mode)];
}

std::string_view name(OnContentFilter way) noexcept { return way == OnContentFilter::next ? "next" : "fail"; }

std::string_view name(Handoff handoff) noexcept { return handoff == Handoff::note ? "note" : "off"; }

std::string_view name(Hedge hedge) noexcept { return hedge == Hedge::surplus ? "surplus" : "off"; }

std::string_view name(Strategy s) noexcept {
  for (const auto& [text, strategy] : strategies) {
    if (strategy == s) return text;
  }
  return "priority";
}

std::optional<Strategy> strategy_named(std::string_view text) noexcept {
  for (const auto& [known, strategy] : strategies) {
    if (known == text) return strategy;
  }
  return std::nullopt;
}

ProviderIndex Policy::provider_named(std::string_view id) const noexcept {
  for (ProviderIndex i = 0; i < providers.size(); ++i) {
    if (providers[i].id == id) return i;
  }
  return none;
}

ChainIndex Policy::profile_named(std::string_view profile) const noexcept {
  for (ChainIndex i = 0; i < chains.size(); ++i) {
    if (chains[i].name == profile) return i;
  }
  return none;
}

ModelIndex Policy::model_of(ProviderIndex provider, std::string_view id) const noexcept {
  if (provider >= providers.size()) return none;
  for (const ModelIndex i : providers[provider].models) {
    if (models[i].id == id) return i;
  }
  return none;
}

std::uint64_t Price::of(std::uint64_t input, std::uint64_t output) const noexcept {
  __extension__ using Wide = unsigned __int128;
  constexpr std::uint64_t million = 1'000'000, most = std::uint64_t{1} << 53;
  const Wide tokens = Wide{input} * per_million_input + Wide{output} * per_million_output;
  return static_cast<std::uint64_t>(std::min<Wide>((tokens + million - 1) / million + per_request, most));
}

}  // namespace freellmapi::policy
