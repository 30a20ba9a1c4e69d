// The plugin's own fixtures, one check for each thing that a folder can show.
#include "kit/cases.hpp"
#include "kit/checks.hpp"

namespace freellmapi::kit {
namespace {

void judge_aspect(Subject& subject, Judge& judge, Aspect aspect) {
  if (subject.fixtures().empty()) judge.skip("no fixtures; name their folder with --fixtures");
  bool any = false;
  for (const Fixture& fixture : subject.fixtures()) {
    if (judge.enough()) return;
    if (!shows(fixture, aspect)) continue;
    any = true;
    judge.about(fixture.name);
    const freellm_provider* const provider = provider_of(fixture, subject.plugin().providers());
    if (!judge.expect(provider != nullptr, [&] { return "no provider " + fixture.provider; })) continue;
    try {
      for (const std::string& fault : run_case(*provider, fixture, aspect))
        judge.fail(printable(fault, 1'000));
    } catch (const std::exception& e) {
      judge.fail(e.what());
    }
  }
  judge.about("");
  if (!any) judge.skip("no fixture shows it");
}

}  // namespace

void add_fixture_checks(std::vector<Check>& checks) {
  struct Named {
    Aspect aspect;
    const char *name, *title;
  };
  constexpr Named all[] = {
      {Aspect::request, "requests", "calls become the requests that are written down"},
      {Aspect::probe, "probes", "the probe is the one that is written down"},
      {Aspect::keys, "keys", "good keys and bad ones are told apart"},
      {Aspect::whole, "answers", "answers become the events that are written down"},
      {Aspect::byte_by_byte, "byte-by-byte", "the same when every byte comes by itself"},
      {Aspect::every_cut, "every-cut", "the same wherever the bytes are cut in two"},
      {Aspect::crlf, "crlf", "the same with lines ended by CR LF"},
      {Aspect::cr, "cr", "the same with lines ended by CR"},
      {Aspect::comments, "comments", "the same with comments between the events"},
      {Aspect::no_space, "no-space", "the same without the space after data:"},
      {Aspect::no_done, "no-done", "without [DONE] an answer is whole exactly when it has a finish"},
      {Aspect::truncated, "truncated", "an answer cut before its end is never a success"},
      {Aspect::outcome, "outcomes", "errors are classified as written down"},
      {Aspect::limits, "limits", "rate-limit headers become the windows that are written down"},
      {Aspect::answer, "endpoints", "answers beside chat become what is written down"}};
  Group group(checks, "fixtures");
  group.add("readable", "every folder can be read and shows something", [](Subject& subject, Judge& judge) {
    if (subject.fixtures_folder().empty()) judge.skip("no fixtures; name their folder with --fixtures");
    judge.expect(!subject.fixtures().empty(),
                 [&] { return subject.fixtures_folder() + " holds no fixtures"; });
    for (const Fixture& fixture : subject.fixtures()) {
      bool any = false;
      for (const Aspect aspect : all_aspects) any = any || shows(fixture, aspect);
      judge.expect(any, [&] { return fixture.name + ": nothing to check"; });
    }
  });
  for (const Named& named : all)
    group.add(named.name, named.title, [aspect = named.aspect](Subject& subject, Judge& judge) {
      judge_aspect(subject, judge, aspect);
    });
}

}  // namespace freellmapi::kit
