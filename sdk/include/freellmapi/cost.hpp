// freellmapi/cost.hpp - the C++ face of extension "freellm.cost/1" (ext/cost.h). plugin.hpp offers it for
// every provider with one of the functions named here.
#pragma once

#include <freellmapi/ext/cost.h>

#include <concepts>
#include <cstdint>
#include <freellmapi/views.hpp>
#include <optional>
#include <string_view>

namespace freellmapi::sdk {

/// In thousandths of the provider's unit.
struct Price {
  std::uint64_t per_request = 0;
  std::uint64_t per_million_input = 0, per_million_output = 0;  ///< tokens
};

/// What so many tokens cost at that price, rounded up; at most 2^53.
constexpr std::uint64_t cost_at(const Price& price, std::uint64_t input, std::uint64_t output) noexcept {
  constexpr std::uint64_t most = std::uint64_t{1} << 53, million = 1'000'000;
  std::uint64_t whole = price.per_request, millionths = 0;
  const auto add = [&](std::uint64_t tokens, std::uint64_t rate) {
    if (tokens == 0 || rate == 0) return true;
    if (rate > most / million || tokens / million > most / rate) return false;
    whole += tokens / million * rate;
    millionths += tokens % million * rate;
    return whole <= most;
  };
  if (whole > most || !add(input, price.per_million_input) || !add(output, price.per_million_output))
    return most;
  whole += millionths / million + (millionths % million != 0 ? 1 : 0);
  return whole < most ? whole : most;
}

/// The number of such a text ("7.50", "0.003") in thousandths, rounded up; nothing when it is not one.
constexpr std::optional<std::uint64_t> thousandths_of(std::string_view text) noexcept {
  constexpr std::uint64_t most = std::uint64_t{1} << 53;
  std::uint64_t value = 0;
  std::size_t i = 0;
  for (; i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i) {
    value = value * 10 + static_cast<std::uint64_t>(text[i] - '0');
    if (value > most / 1'000) return std::nullopt;
  }
  if (i == 0) return std::nullopt;
  value *= 1'000;
  if (i == text.size()) return value;
  if (text[i] != '.' || i + 1 == text.size()) return std::nullopt;
  std::uint64_t weight = 100;
  bool more = false;
  for (++i; i < text.size(); ++i, weight /= 10) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value += static_cast<std::uint64_t>(text[i] - '0') * weight;
    more = more || (weight == 0 && text[i] != '0');
  }
  return value + (more ? 1 : 0);
}

/// The most that a call can cost, in thousandths; nothing when it cannot be told. `price` is empty for a
/// model that has none in the manifest or the policy.
template <class P>
concept BoundsCost = requires(const P& provider, const std::optional<Price>& price) {
  {
    provider.cost_bound(std::string_view{}, price, std::uint64_t{}, std::uint64_t{})
    } -> std::same_as<std::optional<std::uint64_t>>;
};
/// What an answer's head says that it cost, in thousandths.
template <class P>
concept StatesCost = requires(const P& provider, const Headers& head) {
  { provider.stated_cost(head) } -> std::same_as<std::optional<std::uint64_t>>;
};

}  // namespace freellmapi::sdk
