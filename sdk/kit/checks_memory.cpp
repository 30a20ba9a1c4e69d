// Everything an answer can grow has a bound, and nothing stays behind.
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

#include "kit/answers.hpp"
#include "kit/build.hpp"
#include "kit/calls.hpp"
#include "kit/cases.hpp"
#include "kit/checks.hpp"
#include "kit/crossing.hpp"
#include "kit/drive.hpp"
#include "kit/process.hpp"
#include "kit/seeds.hpp"
#include "kit/streams.hpp"
#include "kit/words.hpp"

namespace freellmapi::kit {
namespace {

constexpr std::size_t mebi = 1'024 * 1'024;
// A parser may gather a body of 32 MiB, and needs it twice for a moment.
constexpr std::size_t endless = (sanitized ? 16 : 96) * mebi;
constexpr std::size_t growth_most = 72 * mebi, leak_most = 8 * mebi;
constexpr std::size_t piece = 64 * 1'024;

/// Takes every event and keeps nothing.
freellm_events_out forgetful() {
  freellm_events_out out{};
  out.size = sizeof out;
  out.emit = [](freellm_events_out*, const freellm_event*) -> freellm_status { return FREELLM_OK; };
  return out;
}

/// An answer without an end: `first`, then `again` for ever.
struct Endless {
  std::string_view name, title, type;
  std::string first, again;
};

void judge_endless(const Facts& facts, const Endless& answer, Judge& judge) {
  if (facts.local) judge.skip("the provider answers by itself");
  const ClientCall client = plain_call(facts, true);
  const HostCall call(client);
  const Answer head_of{200, {{"content-type", std::string(answer.type)}}, ""};
  const HostHead head(head_of);
  std::string block;
  while (block.size() < piece) block += answer.again;
  freellm_events_out out = forgetful();
  ParserMemory parser(*facts.provider);
  if (parser.open(*call.get(), *head.get()) < 0) return;
  const std::size_t before = resident_bytes();
  freellm_status status = parser.feed(answer.first, &out);
  std::size_t fed = answer.first.size(), most = 0;
  for (; fed < endless && status == FREELLM_OK; fed += block.size()) {
    status = parser.feed(block, &out);
    const std::size_t now = resident_bytes();
    most = std::max(most, now > before ? now - before : 0);
    if (!sanitized && most > growth_most)
      return judge.fail("after " + mebibytes(fed) + " the parser holds " + mebibytes(most) +
                        " and takes more: everything an answer can grow needs a bound");
  }
  if (status == FREELLM_OK) parser.finish(&out);
  judge.expect(parser.intact(), "it wrote outside of its parser_size bytes");
}

/// The frames of the plugin's own stream before its finish, again and again.
void judge_own_frames(Subject& subject, Judge& judge) {
  bool any = false;
  for (const Fixture& fixture : subject.fixtures()) {
    if (!fixture.events || !fixture.answer || !fixture.answer->is_event_stream()) continue;
    const freellm_provider* const provider = provider_of(fixture, subject.plugin().providers());
    const std::string& body = fixture.answer->body;
    const std::size_t frame = body.find("\n\n");
    if (provider == nullptr || frame == body.npos || any) continue;
    any = true;
    for (const Facts& facts : subject.facts())
      if (facts.provider == provider)
        judge_endless(facts, {"", "", "text/event-stream", "", body.substr(0, frame + 2)}, judge);
  }
  if (!any) judge.skip("no fixture with a stream");
}

/// Runs `once` until its memory has settled, then looks whether it grows.
void judge_leak(Judge& judge, std::size_t times, const std::function<void()>& once) {
  for (std::size_t i = 0; i < times / 4; ++i) once();
  const std::size_t before = resident_bytes();
  for (std::size_t i = 0; i < times; ++i) once();
  const std::size_t now = resident_bytes();
  if (sanitized) return;
  judge.expect(now <= before + leak_most, [&] {
    return std::to_string(times) + " rounds leave " + mebibytes(now - before) + " behind";
  });
}

void judge_abandoned(const Facts& facts, Judge& judge) {
  if (facts.local) judge.skip("the provider answers by itself");
  const ClientCall client = plain_call(facts, true);
  const HostCall call(client);
  const Answer answer = event_stream("");
  const HostHead head(answer);
  const std::string half = delta(R"("content":")" + std::string(8'192, 'a') + "\"") +
                           "data: {\"choices\":[{" + std::string(8'192, ' ');
  judge_leak(judge, 2'000, [&] {
    ParserMemory parser(*facts.provider);
    freellm_events_out out = forgetful();
    if (parser.open(*call.get(), *head.get()) < 0) return;
    parser.feed(half, &out);
  });
}

void judge_whole_answers(Subject& subject, Judge& judge) {
  const std::vector<Answer> answers = good_answers(subject);
  for (const Facts& facts : subject.facts()) {
    if (facts.local) judge.skip("the provider answers by itself");
    const ClientCall client = plain_call(facts, true);
    std::size_t next = 0;
    judge_leak(judge, 2'000, [&] {
      const Answer& answer = answers[next++ % answers.size()];
      parse(*facts.provider, client, answer, {answer.body});
    });
  }
}

