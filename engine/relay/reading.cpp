#include "relay/reading.hpp"

#include <algorithm>
#include <optional>

namespace freellmapi::relay {

namespace {

std::string_view view(freellm_str text) noexcept { return {text.data, text.size}; }

std::optional<std::uint64_t> said(std::uint64_t figure) noexcept {
  return figure == UINT64_MAX ? std::nullopt : std::optional(figure);
}

bool is_blank(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; });
}

template <class T>
const T& as(const freellm_event& event) noexcept {
  return reinterpret_cast<const T&>(event);  // the host has checked the type and the size
}

}  // namespace

void add(chat::Usage& sum, const chat::Usage& more) noexcept {
  const auto plus = [](std::optional<std::uint64_t>& figure, const std::optional<std::uint64_t>& other) {
    if (other) figure = figure.value_or(0) + *other;
  };
  plus(sum.input, more.input);
  plus(sum.output, more.output);
  plus(sum.cached, more.cached);
  plus(sum.reasoning, more.reasoning);
}

bool Reading::on_event(const freellm_event& event) {
  ++events_;
  switch (event.type) {
    case FREELLM_EV_TEXT:
      fed_ = assembler_.text(view(as<freellm_ev_text>(event).text));
      break;
    case FREELLM_EV_REASONING:
      fed_ = assembler_.reasoning(view(as<freellm_ev_text>(event).text));
      break;
    case FREELLM_EV_REFUSAL:
      fed_ = assembler_.refusal(view(as<freellm_ev_text>(event).text));
      break;
    case FREELLM_EV_TOOL: {
      const auto& e = as<freellm_ev_tool>(event);
      chat::ToolPiece piece;
      piece.index = e.index;
      piece.id = view(e.id);
      piece.name = view(e.name);
      piece.arguments = view(e.arguments);
      piece.extra = view(e.extra);
      fed_ = assembler_.tool(piece);
      break;
    }
    case FREELLM_EV_USAGE: {
      const auto& e = as<freellm_ev_usage>(event);
      chat::Usage usage;
      usage.input = said(e.input_tokens);
      usage.output = said(e.output_tokens);
      usage.cached = said(e.cached_tokens);
      usage.reasoning = said(e.reasoning_tokens);
      assembler_.usage(usage);
      break;
    }
    case FREELLM_EV_FINISH:
      fed_ = assembler_.finish(view(as<freellm_ev_finish>(event).reason));
      break;
    case FREELLM_EV_ERROR:
      errored_ = true;
      outcome_ = std::make_unique<freellm_outcome>(*as<freellm_ev_error>(event).outcome);
      return false;
    case FREELLM_EV_EXTRA: {
      const auto& e = as<freellm_ev_extra>(event);
      fed_ = assembler_.extra(e.place == FREELLM_EXTRA_CHOICE, view(e.name), view(e.json));
      break;
    }
    default:
      break;
  }
  return fed_ == chat::Fed::ok && !missed_;
}

void Reading::on_event(const chat::Event& event) {
  const bool spoken = event.kind == chat::Event::Kind::text || event.kind == chat::Event::Kind::reasoning ||
                      event.kind == chat::Event::Kind::refusal;
  // White space alone is held back: some models clear their throat and then fail.
  if (event.kind == chat::Event::Kind::tool_call || (spoken && !is_blank(event.text))) first_token_ = true;
  if (held_for_ != nullptr) return keep(event);
  if (encoder_ == nullptr) return;
  if (before_ != nullptr) return resume(event);
  open();
  encoder_->event(event, out_);
}

void Reading::keep(const chat::Event& event) {
  constexpr std::size_t most = 1'024;
  const bool spoken = event.call == nullptr && event.extra == nullptr;
  if (spoken && !early_.empty() && early_.back().kind == event.kind) {
    early_.back().text += event.text;
    return;
  }
  if (early_.size() >= most) {
    fed_ = chat::Fed::too_long;
    return;
  }
  Early& kept = early_.emplace_back(Early{event.kind, std::string(event.text), event.call_index, {}, {}});
  if (event.call != nullptr) kept.call = *event.call;
  if (event.extra != nullptr) kept.extra = *event.extra;
}

void Reading::won() {
  if (held_for_ == nullptr) return;
  encoder_ = std::exchange(held_for_, nullptr);
  for (const Early& kept : early_) {
    chat::Event event;
    event.kind = kept.kind;
    event.text = kept.text;
    event.call_index = kept.call_index;
    if (kept.kind == chat::Event::Kind::tool_call) event.call = &kept.call;
    if (kept.kind == chat::Event::Kind::extra) event.extra = &kept.extra;
    open();
    encoder_->event(event, out_);
  }
  early_.clear();
  if (state_ != State::done) return;
  open();
  encoder_->finish(*answer().finish, usage_of_all(), out_);
}

void Reading::open() {
  if (encoder_ != nullptr && !begun_) encoder_->begin(route_, out_);
  begun_ = true;
}

void Reading::go_on(const Before& before, chat::Going how) {
  before_ = &before;
  begun_ = true;
  if (before.text.empty()) return;
  seam_ = std::make_unique<chat::Seam>(before.text, how);
  if (before.json) json_ = std::make_unique<chat::JsonPrefix>(*before.json);
}

