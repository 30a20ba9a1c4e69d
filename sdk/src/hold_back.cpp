#include <freellmapi/hold_back.hpp>
#include <freellmapi/plugin.hpp>

namespace freellmapi::sdk {

HoldBack::HoldBack(Test begins, Test is) noexcept : begins_(begins), is_(is) {
  in_.size = sizeof in_;
  in_.emit = &take;
}

freellm_events_out& HoldBack::before(EventsOut& next) noexcept {
  next_ = &next;
  in_.ctx = this;
  return in_;
}

freellm_status HoldBack::take(freellm_events_out* out, const freellm_event* event) {
  return barrier([&] { static_cast<HoldBack*>(out->ctx)->take(*event); });
}

void HoldBack::take(const freellm_event& event) {
  if (!holding_) return next_->pass(event);
  switch (event.type) {
    case FREELLM_EV_TEXT:
      text_ += view(reinterpret_cast<const freellm_ev_text&>(event).text);
      if (text_.size() > most || !begins_(text_)) release(*next_);
      return;
    case FREELLM_EV_FINISH:
      reason_ = view(reinterpret_cast<const freellm_ev_finish&>(event).reason);
      if (!is_(text_)) release(*next_);
      return;
    case FREELLM_EV_USAGE: {
      const auto& said = reinterpret_cast<const freellm_ev_usage&>(event);
      usage_ = {said.input_tokens, said.output_tokens, said.cached_tokens, said.reasoning_tokens};
      return;
    }
    case FREELLM_EV_EXTRA:  // says nothing of the text
      return next_->pass(event);
    default:
      release(*next_);
      next_->pass(event);
  }
}

void HoldBack::release(EventsOut& next) {
  if (!holding_) return;
  holding_ = false;
  next.text(text_);
  if (usage_ != Usage{}) next.usage(usage_);
  if (!reason_.empty()) next.finish(reason_);
}

}  // namespace freellmapi::sdk
