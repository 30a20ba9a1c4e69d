#include <fmt/format.h>

#include "base/text.hpp"
#include "routing/decide.hpp"
#include "surfaces/openai/endpoints.hpp"
#include "surfaces/openai/error.hpp"
#include "surfaces/openai/models.hpp"

namespace freellmapi::surfaces::openai {

namespace {

/// Asks the same decision that a request would ask, of every model at once.
std::vector<Usability> usability_of(const relay::Snapshot& snapshot, const quota::Ledger& ledger,
                                    const base::Clock& clock) {
  const policy::Policy& policy = *snapshot.policy;
  routing::Target every;
  for (policy::ModelIndex m = 0; m < policy.models.size(); ++m) every.models.push_back(m);
  routing::Inputs inputs;
  inputs.plan = snapshot.plan.get();
  inputs.ledger = &ledger;
  inputs.target = &every;
  inputs.now.steady = clock.steady();
  inputs.now.wall = clock.wall();
  routing::Decision decision;
  routing::decide(inputs, decision);
  std::vector<Usability> usability(policy.models.size());
  for (const routing::Considered& c : decision.considered) {
    Usability& u = usability[c.candidate.model];
    if (c.gate == routing::Gate::passed) {
      u.available = true;
      u.reason.clear();
    } else if (!u.available) {
      u.reason = routing::name(c.gate);
    }
  }
  return usability;
}

}  // namespace

net::Task<void> ModelsEndpoint::handle(Incoming& incoming) {
  const auto snapshot = relay_.current().get();
  const std::vector<Usability> usability = usability_of(*snapshot, ledger_, clock_);
  // The SDKs encode the slash of provider/model.
  const std::string id = base::percent_decoded(incoming.rest);
  relay::Reply reply;
  reply.fields.emplace_back("Content-Type", "application/json");
  reply.fields.emplace_back("X-Policy-Version", snapshot->policy->version);
  if (id.empty()) {
    const std::string_view query = incoming.exchange.head().query;
    const bool only_available =
        query == "available=true" || query == "connected=true" || query == "ready=true";
    reply.body = models_body(*snapshot->policy, usability, snapshot->made, only_available);
  } else if (auto body = model_body(*snapshot->policy, usability, snapshot->made, id)) {
    reply.body = std::move(*body);
  } else {
    const auto target = routing::resolve(*snapshot->policy, id);
    relay::Failure failure;
    failure.status = 404;
    failure.type = "not_found_error";
    failure.code = "model_not_found";
    failure.message =
        target ? fmt::format("There is no model {}.", base::printable(id)) : target.error().message;
    incoming.record.code = failure.code;
    reply = error_reply(incoming.record.request_id, failure);
  }
  incoming.record.status = reply.status;
  incoming.record.response_bytes = reply.body.size();
  co_await relay::send(incoming.exchange, reply, incoming.common);
}

}  // namespace freellmapi::surfaces::openai
