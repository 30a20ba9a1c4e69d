// The gateway's own words in the place of an answer: out of credits, or a key that may not use the model.
#pragma once

#include <freellmapi/views.hpp>
#include <string>
#include <string_view>

namespace freellmapi::pollinations {

/// Holds an answer back as long as it may be a notice; everything else passes at once. At most 4 KiB are
/// held. Not for use from several threads.
class NoticeFilter {
 public:
  NoticeFilter() noexcept;
  NoticeFilter(const NoticeFilter&) = delete;
  NoticeFilter& operator=(const NoticeFilter&) = delete;

  /// Where a parser is to write while `next` takes what passes. Valid for this one call.
  freellm_events_out& before(sdk::EventsOut& next) noexcept;

  /// The answer is whole. True: it is a notice, whose words stand in text(); nothing of it was passed on.
  /// False: everything was.
  bool is_notice(sdk::EventsOut& next);
  /// Passes on what is held.
  void release(sdk::EventsOut& next);
  std::string_view text() const noexcept { return text_; }

 private:
  static freellm_status take(freellm_events_out* out, const freellm_event* event);
  void take(const freellm_event& event);

  freellm_events_out in_{};
  sdk::EventsOut* next_ = nullptr;
  std::string text_, reason_;
  sdk::Usage usage_;
  bool holding_ = true;
};

/// The notice as the error it stands for, in the gateway's own shape. `text` is a notice.
std::string notice_as_error(std::string_view text);

}  // namespace freellmapi::pollinations
