#include "relay/exhausted.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>

#include "base/text.hpp"
#include "relay/sentence.hpp"

namespace freellmapi::relay {

namespace {

using routing::Gate;
constexpr std::size_t details_most = 64;

/// The four questions that decide the status, asked of every candidate.
struct Tally {
  std::size_t total = 0, unconfigured = 0, no_vision = 0, no_tools = 0, no_json = 0, context = 0, spent = 0;
  std::size_t auth = 0, not_found = 0, bad_request = 0, filtered = 0, timeouts = 0, attempted = 0;
  std::size_t bad_calls = 0, bad_json = 0;
  std::size_t known_bad = 0;  // benched for what time does not mend: they count among auth and not_found
  std::size_t failing = 0;    // benched because they do not work, or overloaded: no quota is spent there
  std::size_t other_kind = 0;
  std::size_t off = 0;  // of the unconfigured: those that the policy or the manifest turns off
  std::string_view why_off;
  std::uint64_t largest_window = 0;
  std::size_t never = 0;                            // of `context`: those whose quota never holds as much
  const routing::Considered* most_given = nullptr;  // of those, the one whose rule allows most
  std::optional<base::WallTime> first_back;

  void back_at(base::WallTime when) {
    if (!first_back || when < *first_back) first_back = when;
  }
};

bool is_auth(std::uint32_t error_class) {
  return error_class == FREELLM_C_AUTH_INVALID || error_class == FREELLM_C_AUTH_FORBIDDEN;
}

bool is_not_found(std::uint32_t error_class) {
  return error_class == FREELLM_C_MODEL_NOT_FOUND || error_class == FREELLM_C_MODEL_GONE;
}

void count_gate(Tally& t, const routing::Considered& c, const policy::Policy& policy) {
  switch (c.gate) {
    case Gate::provider_off:
    case Gate::model_off: {
      ++t.unconfigured;
      ++t.off;
      const policy::Model& model = policy.models[c.candidate.model];
      const policy::Provider& provider = policy.providers[model.provider];
      if (t.why_off.empty()) t.why_off = provider.enabled ? model.why_off : provider.why_off;
      break;
    }
    case Gate::no_key:
      ++t.unconfigured;
      break;
    case Gate::other_kind:
      ++t.other_kind;
      break;
    case Gate::no_tools:
      ++t.no_tools;
      break;
    case Gate::no_vision:
      ++t.no_vision;
      break;
    case Gate::no_json:
      ++t.no_json;
      break;
    case Gate::quota_never:
      ++t.never;
      if (c.rule != nullptr && (t.most_given == nullptr || c.rule->limit > t.most_given->rule->limit))
        t.most_given = &c;
      [[fallthrough]];
    case Gate::context_too_small:
      ++t.context;
      t.largest_window = std::max(t.largest_window, policy.models[c.candidate.model].context);
      break;
    case Gate::benched:
      if (const Ruling* row = ruling_named(c.reason); row && is_auth(row->error_class)) {
        ++t.auth;
        ++t.known_bad;
        break;
      } else if (row && is_not_found(row->error_class)) {
        ++t.not_found;
        ++t.known_bad;
        break;
      } else if (row && !is_limit(row->error_class)) {
        ++t.failing;
        t.back_at(c.free_at);
        break;
      }
      [[fallthrough]];
    case Gate::quota_full:
      ++t.spent;
      t.back_at(c.free_at);
      break;
    case Gate::passed:
      break;
  }
}

void count_ending(Tally& t, const Ending& e, const policy::Policy& policy, base::WallTime now) {
  ++t.attempted;
  const std::uint32_t c = e.outcome.error_class;
  if (is_limit(c) || c == FREELLM_C_OVERLOADED) {
    ++(is_limit(c) ? t.spent : t.failing);
    const auto wait = bench_length(ruling_of(c), e.outcome, 1, std::nullopt, now);
    t.back_at(e.back ? *e.back : now + std::max(wait, std::chrono::milliseconds{1'000}));
  }
  if (is_auth(c)) ++t.auth;
  if (c == FREELLM_C_CONTEXT_TOO_LONG) {
    ++t.context;
    const std::uint64_t window =
        e.outcome.limit > 0 ? e.outcome.limit : policy.models[e.candidate.model].context;
    t.largest_window = std::max(t.largest_window, window);
  }
  if (is_not_found(c)) ++t.not_found;
  if (c == FREELLM_C_BAD_REQUEST) ++t.bad_request;
  if (c == FREELLM_C_CONTENT_FILTERED) ++t.filtered;
  if (c == FREELLM_C_TIMEOUT) ++t.timeouts;
  if (c == invalid_tool_call) ++t.bad_calls;
  if (c == invalid_json) ++t.bad_json;
}

/// Near times as a person says them, in UTC.
std::string back_text(base::WallTime when, base::WallTime now) {
  const auto left = std::chrono::ceil<std::chrono::seconds>(when - now);
  if (left < std::chrono::minutes{2}) return fmt::format("in {} s", std::max<std::int64_t>(left.count(), 1));
  if (left < std::chrono::hours{24}) return fmt::format("{:%H:%M} UTC", when);
  return fmt::format("{:%Y-%m-%d %H:%M} UTC", when);
}

std::string_view window_text(const policy::Rule* rule) {
  if (rule == nullptr) return "out of quota";
  if (rule->of == policy::Unit::concurrency) return "at their limit of parallel requests";
  switch (rule->per) {
    case policy::Per::second:
    case policy::Per::minute:
      return "out of this minute's quota";
    case policy::Per::hour:
      return "out of hourly quota";
    case policy::Per::day:
      return "out of daily quota";
    case policy::Per::week:
      return "out of weekly quota";
    case policy::Per::month:
      return "out of monthly quota";
    case policy::Per::rolling:
      break;
  }
  return "out of quota";
}

std::string_view gate_text(const routing::Considered& c) {
  switch (c.gate) {
    case Gate::quota_full:
      return window_text(c.rule);
    case Gate::provider_off:
    case Gate::model_off:
      return "switched off";
    case Gate::other_kind:
      return "no chat models";
    case Gate::no_key:
      return "without a key";
    case Gate::no_tools:
      return "lack tools";
    case Gate::no_vision:
      return "cannot read images";
    case Gate::no_json:
      return "lack JSON answers";
    case Gate::context_too_small:
    case Gate::quota_never:
      return "too small for this request";
    case Gate::passed:
      return "not tried";
    case Gate::benched:
      break;
  }
  return c.reason;
}

/// Words for the ends of attempts and the benches they led to; others go by their names.
std::string_view ending_text(std::string_view reason) {
  if (reason == "rate_limited") return "rate limited";
  if (reason == "quota_exhausted") return "out of quota";
  if (reason == "auth_invalid" || reason == "auth_forbidden") return "with a refused key";
  if (reason == "model_not_found" || reason == "model_gone") return "gone";
  return reason;
}

/// "8 of 11 out of daily quota, first back 09:00 UTC; 2 lack tools": the largest group first, those that come
/// back before those that do not.
std::string one_sentence(const Exhaustion& facts) {
  struct Group {
    std::string_view text;
    std::size_t count = 0;
    std::optional<base::WallTime> back;
  };
  std::vector<Group> groups;
  std::size_t total = 0;
  const auto add = [&](std::string_view text, std::optional<base::WallTime> back) {
    ++total;
    auto group = std::find_if(groups.begin(), groups.end(), [&](const Group& g) { return g.text == text; });
    if (group == groups.end()) group = groups.insert(groups.end(), Group{text, 0, std::nullopt});
    ++group->count;
    if (back && (!group->back || *back < *group->back)) group->back = back;
  };
  for (const routing::Considered& c : facts.decision->considered) {
    const bool timed = c.gate == Gate::quota_full || c.gate == Gate::benched;
    if (c.gate != Gate::passed)
      add(ending_text(gate_text(c)), timed ? std::optional(c.free_at) : std::nullopt);
  }
  for (const Ending& e : *facts.endings) add(ending_text(ruling_of(e.outcome.error_class).name), e.back);
  std::stable_sort(groups.begin(), groups.end(), [](const Group& a, const Group& b) {
    return a.back.has_value() != b.back.has_value() ? a.back.has_value() : a.count > b.count;
  });
  std::string out;
  for (const Group& g : groups) {
    out += out.empty() ? fmt::format("{} of {} {}", g.count, total, g.text)
                       : fmt::format("; {} {}", g.count, g.text);
    if (g.back) out += ", first back " + back_text(*g.back, facts.now);
  }
  return out;
}

/// "3 rate_limited, 2 no_tools": what stands in details, counted.
std::string summary(const std::vector<Detail>& details) {
  std::map<std::string_view, std::size_t> reasons;
  for (const Detail& d : details) ++reasons[d.reason];
  std::string text;
  for (const auto& [reason, n] : reasons) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", n, reason);
  return text;
}

std::vector<Detail> details_of(const Exhaustion& facts) {
  const policy::Policy& policy = *facts.policy;
  std::vector<Detail> details;
  const auto add = [&](const routing::Candidate& c, std::string_view reason,
                       std::optional<base::WallTime> free_at, const policy::Rule* rule = nullptr) {
    if (details.size() >= details_most) return;
    const policy::Model& model = policy.models[c.model];
    details.push_back({policy.providers[model.provider].id, model.id,
                       c.key == policy::none ? std::string{} : policy.keys[c.key].label, std::string(reason),
                       free_at, rule != nullptr ? rule->label : std::string{}});
  };
  for (const Ending& e : *facts.endings) add(e.candidate, ruling_of(e.outcome.error_class).name, e.back);
  for (const routing::Considered& c : facts.decision->considered) {
    if (c.gate == Gate::passed) {
      // Left out because of how another one ended, or for want of attempts or time.
      const bool tried = std::any_of(facts.endings->begin(), facts.endings->end(), [&c](const Ending& e) {
        return e.candidate.model == c.candidate.model && e.candidate.key == c.candidate.key;
      });
      if (!tried) add(c.candidate, "not_tried", std::nullopt);
      continue;
    }
    const bool timed = c.gate == Gate::quota_full || c.gate == Gate::benched;
    add(c.candidate, c.gate == Gate::benched && !c.reason.empty() ? c.reason : routing::name(c.gate),
        timed ? std::optional(c.free_at) : std::nullopt, c.rule);
  }
  return details;
}

struct Shape {
  int status;
  std::string_view type, code;
  std::string message;
};

Shape shape_of(const Exhaustion& facts, const Tally& t, const base::Redactor& redactor) {
  const std::size_t gated = t.total - t.attempted;
  const auto all_attempts = [&](std::size_t n) { return t.attempted > 0 && n == t.attempted; };
  const auto all_known = [&](std::size_t n) { return n > 0 && n == t.attempted + t.known_bad; };

  if (t.total > 0 && t.off == t.total) {
    return {503, "server_error", "no_providers_configured",
            fmt::format("'{}' is switched off{}{}.", base::printable(facts.asked_model),
                        t.why_off.empty() ? "" : ": ", t.why_off)};
  }
  if (t.total > 0 && t.other_kind == t.total) {
    return {422, "invalid_request_error", "no_chat_model",
            fmt::format("'{}' is no chat model.", base::printable(facts.asked_model))};
  }
  if (t.total == 0 || t.unconfigured + t.other_kind == t.total) {
    return {
        503, "server_error", "no_providers_configured",
        fmt::format(
            "No provider can serve '{}': no key is configured for any candidate. Set a provider's key in the "
            "environment (<PROVIDER>_API_KEY) and start the router again.",
            base::printable(facts.asked_model))};
  }
  const std::size_t configured = t.total - t.unconfigured - t.other_kind;
  if (t.attempted == 0 && t.no_vision == configured) {
    return {422, "invalid_request_error", "no_vision_model",
            "No configured model of this chain can read images."};
  }
  if (t.attempted == 0 && t.no_tools == configured) {
    return {422, "invalid_request_error", "no_tools_model",
            "No configured model of this chain can call tools."};
  }
  if (t.attempted == 0 && t.no_json == configured) {
    return {422, "invalid_request_error", "no_json_model",
            "No configured model of this chain supports the requested response_format."};
  }
  if (t.attempted == 0 && t.no_vision + t.no_tools + t.no_json == configured) {
    return {422, "invalid_request_error", "no_capable_model",
            "No configured model of this chain has every capability the request needs."};
  }
  if (t.context > 0 && t.context + t.no_vision + t.no_tools + t.no_json == configured) {
    if (t.never == t.context && t.most_given != nullptr) {
      const policy::Model& model = facts.policy->models[t.most_given->candidate.model];
      return {413, "invalid_request_error", "context_length_exceeded",
              fmt::format("The request may cost more than its candidates' quotas ever hold: {}/{} allows {}.",
                          facts.policy->providers[model.provider].id, model.id, t.most_given->rule->label)};
    }
    return {413, "invalid_request_error", "context_length_exceeded",
            fmt::format("The request has about {} tokens; the largest window among the candidates is {}.",
                        facts.input_tokens, t.largest_window)};
  }
  const bool filter_has_the_word = facts.policy->routing.on_content_filter == policy::OnContentFilter::fail &&
                                   !facts.endings->empty() &&
                                   facts.endings->back().outcome.error_class == FREELLM_C_CONTENT_FILTERED;
  if (all_attempts(t.bad_request) && (gated == 0 || t.spent + t.failing == 0)) {
    const std::string said = told_sentence(facts.endings->back().outcome.message, redactor);
    return {400, "invalid_request_error", "provider_rejected_request",
            said.empty() ? "The provider refused the request and did not say why." : said};
  }
  if (all_attempts(t.filtered) || filter_has_the_word) {
    return {400, "invalid_request_error", "content_filter",
            "The provider's content filter refused the request."};
  }
  if (all_known(t.not_found) && t.spent + t.failing == 0) {
    return {404, "not_found_error", "model_not_found",
            fmt::format("No provider serves '{}' any more.", base::printable(facts.asked_model))};
  }
  if (all_known(t.auth) && t.spent + t.failing == 0) {
    return {502, "server_error", "provider_auth_failed",
            "Every provider refused its key; `details` names them. Mend the keys in the environment and "
            "start the "
            "router again."};
  }
  if (t.spent > 0 && t.spent + t.unconfigured + t.other_kind + t.no_vision + t.no_tools + t.no_json +
                             t.context + t.known_bad + t.failing >=
                         t.total) {
    return {429, "rate_limit_error", "all_quotas_spent",
            "No candidate can answer now: " + one_sentence(facts) + "."};
  }
  if (facts.out_of_budget && !facts.capped) {
    return {504, "server_error", "deadline_exceeded",
            "The request's time budget ended before a provider answered."};
  }
  if (all_attempts(t.timeouts)) {
    return {504, "server_error", "upstream_timeout",
            "Every provider that was tried was silent past its deadline."};
  }
  if (all_attempts(t.bad_calls)) {
    return {502, "server_error", "invalid_tool_call",
            "Every model that was tried called a tool in a way that the tool's schema forbids."};
  }
  if (all_attempts(t.bad_json)) {
    return {502, "server_error", "invalid_json",
            "No model that was tried gave the JSON that response_format asks for."};
  }
  if (t.attempted == 0 && t.failing > 0) {
    return {502, "server_error", "upstream_failed",
            "No candidate can answer now: " + one_sentence(facts) + "."};
  }
  return {502, "server_error", "upstream_failed",
          "Every provider that was tried failed (" + summary(details_of(facts)) + ")."};
}

}  // namespace

Failure explain_exhaustion(const Exhaustion& facts, const base::Redactor& redactor) {
  Tally tally;
  for (const routing::Considered& c : facts.decision->considered) {
    if (c.gate != Gate::passed) ++tally.total;
    count_gate(tally, c, *facts.policy);
  }
  tally.total += facts.endings->size();
  for (const Ending& e : *facts.endings) count_ending(tally, e, *facts.policy, facts.now);

  Shape shape = shape_of(facts, tally, redactor);
  Failure failure;
  failure.status = shape.status;
  failure.type = shape.type;
  failure.code = shape.code;
  failure.message = std::move(shape.message);
  failure.details = details_of(facts);
  const bool comes_back = failure.status == 429 || (failure.code == "upstream_failed" && tally.failing > 0);
  if (comes_back && tally.first_back) {
    const auto wait = std::chrono::ceil<std::chrono::seconds>(*tally.first_back - facts.now).count();
    failure.retry_after_seconds = static_cast<std::uint64_t>(std::clamp<std::int64_t>(wait, 1, 86'400));
  }
  return failure;
}

}  // namespace freellmapi::relay
