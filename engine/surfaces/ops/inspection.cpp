#include "surfaces/ops/inspection.hpp"

#include <utility>

#include "base/text.hpp"
#include "surfaces/ops/answers.hpp"
#include "surfaces/ops/explanation.hpp"
#include "surfaces/ops/quota_report.hpp"

namespace freellmapi::surfaces {

namespace {
constexpr std::chrono::seconds longest_forecast{60};
constexpr std::chrono::milliseconds between_looks{25};
}  // namespace

net::Task<void> Explain::handle(Incoming& incoming) {
  if (incoming.rest.empty()) {
    co_await hypothetical(incoming);
  } else {
    co_await past(incoming);
  }
}

net::Task<void> Explain::past(Incoming& incoming) {
  const std::string id = base::percent_decoded(incoming.rest);
  const auto found = history_.find(id);
  if (!found) {
    co_await reply_error(incoming, 503, "store_unavailable", found.error().message);
    co_return;
  }
  if (!*found) {
    std::string message = "no request '" + base::printable(id, 64) + "' is remembered";
    co_await reply_error(incoming, 404, "request_not_found", std::move(message));
    co_return;
  }
  const auto recorded = routing::read_record((*found)->record.decision);
  auto policy = recorded ? history_.policy(recorded->policy_version) : nullptr;
  std::string body = explanation_of(**found, std::move(policy));
  body += '\n';
  co_await reply_json(incoming, 200, std::move(body));
}

net::Task<void> Explain::hypothetical(Incoming& incoming) {
  const auto question = read_question(incoming.exchange.head().query);
  if (!question) {
    co_await reply_error(incoming, 400, "invalid_value", question.error().message);
    co_return;
  }
  const auto snapshot = relay_.current().get();
  quota::Now now;
  now.steady = clock_.since_boot();
  now.wall = clock_.wall();
  auto body = answer(*question, *snapshot->plan, ledger_, snapshot->statistics.get(), now);
  if (!body) {
    co_await reply_error(incoming, 404, "model_not_found", body.error().message);
    co_return;
  }
  *body += '\n';
  co_await reply_json(incoming, 200, std::move(*body));
}

net::Task<void> Forecast::handle(Incoming& incoming) {
  const base::Instant give_up = incoming.core.clock().steady() + longest_forecast;
  std::optional<base::Result<std::string>> made = foresight_.ask();
  while (!made && incoming.core.clock().steady() < give_up && !incoming.exchange.gone()) {
    const base::Instant look_again = incoming.core.clock().steady() + between_looks;
    co_await incoming.core.sleep_until(look_again);
    made = foresight_.ask();
  }
  if (!made || !*made) {
    std::string message = made ? made->error().message : "the forecast is not made yet; ask again";
    co_await reply_error(incoming, 503, "no_forecast", std::move(message));
    co_return;
  }
  std::string body = std::move(**made);
  body += '\n';
  co_await reply_json(incoming, 200, std::move(body));
}

net::Task<void> Quota::handle(Incoming& incoming) {
  const auto snapshot = relay_.current().get();
  quota::Now now;
  now.steady = clock_.since_boot();
  now.wall = clock_.wall();
  std::string body = quota_report(*snapshot->plan, ledger_, now);
  body += '\n';
  co_await reply_json(incoming, 200, std::move(body));
}

}  // namespace freellmapi::surfaces