void judge_request_leak(const Facts& facts, Judge& judge) {
  if (facts.local) judge.skip("the provider answers by itself");
  std::vector<ClientCall> clients;
  for (const CanonicalCall& call : canonical_calls())
    if (fits(call, facts.chat_models().front()))
      clients.push_back(client_call(call, facts.chat_models().front()));
  std::size_t next = 0;
  judge_leak(judge, 500,
             [&] { write_request(*facts.provider, *HostCall(clients[next++ % clients.size()]).get()); });
}

void judge_error_leak(Subject& subject, Judge& judge) {
  const std::vector<Answer> answers = bad_answers(subject);
  for (const Facts& facts : subject.facts()) {
    std::size_t next = 0;
    judge_leak(judge, 2'000, [&] {
      const Answer& answer = answers[next++ % answers.size()];
      classify_raw(*facts.provider, answer, kit_now);
      read_limits(*facts.provider, answer, kit_now);
    });
  }
}

/// A parser whose memory ends where no page is: a step behind its end is seen at once, a read as well.
void judge_guard_page(const Facts& facts, Judge& judge) {
  if (facts.local) judge.skip("the provider answers by itself");
  const freellm_provider& p = *facts.provider;
  const std::size_t page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const std::size_t pages = (p.parser_size + page - 1) / page;
  void* const mapped = mmap(nullptr, (pages + 2) * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) judge.skip("no memory for guard pages");
  auto* const first = static_cast<unsigned char*>(mapped) + page;
  mprotect(first, pages * page, PROT_READ | PROT_WRITE);
  unsigned char* const memory = first + (pages * page - p.parser_size) / p.parser_align * p.parser_align;
  const ClientCall client = plain_call(facts, true);
  const HostCall call(client);
  for (const CannedStream& canned : canned_streams()) {
    const HostHead head(canned.answer);
    std::memset(memory, 0, p.parser_size);
    freellm_events_out out = forgetful();
    if (inside("parser_open", [&] { return p.parser_open(&p, memory, call.get(), head.get()); }) < 0)
      continue;
    const freellm_status status = inside("parser_feed", [&] {
      return p.parser_feed(memory, canned.answer.body.data(), canned.answer.body.size(), &out);
    });
    if (status >= 0) inside("parser_finish", [&] { return p.parser_finish(memory, &out); });
    p.parser_close(memory);
  }
  munmap(mapped, (pages + 2) * page);
}

std::string tool(std::string_view index, std::string_view arguments) {
  return delta(R"("tool_calls":[{"index":)" + std::string(index) +
               R"(,"id":"c","function":{"name":"f","arguments":")" + std::string(arguments) + R"("}}])");
}

const std::vector<Endless>& endless_answers() {
  static const std::string words(1'000, 'a');
  static const std::vector<Endless> all{
      {"endless-line", "a line without an end", "text/event-stream", "data: ", words},
      {"endless-event", "an event with lines without end", "text/event-stream", "", "data: " + words + "\n"},
      {"endless-fields", "fields that nobody knows", "text/event-stream", "",
       "field: " + words + "\nid: 7\n"},
      {"endless-comments", "comments for ever", "text/event-stream", "", ": " + words + "\n\n"},
      {"endless-blanks", "empty lines for ever", "text/event-stream", "", "\n\r\n"},
      {"endless-text", "text for ever", "text/event-stream", "", delta(R"("content":")" + words + "\"")},
      {"endless-thinking", "thinking for ever", "text/event-stream", delta(R"("content":"<think>")"),
       delta(R"("content":")" + words + "\"")},
      {"endless-reasoning", "reasoning for ever", "text/event-stream", "",
       delta(R"("reasoning_content":")" + words + "\"")},
      {"endless-arguments", "one tool call's arguments for ever", "text/event-stream", tool("0", ""),
       delta(R"("tool_calls":[{"index":0,"function":{"arguments":")" + words + R"("}}])")},
      {"endless-tools", "a new tool call each time", "text/event-stream", "",
       tool("0", words) + tool("1", words) + tool("2", words) +
           delta(R"("tool_calls":[{"id":"d","function":{"name":"g","arguments":"{}"}}])")},
      {"endless-json", "a JSON body whose text never ends", "application/json",
       R"({"choices":[{"message":{"content":")", words},
      {"endless-list", "a JSON body whose list never ends", "application/json", R"({"choices":[)",
       R"({"message":{"content":"a"}},)"},
      {"endless-depth", "a JSON body that goes ever deeper", "application/json", "", "[{\"a\":"},
      {"endless-page", "a page that never ends", "text/html", "<html>", words}};
  return all;
}

}  // namespace

void add_memory_checks(std::vector<Check>& checks) {
  Group group(checks, "memory");
  for (const Endless& answer : endless_answers())
    group.each(std::string(answer.name),
               std::string(answer.title) + ": it ends with E_LIMIT or what is held stays bounded",
               [&answer](const Facts& f, Judge& j) { judge_endless(f, answer, j); });
  group.add("endless-frames", "a frame of its own fixtures for ever: what is held stays bounded",
            judge_own_frames);
  group.each("abandoned", "parsers that are closed in the middle leave nothing behind", judge_abandoned);
  group.add("answers", "whole answers leave nothing behind", judge_whole_answers);
  group.each("requests", "requests leave nothing behind", judge_request_leak);
  group.add("errors", "error answers and heads leave nothing behind", judge_error_leak);
  group.each("guard-page", "a parser touches nothing behind its parser_size bytes", judge_guard_page);
}

}  // namespace freellmapi::kit
