// The rules of compatibility: what a host of another minor version hands over, and values a plugin cannot
// know.
#include <cstring>

#include "kit/calls.hpp"
#include "kit/checks.hpp"
#include "kit/crossing.hpp"
#include "kit/drive.hpp"
#include "kit/words.hpp"

namespace freellmapi::kit {
namespace {

constexpr unsigned char behind = 0xA5;
constexpr std::string_view wait_header = "retry-after", wait = "5";

/// A struct of this host with what a newer one would have behind it.
template <class T>
struct Newer {
  alignas(64) unsigned char bytes[sizeof(T) + 64];

  explicit Newer(const T& now) {
    std::memset(bytes, behind, sizeof bytes);
    std::memcpy(bytes, &now, sizeof now);
    as().size = sizeof bytes;
  }
  T& as() { return *reinterpret_cast<T*>(bytes); }
  bool intact() const {
    for (std::size_t i = sizeof(T); i < sizeof bytes; ++i)
      if (bytes[i] != behind) return false;
    return true;
  }
};

int init_with(Subject& subject, freellm_host& host) {
  const freellm_plugin& p = subject.plugin().table();
  return p.init == nullptr ? FREELLM_OK : inside("init", [&] { return p.init(&host); });
}

void judge_same_request(const Facts& facts, Judge& judge, const std::function<void(freellm_call&)>& change,
                        const char* what) {
  const ClientCall client = plain_call(facts, true);
  HostCall call(client);
  const Written before = write_request(*facts.provider, *call.get());
  change(call.call());
  judge.expect(write_request(*facts.provider, *call.get()) == before, what);
}

void judge_newer_call(const Facts& facts, Judge& judge) {
  const ClientCall client = plain_call(facts, true);
  const HostCall call(client);
  const Written before = write_request(*facts.provider, *call.get());
  Newer<freellm_call> newer(*call.get());
  judge.expect(write_request(*facts.provider, newer.as()) == before,
               "a larger freellm_call changes the request");
  judge.expect(newer.intact(), "it writes behind freellm_call");
}

void judge_newer_request_out(const Facts& facts, Judge& judge) {
  const ClientCall client = plain_call(facts);
  const HostCall call(client);
  const Written before = write_request(*facts.provider, *call.get());
  RequestSink sink(call.get()->body);
  Newer<freellm_request_out> newer(*sink.out());
  const freellm_status status = inside("build_request", [&] {
    return facts.provider->build_request(facts.provider, call.get(), &newer.as());
  });
  judge.expect(std::move(sink).take(status) == before, "a larger freellm_request_out changes the request");
  judge.expect(newer.intact(), "it writes behind freellm_request_out");
}

Answer refusal(int status) { return {status, {{std::string(wait_header), std::string(wait)}}, ""}; }

void judge_newer_outcome(const Facts& facts, Judge& judge) {
  const Answer answer = refusal(429);
  const HostHead head(answer);
  Newer<freellm_head> newer_head(*head.get());
  Newer<freellm_outcome> newer(blank_outcome());
  const freellm_status status = inside("classify_error", [&] {
    return facts.provider->classify_error(facts.provider, &newer_head.as(), {nullptr, 0}, 0, &newer.as());
  });
  judge.expect(status >= 0, [&] { return "classify_error gave " + status_word(status); });
  judge.expect(newer.intact() && newer_head.intact(), "it writes behind a struct");
  judge.expect(newer.as().size == sizeof newer.bytes, "it changes freellm_outcome.size, which is the host's");
  freellm_outcome now = newer.as();
  now.size = sizeof now;
  judge.expect(outcome_json(now) == classify(*facts.provider, answer, 0),
               "a larger freellm_outcome changes what is said");
}

void judge_newer_parser(const Facts& facts, Judge& judge) {
  if (facts.local) judge.skip("the provider answers by itself");
  const ClientCall client = plain_call(facts, true);
  const HostCall call(client);
  const Answer answer{200, {{"content-type", "text/event-stream"}}, ""};
  const HostHead head(answer);
  Newer<freellm_call> newer_call(*call.get());
  Newer<freellm_head> newer_head(*head.get());
  Recorder recorder;
  Newer<freellm_events_out> newer_out(*recorder.out());
  ParserMemory parser(*facts.provider);
  if (!judge.expect(parser.open(newer_call.as(), newer_head.as()) >= 0,
                    "parser_open fails on larger structs"))
    return;
  parser.feed(": hello\n\n", &newer_out.as());
  parser.finish(&newer_out.as());
  parser.close();
  judge.expect(newer_call.intact() && newer_head.intact() && newer_out.intact(), "it writes behind a struct");
}

void judge_newer_host(Subject& subject, Judge& judge) {
  // Never destroyed: a plugin may keep what init was given.
  static LoggingHost& host = *new LoggingHost;
  host.table().size += 64;
  host.table().abi_minor = 7;
  const int status = init_with(subject, host.table());
  judge.expect(status >= 0, [&] { return "init gave " + status_word(status); });
  host.table().abi_minor = FREELLM_ABI_MINOR;
  judge.expect(host.intact(), "it writes behind freellm_host");
}

void judge_older_host(Subject& subject, Judge& judge) {
  static LoggingHost& host = *new LoggingHost;
  host.table().abi_minor = subject.plugin().table().min_host_minor;
  host.table().size = offsetof(freellm_host, get_extension) + sizeof(host.table().get_extension);
  const int status = init_with(subject, host.table());
  judge.expect(status >= 0,
               [&] { return "init gave " + status_word(status) + " to the oldest host it takes"; });
}

}  // namespace

void add_minor_checks(std::vector<Check>& checks) {
  Group group(checks, "compatibility");
  group.add("newer-host", "a host of a newer minor starts it", judge_newer_host);
  group.add("older-host", "the oldest host it takes starts it", judge_older_host);
  group.each("newer-call", "a larger freellm_call gives the same request", judge_newer_call);
  group.each("newer-request-out", "a larger freellm_request_out gives the same request",
             judge_newer_request_out);
  group.each("newer-outcome", "larger freellm_head and freellm_outcome give the same outcome",
             judge_newer_outcome);
  group.each("newer-parser", "a parser takes larger structs and leaves what is behind alone",
             judge_newer_parser);
  group.each("unknown-call-flags", "flags of a call that it does not know change nothing",
             [](const Facts& f, Judge& j) {
               judge_same_request(
                   f, j, [](freellm_call& c) { c.flags |= 0xFFF0'0000u; },
                   "unknown call flags change the request");
             });
  group.each("unknown-model-flags", "flags of a model that it does not know change nothing",
             [](const Facts& f, Judge& j) {
               judge_same_request(
                   f, j, [](freellm_call& c) { c.model_flags |= 0xFFF0'0000u; },
                   "unknown model flags change the request");
             });
  group.each("reserved", "reserved fields change nothing", [](const Facts& f, Judge& j) {
    judge_same_request(
        f, j, [](freellm_call& c) { c.reserved = 0xFFFF'FFFFu; },
        "freellm_call.reserved changes the request");
  });
}

}  // namespace freellmapi::kit
