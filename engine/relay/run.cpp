#include "relay/run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/ids.hpp"
#include "base/text.hpp"
#include "quota/calendar.hpp"
#include "chat/decode.hpp"
#include "routing/pin.hpp"

namespace freellmapi::relay {

namespace {

using std::chrono::milliseconds;
constexpr std::size_t error_body_most = 64 * 1024;
constexpr std::size_t windows_read_most = 32;

/// The head as the ABI wants it; valid as long as the call.
struct AbiHead {
  explicit AbiHead(const net::UpstreamCall& call) {
    headers.reserve(call.fields().size());
    for (const net::Field& f : call.fields()) {
      headers.push_back({{f.name.data(), f.name.size()}, {f.value.data(), f.value.size()}});
    }
    head.size = sizeof head;
    head.http_status = call.status();
    head.headers = headers.data();
    head.header_count = headers.size();
  }
  std::vector<freellm_header> headers;
  freellm_head head{};
};

bool is_html(const net::UpstreamCall& call) {
  return base::to_lower(call.get("content-type")).starts_with("text/html");
}

policy::Unit unit_of(std::uint32_t unit) {
  switch (unit) {
    case FREELLM_UNIT_TOKENS: return policy::Unit::tokens;
    case FREELLM_UNIT_INPUT_TOKENS: return policy::Unit::input_tokens;
    case FREELLM_UNIT_OUTPUT_TOKENS: return policy::Unit::output_tokens;
    case FREELLM_UNIT_CONCURRENCY: return policy::Unit::concurrency;
    case FREELLM_UNIT_MONEY: return policy::Unit::own;
    default: return policy::Unit::requests;
  }
}

std::optional<policy::Per> per_of(std::uint32_t window) {
  switch (window) {
    case FREELLM_WINDOW_SECOND: return policy::Per::second;
    case FREELLM_WINDOW_MINUTE: return policy::Per::minute;
    case FREELLM_WINDOW_HOUR: return policy::Per::hour;
    case FREELLM_WINDOW_DAY: return policy::Per::day;
    case FREELLM_WINDOW_WEEK: return policy::Per::week;
    case FREELLM_WINDOW_MONTH: return policy::Per::month;
    default: return std::nullopt;
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

std::uint64_t health_name(const policy::Provider& provider, const policy::Model* model) {
  const std::uint64_t name = base::fnv1a(provider.id);
  return model ? base::fnv1a(model->id, base::fnv1a("/", name)) : name;
}

}  // namespace

struct Run::Leg {
  std::size_t lane = 0;
  policy::ModelIndex model_index = policy::none;
  policy::KeyIndex key_index = policy::none;
  const policy::Provider& provider;
  const policy::Model& model;
  const policy::Key* key;  ///< null: keyless
  const Upstream& upstream;
  Route route;
  host::UpstreamRequest request;
  std::unique_ptr<PluginCall> call;
  quota::Need need;
  quota::Reservation reservation;
  std::optional<Reading> reading;
};

Run::Run(Relay& relay, net::Exchange& exchange, net::Core& core, Job job)
    : relay_(relay),
      exchange_(exchange),
      core_(core),
      job_(job),
      snapshot_(relay.current_.get()),
      policy_(*snapshot_->policy),
      seed_(base::random_bits()) {
  exchange_.watch(this);
}

Run::~Run() { exchange_.watch(nullptr); }

quota::Now Run::now() const {
  quota::Now both;
  both.steady = relay_.clock_.steady();
  both.wall = relay_.clock_.wall();
  return both;
}

bool Run::choose() {
  const chat::Request& request = job_.request;
  auto target = routing::resolve(policy_, request.model);
  if (!target) {
    failure_.status = 404;
    failure_.type = "not_found_error";
    failure_.code = "model_not_found";
    failure_.message = target.error().message;
    failure_.param = "model";
    return false;
  }
  target_ = std::move(*target);
  features_.tools = request.facts.tools;
  features_.images = request.facts.images;
  features_.json_object = request.facts.json_object;
  features_.json_schema = request.facts.json_schema;
  features_.stream = request.stream;
  features_.input_tokens = chat::estimate_tokens(request.facts);
  features_.output_tokens = request.max_tokens;
  features_.session = request.session;

  routing::Inputs inputs;
  inputs.plan = snapshot_->plan.get();
  inputs.ledger = &relay_.ledger_;
  inputs.target = &target_;
  inputs.features = features_;
  inputs.now = now();
  inputs.seed = seed_;
  // A conversation without an answer in it has nothing to stay with, unless the client says that it is one.
  const bool under_way = request.session_named || request.facts.assistant_seen;
  if (target_.automatic() && policy_.routing.sticky.count() > 0 && under_way) {
    if (const auto pin = relay_.sticky_.find(request.session, inputs.now.steady, policy_.routing.sticky)) {
      inputs.pinned = routing::pinned_candidate(policy_, *pin);
    }
  }
  routing::decide(inputs, decision_);
  return true;
}

Attempts Run::plan_attempts() const {
  std::vector<Lane> lanes;
  lanes.reserve(decision_.order.size());
  for (const std::uint32_t index : decision_.order) {
    const routing::Candidate& c = decision_.considered[index].candidate;
    const policy::Model& model = policy_.models[c.model];
    Lane lane;
    lane.provider = model.provider;
    lane.model = c.model;
    lane.key = c.key;
    lane.context = model.context;
    lane.wait = c.wait;
    lanes.push_back(lane);
  }
  Limits limits;
  limits.attempts = policy_.routing.attempts;
  limits.no_new_attempt_after = exchange_.started() + policy_.routing.budget;
  return Attempts(std::move(lanes), limits);
}

net::Task<void> Run::serve() {
  if (!choose()) {
    co_await give_up();
    co_return;
  }
  attempts_.emplace(plan_attempts());
  while (true) {
    const Action action = attempts_->next(relay_.clock_.steady());
    if (action.what == Action::What::give_up) break;
    const End end = co_await attempt(action.lane, action.repaired);
    if (end == End::served) co_return;
    if (end == End::client_gone) {
      job_.record.status = 499;
      job_.record.code = "client_gone";
      co_return;
    }
    if (end == End::passed_over) attempts_->passed_over(action.lane);
  }
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
  co_await give_up();
}

net::Task<void> Run::give_up() {
  Reply reply = job_.encoder.failure(job_.record.request_id, failure_);
  reply.fields.emplace_back("X-Fallback-Attempts", std::to_string(trail_.count()));
  reply.fields.emplace_back("X-Policy-Version", policy_.version);
  if (trail_.count() > 0) reply.fields.emplace_back("X-Fallback-Trail", trail_.header());
  job_.record.status = reply.status;
  job_.record.code = failure_.code;
  job_.record.attempts = trail_.count();
  job_.record.trail = trail_.header();
  job_.record.response_bytes = reply.body.size();
  co_await relay::send(exchange_, reply, job_.common);
}

net::Task<Run::End> Run::attempt(std::size_t lane_index, bool repaired) {
  const Lane& lane = attempts_->lanes()[lane_index];
  const policy::Model& model = policy_.models[lane.model];
  const policy::Provider& provider = policy_.providers[model.provider];
  const policy::Key* key = lane.key == policy::none ? nullptr : &policy_.keys[lane.key];
  Leg leg{.lane = lane_index, .model_index = lane.model, .key_index = lane.key, .provider = provider, .model = model,
          .key = key, .upstream = snapshot_->upstreams[model.provider], .route = {}, .request = {}, .call = {},
          .need = {}, .reservation = {}, .reading = {}};
  leg.route.request_id = job_.record.request_id;
  leg.route.provider = provider.id;
  leg.route.model = target_.passed_model.empty() ? model.id : target_.passed_model;
  leg.route.created = relay_.clock_.wall();

  if (!leg.upstream.plugin) co_return fail(leg, outcome_of(FREELLM_C_PROVIDER_GONE, "its plugin is not loaded"));
  leg.call = std::make_unique<PluginCall>(job_.request, model, leg.route.model, seed_ + lane_index);
  if (repaired) {
    const freellm_outcome& asked = endings_.back().outcome;
    if (!leg.call->repair(asked.repair_field, asked.repair_rename)) co_return fail(leg, outcome_of(FREELLM_C_BAD_REQUEST, asked.message));
  }
  leg.need = routing::need_of(features_, model);
  if (leg.upstream.plugin->is_local()) co_return co_await answer_locally(leg);

  // Built before anything is reserved: only the plugin knows how much output it will really ask for.
  auto built = leg.upstream.plugin->build_request(leg.call->get());
  if (!built) {
    co_return fail(leg, outcome_of(FREELLM_C_UNKNOWN, built.error().message));
  }
  leg.request = std::move(*built);
  if (leg.request.output_bound) leg.need.output_tokens = *leg.request.output_bound;
  if (!co_await hold_quota(leg, lane.wait)) co_return exchange_.gone() ? End::client_gone : End::passed_over;
  co_return co_await send(leg);
}

net::Task<bool> Run::hold_quota(Leg& leg, milliseconds wait) {
  const base::Instant give_up_at = std::min(relay_.clock_.steady() + wait, exchange_.started() + policy_.routing.budget);
  // Each round sleeps until a window opens, so rounds are bounded by the wait over the shortest sleep.
  while (!exchange_.gone()) {
    const quota::Now at = now();
    const quota::Verdict verdict =
        relay_.ledger_.reserve(snapshot_->plan, leg.key_index, leg.model_index, leg.need, at, leg.reservation);
    if (verdict.state == quota::Verdict::State::free) co_return true;
    if (verdict.state != quota::Verdict::State::full) co_return false;
    const milliseconds until_free = std::max(verdict.free_at - at.wall, milliseconds{50});
    if (at.steady + until_free > give_up_at) co_return false;
    // In slices, so that a client that leaves is noticed.
    co_await core_.sleep_until(at.steady + std::min(until_free, milliseconds{250}));
  }
  co_return false;
}

net::Task<Run::End> Run::send(Leg& leg) {
  std::vector<net::OutgoingField> fields;
  fields.reserve(leg.request.headers.size());
  for (const host::UpstreamRequest::Header& h : leg.request.headers) {
    net::OutgoingField field;
    field.name = h.name;
    field.value = h.value;
    field.credential = h.credential;
    fields.push_back(field);
  }
  const std::vector<std::string_view> body = leg.request.pieces();
  net::OutgoingRequest outgoing;
  outgoing.method = leg.request.method;
  outgoing.base_path = leg.upstream.base_path;
  outgoing.path = leg.request.path;
  outgoing.fields = fields;
  outgoing.body = body;
  outgoing.secret = leg.key ? &leg.key->secret : nullptr;

  if (!job_.record.decided) {
    job_.record.decided = std::chrono::duration_cast<std::chrono::microseconds>(relay_.clock_.steady() - exchange_.started());
  }
  net::CallError error;
  const std::unique_ptr<net::UpstreamCall> call = co_await core_.upstream().call(
      leg.upstream.origin, outgoing, leg.upstream.deadlines, job_.request.stream, canceller_, error);
  if (!call) {
    const bool reached = error.fault != net::Fault::resolve && error.fault != net::Fault::forbidden_address &&
                         error.fault != net::Fault::connect && error.fault != net::Fault::proxy &&
                         error.fault != net::Fault::tls && error.fault != net::Fault::timeout_connect;
    settle_failure(leg, reached);
    if (exchange_.gone()) co_return End::client_gone;
    co_return fail(leg, outcome_of(error.fault, error.detail));
  }
  if (call->status() >= 200 && call->status() < 300 && !is_html(*call)) co_return co_await read_answer(leg, *call);
  co_return co_await read_refusal(leg, *call);
}

void Run::note_limits(const Leg& leg, const freellm_head& head) {
  const quota::Now at = now();
  const auto windows = leg.upstream.plugin->read_limits(head, at.wall.time_since_epoch().count());
  for (std::size_t i = 0; i < windows.size() && i < windows_read_most; ++i) {
    if (const auto statement = statement_of(windows[i])) {
      relay_.ledger_.state(*snapshot_->plan, leg.key_index, leg.model_index, *statement, at);
    }
  }
}

net::Task<Run::End> Run::read_refusal(Leg& leg, net::UpstreamCall& call) {
  const AbiHead head(call);
  std::string body;
  while (body.size() < error_body_most) {
    const auto bytes = co_await call.read();
    if (!bytes || bytes->empty()) break;
    body.append(bytes->substr(0, error_body_most - body.size()));
  }
  if (exchange_.gone()) {
    settle_failure(leg, true);
    co_return End::client_gone;
  }
  freellm_outcome outcome;
  if (call.status() >= 300 && call.status() < 400) {
    outcome = outcome_of(FREELLM_C_MALFORMED, "the provider redirects; redirects are not followed");
  } else if (call.status() < 300) {
    outcome = outcome_of(FREELLM_C_MALFORMED, "a web page in place of an answer");
  } else {
    outcome = leg.upstream.plugin->classify(head.head, body, relay_.clock_.wall().time_since_epoch().count());
  }
  settle_failure(leg, true);
  note_limits(leg, head.head);
  co_return fail(leg, outcome);
}

net::Task<Run::End> Run::read_answer(Leg& leg, net::UpstreamCall& call) {
  const AbiHead head(call);
  auto parser = host::Parser::open(leg.upstream.plugin, leg.call->get(), head.head);
  if (!parser) {
    settle_failure(leg, true);
    co_return fail(leg, outcome_of(FREELLM_C_MALFORMED, parser.error().message));
  }
  leg.reading.emplace(job_.request.stream ? &job_.encoder : nullptr, leg.route);
  Reading& reading = *leg.reading;
  // Comments keep a silent stream's connection alive; they do not make it answer.
  const base::Instant first_token_by =
      relay_.clock_.steady() + leg.upstream.deadlines.first_byte + leg.upstream.deadlines.idle;
  while (reading.state() == Reading::State::going) {
    const auto bytes = co_await call.read();
    if (exchange_.gone()) {
      settle_failure(leg, true);
      co_return End::client_gone;
    }
    if (!bytes) {
      reading.broke(outcome_of(call.error().fault, call.error().detail));
      break;
    }
    if (bytes->empty()) {
      reading.end(*parser);
    } else {
      reading.feed(*parser, *bytes);
    }
    if (!reading.first_token_seen() && reading.state() == Reading::State::going && relay_.clock_.steady() > first_token_by) {
      reading.broke(outcome_of(net::Fault::timeout_first_byte, "no token came in time"));
    }
    if (reading.first_token_seen() && reading.state() != Reading::State::failed) {
      if (!co_await flush(leg)) {
        settle_failure(leg, true);
        co_return End::client_gone;
      }
    }
  }
  note_limits(leg, head.head);
  const End end = co_await deliver(leg);
  // The answer is with the client; reading to the body's end gives the connection back to its pool.
  if (end == End::served && reading.state() == Reading::State::done) {
    for (int i = 0; i < 4; ++i) {
      const auto rest = co_await call.read();
      if (!rest || rest->empty()) break;
    }
  }
  co_return end;
}

net::Task<Run::End> Run::answer_locally(Leg& leg) {
  const quota::Now at = now();
  const quota::Verdict verdict =
      relay_.ledger_.reserve(snapshot_->plan, leg.key_index, leg.model_index, leg.need, at, leg.reservation);
  if (verdict.state != quota::Verdict::State::free) co_return End::passed_over;
  leg.reading.emplace(job_.request.stream ? &job_.encoder : nullptr, leg.route);
  const freellm_status status = leg.upstream.plugin->answer_locally(leg.call->get(), leg.reading->sink());
  leg.reading->end(status);
  co_return co_await deliver(leg);
}

std::vector<net::ResponseField> Run::route_fields(const Leg& leg) const {
  std::vector<net::ResponseField> fields(job_.common.begin(), job_.common.end());
  fields.push_back({"X-Routed-Via", header_safe(leg.route.provider) + "/" + header_safe(leg.route.model)});
  fields.push_back({"X-Fallback-Attempts", std::to_string(trail_.count())});
  if (trail_.count() > 0) fields.push_back({"X-Fallback-Trail", trail_.header()});
  fields.push_back({"X-Policy-Version", policy_.version});
  const auto since = [this](base::Instant t) {
    return static_cast<double>(std::chrono::duration_cast<std::chrono::microseconds>(t - exchange_.started()).count()) / 1000.0;
  };
  const double decided = job_.record.decided ? static_cast<double>(job_.record.decided->count()) / 1000.0 : 0.0;
  fields.push_back({"Server-Timing", fmt::format("route;dur={:.3f}, upstream;dur={:.3f}", decided,
                                                 since(relay_.clock_.steady()) - decided)});
  return fields;
}

net::Task<bool> Run::flush(Leg& leg) {
  Reading& reading = *leg.reading;
  if (!job_.request.stream || !reading.has_output()) co_return true;
  if (!streaming_begun_) {
    streaming_begun_ = true;
    attempts_->committed();
    job_.record.first_token = std::chrono::duration_cast<std::chrono::microseconds>(relay_.clock_.steady() - exchange_.started());
    std::vector<net::ResponseField> fields = route_fields(leg);
    fields.push_back({"Content-Type", std::string(job_.encoder.stream_content_type())});
    fields.push_back({"Cache-Control", "no-cache, no-transform"});
    fields.push_back({"X-Accel-Buffering", "no"});
    exchange_.start_stream(200, fields);
  }
  const std::string bytes = reading.take();
  job_.record.response_bytes += bytes.size();
  co_return co_await exchange_.write(bytes);
}

net::Task<Run::End> Run::deliver(Leg& leg) {
  Reading& reading = *leg.reading;
  job_.record.provider = leg.route.provider;
  job_.record.model = leg.route.model;
  job_.record.key = leg.key ? leg.key->label : "";
  job_.record.attempts = trail_.count();
  job_.record.trail = trail_.header();
  job_.record.streamed = job_.request.stream;

  if (reading.state() == Reading::State::failed) {
    settle_failure(leg, true);
    if (!streaming_begun_) co_return fail(leg, reading.outcome());
    // The client has seen a part: it must not take that part for the whole.
    bench(leg, reading.outcome());
    Failure cut;
    cut.status = 502;
    cut.type = "server_error";
    cut.code = ruling_of(reading.outcome().error_class).name;
    cut.message = fmt::format("{}/{} stopped before the end of its answer.", leg.route.provider, leg.route.model);
    std::string bytes;
    job_.encoder.failed(job_.record.request_id, cut, bytes);
    job_.record.status = 200;
    job_.record.code = cut.code;
    job_.record.response_bytes += bytes.size();
    if (co_await exchange_.write(bytes)) co_await exchange_.end_stream();
    co_return End::served;
  }

  settle_success(leg);
  job_.record.status = 200;
  if (job_.request.stream) {
    if (co_await flush(leg)) co_await exchange_.end_stream();
    co_return End::served;
  }
  job_.record.first_token = std::chrono::duration_cast<std::chrono::microseconds>(relay_.clock_.steady() - exchange_.started());
  Reply reply = job_.encoder.whole(leg.route, reading.answer());
  job_.record.response_bytes = reply.body.size();
  const std::vector<net::ResponseField> fields = route_fields(leg);
  co_await relay::send(exchange_, reply, fields);
  co_return End::served;
}

Run::End Run::fail(Leg& leg, const freellm_outcome& outcome) {
  const Ruling& row = ruling_of(outcome.error_class);
  Hop hop;
  hop.provider = leg.route.provider;
  hop.model = leg.route.model;
  hop.key = leg.key ? leg.key->label : "";
  hop.outcome = row.name;
  trail_.add(std::move(hop));
  routing::Candidate candidate;
  candidate.model = leg.model_index;
  candidate.key = leg.key_index;
  endings_.push_back({candidate, outcome});
  bench(leg, outcome);
  attempts_->failed(leg.lane, outcome);
  relay_.log_.info("attempt.failed", {{"id", job_.record.request_id},
                                      {"provider", leg.route.provider},
                                      {"model", leg.route.model},
                                      {"key", leg.key ? std::string_view(leg.key->label) : std::string_view()},
                                      {"outcome", row.name},
                                      {"provider_code", std::string_view(outcome.code)},
                                      {"message", std::string_view(outcome.message)}});
  return End::failed;
}

void Run::bench(const Leg& leg, const freellm_outcome& outcome) {
  const Ruling& row = ruling_of(outcome.error_class);
  const auto scope = bench_scope(row, outcome);
  if (!scope) return;
  const quota::Now at = now();
  const bool whole_provider = *scope == quota::BenchScope::provider;
  const unsigned failures = relay_.health_.failed(health_name(leg.provider, whole_provider ? nullptr : &leg.model), at.steady);
  const milliseconds length =
      bench_length(row, outcome, failures, window_opens(policy_, leg.model, outcome, at.wall), at.wall);
  if (length.count() == 0) return;
  relay_.ledger_.bench(*snapshot_->plan, *scope, leg.key_index, leg.model_index, at.wall + length, row.name, at);
}

void Run::settle_success(Leg& leg) {
  const chat::Answer& answer = leg.reading->answer();
  const quota::Now at = now();
  quota::Bill bill;
  bill.input_tokens = answer.usage.input ? *answer.usage.input : features_.input_tokens;
  bill.output_tokens = answer.usage.output ? *answer.usage.output : (answer.text.size() + answer.reasoning.size()) / 3 + 1;
  job_.record.input_tokens = *bill.input_tokens;
  job_.record.output_tokens = *bill.output_tokens;
  relay_.ledger_.settle(std::move(leg.reservation), bill, at);
  relay_.ledger_.recovered(*snapshot_->plan, leg.key_index, leg.model_index);
  relay_.health_.succeeded(health_name(leg.provider, &leg.model));
  relay_.health_.succeeded(health_name(leg.provider, nullptr));
  if (target_.automatic()) {
    relay_.sticky_.remember(job_.request.session, routing::pin_of(policy_, leg.model_index, leg.key_index), at.steady);
  }
}

void Run::settle_failure(Leg& leg, bool answered) {
  if (!leg.reservation) return;
  quota::Bill bill;
  bill.request = answered && leg.provider.billing.failed_counts_request;
  bill.input_tokens = 0;
  bill.output_tokens = 0;
  // A cut or cancelled answer has been computed: the input in full, the output as far as it came.
  if (leg.reading && leg.provider.billing.cancelled_counts_output) {
    const chat::Answer& part = leg.reading->answer();
    bill.request = true;
    bill.input_tokens = part.usage.input ? *part.usage.input : features_.input_tokens;
    bill.output_tokens = part.usage.output ? *part.usage.output : (part.text.size() + part.reasoning.size()) / 3;
  }
  relay_.ledger_.settle(std::move(leg.reservation), bill, now());
}

net::Task<void> Relay::serve(net::Exchange& exchange, net::Core& core, Job job) {
  job.record.asked = base::printable(job.request.model);
  Run run(*this, exchange, core, job);
  co_await run.serve();
}

net::Task<bool> send(net::Exchange& exchange, const Reply& reply, std::span<const net::ResponseField> common) {
  std::vector<net::ResponseField> fields(common.begin(), common.end());
  for (const auto& [name, value] : reply.fields) fields.push_back({name, value});
  co_return co_await exchange.respond(reply.status, fields, reply.body);
}

}  // namespace freellmapi::relay
