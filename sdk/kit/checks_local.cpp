// Providers with the extension freellm.local/1: they answer by themselves.
#include <freellmapi/ext/local.h>

#include "kit/calls.hpp"
#include "kit/checks.hpp"
#include "kit/compare.hpp"
#include "kit/crossing.hpp"
#include "kit/drive.hpp"
#include "kit/words.hpp"

namespace freellmapi::kit {
namespace {

const freellm_local& need(const Facts& facts, Judge& judge) {
  if (!facts.local) judge.skip("it answers over the wire");
  return *static_cast<const freellm_local*>(
      facts.provider->get_extension(facts.provider, text(FREELLM_EXT_LOCAL)));
}

void for_each_call(const Facts& facts,
                   const std::function<void(const CanonicalCall&, const ClientCall&)>& body) {
  for (const CanonicalCall& call : canonical_calls())
    if (const ModelFacts model = facts.chat_models().front(); fits(call, model))
      body(call, client_call(call, model));
}

void judge_answers(const Facts& facts, Judge& judge) {
  need(facts, judge);
  for_each_call(facts, [&](const CanonicalCall& call, const ClientCall& client) {
    const Parsed got = answer_locally(*facts.provider, client);
    judge.expect(got.end == "ok" && got.finished,
                 [&] { return "call '" + std::string(call.name) + "' ends with " + got.end; });
    judge.expect(!got.events.empty() && got.events.back().as_object().contains("finish"),
                 [&] { return "call '" + std::string(call.name) + "': the finish is not the last event"; });
    judge.expect(same(answer_locally(*facts.provider, client).events, got.events),
                 [&] { return "call '" + std::string(call.name) + "' has another answer the second time"; });
  });
}

void judge_stop(const Facts& facts, Judge& judge) {
  const freellm_local& local = need(facts, judge);
  for_each_call(facts, [&](const CanonicalCall& call, const ClientCall& client) {
    std::size_t seen = 0;
    freellm_events_out out{};
    out.size = sizeof out;
    out.ctx = &seen;
    out.emit = [](freellm_events_out* o, const freellm_event*) -> freellm_status {
      ++*static_cast<std::size_t*>(o->ctx);
      return FREELLM_E_STOPPED;
    };
    const HostCall host(client);
    const freellm_status status =
        inside("answer", [&] { return local.answer(facts.provider, host.get(), &out); });
    judge.expect(status == FREELLM_E_STOPPED && seen == 1, [&] {
      return "call '" + std::string(call.name) + "': stopped, and it gave " + std::to_string(seen) +
             " events and " + status_word(status);
    });
  });
}

}  // namespace

void add_local_checks(std::vector<Check>& checks) {
  Group group(checks, "local");
  group.each("table", "freellm_local has its size and its function", [](const Facts& f, Judge& j) {
    const freellm_local& local = need(f, j);
    j.expect(local.size >= sizeof(freellm_local) && local.answer != nullptr, "it has not");
  });
  group.each("answers", "every canonical call has one answer with a finish, the same every time",
             judge_answers);
  group.each("stops", "it stops when the host has enough", judge_stop);
}

}  // namespace freellmapi::kit
