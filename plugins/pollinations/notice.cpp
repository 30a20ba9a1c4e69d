#include "notice.hpp"

#include <algorithm>
#include <freellmapi/json.hpp>
#include <freellmapi/plugin.hpp>
#include <iterator>

namespace freellmapi::pollinations {
namespace {

constexpr std::size_t longest_notice = 4096;

struct Opening {
  std::string_view words;
  int status;
};
// How the notices begin, and the status they were made from.
constexpr Opening openings[] = {
    {"The account behind this API key doesn't have enough credits.", 402},
    {"The API key used for this request has reached its budget.", 402},
    {"The API key used for this request only spends Quest Pollen", 402},
    {"The API key used for this request isn't allowed to use ", 403},
};

const Opening* opening_of(std::string_view text) noexcept {
  const auto found = std::find_if(std::begin(openings), std::end(openings),
                                  [&](const Opening& o) { return text.starts_with(o.words); });
  return found == std::end(openings) ? nullptr : found;
}

/// It begins like a notice, as far as it has come.
bool may_be_notice(std::string_view text) noexcept {
  return text.size() <= longest_notice &&
         std::any_of(std::begin(openings), std::end(openings),
                     [&](const Opening& o) { return o.words.starts_with(text.substr(0, o.words.size())); });
}

}  // namespace

NoticeFilter::NoticeFilter() noexcept {
  in_.size = sizeof in_;
  in_.emit = &take;
}

freellm_events_out& NoticeFilter::before(sdk::EventsOut& next) noexcept {
  next_ = &next;
  in_.ctx = this;
  return in_;
}

freellm_status NoticeFilter::take(freellm_events_out* out, const freellm_event* event) {
  return sdk::barrier([&] { static_cast<NoticeFilter*>(out->ctx)->take(*event); });
}

void NoticeFilter::take(const freellm_event& event) {
  if (holding_) {
    switch (event.type) {
      case FREELLM_EV_TEXT:
        text_ += sdk::view(reinterpret_cast<const freellm_ev_text&>(event).text);
        if (!may_be_notice(text_)) release(*next_);
        return;
      case FREELLM_EV_FINISH:
        reason_ = sdk::view(reinterpret_cast<const freellm_ev_finish&>(event).reason);
        if (opening_of(text_) == nullptr) release(*next_);
        return;
      case FREELLM_EV_USAGE: {
        const auto& said = reinterpret_cast<const freellm_ev_usage&>(event);
        usage_ = {said.input_tokens, said.output_tokens, said.cached_tokens, said.reasoning_tokens};
        return;
      }
      default:
        release(*next_);
    }
  }
  next_->pass(event);
}

bool NoticeFilter::is_notice(sdk::EventsOut& next) {
  // A notice costs nothing and links to where it can be mended; what a model says was counted.
  const bool counted = usage_.output != sdk::not_said && usage_.output > 0;
  if (holding_ && !reason_.empty() && !counted && opening_of(text_) != nullptr &&
      text_.find("](http") != text_.npos)
    return true;
  release(next);
  return false;
}

void NoticeFilter::release(sdk::EventsOut& next) {
  if (!holding_) return;
  holding_ = false;
  next.text(text_);
  if (usage_ != sdk::Usage{}) next.usage(usage_);
  if (!reason_.empty()) next.finish(reason_);
}

std::string notice_as_error(std::string_view text) {
  const Opening* const opening = opening_of(text);
  const int status = opening == nullptr ? 402 : opening->status;
  boost::json::object error{{"code", status == 403 ? "FORBIDDEN" : "PAYMENT_REQUIRED"}, {"message", text}};
  return boost::json::serialize(boost::json::object{{"status", status}, {"error", std::move(error)}});
}

}  // namespace freellmapi::pollinations
