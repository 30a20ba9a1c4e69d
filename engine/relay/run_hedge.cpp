// A stream that is late gets a second leg beside the first, where that costs quota that nobody would miss.
#include <exception>

#include "relay/race.hpp"

namespace freellmapi::relay {

std::optional<base::Instant> Run::hedge_at(const Leg& leg) const {
  if (policy_.routing.hedge == policy::Hedge::off || !job_.request.stream) return std::nullopt;
  if (hedged_ || race_ != nullptr || continuation_ || attempts_->lanes().size() < 2) return std::nullopt;
  const auto late =
      snapshot_->statistics->first_token_quantile(leg.model_index, hedge_share, relay_.clock_.since_boot());
  if (!late) return std::nullopt;
  return relay_.clock_.steady() + *late;
}

net::Task<Run::End> Run::race(Leg& leg, base::Instant at) {
  Race race(core_, *this);
  race_ = &race;
  race.second.begin_at(at);
  End end = End::failed;
  std::exception_ptr escaped;
  try {
    end = co_await send(leg);
  } catch (...) {
    escaped = std::current_exception();
  }
  under_way_[0] = nullptr;
  if (escaped && under_way_[1] != nullptr) under_way_[1]->canceller.cancel();
  co_await race.second.join();
  race_ = nullptr;
  if (escaped) std::rethrow_exception(escaped);
  const bool decides = end == End::overtaken || (end == End::failed && race.second_end);
  co_return decides ? race.second_end.value_or(End::failed) : end;
}

net::Task<void> Run::second_leg() {
  const std::optional<Action> action = from_surplus();
  if (!action) co_return;
  const base::Moment present = relay_.clock_.moment();
  const End end = co_await attempt(*action, present);
  under_way_[1] = nullptr;
  account_for(action->lane, end);
  const bool attempted = end != End::put_off && end != End::passed_over;
  if (attempted) race_->second_end = end;
}

std::optional<Action> Run::from_surplus() {
  const Leg* const late = under_way_[0];
  if (late == nullptr || !attempts_->may_start(relay_.clock_.steady())) return std::nullopt;
  widen();
  for (std::size_t i = 0; i < attempts_->lanes().size(); ++i) {
    if (!attempts_->may_join(i, late->lane) || !would_go_unused(attempts_->lanes()[i])) continue;
    hedged_ = true;
    const Action action = attempts_->join(i);
    const policy::Model& model = policy_.models[attempts_->lanes()[i].model];
    relay_.log_.info("attempt.hedged", {{"id", job_.record.request_id},
                                        {"provider", policy_.providers[model.provider].id},
                                        {"model", model.id},
                                        {"beside", late->route.provider}});
    return action;
  }
  return std::nullopt;
}

bool Run::would_go_unused(const Lane& lane) const {
  const policy::Model& model = policy_.models[lane.model];
  const quota::Need need =
      routing::need_of(features_, model, policy_.providers[model.provider], &relay_.calibration_);
  const quota::Now at = now();
  return relay_.ledger_.surplus(*snapshot_->plan, lane.key, lane.model, need, at) &&
         relay_.ledger_.check(*snapshot_->plan, lane.key, lane.model, need, at).state ==
             quota::Verdict::State::free;
}

void Run::win(Leg& leg) {
  if (race_->won) return;
  race_->won = true;
  race_->second.call_off();
  leg.reading->won();
  for (Leg* const other : under_way_) {
    if (other != nullptr && other != &leg) overtake(*other);
  }
}

// Whoever wins does it, at once, for the client is told of it with the first token.
void Run::overtake(Leg& leg) {
  leg.overtaken = true;
  learn_overtaken(leg);
  note_hop(leg, attempt_name(attempt_hedged));
  // Should the winner come to nothing before the client has a word of it, this one may be asked once more.
  attempts_->put_off(leg.lane, true);
  relay_.log_.info(
      "attempt.overtaken",
      {{"id", job_.record.request_id}, {"provider", leg.route.provider}, {"model", leg.route.model}});
  leg.canceller.cancel();
}

// It knows itself how far it has got.
Run::End Run::was_overtaken(Leg& leg, Spent spent) {
  settle_failure(leg, spent);
  return End::overtaken;
}

}  // namespace freellmapi::relay
