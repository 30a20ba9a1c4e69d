// The part of a request's life that waits for the wire: send, read, deliver.

#include <algorithm>
#include <boost/container/small_vector.hpp>
#include <utility>

#include "base/text.hpp"
#include "relay/abi_head.hpp"
#include "relay/leg.hpp"

namespace freellmapi::relay {

namespace {

using std::chrono::milliseconds;
constexpr std::size_t error_body_most = 64 * 1024;
// Well under the 30 to 60 seconds after which proxies and clients give a silent stream up.
constexpr std::chrono::seconds ping_every{10};
// What follows an answer's end, or explains a refusal, is waited for no longer than that.
constexpr std::chrono::milliseconds farewell{100};
constexpr std::chrono::seconds explanation{5};
// The usage comes at once behind the finish reason; for what a provider adds later the client does not wait.
constexpr std::chrono::seconds last_words{2};
constexpr std::uint64_t finished_stream = UINT64_MAX;

/// What a call that got no head may cost.
Spent spent_of(net::Fault fault) noexcept {
  switch (fault) {
    case net::Fault::resolve:
    case net::Fault::forbidden_address:
    case net::Fault::connect:
    case net::Fault::proxy:
    case net::Fault::tls:
    case net::Fault::timeout_connect:
      return Spent::nothing;
    case net::Fault::timeout_first_byte:
    case net::Fault::timeout_idle:
    case net::Fault::timeout_total:
    case net::Fault::cancelled:
      return Spent::answer;
    case net::Fault::reset:
    case net::Fault::truncated:
    case net::Fault::bad_response:
    case net::Fault::too_large:
      return Spent::refusal;
  }
  return Spent::refusal;
}
}  // namespace

void Run::note_decided(base::Instant at) {
  if (job_.record.decided) return;
  job_.record.decided = std::chrono::duration_cast<std::chrono::microseconds>(at - exchange_.started());
}

/// The provider counts a request when it comes, which is later than it was reserved where a connection must
/// be made first.
class Run::Leaving final : public net::Departure {
 public:
  Leaving(Run& run, Leg& leg) : run_(run), leg_(leg) {}
  void delayed() override { run_.relay_.ledger_.hold(leg_.reservation, run_.now()); }
  void sent() override { run_.relay_.ledger_.sent(leg_.reservation, run_.now()); }

 private:
  Run& run_;
  Leg& leg_;
};

/// What a leg's request is sent from: its fields and its body, as views.
struct Run::Sending {
  Sending(Run& run, Leg& leg) : leaving(run, leg) {
    for (std::size_t i = 0; i < leg.request->header_count(); ++i) {
      const host::UpstreamRequest::Header& header = leg.request->header(i);
      fields.emplace_back() = {header.name, header.value, header.credential};
    }
    request.method = leg.request->method();
    request.base_path = leg.upstream.hosts[leg.host].base_path;
    request.path = leg.request->path();
    request.fields = {fields.data(), fields.size()};
    request.lines = leg.request->lines();
    request.body = leg.request->pieces();
    request.secret = leg.key ? &leg.key->secret : nullptr;
    request.over = leg.fresh ? net::Over::fresh : net::Over::kept_once;
    request.departure = &leaving;
  }

