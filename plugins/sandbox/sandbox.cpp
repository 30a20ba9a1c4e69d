// A provider that answers by itself: for a first try, demos and tests.
#include <freellmapi/ext/local.h>

#include <freellmapi/plugin.hpp>

#include "answer.hpp"
#include "manifest.hpp"

namespace freellmapi::sandbox {
namespace {

freellm_status answer_call(const freellm_provider*, const freellm_call* call,
                           freellm_events_out* out) noexcept {
  return sdk::barrier([&] {
    sdk::EventsOut events(*out);
    answer(sdk::Call(*call), events);
  });
}

constexpr freellm_local local = {sizeof(freellm_local), 0, &answer_call};

struct Sandbox {
  static constexpr std::string_view id = "sandbox";
  static constexpr std::string_view manifest = freellmapi::manifest;

  // There is no wire, so there is nothing to write and nothing to read.
  struct Parser {
    Parser(const Sandbox&, const sdk::Call&, const sdk::Headers&) {
      throw sdk::Failure{FREELLM_E_UNSUPPORTED};
    }
    void feed(std::string_view, sdk::EventsOut&) { throw sdk::Failure{FREELLM_E_UNSUPPORTED}; }
    void finish(sdk::EventsOut&) { throw sdk::Failure{FREELLM_E_UNSUPPORTED}; }
  };
  void build_request(const sdk::Call&, sdk::RequestOut&) const { throw sdk::Failure{FREELLM_E_UNSUPPORTED}; }
  void classify_error(const sdk::Headers&, std::string_view, std::int64_t, sdk::OutcomeOut& out) const {
    out.sort(FREELLM_C_UNKNOWN, false);
  }
  const void* extension(std::string_view name) const noexcept {
    return name == FREELLM_EXT_LOCAL ? &local : nullptr;
  }
};

}  // namespace
}  // namespace freellmapi::sandbox

FREELLM_PLUGIN("1.0.0", freellmapi::sandbox::Sandbox);
