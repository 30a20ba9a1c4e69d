// What calls cost in the provider's own unit (extension "freellm.cost/1").
#include <algorithm>

#include "host/guard.hpp"
#include "host/provider.hpp"
#include "host/tables.hpp"

namespace freellmapi::host {

namespace {
// So that sums of a few stay numbers, whatever a plugin says.
constexpr std::uint64_t most_thousandths = std::uint64_t{1} << 53;
}  // namespace

std::optional<std::uint64_t> Provider::cost_bound(std::string_view model, const freellm_price& price,
                                                  std::uint64_t input_tokens,
                                                  std::uint64_t output_tokens) const {
  if (cost_ == nullptr || cost_->bound == nullptr) return std::nullopt;
  std::uint64_t cost = 0;
  const freellm_status status =
      call_plugin([&] { return cost_->bound(raw_, str(model), &price, input_tokens, output_tokens, &cost); });
  return status == FREELLM_OK ? std::optional(std::min(cost, most_thousandths)) : std::nullopt;
}

std::optional<std::uint64_t> Provider::stated_cost(const freellm_head& head) const {
  if (!states_costs()) return std::nullopt;
  std::uint64_t cost = 0;
  const freellm_status status = call_plugin([&] { return cost_->stated(raw_, &head, &cost); });
  return status == FREELLM_OK ? std::optional(std::min(cost, most_thousandths)) : std::nullopt;
}

}  // namespace freellmapi::host
