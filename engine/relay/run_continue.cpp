// After the first token: a leg broke off, and another one goes on with its answer in the same stream.
#include <fmt/format.h>

#include <utility>

#include "chat/calibration.hpp"
#include "chat/go_on.hpp"
#include "relay/leg.hpp"

namespace freellmapi::relay {

namespace {

// How many tokens the client has had, rather too few than too many: the rest of its allowance is asked for.
std::uint64_t had(std::string_view text) noexcept { return text.size() / 4; }
// What repeating the anchor may cost.
constexpr std::uint64_t anchor_tokens = chat::Seam::most_anchor / 2;

}  // namespace

bool Run::continues() const { return job_.continue_stream.value_or(policy_.routing.continue_streams); }

bool Run::may_go_on(const Leg& leg) const {
  const Reading& reading = *leg.reading;
  const Before& before = continuation_->before;
  // Calls that the client has may not be all of them. What a filter has stopped is not to be got elsewhere,
  // and a refusal is no text to go on with.
  return continues() && !reading.called() && reading.answer().refusal.empty() &&
         reading.outcome().error_class != FREELLM_C_CONTENT_FILTERED &&
         before.text.size() <= Continuation::most_text && (!before.json || before.json->ok());
}

void Run::remember_shown(const Leg& leg) {
  const Reading& reading = *leg.reading;
  if (!continuation_) {
    continuation_ = std::make_unique<Continuation>();
    Continuation& made = *continuation_;
    made.no_leg_after = relay_.clock_.steady() + policy_.routing.budget;
    made.cut_lane = leg.lane;
    made.told.status = 502;
    made.told.type = "server_error";
    made.told.code = ruling_of(reading.outcome().error_class).name;
    made.told.message =
        fmt::format("{}/{} stopped before the end of its answer.", leg.route.provider, leg.route.model);
    if (features_.json_object || features_.json_schema) made.before.json.emplace();
    Limits limits;
    limits.attempts = Continuation::most_legs;
    limits.no_new_attempt_after = made.no_leg_after;
    attempts_->resume(limits);
  }
  Before& before = continuation_->before;
  const std::string_view shown = reading.shown();
  before.text += shown;
  if (before.json) before.json->feed(shown);
  if (chat::without_last_blanks(before.text).empty()) before.text.clear();
  if (!reading.showed()) return;
  chat::Usage usage = reading.answer().usage;
  if (!usage.input) usage.input = features_.input_tokens;
  if (!usage.output) usage.output = reading.output_estimate();
  add(before.usage, usage);
}

net::Task<Run::End> Run::after_cut(Leg& leg) {
  // What came before the cut is the client's.
  if (!co_await flush(leg)) co_return End::client_gone;
  remember_shown(leg);
  const bool on = may_go_on(leg);
  if (on && ask_otherwise(leg, leg.reading->outcome())) co_return End::failed;
  fail(leg, leg.reading->outcome());
  if (on) co_return End::failed;
  co_await cut_short();
  co_return End::served;
}

bool Run::ask_otherwise(const Leg& leg, const freellm_outcome& outcome) {
  if (!continuation_ || continuation_->how != chat::Going::straight) return false;
  const std::uint32_t said = outcome.error_class;
  const bool refused = said == FREELLM_C_BAD_REQUEST || said == FREELLM_C_UNKNOWN || said == FREELLM_C_EMPTY;
  const bool missed = leg.reading && leg.reading->missed() && !leg.reading->showed();
  if (!refused && !missed) return false;
  relay_.meter_.attempt(core_.index(), leg.counted_as, ruling_of(said).error_class);
  continuation_->reluctant.push_back(leg.model_index);
  continuation_->again = attempts_->again(leg.lane);
  relay_.log_.info(
      "stream.asked_otherwise",
      {{"id", job_.record.request_id}, {"provider", leg.route.provider}, {"model", leg.route.model}});
  return true;
}

Action Run::next_leg() {
  Continuation& c = *continuation_;
  if (c.again) return std::exchange(c.again, std::nullopt).value();
  const base::Instant present = relay_.clock_.steady();
  const Action next = attempts_->next(present);
  if (next.what == Action::What::attempt || c.came_back || present >= c.no_leg_after) return next;
  // Nobody else is left: who broke off may be asked once more, unless that has benched it.
  c.came_back = true;
  return attempts_->again(c.cut_lane);
}

bool Run::ask_to_go_on(Leg& leg) {
  Continuation& c = *continuation_;
  const std::string& text = c.before.text;
  c.how = c.going(leg.model_index, leg.model);
  c.request.reset();
  if (!text.empty()) {
    auto made = chat::going_on(job_.request, text, c.how);
    if (!made) return false;
    c.request.emplace(std::move(*made));
    leg.asked = &*c.request;
  } else {
    c.how = chat::Going::anchored;
  }
  input_ = chat::shape_of(leg.asked->facts);
  features_.input_tokens = input_.estimate;
  features_.input_cell = input_.cell;
  if (const std::uint64_t allowed = job_.request.max_tokens; allowed > 0) {
    features_.output_tokens = allowed > had(text) ? allowed - had(text) : 1;
    if (!text.empty() && c.how == chat::Going::anchored) features_.output_tokens += anchor_tokens;
  }
  if (leg.model.context > 0 && features_.input_tokens >= leg.model.context) return false;
  relay_.log_.info("stream.continued", {{"id", job_.record.request_id},
                                        {"provider", leg.route.provider},
                                        {"model", leg.route.model},
                                        {"shown_bytes", text.size()},
                                        {"way", text.empty()                     ? "afresh"
                                                : c.how == chat::Going::straight ? "straight"
                                                                                 : "anchored"}});
  return true;
}

base::Instant Run::waits_until() const {
  return continuation_ ? continuation_->no_leg_after : exchange_.started() + policy_.routing.budget;
}

net::Task<void> Run::cut_short() {
  std::string bytes;
  job_.encoder.failed(job_.record.request_id, continuation_->told, bytes);
  job_.record.status = 200;
  job_.record.code = continuation_->told.code;
  job_.record.attempts = trail_.count();
  job_.record.trail = trail_.header();
  job_.record.input_tokens = continuation_->before.usage.input.value_or(0);
  job_.record.output_tokens = continuation_->before.usage.output.value_or(0);
  job_.record.response_bytes += bytes.size();
  if (co_await exchange_.write(bytes)) co_await exchange_.end_stream();
}

}  // namespace freellmapi::relay
