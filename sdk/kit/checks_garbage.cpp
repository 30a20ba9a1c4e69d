// Bytes that nobody meant: no crash, no hang, no nonsense out of it. The seeds are fixed.
#include <algorithm>

#include "kit/answers.hpp"
#include "kit/build.hpp"
#include "kit/calls.hpp"
#include "kit/checks.hpp"
#include "kit/compare.hpp"
#include "kit/crossing.hpp"
#include "kit/drive.hpp"
#include "kit/random.hpp"
#include "kit/seeds.hpp"
#include "kit/streams.hpp"
#include "kit/words.hpp"

namespace freellmapi::kit {
namespace {

constexpr std::size_t rounds = optimized && !sanitized ? 3'000 : 800;
constexpr std::string_view types[] = {"text/event-stream", "application/json", "text/html",
                                      "application/octet-stream", ""};

void wire_only(const Facts& facts, Judge& judge) {
  if (facts.local) judge.skip("the provider answers by itself");
}

void for_each_wire(Subject& subject, Judge& judge, const std::function<void(const Facts&)>& body) {
  for (const Facts& facts : subject.facts()) {
    wire_only(facts, judge);
    body(facts);
  }
}

/// `round` is said with a failure: with the fixed seed it is the way back.
void judge_parse(const Facts& facts, const Answer& answer, const std::vector<std::string_view>& cuts,
                 std::size_t round, Judge& judge) {
  constexpr std::string_view known[] = {"ok",         "E_PROTOCOL", "E_TRUNCATED",  "E_LIMIT",
                                        "E_INTERNAL", "E_INVALID",  "E_UNSUPPORTED"};
  try {
    const Parsed got = parse(*facts.provider, plain_call(facts, true), answer, cuts);
    judge.expect(std::find(std::begin(known), std::end(known), got.end) != std::end(known),
                 [&] { return "round " + std::to_string(round) + ": the unknown status " + got.end; });
    if (got.end == "E_INTERNAL")
      judge.advise("round " + std::to_string(round) +
                   ": E_INTERNAL, which should not happen: " + printable(answer.body, 120));
  } catch (const std::exception& e) {
    judge.fail("round " + std::to_string(round) + ": " + e.what() + " on " + printable(answer.body, 300));
  }
}

void judge_noise(Subject& subject, Judge& judge) {
  for_each_wire(subject, judge, [&](const Facts& facts) {
    Random random(1);
    for (std::size_t round = 0; round < rounds && !judge.enough(); ++round) {
      const Answer answer{200,
                          {{"content-type", std::string(types[random.below(std::size(types))])}},
                          random.bytes(random.below(600))};
      judge_parse(facts, answer, cut(random, answer.body), round, judge);
    }
  });
}

/// One mutated answer of `seeds`; their heads stay.
Answer odd_answer(Random& random, const std::vector<Answer>& seeds) {
  Answer answer = seeds[random.below(seeds.size())];
  answer.body = mutated(random, answer.body, seeds[random.below(seeds.size())].body);
  return answer;
}

void judge_mutated(Subject& subject, Judge& judge) {
  const std::vector<Answer> seeds = good_answers(subject);
  for_each_wire(subject, judge, [&](const Facts& facts) {
    Random random(2);
    for (std::size_t round = 0; round < rounds && !judge.enough(); ++round) {
      const Answer answer = odd_answer(random, seeds);
      judge_parse(facts, answer, cut(random, answer.body), round, judge);
    }
  });
}

void judge_cuts(Subject& subject, Judge& judge) {
  const std::vector<Answer> seeds = good_answers(subject);
  for_each_wire(subject, judge, [&](const Facts& facts) {
    const ClientCall client = plain_call(facts, true);
    Random random(3);
    for (std::size_t round = 0; round < rounds && !judge.enough(); ++round) {
      const Answer answer = odd_answer(random, seeds);
      const Parsed whole = parse(*facts.provider, client, answer, {answer.body});
      const auto judge_same = [&](const Parsed& got, const char* what) {
        judge.expect(differs_in_events(whole.events, got.events).empty() && whole.end == got.end, [&] {
          return "round " + std::to_string(round) + ": " + what + ": " +
                 printable(json::serialize(got.events), 200) + ", " + got.end + " instead of " +
                 printable(json::serialize(whole.events), 200) + ", " + whole.end;
        });
      };
      judge_same(parse(*facts.provider, client, answer, cut(random, answer.body)),
                 "the events depend on how the bytes are cut");
      if (const auto at_once = read_at_once(*facts.provider, client, answer))
        judge_same(*at_once, "in one call it reads an answer otherwise");
    }
  });
}

void judge_closing(const Facts& facts, Judge& judge) {
  wire_only(facts, judge);
  const ClientCall client = plain_call(facts, true);
  const HostCall call(client);
  const Answer answer = event_stream(delta(R"("content":"Hello")"));
  const HostHead head(answer);
  for (int state = 0; state < 6; ++state) {
    ParserMemory parser(*facts.provider);
    Recorder recorder;
    if (!judge.expect(parser.open(*call.get(), *head.get()) >= 0, "parser_open fails for a plain stream"))
      return;
    if (state >= 1) parser.feed(answer.body.substr(0, state == 1 ? 7 : std::string::npos), recorder.out());
    if (state >= 3) parser.feed(state == 3 ? "data: {]\n\n" : "data: {\"choi", recorder.out());
    if (state >= 4) parser.finish(recorder.out());
    parser.close();
    judge.expect(parser.intact(), [&] {
      return "state " + std::to_string(state) + ": it wrote outside of its parser_size bytes";
    });
  }
}

/// A sink that has enough after `wanted` events.
struct Stopper {
  freellm_events_out out{};
  std::size_t wanted, seen = 0;
  explicit Stopper(std::size_t n) : wanted(n) {
    out.size = sizeof out;
    out.ctx = this;
    out.emit = [](freellm_events_out* o, const freellm_event*) -> freellm_status {
      auto& self = *static_cast<Stopper*>(o->ctx);
      return ++self.seen >= self.wanted ? FREELLM_E_STOPPED : FREELLM_OK;
    };
  }
};

void judge_stop(Subject& subject, Judge& judge) {
  for_each_wire(subject, judge, [&](const Facts& facts) {
    const ClientCall client = plain_call(facts, true);
    const HostCall call(client);
    for (const Answer& answer : good_answers(subject)) {
      const HostHead head(answer);
      for (std::size_t wanted = 1; wanted <= 3; ++wanted) {
        if (judge.enough()) return;
        ParserMemory parser(*facts.provider);
        Stopper stopper(wanted);
        if (parser.open(*call.get(), *head.get()) < 0) continue;
        freellm_status status = parser.feed(answer.body, &stopper.out);
        if (status == FREELLM_OK) status = parser.finish(&stopper.out);
        if (stopper.seen < wanted) continue;
        judge.expect(status == FREELLM_E_STOPPED && stopper.seen == wanted, [&] {
          return "the host had enough after " + std::to_string(wanted) + " events; it got " +
                 std::to_string(stopper.seen) + " and " + status_word(status);
        });
      }
    }
  });
}

void judge_errors(Subject& subject, Judge& judge) {
  const std::vector<Answer> seeds = bad_answers(subject);
  for (const Facts& facts : subject.facts()) {
    Random random(4);
    for (std::size_t round = 0; round < rounds && !judge.enough(); ++round) {
      Answer answer = odd_answer(random, seeds);
      answer.status = 300 + static_cast<int>(random.below(300));
      for (auto& header : answer.headers)
        if (random.below(3) == 0) header.second = mutated(random, header.second, "2m59.56s");
      judge_outcome(classify_raw(*facts.provider, answer, kit_now), kit_now, "round " + std::to_string(round),
                    judge);
    }
  }
}

void judge_limits(Subject& subject, Judge& judge) {
  const std::vector<Answer> seeds = bad_answers(subject);
  for (const Facts& facts : subject.facts()) {
    if (facts.provider->read_limits == nullptr) judge.skip("it reads no limits");
    Random random(5);
    for (std::size_t round = 0; round < rounds && !judge.enough(); ++round) {
      Answer answer = seeds[random.below(seeds.size())];
      for (auto& header : answer.headers)
        header.second = mutated(random, header.second, "99999999999999999999");
      answer.headers.emplace_back("x-ratelimit-remaining-requests", random.bytes(random.below(40)));
      read_limits(*facts.provider, answer, kit_now);
    }
  }
}

/// A value of another type than the one that stands there.
std::string odd_value(Random& random) {
  constexpr std::string_view values[] = {"null",
                                         "true",
                                         "0",
                                         "-1",
                                         "1e308",
                                         "18446744073709551616",
                                         "\"\"",
                                         "\"x\"",
                                         "[]",
                                         "{}",
                                         "[[[]]]",
                                         "{\"type\":17}",
                                         "[null]",
                                         "[{\"type\":\"function\"}]",
                                         "{\"type\":\"json_schema\"}",
                                         "[{\"type\":\"function\",\"function\":{}}]",
                                         "{\"type\":\"function\",\"function\":{\"name\":null}}"};
  return std::string(values[random.below(std::size(values))]);
}

/// The host promises valid JSON and sound messages; the types of all other members are the client's.
void judge_calls(const Facts& facts, Judge& judge) {
  wire_only(facts, judge);
  Random random(6);
  const auto& calls = canonical_calls();
  for (std::size_t round = 0; round < rounds && !judge.enough(); ++round) {
    const CanonicalCall& canonical = calls[random.below(calls.size())];
    if (canonical.body.size() > 64 * 1'024) continue;
    const ClientCall client = client_call(canonical, facts.chat_models().front());
    HostCall host(client);
    std::string body = "{";
    for (const freellm_member& member : top_members(client.body)) {
      const bool keep = view(member.name) == "messages" || random.below(3) > 0;
      body += (body.size() > 1 ? ",\"" : "\"") + std::string(view(member.name)) +
              "\":" + (keep ? std::string(view(member.value)) : odd_value(random));
    }
    body += "}";
    const std::vector<freellm_member> members = top_members(body);
    host.call().body = text(body);
    host.call().members = members.data();
    host.call().member_count = members.size();
    const Written written = write_request(*facts.provider, *host.get());
    const std::string where = "round " + std::to_string(round) + ": ";
    for (const std::string& fault : written.faults) judge.fail(where + fault);
    if (written.status < 0)
      judge.expect(written.status == FREELLM_E_INVALID || written.status == FREELLM_E_UNSUPPORTED ||
                       written.status == FREELLM_E_LIMIT,
                   [&] { return where + status_word(written.status) + " for " + printable(body, 300); });
  }
}

void judge_throws(const Facts& facts, Judge& judge) {
  const auto quiet = [&](const char* what, auto&& body) {
    try {
      body();
    } catch (const Crossed& crossed) {
      judge.fail(std::string(what) + ": " + crossed.what());
    } catch (const std::exception&) {  // anything else is for the checks that look at it
    }
  };
  ClientCall bare;
  bare.body = "{}";
  quiet("a call without members", [&] { write_request(*facts.provider, *HostCall(bare).get()); });
  for (const CanonicalCall& call : canonical_calls()) {
    const ClientCall client = client_call(call, facts.chat_models().front());
    quiet("a canonical call", [&] { write_request(*facts.provider, *HostCall(client).get()); });
  }
  if (facts.provider->build_probe != nullptr) quiet("the probe", [&] { write_probe(*facts.provider); });
  for (const NamedBody& body : error_bodies())
    for (const int status : {0, 200, 400, 429, 500})
      quiet("an error answer", [&] { classify_raw(*facts.provider, {status, {}, body.body}, kit_now); });
  for (const CannedStream& canned : canned_streams())
    quiet("an answer",
          [&] { parse(*facts.provider, plain_call(facts, true), canned.answer, {canned.answer.body}); });
}

}  // namespace

void add_garbage_checks(std::vector<Check>& checks) {
  Group group(checks, "garbage");
  group.each("throws", "no exception crosses the C ABI", judge_throws);
  group.add("noise", "random bytes as an answer", judge_noise);
  group.add("mutated", "real answers with bytes changed, lost and put in", judge_mutated);
  group.add("mutated-cuts", "their events do not depend on how the bytes are cut", judge_cuts);
  group.each("closing", "a parser may be closed in every state", judge_closing);
  group.add("stopping", "a parser stops when the host has enough", judge_stop);
  group.add("errors", "error answers with bytes changed, under every status", judge_errors);
  group.add("limits", "odd bytes in rate-limit headers", judge_limits);
  group.each("calls", "members of the call with values of any type", judge_calls);
}

}  // namespace freellmapi::kit
