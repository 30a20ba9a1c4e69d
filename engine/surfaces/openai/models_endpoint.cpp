#include "base/text.hpp"
#include "routing/decide.hpp"
#include "surfaces/openai/endpoints.hpp"
#include "surfaces/openai/error.hpp"
#include "surfaces/openai/models.hpp"

namespace freellmapi::surfaces::openai {

namespace {

/// Asks the same decision that a request for `target` would ask.
std::vector<Usability> usability_of(const relay::Snapshot& snapshot, const routing::Target& target,
                                    const quota::Ledger& ledger, const base::Clock& clock) {
  routing::Inputs inputs;
  inputs.plan = snapshot.plan.get();
  inputs.ledger = &ledger;
  inputs.target = &target;
  inputs.now.steady = clock.since_boot();
  inputs.now.wall = clock.wall();
  routing::Decision decision;
  routing::decide(inputs, decision);
  std::vector<Usability> usability(snapshot.policy->models.size());
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

relay::Reply not_found(const std::string& request_id, std::string message) {
  relay::Failure failure;
  failure.status = 404;
  failure.type = "not_found_error";
  failure.code = "model_not_found";
  failure.message = std::move(message);
  failure.param = "model";
  return error_reply(request_id, failure);
}

}  // namespace

relay::Reply ModelsEndpoint::list(const Incoming& incoming, const relay::Snapshot& snapshot) const {
  routing::Target every;
  for (policy::ModelIndex m = 0; m < snapshot.policy->models.size(); ++m) every.models.push_back(m);
  const std::vector<Usability> usability = usability_of(snapshot, every, ledger_, clock_);
  const std::string_view query = incoming.exchange.head().query;
  const bool only_available = query == "available=true" || query == "connected=true" || query == "ready=true";
  relay::Reply reply;
  reply.body = models_body(*snapshot.policy, usability, snapshot.made, only_available);
  return reply;
}

relay::Reply ModelsEndpoint::one(const Incoming& incoming, const relay::Snapshot& snapshot) const {
  const policy::Policy& policy = *snapshot.policy;
  // The SDKs encode the slash of provider/model.
  const std::string id = base::percent_decoded(incoming.rest);
  const auto target = routing::resolve(policy, id);
  if (!target) return not_found(incoming.record.request_id, target.error().message);
  std::vector<policy::ModelIndex> models =
      target->automatic() ? models_of(policy.chains[target->chain]) : target->models;
  std::erase_if(models,
                [&policy](policy::ModelIndex m) { return policy.models[m].kind != policy::Kind::chat; });
  if (models.empty() && !target->automatic()) {
    return not_found(incoming.record.request_id, "the model '" + base::printable(id) + "' is no chat model");
  }
  const std::vector<Usability> usability = usability_of(snapshot, *target, ledger_, clock_);
  relay::Reply reply;
  reply.body = model_body(policy, usability, snapshot.made, id, models, target->automatic());
  return reply;
}

net::Task<void> ModelsEndpoint::handle(Incoming& incoming) {
  const auto snapshot = relay_.current().get();
  relay::Reply reply = incoming.rest.empty() ? list(incoming, *snapshot) : one(incoming, *snapshot);
  if (reply.status == 200) {
    reply.fields.add("Content-Type", "application/json");
  } else {
    incoming.record.code = "model_not_found";
  }
  reply.fields.add("X-Policy-Version", snapshot->policy->version);
  incoming.record.status = reply.status;
  incoming.record.response_bytes = reply.body.size();
  co_await relay::send(incoming.exchange, reply, incoming.common);
}

}  // namespace freellmapi::surfaces::openai
