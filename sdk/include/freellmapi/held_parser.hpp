// freellmapi/held_parser.hpp - the parser of a provider that sometimes says something of its own where the
// answer belongs.
#pragma once

#include <freellmapi/hold_back.hpp>
#include <freellmapi/openai_parser.hpp>
#include <string_view>

namespace freellmapi::sdk {

/// An OpenAiParser whose answer is held back for as long as it may be what `begins` and `is` look for
/// (HoldBack).
class HeldParser : public OpenAiParser {
 public:
  HeldParser(const OpenAiProvider& provider, const Call& call, const Headers& head, HoldBack::Test begins,
             HoldBack::Test is)
      : OpenAiParser(provider, call, head), hold_(begins, is) {}

  void feed(std::string_view bytes, EventsOut& out) {
    if (settled_) return;
    EventsOut held(hold_.before(out));
    parse(out, [&] { OpenAiParser::feed(bytes, held); });
    if (done()) settle(out);
  }
  void finish(EventsOut& out) {
    if (settled_) return;
    EventsOut held(hold_.before(out));
    parse(out, [&] { OpenAiParser::finish(held); });
    settle(out);
  }

 protected:
  /// The whole answer is what was looked for. True when it is no answer: `outcome` then says what it is.
  virtual bool caught(const HoldBack& held, OutcomeOut& outcome) = 0;
  /// What a failure of the parser means here.
  virtual freellm_status on_failure(freellm_status status) { return status; }

 private:
  template <class F>
  void parse(EventsOut& out, F&& body) {
    try {
      body();
    } catch (const Failure& failure) {
      hold_.release(out);
      throw Failure{on_failure(failure.status)};
    }
  }
  void settle(EventsOut& out) {
    settled_ = true;
    freellm_outcome outcome = fresh_outcome();
    OutcomeOut sorted(outcome);
    if (hold_.caught() && caught(hold_, sorted)) return out.error(outcome);
    hold_.release(out);
  }

  HoldBack hold_;
  bool settled_ = false;
};

}  // namespace freellmapi::sdk
