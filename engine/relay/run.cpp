#include "relay/run.hpp"

#include <algorithm>
#include <utility>

#include "base/ids.hpp"
#include "base/text.hpp"
#include "chat/decode.hpp"
#include "relay/leg.hpp"
#include "routing/record.hpp"

namespace freellmapi::relay {

using std::chrono::milliseconds;

Run::Run(Relay& relay, net::Exchange& exchange, net::Core& core, const Job& job)
    : relay_(relay),
      exchange_(exchange),
      core_(core),
      job_(job),
      snapshot_(relay.current_.get()),
      policy_(*snapshot_->policy),
      seed_(base::random_bits()) {
  exchange_.watch(this);
}

Run::~Run() {
  exchange_.watch(nullptr);
  if (!job_.record.kept) job_.record.kept = std::move(snapshot_);
}

void Run::client_gone() noexcept {
  for (Leg* const leg : under_way_) {
    if (leg != nullptr) leg->canceller.cancel();
  }
}

quota::Now Run::now() const {
  const base::Moment moment = relay_.clock_.moment();
  return {moment.since_boot, moment.wall};
}

bool Run::resolve(std::string_view model) {
  auto target = routing::resolve(policy_, model);
  if (!target) {
    failure_.status = 404;
    failure_.type = "not_found_error";
    failure_.code = "model_not_found";
    failure_.message = target.error().message;
    failure_.param = "model";
    return false;
  }
  target_ = &own_target_.emplace(std::move(*target));
  return true;
}

bool Run::choose() {
  const chat::Request& request = job_.request;
  target_ = snapshot_->names->find(request.model);
  if (target_ == nullptr && !resolve(request.model)) return false;
  features_.tools = request.facts.tools;
  features_.images = request.facts.images;
  features_.json_object = request.facts.json_object;
  features_.json_schema = request.facts.json_schema;
  features_.stream = request.stream;
  input_ = chat::shape_of(request.facts);
  features_.input_tokens = input_.estimate;
  features_.input_cell = input_.cell;
  features_.output_tokens = request.max_tokens;

  inputs_.plan = snapshot_->plan.get();
  inputs_.ledger = &relay_.ledger_;
  inputs_.target = target_;
  inputs_.now = now();
  inputs_.seed = seed_;
  inputs_.calibration = &relay_.calibration_;
  inputs_.statistics = snapshot_->statistics.get();
  features_.session = look_back(inputs_);
  inputs_.features = features_;
  // How long a stream is waited for depends on whether somebody else is there.
  inputs_.enough = request.stream ? 2 : 1;
  routing::decide(inputs_, decision_);
  // Where scores were given their terms are written down as well. What was decided in part is short, and
  // written at once.
  if (decision_.whole())
    job_.record.decision.reserve(routing::record_usual * (decision_.terms.empty() ? 1 : 3));
  routing::write_record(inputs_, decision_, job_.record.decision);
  return true;
}

void Run::widen() {
  if (decision_.whole()) return;
  const std::size_t known = decision_.order.size();
  routing::decide_rest(inputs_, decision_);
  attempts_->add(lanes_from(known));
  job_.record.decision.clear();
  routing::write_record(inputs_, decision_, job_.record.decision);
}

Attempts::Lanes Run::lanes_from(std::size_t place) const {
  Attempts::Lanes lanes;
  for (; place < decision_.order.size(); ++place) {
    const routing::Candidate& c = decision_.considered[decision_.order[place]].candidate;
    const policy::Model& model = policy_.models[c.model];
    Lane& lane = lanes.emplace_back();
    lane.provider = model.provider;
    lane.model = c.model;
    lane.key = c.key;
    lane.context = model.context;
    lane.wait = c.wait;
    if (c.key != policy::none) {
      lane.hosts = static_cast<std::uint32_t>(snapshot_->upstreams[model.provider].hosts.size());
      lane.host = snapshot_->key_hosts->of(c.key);
    }
  }
  return lanes;
}

void Run::plan_attempts() {
  Limits limits;
  limits.attempts = policy_.routing.attempts;
  limits.no_new_attempt_after = exchange_.started() + policy_.routing.budget;
  limits.filtered_goes_on = policy_.routing.on_content_filter == policy::OnContentFilter::next;
  attempts_.emplace(lanes_from(0), limits);
}

net::Task<void> Run::serve(Relay& relay, net::Exchange& exchange, net::Core& core, Job job) {
  co_await core.turn().at(net::Step::choose);
  job.record.asked = base::printable(job.request.model);
  Run run(relay, exchange, core, job);
  if (!run.choose()) {
    co_await run.give_up();
    co_return;
  }
  run.plan_attempts();
  co_await core.turn().at(net::Step::attempt);
  while (true) {
    base::Moment present = relay.clock_.moment();
    const Action action = run.continuation_ ? run.next_leg() : run.attempts_->next(present.steady);
    if (action.what == Action::What::give_up) break;
    for (; present.steady < action.not_before && !exchange.gone(); present = relay.clock_.moment()) {
      // In slices, so that a client that leaves is noticed.
      const base::Instant slice = present.steady + milliseconds{250};
      const base::Instant until = std::min(action.not_before, slice);
      co_await core.sleep_until(until);
    }
    End end = End::client_gone;
    if (!exchange.gone()) end = co_await run.attempt(action, present);
    run.under_way_[0] = nullptr;
    if (end == End::served) co_return;
    if (end == End::client_gone) {
      job.record.status = 499;
      job.record.code = "client_gone";
      job.record.attempts = run.trail_.count();
      job.record.trail = run.trail_.header();
      co_return;
    }
    run.widen();
    run.account_for(action.lane, end);
  }
  if (run.continuation_) {
    co_await run.cut_short();
    co_return;
  }
  run.set_exhausted();
  co_await run.give_up();
}

void Run::set_exhausted() {
  keep_set_aside();
  Exhaustion facts;
  facts.policy = &policy_;
  facts.decision = &decision_;
  facts.endings = &endings_;
  facts.out_of_budget = attempts_->out_of_budget();
  facts.capped = attempts_->attempted() >= policy_.routing.attempts;
  facts.asked_model = job_.request.model;
  facts.input_tokens = features_.input_tokens;
  facts.now = relay_.clock_.wall();
  failure_ = explain_exhaustion(facts, *relay_.log_.redactor());
}

void Run::account_for(std::size_t lane, End end) {
  if (end != End::put_off && end != End::passed_over) return;
  if (end == End::put_off) attempts_->put_off(lane, false);
  if (end == End::passed_over) attempts_->passed_over(lane);
  keep_set_aside();
}

net::Task<void> Run::give_up() {
  Reply reply = job_.encoder.failure(job_.record.request_id, failure_);
  reply.fields.add("X-Fallback-Attempts", std::to_string(trail_.count()));
  reply.fields.add("X-Policy-Version", policy_.version);
  const Timing taken = timing(relay_.clock_.steady());
  reply.fields.add_made("Server-Timing", server_timing_most,
                        [&](std::string& out) { append_server_timing(out, taken); });
  if (trail_.count() > 0) reply.fields.add("X-Fallback-Trail", trail_.header());
  job_.record.status = reply.status;
  job_.record.code = failure_.code;
  job_.record.attempts = trail_.count();
  job_.record.trail = trail_.header();
  job_.record.response_bytes = reply.body.size();
  co_await relay::send(exchange_, reply, job_.common);
}

quota::Need Run::need_of(const Leg& leg) const {
  // Later what others were billed may have taught more.
  const bool just_decided = attempts_->attempted() == 1 && leg.asked == &job_.request;
  if (just_decided) return routing::need_in(inputs_, decision_, leg.model_index);
  routing::Features features = features_;
  features.input_tokens = leg.input.estimate;
  features.input_cell = leg.input.cell;
  return routing::need_of(features, leg.model, leg.provider, &relay_.calibration_);
}

net::Task<Run::End> Run::attempt(Action action, base::Moment present) {
  const std::size_t lane_index = action.lane;
  const Lane lane = attempts_->lanes()[lane_index];
  Leg leg(*this, lane_index, lane, action);
  under_way_[race_ != nullptr ? 1 : 0] = &leg;
  leg.route.created = present.wall;

  if (!enter(leg, action.insists)) co_return End::put_off;
  if (!leg.upstream.plugin) co_return fail(leg, outcome_of(FREELLM_C_UNKNOWN, "its plugin is not loaded"));
  if (continuation_ && !ask_to_go_on(leg)) co_return End::passed_over;
  amend(leg);
  leg.need = need_of(leg);
  const routing::Considered& decided = decision_.considered[decision_.order[lane_index]];
  if (decided.output_tokens > 0)
    leg.need.output_tokens = std::min(leg.need.output_tokens, decided.output_tokens);
  const bool bounded = features_.output_tokens > 0 || routing::counts_output(leg.model, leg.provider);
  leg.call.emplace(*leg.asked, leg.model, leg.route.model, bounded ? leg.need.output_tokens : 0,
                   seed_ + lane_index);
  if (action.repaired) {
    // Another leg may have ended since.
    const auto last =
        std::find_if(endings_.rbegin(), endings_.rend(), [&](const Ending& e) { return e.of(lane); });
    const freellm_outcome& asked = (last != endings_.rend() ? *last : endings_.back()).outcome;
    if (!leg.call->repair(asked.repair_field, asked.repair_rename)) {
      leg.quoted = true;
      co_return fail(leg, outcome_of(FREELLM_C_BAD_REQUEST, asked.message));
    }
  }
  const bool local = leg.upstream.plugin->is_local();
  if (!local) {
    // Built before anything is reserved: only the plugin knows how much output it will really ask for.
    auto built = leg.upstream.plugin->build_request(leg.call->get());
    const base::Moment asked_at = std::exchange(present, relay_.clock_.moment());
    watch_plugin(leg, asked_at.steady, present.steady);
    if (!built) co_return fail(leg, outcome_of(built.error(), FREELLM_C_UNKNOWN));
    const std::optional<std::uint64_t> bound = leg.request.emplace(std::move(*built)).output_bound;
    leg.need.output_tokens = bound ? *bound : routing::most_output(leg.model, leg.need.input_tokens);
    leg.need.own_units = own_cost(leg, leg.need.input_tokens, leg.need.output_tokens).value_or(0);
  }
  // Beside another nobody is waited for.
  const milliseconds wait = race_ != nullptr ? milliseconds{0} : lane.wait;
  bool held = hold_now(leg, present);
  if (!held) held = co_await hold_quota(leg, wait);
  if (!held) co_return exchange_.gone() ? End::client_gone : End::passed_over;
  if (local) co_return co_await answer_locally(leg);
  leg.patience = patience(action, leg);
  const std::optional<base::Instant> second_at = hedge_at(leg);
  if (second_at) co_return co_await race(leg, *second_at);
  co_return co_await send(leg);
}

const policy::Rule* Run::line_before(const Leg& leg) const {
  if (relay_.lines_.empty()) return nullptr;
  for (const auto* rules : {&leg.model.quota, &leg.provider.quota}) {
    for (const policy::Rule& rule : *rules) {
      if (relay_.lines_.wanted(window_name(policy_, rule, leg.key_index)).requests > 0) return &rule;
    }
  }
  return nullptr;
}

base::WallTime Run::served_at(const Leg& leg, WindowName window, quota::Now at) const {
  using State = quota::Verdict::State;
  const auto ask = [&](const quota::Need& need) {
    return relay_.ledger_.check(*snapshot_->plan, leg.key_index, leg.model_index, need, at);
  };
  const quota::Verdict alone = ask(leg.need);
  const base::WallTime first = alone.state == State::full ? alone.free_at : at.wall;
  quota::Need all = relay_.lines_.wanted(window);
  if (all.requests == 0) return first;
  all.requests += leg.need.requests;
  all.input_tokens += leg.need.input_tokens;
  all.output_tokens += leg.need.output_tokens;
  all.own_units += leg.need.own_units;
  const quota::Verdict together = ask(all);
  if (together.state == State::full) return std::max(first, together.free_at);
  if (together.state != State::never || together.rule == nullptr) return first;
  // More than a whole window holds. Requests tell exactly how many windows that is; of tokens less is spent
  // than is held.
  const policy::Rule& rule = *together.rule;
  const std::uint64_t windows =
      rule.of == policy::Unit::requests ? (all.requests - 1) / std::max<std::uint64_t>(together.limit, 1) : 1;
  return first + rule.length * static_cast<std::int64_t>(std::min<std::uint64_t>(windows, Lines::longest));
}

routing::Considered& Run::as_it_is_now(const Leg& leg) {
  widen();  // what is recorded is what was decided
  return decision_.considered[decision_.order[leg.lane]];
}

bool Run::hold_now(Leg& leg, const base::Moment& at) {
  if (exchange_.gone() || line_before(leg) != nullptr) return false;
  const quota::Verdict verdict = relay_.ledger_.reserve(snapshot_->plan, leg.key_index, leg.model_index,
                                                        leg.need, {at.since_boot, at.wall}, leg.reservation);
  return verdict.state == quota::Verdict::State::free;
}

net::Task<bool> Run::hold_quota(Leg& leg, milliseconds wait) {
  base::Moment moment = relay_.clock_.moment();
  const base::Instant give_up_at = std::min(moment.steady + wait, waits_until());
  const policy::Rule* full = line_before(leg);
  std::optional<base::Instant> in_line_since;
  Lines::Place place;
  // Each round sleeps, so rounds are bounded by the wait over the shortest sleep. Only who stands first in a
  // line asks the ledger.
  for (; !exchange_.gone(); moment = relay_.clock_.moment()) {
    const quota::Now at{moment.since_boot, moment.wall};
    const base::Instant present = moment.steady;
    base::WallTime free_at = at.wall;
    if (place ? place.first() : full == nullptr) {
      const quota::Verdict verdict = relay_.ledger_.reserve(snapshot_->plan, leg.key_index, leg.model_index,
                                                            leg.need, at, leg.reservation);
      if (verdict.state == quota::Verdict::State::free && !in_line_since) co_return true;
      // Others may have taken it since the decision: what the client is told in the end is the last word.
      routing::take_verdict(verdict, as_it_is_now(leg));
      if (in_line_since && verdict.state == quota::Verdict::State::free) {
        relay_.meter_.waited(core_.index(),
                             std::chrono::duration_cast<std::chrono::microseconds>(present - *in_line_since));
        co_return true;
      }
      if (verdict.state != quota::Verdict::State::full || verdict.rule == nullptr) co_return false;
      free_at = verdict.free_at;
      if (full == nullptr) full = verdict.rule;
    }
    if (!place) {
      const WindowName window = window_name(policy_, *full, leg.key_index);
      free_at = std::max(free_at, served_at(leg, window, at));
      routing::Considered& candidate = as_it_is_now(leg);
      candidate.gate = routing::Gate::quota_full;
      candidate.rule = full;
      candidate.free_at = free_at;
      if (present + (free_at - at.wall) > give_up_at) co_return false;
      place = relay_.lines_.join(window, leg.need);
      if (!place) co_return false;
      in_line_since = present;
    }
    if (present >= give_up_at || present + (free_at - at.wall) > give_up_at) co_return false;
    // In slices, so that a client that leaves is noticed, and so is who has become the first.
    const milliseconds until_free = std::max(free_at - at.wall, milliseconds{10});
    const base::Instant look_again = std::min(present + std::min(until_free, milliseconds{50}), give_up_at);
    co_await core_.sleep_until(look_again);
  }
  co_return false;
}

net::Task<void> Relay::serve(net::Exchange& exchange, net::Core& core, Job job) {
  return Run::serve(*this, exchange, core, job);
}

net::Task<bool> send(net::Exchange& exchange, const Reply& reply, const net::AnswerFields& common) {
  net::AnswerFields fields = common;
  fields.add(reply.fields);
  co_return co_await exchange.respond(reply.status, fields, reply.body);
}

}  // namespace freellmapi::relay
