#include "surfaces/ops/ops.hpp"

#include <fmt/format.h>
#include <freellmapi/abi.h>

#include <utility>

#include "base/text.hpp"
#include "routing/decide.hpp"
#include "surfaces/ops/answers.hpp"

namespace freellmapi::surfaces {

std::string_view program_version() noexcept { return FREELLMAPI_VERSION; }

void Status::set_reload_error(std::string text) {
  const std::lock_guard lock(mutex_);
  reload_error_ = std::move(text);
}

std::string Status::reload_error() const {
  const std::lock_guard lock(mutex_);
  return reload_error_;
}

net::Task<void> Livez::handle(Incoming& incoming) {
  co_await reply_json(incoming, 200, "{\"status\":\"ok\"}\n");
}

net::Task<void> Version::handle(Incoming& incoming) {
  co_await reply_json(incoming, 200,
                      fmt::format("{{\"name\":\"freellmapi\",\"version\":\"{}\",\"abi\":\"{}.{}\"}}\n",
                                  program_version(), FREELLM_ABI_MAJOR, FREELLM_ABI_MINOR));
}

Health::Health(const relay::Relay& relay, quota::Ledger& ledger, const base::Clock& clock,
               const Status& status, std::function<bool()> draining, bool detailed)
    : relay_(relay),
      ledger_(ledger),
      clock_(clock),
      status_(status),
      draining_(std::move(draining)),
      detailed_(detailed) {}

net::Task<void> Health::handle(Incoming& incoming) {
  const auto snapshot = relay_.current().get();
  const policy::Policy& policy = *snapshot->policy;
  routing::Target target;
  target.chain = 0;
  routing::Inputs inputs;
  inputs.plan = snapshot->plan.get();
  inputs.ledger = &ledger_;
  inputs.target = &target;
  inputs.now = {clock_.since_boot(), clock_.wall()};
  routing::Decision decision;
  routing::decide(inputs, decision);

  std::size_t configured = 0;
  for (const routing::Considered& c : decision.considered) {
    const bool off = c.gate == routing::Gate::provider_off || c.gate == routing::Gate::model_off ||
                     c.gate == routing::Gate::no_key;
    if (!off) ++configured;
  }
  const std::size_t usable = decision.order.size();
  std::string_view state = "ok";
  if (draining_()) {
    state = "draining";
  } else if (configured == 0) {
    state = "no_providers_configured";
  } else if (usable == 0) {
    state = "all_candidates_unavailable";
  }
  const int status = state == "ok" ? 200 : 503;
  if (!detailed_) {
    co_await reply_json(incoming, status, fmt::format("{{\"status\":\"{}\"}}\n", state));
    co_return;
  }
  const std::string reload_error = status_.reload_error();
  std::string body = fmt::format(
      "{{\"status\":\"{}\",\"version\":\"{}\",\"policy\":{{\"version\":\"{}\",\"reload_error\":{}}},"
      "\"candidates\":{{\"considered\":{},\"configured\":{},\"usable\":{}}},\"providers\":{},\"keys\":{}}}\n",
      state, program_version(), policy.version,
      reload_error.empty() ? "null" : base::json_string(reload_error), decision.considered.size(), configured,
      usable, policy.providers.size(), policy.keys.size());
  co_await reply_json(incoming, status, std::move(body));
}

}  // namespace freellmapi::surfaces
