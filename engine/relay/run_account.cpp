// What an attempt leaves behind: quota, cooldowns, the trail, statistics.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/ids.hpp"
#include "quota/calendar.hpp"
#include "relay/leg.hpp"
#include "relay/patience.hpp"

namespace freellmapi::relay {

namespace {

using std::chrono::milliseconds;
constexpr std::size_t windows_read_most = 32;
// A request or a piece of an answer is worked on for microseconds.
constexpr milliseconds plugin_may_hold_a_core{1'500};

policy::Unit unit_of(std::uint32_t unit) {
  switch (unit) {
    case FREELLM_UNIT_TOKENS:
      return policy::Unit::tokens;
    case FREELLM_UNIT_INPUT_TOKENS:
      return policy::Unit::input_tokens;
    case FREELLM_UNIT_OUTPUT_TOKENS:
      return policy::Unit::output_tokens;
    case FREELLM_UNIT_CONCURRENCY:
      return policy::Unit::concurrency;
    case FREELLM_UNIT_MONEY:
      return policy::Unit::own;
    default:
      return policy::Unit::requests;
  }
}

std::optional<policy::Per> per_of(std::uint32_t window) {
  switch (window) {
    case FREELLM_WINDOW_SECOND:
      return policy::Per::second;
    case FREELLM_WINDOW_MINUTE:
      return policy::Per::minute;
    case FREELLM_WINDOW_HOUR:
      return policy::Per::hour;
    case FREELLM_WINDOW_DAY:
      return policy::Per::day;
    case FREELLM_WINDOW_WEEK:
      return policy::Per::week;
    case FREELLM_WINDOW_MONTH:
      return policy::Per::month;
    case FREELLM_WINDOW_SESSION:
      return policy::Per::rolling;
    default:
      return std::nullopt;
  }
}

std::optional<quota::Statement> statement_of(const freellm_window& w) {
  const auto per = per_of(w.window);
  if (!per || w.unit == FREELLM_UNIT_UNKNOWN) return std::nullopt;
  quota::Statement s;
  s.of = unit_of(w.unit);
  s.per = *per;
  if (w.limit != UINT64_MAX) s.limit = w.limit;
  if (w.remaining != UINT64_MAX) s.remaining = w.remaining;
  if (w.reset_in_ms >= 0) s.reset_in = milliseconds{w.reset_in_ms};
  return s;
}

/// What a refusal tells of the window that it names: limits learnt so are lowered here and come back up when
/// the provider says so.
std::optional<quota::Statement> statement_of(const freellm_outcome& outcome) {
  if (!is_limit(outcome.error_class) || outcome.definite == 0 || outcome.limit == 0) return std::nullopt;
  freellm_window w{};
  w.unit = outcome.unit;
  w.window = outcome.window;
  w.limit = outcome.limit;
  w.remaining = outcome.used > 0 ? outcome.limit - std::min(outcome.limit, outcome.used) : UINT64_MAX;
  w.reset_in_ms = -1;
  return statement_of(w);
}

/// When the day or month window that the provider calls exhausted opens, by the rules we know of this model.
std::optional<base::WallTime> window_opens(const policy::Policy& policy, const policy::Model& model,
                                           const freellm_outcome& outcome, base::WallTime now) {
  const auto per = per_of(outcome.window);
  if (!per) return std::nullopt;
  std::optional<base::WallTime> opens;
  const auto look = [&](const std::vector<policy::Rule>& rules) {
    for (const policy::Rule& rule : rules) {
      if (rule.per != *per || rule.reset != policy::Reset::wall_clock) continue;
      const base::WallTime at = quota::Calendar(rule).containing(now).end;
      if (!opens || at > *opens) opens = at;
    }
  };
  look(model.quota);
  look(policy.providers[model.provider].quota);
  return opens;
}

/// Under which name failures of a bench's scope are counted: what a key did is not held against the model.
std::uint64_t health_name(quota::BenchScope scope, const policy::Provider& provider,
                          const policy::Model& model, const policy::Key* key) {
  std::uint64_t name = base::fnv1a(provider.id);
  if (scope == quota::BenchScope::model || scope == quota::BenchScope::key_model)
    name = base::fnv1a(model.id, base::fnv1a("/", name));
  if (scope == quota::BenchScope::key || scope == quota::BenchScope::key_model)
    name = base::fnv1a(key ? key->label : std::string_view(), base::fnv1a(" ", name));
  return name;
}

/// An answer that the plugin does not know, told once a day.
std::uint64_t unknown_name(const policy::Provider& provider, const freellm_outcome& outcome) {
  return base::fnv1a(outcome.code, base::fnv1a("?", base::fnv1a(provider.id)));
}

/// What a record keeps when a provider was sent a name that the policy does not know.
struct Passed {
  std::shared_ptr<const Snapshot> snapshot;
  std::string routed;
};

/// Long enough that the failure after a bench is one in a row with the failure before it.
std::chrono::seconds failure_memory(const Ruling& row) {
  if (row.error_class == FREELLM_C_QUOTA_EXHAUSTED) return std::chrono::hours{13};
  return std::chrono::minutes{15} + (row.growth == Growth::doubling ? row.most : std::chrono::seconds{0});
}

}  // namespace

void Run::note_limits(const Leg& leg, const freellm_head& head) {
  const quota::Now at = now();
  const auto windows = leg.upstream.plugin->read_limits(head, at.wall.time_since_epoch().count());
  for (std::size_t i = 0; i < windows.size() && i < windows_read_most; ++i) {
    if (const auto statement = statement_of(windows[i])) {
      relay_.ledger_.state(*snapshot_->plan, leg.key_index, leg.model_index, *statement, at);
    }
  }
}

void Run::note_hop(const Leg& leg, std::string_view outcome) {
  Hop hop;
  hop.provider = leg.route.provider;
  hop.model = leg.route.model;
  hop.key = leg.key ? leg.key->label : "";
  hop.outcome = outcome;
  hop.cut = leg.reading && streaming_begun_ && leg.reading->showed();
  trail_.add(std::move(hop));
}

bool Run::enter(Leg& leg, bool insists) {
  if (relay_.health_.quiet()) return true;
  const auto name = [&](quota::BenchScope scope) {
    return health_name(scope, leg.provider, leg.model, leg.key);
  };
  return relay_.health_.enter(name(quota::BenchScope::model), name(quota::BenchScope::provider),
                              relay_.clock_.since_boot(), insists, leg.visit);
}

std::optional<milliseconds> Run::patience(const Action& action, const Leg& leg) const {
  // What is not streamed comes when it is whole, however well the provider is. Without anybody else to ask
  // impatience serves nobody.
  if (!job_.request.stream || action.last || action.insists) return std::nullopt;
  const base::Instant sent = relay_.clock_.steady();
  Waiting waiting;
  waiting.usual = snapshot_->statistics->first_token_quantile(leg.model_index, patience_share,
                                                              relay_.clock_.since_boot());
  waiting.most = leg.upstream.deadlines.first_byte;
  waiting.left = attempts_->left(sent);
  waiting.input_tokens = leg.need.input_tokens;
  const auto patience = patience_of(waiting);
  if (!patience || !attempts_->may_start(sent + *patience)) return std::nullopt;
  return patience;
}

bool Run::given_up_early(const Leg& leg, const freellm_outcome& outcome) const {
  return leg.patience && outcome.error_class == FREELLM_C_TIMEOUT && leg.status == 0 &&
         !(leg.reading && (leg.reading->first_token_seen() || leg.reading->quoted()));
}

bool Run::replace_connection(Leg& leg) {
  if (!attempts_->second_try(leg.lane, relay_.clock_.steady(), milliseconds{0}, true)) return false;
  note_hop(leg, net::name(net::Fault::reset));
  relay_.log_.info(
      "attempt.replaced",
      {{"id", job_.record.request_id}, {"provider", leg.route.provider}, {"model", leg.route.model}});
  return true;
}

Run::End Run::fail(Leg& leg, const freellm_outcome& outcome) {
  widen();  // a failure closes lanes, so they must be known
  const Ruling& row = ruling_of(outcome.error_class);
  learn_failure(leg, outcome);
  note_hop(leg, row.name);
  if (!exchange_.gone()) relay_.meter_.attempt(core_.index(), leg.counted_as, row.error_class);
  routing::Candidate candidate;
  candidate.model = leg.model_index;
  candidate.key = leg.key_index;
  if (const auto statement = statement_of(outcome))
    relay_.ledger_.state(*snapshot_->plan, leg.key_index, leg.model_index, *statement, now());
  const Held held = attempts_->failed(leg.lane, outcome);
  if (held == Held::not_yet) {
    if (!set_aside_) set_aside_ = std::make_unique<Ending>(Ending{candidate, outcome});
  } else {
    const bool was_set_aside = set_aside_ && set_aside_->of(attempts_->lanes()[leg.lane]);
    Ending ending{candidate, held == Held::as_first && was_set_aside ? set_aside_->outcome : outcome};
    ending.back = bench(leg, ending.outcome);
    endings_.push_back(ending);
    if (was_set_aside) set_aside_.reset();
    // Whoever refuses a request is there to refuse it.
    if (leg.answered && !row.circuit) leg.visit.answered();
    Ended ended;
    ended.status = leg.status;
    ended.final_word = leg.final_word;
    ended.benched = row.circuit && ending.back.has_value();
    // Another key of the same model is no step down.
    if (!attempts_->other_key_open(leg.lane)) ended.wait = attempts_->lanes()[leg.lane].wait;
    if (const auto pause = pause_before_again(ending.outcome, ended, seed_))
      attempts_->second_try(leg.lane, relay_.clock_.steady(), *pause);
    if (given_up_early(leg, outcome)) attempts_->put_off(leg.lane, true);
  }
  if (outcome.error_class != FREELLM_C_AUTH_INVALID) note_host(leg);
  // What one host says of a key counts when no other host of the provider takes it.
  const bool settled = held == Held::as_said && outcome.error_class == FREELLM_C_AUTH_INVALID;
  if (settled && outcome.definite != 0 && leg.key && relay_.watch_)
    relay_.watch_->refused(leg.provider, *leg.key, relay_.clock_.wall());
  const std::string_view message(outcome.message);
  relay_.log_.record("attempt.failed",
                     {{"id", job_.record.request_id},
                      {"provider", leg.route.provider},
                      {"model", leg.route.model},
                      {"key", leg.key ? std::string_view(leg.key->label) : std::string_view()},
                      {"outcome", row.name},
                      {"provider_code", std::string_view(outcome.code)},
                      {"message", leg.quoted ? std::string_view() : message}});
  if (leg.quoted && row.error_class == FREELLM_C_UNKNOWN &&
      relay_.health_.failed(unknown_name(leg.provider, outcome), relay_.clock_.steady(),
                            std::chrono::hours{24}) == 1)
    relay_.log_.warn("outcome.unknown", {{"provider", leg.route.provider},
                                         {"provider_code", std::string_view(outcome.code)},
                                         {"hint", "at log level debug attempt.said has the sentence"}});
  // A provider's sentence may hold a piece of the prompt.
  if (leg.quoted) relay_.log_.debug("attempt.said", {{"id", job_.record.request_id}, {"message", message}});
  return End::failed;
}

void Run::watch_plugin(const Leg& leg, base::Instant from, base::Instant to) {
  if (to - from < plugin_may_hold_a_core) return;
  const auto took = std::chrono::duration_cast<milliseconds>(to - from);
  bench(leg, outcome_of(host::plugin_failed, "the plugin held a core for too long"));
  relay_.log_.warn("plugin.slow", {{"provider", leg.route.provider}, {"ms", took.count()}});
}

std::optional<base::WallTime> Run::bench(const Leg& leg, const freellm_outcome& outcome) {
  const Ruling& row = ruling_of(outcome.error_class);
  const auto scope = bench_scope(row, outcome);
  if (!scope) return std::nullopt;
  const quota::Now at = now();
  const std::uint64_t name = health_name(*scope, leg.provider, leg.model, leg.key);
  unsigned failures = 1;
  if (row.growth != Growth::none || row.after > 1 || row.error_class == FREELLM_C_QUOTA_EXHAUSTED)
    failures = relay_.health_.failed(name, at.steady, failure_memory(row), leg.visit.probes(name));
  const milliseconds length =
      bench_length(row, outcome, failures, window_opens(policy_, leg.model, outcome, at.wall), at.wall);
  if (length.count() == 0) return std::nullopt;
  const bool others_find_out = *scope == quota::BenchScope::model || *scope == quota::BenchScope::provider;
  if (row.circuit && others_find_out) relay_.health_.open(name);
  const base::WallTime until = at.wall + length;
  relay_.ledger_.bench(*snapshot_->plan, *scope, leg.key_index, leg.model_index, until, row.name, at);
  return until;
}

void Run::keep_set_aside() {
  if (set_aside_) endings_.push_back(*set_aside_);
  set_aside_.reset();
}

void Run::note_host(const Leg& leg) {
  if (leg.answered && leg.key) snapshot_->key_hosts->taken(leg.key_index, leg.host);
}

std::optional<std::uint64_t> Run::own_cost(const Leg& leg, std::uint64_t input, std::uint64_t output) const {
  if (!routing::counts_own_units(leg.model, leg.provider)) return std::nullopt;
  freellm_price price = {UINT64_MAX, UINT64_MAX, UINT64_MAX};
  if (const auto& p = leg.model.price) price = {p->per_request, p->per_million_input, p->per_million_output};
  if (const auto cost = leg.upstream.plugin->cost_bound(leg.route.model, price, input, output)) return cost;
  return leg.model.price ? std::optional(leg.model.price->of(input, output)) : std::nullopt;
}

void Run::settle_success(Leg& leg, const base::Moment& at) {
  note_host(leg);
  if (leg.key && relay_.watch_) relay_.watch_->worked(leg.provider, *leg.key, at.wall);
  learn_answer(leg, at);
  const chat::Usage& usage = leg.reading->answer().usage;
  if (leg.reading->input_said()) relay_.calibration_.learn(leg.model.tokenizer, leg.input, *usage.input);
  quota::Bill bill;
  bill.input_tokens = usage.input;
  bill.output_tokens = usage.output;
  bill.own_units = leg.stated_cost ? leg.stated_cost
                                   : own_cost(leg, usage.input.value_or(leg.need.input_tokens),
                                              usage.output.value_or(leg.need.output_tokens));
  const chat::Usage all = leg.reading->usage_of_all();
  job_.record.input_tokens = all.input.value_or(0);
  job_.record.output_tokens = all.output.value_or(0);
  relay_.meter_.attempt(core_.index(), leg.counted_as, attempt_answered);
  relay_.meter_.tokens(core_.index(), snapshot_->counted_as.models[leg.model_index], usage.input.value_or(0),
                       usage.output.value_or(0));
  if (continuation_) relay_.meter_.continued(core_.index());
  relay_.ledger_.recovered(leg.reservation);
  relay_.ledger_.settle(std::move(leg.reservation), bill, {at.since_boot, at.wall});
  if (!relay_.health_.blank()) {
    for (const auto scope : {quota::BenchScope::key_model, quota::BenchScope::key, quota::BenchScope::model,
                             quota::BenchScope::provider}) {
      relay_.health_.succeeded(health_name(scope, leg.provider, leg.model, leg.key));
    }
  }
  remember(leg, at);
}

void Run::settle_failure(Leg& leg, Spent spent) {
  if (!leg.reservation) return;
  if (leg.overtaken) {
    relay_.meter_.attempt(core_.index(), leg.counted_as, attempt_hedged);
  } else if (exchange_.gone()) {
    relay_.meter_.attempt(core_.index(), leg.counted_as, attempt_left);
  }
  using Part = policy::Billing::Part;
  const policy::Billing& billing = leg.provider.billing;
  const bool cancelled = leg.overtaken || exchange_.gone();
  const Part part = spent != Spent::answer ? Part::nothing : cancelled ? billing.cancelled : billing.cut;
  quota::Bill bill;
  bill.request = spent != Spent::nothing && (spent != Spent::refusal || billing.failed_counts_request);
  bill.input_tokens = bill.output_tokens = bill.own_units = 0;
  const chat::Answer* said = leg.reading ? &leg.reading->answer() : nullptr;
  if (part != Part::nothing)
    bill.input_tokens = said && said->usage.input ? *said->usage.input : leg.need.input_tokens;
  // What is not streamed is made whole before a byte of it comes, so there the bound stands.
  if (part == Part::all) {
    if (said && said->usage.output) {
      bill.output_tokens = said->usage.output;
    } else if (!job_.request.stream && !(said && said->finish)) {
      bill.output_tokens.reset();
    } else if (said) {
      bill.output_tokens = leg.reading->output_estimate();
    }
  }
  if (part != Part::nothing) {
    bill.own_units = leg.stated_cost ? leg.stated_cost
                                     : own_cost(leg, *bill.input_tokens,
                                                bill.output_tokens.value_or(leg.need.output_tokens));
  }
  if (part != Part::nothing)
    relay_.meter_.tokens(core_.index(), snapshot_->counted_as.models[leg.model_index], *bill.input_tokens,
                         bill.output_tokens.value_or(0));
  relay_.ledger_.settle(std::move(leg.reservation), bill, now());
}

void Run::note_route(const Leg& leg) {
  Record& record = job_.record;
  record.provider = leg.provider.id;
  record.provider_number = leg.counted_as;
  record.key = leg.key ? std::string_view(leg.key->label) : std::string_view();
  record.attempts = trail_.count();
  if (trail_.count() > 0) record.trail = trail_.header();
  record.streamed = job_.request.stream;
  if (target_->passed_model.empty()) {
    record.model = leg.model.id;
    record.routed = snapshot_->routed[leg.model_index];
    return;
  }
  const auto kept = std::make_shared<const Passed>(
      Passed{snapshot_, fmt::format("{}/{}", leg.provider.id, target_->passed_model)});
  record.routed = kept->routed;
  record.model = record.routed.substr(leg.provider.id.size() + 1);
  record.kept = kept;
}

}  // namespace freellmapi::relay
