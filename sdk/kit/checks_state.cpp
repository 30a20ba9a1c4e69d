// A plugin is a pair of pure functions with a parser between: no state, no threads, no world.
#include <dlfcn.h>
#include <unistd.h>

#include <clocale>
#include <cstdlib>
#include <thread>

#include "kit/answers.hpp"
#include "kit/build.hpp"
#include "kit/calls.hpp"
#include "kit/checks.hpp"
#include "kit/compare.hpp"
#include "kit/drive.hpp"
#include "kit/elf.hpp"
#include "kit/process.hpp"
#include "kit/seeds.hpp"
#include "kit/words.hpp"

namespace freellmapi::kit {
namespace {

/// One thing that a plugin can be asked, and its answer as text.
using Question = std::function<std::string()>;

std::string in_text(const Written& written) {
  return status_word(written.status) + "\n" + written.everything() + "\n" +
         std::to_string(written.output_bound.value_or(0));
}

void add_requests(const Facts& facts, std::vector<Question>& out) {
  if (facts.local) return;
  for (const CanonicalCall& call : canonical_calls()) {
    if (call.body.size() > 64 * 1'024) continue;
    for (const ModelFacts& model : facts.chat_models())
      if (fits(call, model)) {
        out.push_back([&facts, client = client_call(call, model)] {
          return in_text(write_request(*facts.provider, *HostCall(client).get()));
        });
        break;
      }
  }
}

void add_answers(Subject& subject, const Facts& facts, std::vector<Question>& out) {
  if (facts.local) return;
  for (const Answer& answer : good_answers(subject))
    out.push_back([&facts, client = plain_call(facts, true), answer] {
      const Parsed got = parse(*facts.provider, client, answer, {answer.body});
      return json::serialize(got.events) + got.end;
    });
}

void add_errors(Subject& subject, const Facts& facts, std::vector<Question>& out) {
  for (const Answer& answer : bad_answers(subject))
    out.push_back([&facts, answer] {
      return json::serialize(outcome_json(classify_raw(*facts.provider, answer, kit_now))) +
             json::serialize(read_limits(*facts.provider, answer, kit_now));
    });
}

std::vector<Question> all_questions(Subject& subject) {
  std::vector<Question> out;
  for (const Facts& facts : subject.facts()) {
    add_requests(facts, out);
    add_answers(subject, facts, out);
    add_errors(subject, facts, out);
  }
  return out;
}

std::vector<std::string> ask(const std::vector<Question>& questions) {
  std::vector<std::string> out;
  for (const Question& question : questions) out.push_back(question());
  return out;
}

void judge_same(const std::vector<std::string>& before, const std::vector<std::string>& now,
                const std::string& when, Judge& judge) {
  for (std::size_t i = 0; i < before.size(); ++i)
    judge.expect(before[i] == now[i], [&] {
      return when + " the answer is another one: " + printable(now[i], 200) + " instead of " +
             printable(before[i], 200);
    });
}

void judge_order(Subject& subject, Judge& judge) {
  const std::vector<Question> questions = all_questions(subject);
  const std::vector<std::string> forward = ask(questions);
  std::vector<std::string> backward(questions.size());
  for (std::size_t i = questions.size(); i-- > 0;) backward[i] = questions[i]();
  judge_same(forward, backward, "asked in another order", judge);
}

void judge_interleaved(Subject& subject, Judge& judge) {
  for (const Facts& facts : subject.facts()) {
    if (facts.local) judge.skip("the provider answers by itself");
    const std::vector<Answer> answers = good_answers(subject);
    const ClientCall client = plain_call(facts, true);
    const HostCall call(client);
    struct Running {
      const Answer* answer;
      ParserMemory parser;
      Recorder recorder;
      std::size_t at = 0;
      freellm_status status = FREELLM_OK;
      Running(const Answer& a, const freellm_provider& p) : answer(&a), parser(p) {}
    };
    std::vector<std::unique_ptr<Running>> all;
    for (const Answer& answer : answers) {
      all.push_back(std::make_unique<Running>(answer, *facts.provider));
      const HostHead head(answer);
      all.back()->status = all.back()->parser.open(*call.get(), *head.get());
    }
    constexpr std::size_t step = 97;
    for (bool any = true; any;) {
      any = false;
      for (const auto& one : all) {
        const std::string& body = one->answer->body;
        if (one->status != FREELLM_OK || one->at >= body.size()) continue;
        one->status = one->parser.feed(std::string_view(body).substr(one->at, step), one->recorder.out());
        one->at += step;
        any = true;
      }
    }
    for (const auto& one : all) {
      if (one->status >= 0) one->status = one->parser.finish(one->recorder.out());
      const Parsed alone = parse(*facts.provider, client, *one->answer, {one->answer->body});
      judge.expect(differs_in_events(alone.events, one->recorder.parsed.events).empty(), [&] {
        return "beside other parsers an answer reads otherwise: " +
               printable(json::serialize(one->recorder.parsed.events), 200);
      });
    }
  }
}

/// The same questions from eight threads at once, each beginning elsewhere.
void judge_threads(const std::vector<Question>& questions, Judge& judge) {
  if (questions.empty()) judge.skip("nothing to ask");
  constexpr std::size_t threads = 8, rounds = optimized && !sanitized ? 6 : 2;
  const std::vector<std::string> alone = ask(questions);
  std::vector<std::string> faults(threads);
  std::vector<std::thread> running;
  for (std::size_t t = 0; t < threads; ++t)
    running.emplace_back([&, t] {
      try {
        for (std::size_t i = 0; i < questions.size() * rounds && faults[t].empty(); ++i) {
          const std::size_t which = (i + t * questions.size() / threads) % questions.size();
          const std::string got = questions[which]();
          if (got != alone[which])
            faults[t] = printable(got, 200) + " instead of " + printable(alone[which], 200);
        }
      } catch (const std::exception& e) {
        faults[t] = e.what();
      }
    });
  for (std::thread& one : running) one.join();
  for (const std::string& fault : faults)
    if (!fault.empty()) judge.fail("from eight threads at once the answer is another one: " + fault);
}

/// The library's writable memory as it is now.
std::string writable_memory(Subject& subject) {
  Dl_info info{};
  if (dladdr(&subject.plugin().table(), &info) == 0) throw Skipped("where the library lies is not known");
  std::string out;
  for (const Library::Writable& range : read_library(subject.file()).writable)
    out.append(static_cast<const char*>(info.dli_fbase) + range.address, range.size);
  return out;
}

void judge_globals(Subject& subject, Judge& judge) {
  constexpr std::size_t guards_most = 64;  // of constants that are made at the first use
  if (sanitized) judge.skip("the sanitizer keeps its own things there");
  const std::vector<Question> questions = all_questions(subject);
  const std::string fresh = writable_memory(subject);
  ask(questions);
  const std::string warm = writable_memory(subject);
  ask(questions);
  ask(questions);
  const std::string later = writable_memory(subject);
  const auto changed = [](const std::string& a, const std::string& b) {
    std::size_t n = 0;
    for (std::size_t i = 0; i < a.size(); ++i) n += a[i] != b[i] ? 1 : 0;
    return n;
  };
  if (const std::size_t n = changed(warm, later); n > 0)
    judge.fail(std::to_string(n) + " bytes of its global variables change from call to call");
  else if (const std::size_t once = changed(fresh, warm); once > guards_most)
    judge.advise(std::to_string(once) + " bytes of its global variables are written at the first calls");
}

void judge_threads_started(Subject& subject, Judge& judge) {
  const std::size_t before = threads_alive();
  ask(all_questions(subject));
  const std::size_t now = threads_alive();
  judge.expect(now == before, [&] {
    return std::to_string(now - before) + " threads are alive that were not there before";
  });
}

void judge_descriptors(Subject& subject, Judge& judge) {
  subject.fixtures();
  subject.plugin();
  const std::string before = open_descriptors();
  ask(all_questions(subject));
  const std::string now = open_descriptors();
  judge.expect(now == before, [&] { return "open are " + now + ", before it were " + before; });
}

void judge_environment(Subject& subject, Judge& judge) {
  const std::vector<Question> questions = all_questions(subject);
  const std::vector<std::string> before = ask(questions);
  for (const char* const name :
       {"TZ", "LANG", "LC_ALL", "HTTPS_PROXY", "OPENAI_BASE_URL", "DEBUG", "HOME", "PATH"})
    setenv(name, "America/St_Johns", 1);
  tzset();
  judge_same(before, ask(questions), "in another environment", judge);
}

void judge_locale(Subject& subject, Judge& judge) {
  const std::vector<Question> questions = all_questions(subject);
  const std::vector<std::string> before = ask(questions);
  const char* found = nullptr;
  for (const char* const name : {"de_DE.UTF-8", "fr_FR.UTF-8", "tr_TR.UTF-8", "de_DE", "C.UTF-8"})
    if (found == nullptr) found = std::setlocale(LC_ALL, name);
  if (found == nullptr) judge.skip("this machine has no other locale");
  const std::vector<std::string> now = ask(questions);
  std::setlocale(LC_ALL, "C");
  judge_same(before, now, "in another locale", judge);
}

void judge_silent(Subject& subject, Judge& judge) {
  if (subject.voice() < 0) judge.skip("nobody listens to its standard output");
  const std::vector<Question> questions = all_questions(subject);
  const off_t before = lseek(subject.voice(), 0, SEEK_END);
  ask(questions);
  std::fflush(nullptr);
  const off_t now = lseek(subject.voice(), 0, SEEK_END);
  std::string said(static_cast<std::size_t>(std::min<off_t>(now - before, 200)), '\0');
  if (pread(subject.voice(), said.data(), said.size(), before) < 0) said.clear();
  judge.expect(now == before, [&] {
    return std::to_string(now - before) +
           " bytes went to standard output or standard error: " + printable(said, 200);
  });
}

}  // namespace

void add_state_checks(std::vector<Check>& checks) {
  Group group(checks, "state");
  group.add("globals", "its global variables do not change", judge_globals);
  group.add("order", "answers do not depend on the order of the questions", judge_order);
  group.add("interleaved", "parsers that are alive together do not see one another", judge_interleaved);
  const auto threads = [&](std::string name, std::string title,
                           std::function<void(Subject&, const Facts&, std::vector<Question>&)> add) {
    group.add(std::move(name), std::move(title), [add = std::move(add)](Subject& subject, Judge& judge) {
      std::vector<Question> questions;
      for (const Facts& facts : subject.facts()) add(subject, facts, questions);
      judge_threads(questions, judge);
    });
  };
  threads("threads-requests", "requests from eight threads at once",
          [](Subject&, const Facts& f, std::vector<Question>& q) { add_requests(f, q); });
  threads("threads-answers", "answers in eight threads at once", add_answers);
  threads("threads-errors", "errors and limits in eight threads at once", add_errors);
  group.add("threads-started", "it starts no thread", judge_threads_started);
  group.add("descriptors", "it opens no file and no socket", judge_descriptors);
  group.add("environment", "the environment changes nothing", judge_environment);
  group.add("locale", "the locale changes nothing", judge_locale);
  group.add("silent", "it writes nothing to standard output or standard error", judge_silent);
}

}  // namespace freellmapi::kit