  Leaving leaving;
  boost::container::small_vector<net::OutgoingField, 8> fields;
  net::OutgoingRequest request;
};

net::Task<Run::End> Run::send(Leg& leg) {
  co_await core_.turn().at(net::Step::ask);
  net::CallError error;
  std::optional<Sending> sending(std::in_place, *this, leg);
  leg.sent_at = relay_.clock_.steady();
  note_decided(*leg.sent_at);
  net::Deadlines deadlines = leg.upstream.deadlines;
  if (leg.patience) deadlines.first_byte = *leg.patience;
  if (exchange_.gone()) leg.canceller.cancel();
  const net::Origin& origin = leg.upstream.hosts[leg.host].origin;
  const std::unique_ptr<net::UpstreamCall> call = co_await core_.upstream().call(
      origin, sending->request, deadlines, job_.request.stream, leg.canceller, error);
  // An answer may stream for minutes. Whoever asks once more builds a request of its own.
  sending.reset();
  leg.request.reset();
  if (!call) co_return got_no_head(leg, error);
  if (leg.overtaken) co_return was_overtaken(leg, Spent::answer);
  leg.answered = true;
  if (call->status() >= 200 && call->status() < 300 && !is_html(*call))
    co_return co_await read_answer(leg, *call);
  co_return co_await read_refusal(leg, *call);
}

Run::End Run::got_no_head(Leg& leg, const net::CallError& error) {
  const Spent spent = error.unsent ? Spent::nothing : spent_of(error.fault);
  if (leg.overtaken) return was_overtaken(leg, spent);
  settle_failure(leg, spent);
  if (exchange_.gone()) return End::client_gone;
  if (error.kept && replace_connection(leg)) return End::failed;
  return fail(leg, outcome_of(error.fault, error.detail));
}

chat::Offered Run::offered() const {
  chat::Offered offered = chat::offered_by(job_.request, policy_.routing.enforce_json);
  // What goes on with a text begins in the middle of its JSON, which the seam follows.
  if (continuation_ && !continuation_->before.text.empty()) offered.form = {};
  return offered;
}

Reading& Run::start_reading(Leg& leg) {
  Reading& reading = leg.reading.emplace(job_.request.stream ? &job_.encoder : nullptr, leg.route,
                                         features_.input_tokens, offered());
  if (continuation_) reading.go_on(continuation_->before, continuation_->how);
  if (policy_.routing.on_content_filter == policy::OnContentFilter::next) reading.filtered_goes_on();
  if (race_ != nullptr) reading.hold_back();
  return reading;
}

// An error that quotes the model's tool call is an answer, when the call is whole.
bool Run::salvage(Leg& leg, const freellm_head& head, std::string_view body) {
  const host::Provider& plugin = *leg.upstream.plugin;
  if (job_.request.tools.empty() || !plugin.can_salvage()) return false;
  const auto is_call = [&](Reading& reading) {
    const freellm_status status = plugin.salvage(leg.call->get(), head, body, reading.sink());
    return status == FREELLM_OK && reading.end(status) == Reading::State::done &&
           !reading.answer().calls.empty();
  };
  // First without the client's encoder: what is no call would end the answer that the next candidate gives.
  Reading trial(nullptr, leg.route, features_.input_tokens, offered());
  if (!is_call(trial)) return false;
  if (is_call(start_reading(leg))) return true;
  leg.reading.reset();
  return false;
}

net::Task<Run::End> Run::read_refusal(Leg& leg, net::UpstreamCall& call) {
  const AbiHead head(call);
  std::string body;
  call.hurry(explanation);
  const base::Instant explained_by = relay_.clock_.steady() + explanation;
  while (body.size() < error_body_most && relay_.clock_.steady() < explained_by) {
    const auto bytes = co_await call.read();
    if (!bytes || bytes->empty()) break;
    body.append(bytes->substr(0, error_body_most - body.size()));
  }
  if (leg.overtaken) co_return was_overtaken(leg, Spent::refusal);
  if (!exchange_.gone() && call.status() >= 400 && salvage(leg, head.head, body)) {
    note_limits(leg, head.head);
    co_return co_await deliver(leg);
  }
  settle_failure(leg, Spent::refusal);
  note_limits(leg, head.head);
  leg.status = call.status();
  leg.final_word = call.get("x-should-retry") == "false";
  if (exchange_.gone()) co_return End::client_gone;
  freellm_outcome outcome;
  if (call.status() >= 300 && call.status() < 400) {
    outcome = outcome_of(FREELLM_C_MALFORMED, "the provider redirects; redirects are not followed");
  } else if (call.status() < 300) {
    outcome = outcome_of(FREELLM_C_MALFORMED, "a web page in place of an answer");
  } else {
    outcome = leg.upstream.plugin->classify(head.head, body, relay_.clock_.wall().time_since_epoch().count());
    leg.quoted = true;
  }
  if (ask_otherwise(leg, outcome)) co_return End::failed;
  co_return fail(leg, outcome);
}

// These have a head of their own each: in the frame of a coroutine one would be kept as long as its stream.
void Run::read_at_once(Leg& leg, const net::UpstreamCall& call, std::string_view body) {
  const AbiHead head(call);
  Reading& reading = *leg.reading;
  reading.end(leg.upstream.plugin->read_whole(leg.call->get(), head.head, body, reading.sink()));
}

base::Result<host::Parser> Run::open_parser(const Leg& leg, const net::UpstreamCall& call) {
  const AbiHead head(call);
  return host::Parser::open(leg.upstream.plugin, leg.call->get(), head.head);
}

void Run::note_head(Leg& leg, const net::UpstreamCall& call) {
  const host::Provider& plugin = *leg.upstream.plugin;
  if (!plugin.states_limits() && !plugin.states_costs()) return;
  const AbiHead head(call);
  note_limits(leg, head.head);
  leg.stated_cost = plugin.stated_cost(head.head);
}

net::Task<Run::End> Run::read_answer(Leg& leg, net::UpstreamCall& call) {
  std::optional<host::Parser> parser;  // of an answer that comes in pieces
  Reading& reading = start_reading(leg);
  // Comments keep a silent stream's connection alive; they do not make it answer. A whole answer comes at its
  // end anyway, behind white space that some providers send meanwhile.
  const net::Deadlines& deadlines = leg.upstream.deadlines;
  const base::Instant begun_at = job_.request.stream ? relay_.clock_.steady() : *leg.sent_at;
  base::Instant first_token_by = begun_at + deadlines.first_byte + deadlines.idle;
  // A head that came at once is no first token either.
  if (leg.patience) first_token_by = *leg.sent_at + *leg.patience;
  const auto left_until = [this](base::Instant moment) {
    const auto left = std::chrono::duration_cast<milliseconds>(moment - relay_.clock_.steady());
    return std::max(left, milliseconds{1});
  };
  bool hurried = leg.patience.has_value();
  if (hurried) call.hurry(left_until(first_token_by));
  const milliseconds longest_silence = deadlines.first_byte + deadlines.idle;
  base::Instant next_event_by = begun_at + longest_silence;
  std::uint64_t events = 0;
  bool whole = false;  // the body's end has come
  base::Moment present{};
  while (reading.state() == Reading::State::going) {
    const auto bytes = co_await call.read();
    if (leg.overtaken) co_return was_overtaken(leg, Spent::answer);
    if (exchange_.gone()) {
      settle_failure(leg, Spent::answer);
      co_return End::client_gone;
    }
    if (!bytes) {
      reading.broke(outcome_of(call.error().fault, call.error().detail));
      break;
    }
    const base::Instant fed_at = relay_.clock_.steady();
    whole = call.ended();
    if (!parser && whole && leg.upstream.plugin->reads_whole()) {
      read_at_once(leg, call, *bytes);
    } else {
      if (!parser) {
        auto opened = open_parser(leg, call);
        if (!opened) {
          settle_failure(leg, Spent::answer);
          co_return fail(leg, outcome_of(opened.error(), FREELLM_C_MALFORMED));
        }
        parser.emplace(std::move(*opened));
      }
      if (!bytes->empty()) reading.feed(*parser, *bytes);
      if (whole) reading.end(*parser);
    }
    if (whole) {
      present = relay_.clock_.moment();
    } else {
      present.steady = relay_.clock_.steady();
    }
    watch_plugin(leg, fed_at, present.steady);
    if (!leg.first_token_at && (reading.first_token_seen() || reading.calling())) leg.first_token_at = fed_at;
    if (leg.first_token_at && reading.state() == Reading::State::going) claim(leg);
    if (hurried) {
      hurried = !leg.first_token_at;
      call.hurry(hurried ? left_until(first_token_by) : deadlines.idle);
    }
    if (job_.request.stream && reading.state() == Reading::State::going) {
      if (!reading.first_token_seen() && !reading.calling() && fed_at > first_token_by)
        reading.broke(outcome_of(net::Fault::timeout_first_byte, "no token came in time"));
      if (reading.finished() && events != finished_stream) {
        events = finished_stream;
        call.hurry(last_words);
        next_event_by = fed_at + last_words;
      } else if (!reading.finished() && reading.events() != events) {
        events = reading.events();
        next_event_by = fed_at + longest_silence;
      }
      if (fed_at > next_event_by)
        reading.broke(outcome_of(net::Fault::timeout_idle, "the stream goes on and says nothing"));
    }
    // What is held until it is whole may take long. The client then hears that somebody is at work, where
    // another leg can still do better in the same stream.
    const bool held = job_.request.stream && !streaming_begun_ && reading.calling() && continues() &&
                      fed_at - exchange_.started() > ping_every;
    if (held) reading.open();
    // What has come together goes on together.
    const bool due = (held || reading.first_token_seen()) && !call.at_hand();
    if (due && reading.state() == Reading::State::going) {
      if (!co_await flush(leg)) {
        settle_failure(leg, Spent::answer);
        co_return End::client_gone;
      }
    }
  }
  note_head(leg, call);
  End end = End::served;
  if (job_.request.stream || reading.state() == Reading::State::failed) {
    end = co_await deliver(leg);
  } else {
    if (!whole) present = relay_.clock_.moment();
    co_await core_.turn().at(net::Step::settle);
    co_await answer_whole(leg, present);
  }
  // The answer is with the client; reading to the body's end gives the connection back to its pool.
  if (end == End::served && reading.state() == Reading::State::done && !whole) {
    call.hurry(farewell);
    for (int i = 0; i < 4; ++i) {
      const auto rest = co_await call.read();
      if (!rest || rest->empty()) break;
    }
  }
  co_return end;
}

net::Task<Run::End> Run::answer_locally(Leg& leg) {
  note_decided(relay_.clock_.steady());
  Reading& reading = start_reading(leg);
  const freellm_status status = leg.upstream.plugin->answer_locally(leg.call->get(), reading.sink());
  reading.end(status);
  co_return co_await deliver(leg);
}

Timing Run::timing(base::Instant at) const {
  Timing timing;
  timing.admitted = job_.record.admitted;
  timing.decided = job_.record.decided;
  timing.total = std::chrono::duration_cast<std::chrono::microseconds>(at - exchange_.started());
  return timing;
}

net::AnswerFields Run::route_fields(const Leg& leg, base::Instant at) {
  net::AnswerFields fields = std::move(job_.common);
  if (trail_.count() == 0 && target_->passed_model.empty()) {
    fields.add(snapshot_->answered_first[leg.model_index]);
  } else {
    fields.add(answered_by(policy_, leg.route.provider, leg.route.model, trail_.count()));
  }
  if (trail_.count() > 0) fields.add("X-Fallback-Trail", trail_.header());
  fields.add_made("Server-Timing", server_timing_most,
                  [&](std::string& out) { append_server_timing(out, timing(at)); });
  return fields;
}

net::Task<bool> Run::flush(Leg& leg) {
  Reading& reading = *leg.reading;
  if (!job_.request.stream || !reading.has_output()) co_return true;
  if (!streaming_begun_) {
    streaming_begun_ = true;
    attempts_->committed();
    leg.visit.answered();
    note_route(leg);
    const base::Instant now = relay_.clock_.steady();
    job_.record.first_token =
        std::chrono::duration_cast<std::chrono::microseconds>(now - exchange_.started());
    net::AnswerFields fields = route_fields(leg, now);
    fields.add("Content-Type", job_.encoder.stream_content_type());
    fields.add("Cache-Control", "no-cache, no-transform");
    fields.add("X-Accel-Buffering", "no");
    exchange_.start_stream(200, fields);
    exchange_.keep_alive(job_.encoder.ping(), ping_every);
  }
  const std::string bytes = reading.take();
  job_.record.response_bytes += bytes.size();
  co_return co_await exchange_.write(bytes);
}

net::Task<Run::End> Run::deliver(Leg& leg) {
  Reading& reading = *leg.reading;
  if (reading.state() == Reading::State::failed) {
    settle_failure(leg, reading.refused() ? Spent::start : Spent::answer);
    leg.quoted = reading.quoted();
    if (!streaming_begun_) co_return fail(leg, reading.outcome());
    // The client has seen a part: it must not take that part for the whole.
    co_return co_await after_cut(leg);
  }

  if (!job_.request.stream) {
    const base::Moment present = relay_.clock_.moment();
    co_await answer_whole(leg, present);
    co_return End::served;
  }
  claim(leg);
  settle_success(leg, relay_.clock_.moment());
  note_route(leg);
  job_.record.status = 200;
  if (co_await flush(leg)) co_await exchange_.end_stream();
  co_return End::served;
}

// No coroutine: it seldom has to wait.
net::Task<bool> Run::answer_whole(Leg& leg, const base::Moment& present) {
  claim(leg);
  settle_success(leg, present);
  note_route(leg);
  job_.record.status = 200;
  job_.record.first_token =
      std::chrono::duration_cast<std::chrono::microseconds>(present.steady - exchange_.started());
  job_.encoder.whole(leg.route, leg.reading->answer(), leg.body);
  job_.record.response_bytes = leg.body.size();
  net::AnswerFields fields = route_fields(leg, present.steady);
  fields.add("Content-Type", job_.encoder.whole_content_type());
  return exchange_.respond(job_.record.status, fields, leg.body);
}

}  // namespace freellmapi::relay
