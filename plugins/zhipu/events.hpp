// Stands between the parser of OpenAI's wire and the host, and puts right what GLM says in its own way.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <freellmapi/views.hpp>
#include <optional>
#include <string>
#include <vector>

namespace freellmapi::zhipu {

/// Of one answer. Passes on what the inner parser emits, with two differences:
///  - arguments of tools that take lists or objects wait until they are whole and are then mended;
///  - an answer whose words all came as thinking is also said as text.
/// Bounds: 1 MiB of waiting arguments a call and of remembered thinking; what is longer goes on as it is.
class Events {
 public:
  explicit Events(const sdk::Call& call);

  /// Runs `parse(EventsOut&)` with this in between.
  template <class Parse>
  void between(sdk::EventsOut& host, Parse&& parse) {
    host_ = &host;
    freellm_events_out raw{};
    raw.size = sizeof raw;
    raw.ctx = this;
    raw.emit = &Events::emit;
    sdk::EventsOut inner(raw);
    parse(inner);
  }

 private:
  struct Waiting {
    std::uint32_t index = 0;
    std::string name;
    std::string arguments;
    std::uint32_t depth = 0;
    bool in_text = false, escaped = false, opened = false, done = false;
  };

  static freellm_status emit(freellm_events_out* out, const freellm_event* event);
  void take(const freellm_event& event);
  void tool(const freellm_ev_tool& piece);
  void append(Waiting& call, std::string_view piece);
  void release(Waiting& call, bool whole);
  void finish(std::string_view reason);

  std::string tools_text_;  // the request's tools, read when the first call comes
  std::optional<boost::json::array> tools_;
  std::vector<Waiting> waiting_;
  std::string thought_;
  bool said_ = false;  // text, a refusal or a call was passed on
  sdk::EventsOut* host_ = nullptr;
};

}  // namespace freellmapi::zhipu
