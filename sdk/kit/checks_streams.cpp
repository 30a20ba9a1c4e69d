// Answers on OpenAI's wire, in one piece, cut at every place and byte by byte.
#include <algorithm>

#include "kit/calls.hpp"
#include "kit/checks.hpp"
#include "kit/compare.hpp"
#include "kit/drive.hpp"
#include "kit/streams.hpp"
#include "kit/variants.hpp"

namespace freellmapi::kit {
namespace {

constexpr std::size_t cut_limit = 4 * 1'024, bytes_limit = 64 * 1'024;

std::string shown(const Parsed& got) { return printable(json::serialize(got.events), 300) + ", " + got.end; }

bool has_error(const Parsed& got) {
  return !got.events.empty() && got.events.back().as_object().contains("error");
}

/// Usage may stand before or after the finish, and may be said more than once; what is passed through besides
/// is the plugin's affair.
json::array ordered(json::array events) {
  json::value usage;
  json::array out;
  for (json::value& event : events) {
    if (event.as_object().contains("usage"))
      usage = std::move(event);
    else if (!event.as_object().contains("extra"))
      out.push_back(std::move(event));
  }
  if (!usage.is_null()) out.push_back(std::move(usage));
  return out;
}

void judge_one(const CannedStream& canned, const std::string& variant, const Parsed& got, Judge& judge) {
  const auto fail = [&](const std::string& what) { judge.fail(variant + ": " + what + ": " + shown(got)); };
  Parsed judged = got;
  const bool error = canned.error_event && has_error(got);
  if (error) judged.events.pop_back();
  if (!error && std::find(canned.ends.begin(), canned.ends.end(), got.end) == canned.ends.end())
    return fail("the end is not " + std::string(canned.ends.front()));
  if (canned.ends.front() != "ok" && got.finished)
    return fail("a finish comes out of an answer that has none");
  const json::array expected = ordered(canned.events), events = ordered(std::move(judged.events));
  if (canned.beginning) {
    if (!begins(expected, events)) fail("it does not begin with " + json::serialize(expected));
    return;
  }
  const std::string difference = differs_in_events(expected, events);
  if (!difference.empty()) fail(printable(difference, 400));
}

void judge_canned(const Facts& facts, const CannedStream& canned, Judge& judge) {
  if (!facts.openai()) judge.skip("its wire is " + facts.wire + "; its fixtures show its answers");
  const ClientCall client = plain_call(facts, true);
  const std::size_t size = canned.answer.body.size();
  const Parsed whole = parse(*facts.provider, client, canned.answer, {canned.answer.body});
  judge_one(canned, "whole", whole, judge);
  for (const Aspect aspect : {Aspect::byte_by_byte, Aspect::every_cut}) {
    if (size > (aspect == Aspect::every_cut ? cut_limit : bytes_limit)) continue;
    for (const Variant& variant : variants(canned.answer, aspect)) {
      if (judge.failed()) return;
      const Parsed got = parse(*facts.provider, client, canned.answer, pieces(variant));
      judge_one(canned, variant.name, got, judge);
      judge.expect(
          got.end == whole.end && differs_in_events(ordered(whole.events), ordered(got.events)).empty(), [&] {
            return variant.name + ": the events depend on how the bytes are cut: " + shown(got) +
                   " instead of " + shown(whole);
          });
    }
  }
}

}  // namespace

void add_stream_checks(std::vector<Check>& checks) {
  Group group(checks, "streams");
  for (const CannedStream& canned : canned_streams())
    group.each(std::string(canned.name), std::string(canned.title),
               [&canned](const Facts& facts, Judge& judge) { judge_canned(facts, canned, judge); });
}

}  // namespace freellmapi::kit
