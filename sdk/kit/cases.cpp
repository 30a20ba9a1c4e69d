#include "kit/cases.hpp"

#include <set>
#include <stdexcept>

#include "kit/compare.hpp"
#include "kit/drive.hpp"
#include "kit/variants.hpp"
#include "kit/words.hpp"

namespace freellmapi::kit {
namespace {

using Faults = std::vector<std::string>;

std::string expected(const json::value& want, const json::value& got) {
  return "expected " + json::serialize(want) + ", got " + json::serialize(got);
}

void judge_headers(const json::object& wanted, const json::object& headers, Faults& faults) {
  for (const auto& [name, value] : wanted) {
    const json::value* const got = headers.if_contains(name);
    if (value.is_null() ? got != nullptr : got == nullptr || *got != value)
      faults.push_back("header " + std::string(name) + ": " + expected(value, headers));
  }
}

void judge_request(const freellm_provider& provider, const Fixture& fixture, Faults& faults) {
  const json::object actual = build(provider, fixture);
  for (const auto& [name, value] : fixture.request->as_object()) {
    const json::value* const got = actual.if_contains(name);
    if (name == "headers") {
      if (got != nullptr) judge_headers(value.as_object(), got->as_object(), faults);
    } else if (name == "pieces") {
      if (got == nullptr || got->to_number<std::size_t>() > value.to_number<std::size_t>())
        faults.push_back("pieces: " + expected(value, actual));
    } else if (name == "error" || name == "method" || name == "path" || name == "credential" ||
               name == "body" || name == "output_bound") {
      if (got == nullptr || !same(value, *got))
        faults.push_back(std::string(name) + ": " + expected(value, actual));
    } else {
      faults.push_back("request.json: " + std::string(name) + "?");
    }
  }
  if (!actual.contains("text")) return;
  std::set<std::string_view> names;
  for (const freellm_member& member : top_members(actual.at("text").as_string()))
    if (!names.insert(view(member.name)).second)
      faults.push_back("written twice: " + std::string(view(member.name)));
}

void judge_keys(const freellm_provider& provider, const json::array& keys, Faults& faults) {
  for (const json::value& value : keys) {
    const json::object& key = value.as_object();
    const std::string_view first = key.at("first_8").as_string();
    const auto length = key.at("length").to_number<std::size_t>();
    const bool good =
        provider.check_key_shape == nullptr || provider.check_key_shape(&provider, text(first), length) >= 0;
    if (good != key.at("good").as_bool())
      faults.push_back("the key " + json::serialize(key) + " is taken to be " + (good ? "good" : "bad"));
  }
}

void judge_variant(const freellm_provider& provider, const Fixture& fixture, Aspect aspect, Faults& faults) {
  const json::object& wanted = fixture.events->as_object();
  const auto judge = [&](const std::string& name, const Parsed& got) {
    if (got.end != std::string_view(wanted.at("end").as_string()))
      faults.push_back(name + ": ended with " + got.end + " instead of " +
                       std::string(wanted.at("end").as_string()) + " after " + json::serialize(got.events));
    const std::string difference = differs_in_events(wanted.at("events").as_array(), got.events);
    if (!difference.empty()) faults.push_back(name + ": " + difference);
  };
  if (!fixture.answer) return judge("the answer", answer_locally(provider, fixture));
  for (const Variant& variant : variants(fixture, aspect)) {
    judge(variant.name, parse(provider, fixture, *fixture.answer, pieces(variant)));
    if (!faults.empty()) return;  // one place says enough
  }
  if (aspect != Aspect::whole) return;
  if (const auto at_once = read_at_once(provider, fixture, *fixture.answer)) judge("in one call", *at_once);
}

void judge_no_done(const freellm_provider& provider, const Fixture& fixture, Faults& faults) {
  const Parsed whole = parse(provider, fixture, *fixture.answer, {fixture.answer->body});
  const auto body = without_done(fixture.answer->body);
  if (!whole.finished || !body) return;
  const Parsed got = parse(provider, fixture, *fixture.answer, {*body});
  if (got.end != (got.finished ? "ok" : "E_TRUNCATED")) faults.push_back("no-done: ended with " + got.end);
  const std::string difference = got.finished ? differs_in_events(whole.events, got.events) : "";
  if (!difference.empty()) faults.push_back("no-done: " + difference);
}

void judge_truncated(const freellm_provider& provider, const Fixture& fixture, Faults& faults) {
  const std::string_view body = fixture.answer->body;
  const Parsed whole = parse(provider, fixture, *fixture.answer, {body});
  if (!whole.finished) return;
  for (std::size_t n = 0; n < body.size() && faults.empty(); ++n) {
    const Parsed got = parse(provider, fixture, *fixture.answer, {body.substr(0, n)});
    if (got.finished) return;
    const std::string where = "truncated to " + std::to_string(n) + ": ";
    if (got.end != "E_TRUNCATED" && got.end != "E_PROTOCOL")
      faults.push_back(where + "ended with " + got.end);
    if (!begins(got.events, whole.events))
      faults.push_back(where + json::serialize(got.events) + " of " + json::serialize(whole.events));
  }
}

/// What read_answer wrote, held against answer.json and answer.bin.
void judge_answer(const freellm_provider& provider, const Fixture& fixture, Faults& faults) {
  if (!fixture.answer || fixture.endpoint == 0)
    throw std::runtime_error("answer.json or answer.bin without response.http and an endpoint");
  const Answered got = read_answer(provider, fixture, *fixture.answer);
  if (fixture.written_bytes && got.body != *fixture.written_bytes)
    faults.push_back("answer.bin: " + std::to_string(got.body.size()) + " bytes written, " +
                     std::to_string(fixture.written_bytes->size()) + " expected, or others");
  const json::object nothing;
  const json::object& wanted = fixture.written ? fixture.written->as_object() : nothing;
  if (got.status != FREELLM_OK && !wanted.contains("error"))
    faults.push_back("read_answer: " + status_word(got.status) + " " +
                     json::serialize(outcome_json(got.failure)));
  for (const auto& [name, value] : wanted) {
    json::value actual;
    if (name == "content_type") {
      actual = got.content_type;
    } else if (name == "input_tokens") {
      if (got.input_tokens) actual = *got.input_tokens;
    } else if (name == "body") {
      json::error_code error;
      actual = json::parse(got.body, error);
      if (error) faults.push_back("the answer is no JSON: " + got.body.substr(0, 200));
    } else if (name == "error") {
      actual = status_word(got.status);
    } else if (name == "failure") {
      const std::string difference = differs_in(value.as_object(), outcome_json(got.failure));
      if (!difference.empty()) faults.push_back(difference);
      continue;
    } else {
      faults.push_back("answer.json: " + std::string(name) + "?");
    }
    if (!same(value, actual)) faults.push_back(std::string(name) + ": " + expected(value, actual));
  }
}

bool is_variant(Aspect aspect) { return aspect >= Aspect::whole && aspect <= Aspect::no_space; }

}  // namespace

bool shows(const Fixture& fixture, Aspect aspect) {
  switch (aspect) {
    case Aspect::request:
      return fixture.request.has_value();
    case Aspect::probe:
      return fixture.probe.has_value();
    case Aspect::keys:
      return fixture.keys.has_value();
    case Aspect::whole:
      return fixture.events.has_value();
    case Aspect::outcome:
      return fixture.outcome.has_value();
    case Aspect::limits:
      return fixture.limits.has_value();
    case Aspect::answer:
      return fixture.written || fixture.written_bytes;
    case Aspect::no_done:
      return fixture.events && fixture.answer && fixture.runs("no-done");
    case Aspect::truncated:
      return fixture.events && fixture.answer && fixture.runs("truncated") &&
             fixture.answer->body.size() <= every_cut_limit;
    default:
      return fixture.events && fixture.answer && !variants(fixture, aspect).empty();
  }
}

std::vector<std::string> run_case(const freellm_provider& provider, const Fixture& fixture, Aspect aspect) {
  Faults faults;
  if ((aspect == Aspect::outcome || aspect == Aspect::limits) && !fixture.answer)
    throw std::runtime_error("outcome.json or limits.json without response.http");
  if (is_variant(aspect)) {
    judge_variant(provider, fixture, aspect, faults);
  } else if (aspect == Aspect::request) {
    judge_request(provider, fixture, faults);
  } else if (aspect == Aspect::keys) {
    judge_keys(provider, fixture.keys->as_array(), faults);
  } else if (aspect == Aspect::answer) {
    judge_answer(provider, fixture, faults);
  } else if (aspect == Aspect::probe) {
    const json::value got = probe(provider);
    if (!same(*fixture.probe, got)) faults.push_back(expected(*fixture.probe, got));
  } else if (aspect == Aspect::no_done) {
    judge_no_done(provider, fixture, faults);
  } else if (aspect == Aspect::truncated) {
    judge_truncated(provider, fixture, faults);
  } else if (aspect == Aspect::outcome) {
    const std::string difference =
        differs_in(fixture.outcome->as_object(), classify(provider, *fixture.answer, fixture.now_unix_ms));
    if (!difference.empty()) faults.push_back(difference);
  } else {
    const json::array got = read_limits(provider, *fixture.answer, fixture.now_unix_ms);
    if (!same(*fixture.limits, got)) faults.push_back(expected(*fixture.limits, got));
  }
  return faults;
}

const freellm_provider* provider_of(const Fixture& fixture,
                                    const std::vector<const freellm_provider*>& providers) {
  for (const freellm_provider* one : providers)
    if (fixture.provider.empty() || fixture.provider == view(one->id)) return one;
  return nullptr;
}

}  // namespace freellmapi::kit
