// freellmapi/hold_back.hpp - keeps an answer back as long as it may be no answer at all: a sentence of the
// provider's own where a refusal belongs.
#pragma once

#include <cstddef>
#include <freellmapi/views.hpp>
#include <string>
#include <string_view>

namespace freellmapi::sdk {

inline constexpr std::string_view blanks = " \t\r\n";
/// The text without blanks at both ends.
constexpr std::string_view trimmed(std::string_view text) noexcept {
  const std::size_t from = text.find_first_not_of(blanks);
  return from == text.npos ? std::string_view{} : text.substr(from, text.find_last_not_of(blanks) - from + 1);
}

/// Stands between a parser and the host. Text is held while it may still become what the provider looks for,
/// and so are the finish and the usage that follow it. As soon as it cannot, and when a tool call, thinking
/// or an error comes, all of it is passed on. Not for several threads.
///
///   EventsOut held(hold_.before(out));   // let the parser write there
///   ...                                  // when the answer is whole: look at it, report or release
class HoldBack {
 public:
  static constexpr std::size_t most = 4096;  ///< bytes held; what is longer is passed on
  using Test = bool (*)(std::string_view text) noexcept;

  /// `begins`: the text, as far as it has come, may become it; `is`: the whole text is it.
  HoldBack(Test begins, Test is) noexcept;
  HoldBack(const HoldBack&) = delete;
  HoldBack& operator=(const HoldBack&) = delete;

  /// Where a parser is to write while `next` takes what passes. Valid until `next` ends.
  freellm_events_out& before(EventsOut& next) noexcept;
  /// The answer has come to its finish and is still held: it is what was looked for.
  bool caught() const noexcept { return holding_ && !reason_.empty(); }
  std::string_view text() const noexcept { return text_; }
  /// As far as it was said.
  const Usage& usage() const noexcept { return usage_; }
  /// Passes on what is held; later events pass at once.
  void release(EventsOut& next);

 private:
  static freellm_status take(freellm_events_out* out, const freellm_event* event);
  void take(const freellm_event& event);

  Test begins_, is_;
  freellm_events_out in_{};
  EventsOut* next_ = nullptr;
  std::string text_, reason_;
  Usage usage_;
  bool holding_ = true;
};

}  // namespace freellmapi::sdk