// What another leg says after the first one broke off.
void Reading::resume(const chat::Event& event) {
  using Kind = chat::Event::Kind;
  if (missed_) return;
  switch (event.kind) {
    case Kind::text: {
      if (!seam_) return give_text(event.text);
      std::string fresh;
      missed_ = seam_->feed(event.text, fresh) == chat::Seam::State::failed;
      return give_text(fresh);
    }
    case Kind::reasoning:
      // Behind a part of the answer nobody looks for thoughts.
      if (!seam_) give(event);
      return;
    case Kind::refusal:
      missed_ = seam_ != nullptr;
      if (!seam_) give(event);
      return;
    case Kind::tool_call:
      close_seam();
      called_ = called_ || !missed_;
      if (!missed_) give(event);
      return;
    case Kind::extra:
      if (!seam_ || seam_->state() == chat::Seam::State::joined) give(event);
      return;
  }
}

void Reading::give(const chat::Event& event) {
  if (!noted_) encoder_->continued(route_, out_);
  noted_ = true;
  encoder_->event(event, out_);
}

void Reading::give_text(std::string_view text) {
  if (text.empty()) return;
  if (json_ && !json_->feed(text)) {
    missed_ = true;
    return;
  }
  shown_ += text;
  chat::Event event;
  event.text = text;
  give(event);
}

void Reading::close_seam() {
  if (!seam_ || missed_) return;
  std::string fresh;
  const bool joined = seam_->finish(fresh) == chat::Seam::State::joined;
  // Behind the text that the client has, a call may come without a word.
  missed_ = !joined && !(seam_->silent() && assembler_.answer().calls.size() > 0);
  give_text(fresh);
}

chat::Usage Reading::usage_of_all() const {
  chat::Usage all = answer().usage;
  if (before_ == nullptr) return all;
  add(all, before_->usage);
  return all;
}

Reading::State Reading::fail(const freellm_outcome& outcome) {
  outcome_ = std::make_unique<freellm_outcome>(outcome);
  return state_ = State::failed;
}

// No fault of the model's: nobody is benched for it.
Reading::State Reading::miss() {
  missed_ = true;
  freellm_outcome outcome = outcome_of(FREELLM_C_MALFORMED, "it did not go on from where the answer stood");
  outcome.scope = FREELLM_SCOPE_REQUEST;
  return fail(outcome);
}

Reading::State Reading::judge(freellm_status status) {
  if (state_ != State::going) return state_;
  if (errored_) return state_ = State::failed;
  if (missed_) return miss();
  if (fed_ == chat::Fed::malformed) {
    return fail(outcome_of(invalid_tool_call, "a tool call that cannot be read, or breaks its schema"));
  }
  if (fed_ == chat::Fed::not_json) {
    return fail(outcome_of(invalid_json, "the answer is not the JSON that the request asks for"));
  }
  if (fed_ == chat::Fed::too_long)
    return fail(outcome_of(FREELLM_C_MALFORMED, "the answer is longer than its bound"));
  if (status >= 0) return state_;
  switch (status) {
    case FREELLM_E_TRUNCATED:
      return fail(outcome_of(FREELLM_C_TRUNCATED, "the answer ended before its legal end"));
    case host::plugin_fault:
      return fail(outcome_of(host::plugin_failed, "the plugin failed while it read the answer"));
    case FREELLM_E_LIMIT:
      return fail(outcome_of(FREELLM_C_MALFORMED, "a piece of the answer is longer than its bound"));
    default:
      return fail(outcome_of(FREELLM_C_MALFORMED, "the answer is not in the provider's format"));
  }
}

std::uint64_t Reading::output_estimate() const noexcept {
  const chat::Answer& answer = assembler_.answer();
  std::size_t bytes =
      answer.text.size() + answer.reasoning.size() + answer.refusal.size() + assembler_.held_bytes();
  for (const chat::ToolCall& call : answer.calls) bytes += call.name.size() + call.arguments.size();
  return (bytes + 2) / 3;
}

Reading::State Reading::complete() {
  const chat::Answer& answer = assembler_.answer();
  if (!answer.finish)
    return fail(outcome_of(FREELLM_C_TRUNCATED, "the answer ended without a finish reason"));
  const bool nothing =
      is_blank(answer.text) && is_blank(answer.refusal) && is_blank(answer.reasoning) && answer.calls.empty();
  const bool filtered = *answer.finish == chat::Finish::content_filter;
  if (filtered && filtered_goes_on_ && (nothing || encoder_ == nullptr)) {
    return fail(outcome_of(FREELLM_C_CONTENT_FILTERED, "the provider's content filter stopped the answer"));
  }
  // A model that spent its whole allowance before its first word has answered; so has a filter.
  if (nothing && !filtered && *answer.finish != chat::Finish::length)
    return fail(outcome_of(FREELLM_C_EMPTY, "the answer is empty"));
  close_seam();
  const bool half = json_ && *answer.finish == chat::Finish::stop && !json_->complete();
  if (missed_ || half) return miss();
  chat::Usage missing;
  input_said_ = answer.usage.input.has_value();
  if (!answer.usage.input) missing.input = input_estimate_;
  if (!answer.usage.output) missing.output = output_estimate();
  assembler_.usage(missing);
  if (encoder_ != nullptr) {
    open();
    encoder_->finish(*answer.finish, usage_of_all(), out_);
  }
  return state_ = State::done;
}

Reading::State Reading::feed(host::Parser& parser, std::string_view bytes) {
  if (state_ != State::going) return state_;
  const freellm_status status = parser.feed(bytes, *this);
  if (judge(status) == State::going && status == FREELLM_DONE) return complete();
  return state_;
}

Reading::State Reading::end(host::Parser& parser) {
  if (state_ != State::going) return state_;
  return end(parser.finish(*this));
}

Reading::State Reading::end(freellm_status status) {
  if (judge(status) != State::going) return state_;
  return complete();
}

Reading::State Reading::broke(const freellm_outcome& outcome) {
  if (state_ != State::going) return state_;
  return assembler_.answer().finish ? complete() : fail(outcome);
}

}  // namespace freellmapi::relay
