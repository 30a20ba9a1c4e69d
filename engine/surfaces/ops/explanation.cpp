#include "surfaces/ops/explanation.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <span>

#include "base/json_object.hpp"
#include "surfaces/ops/time_text.hpp"

namespace freellmapi::surfaces {
namespace {

using base::append_item;
using base::JsonObject;
using routing::Gate;

std::string features_json(const routing::Features& f) {
  return JsonObject()
      .text("kind", policy::name(f.kind))
      .count("input_tokens", f.input_tokens)
      .known("output_tokens", f.output_tokens)
      .truth("tools", f.tools)
      .truth("vision", f.images)
      .text("json", f.json_schema   ? "schema"
                    : f.json_object ? "object"
                                    : "")
      .truth("stream", f.stream)
      .truth("conversation", f.session != 0)
      .take();
}

std::string terms_json(const routing::Terms& t) {
  const routing::Measured& m = t.measured;
  JsonObject out;
  out.raw("score", fmt::format("{:.4f}", t.score))
      .raw("success", fmt::format("{:.4f}", t.success))
      .raw("tries", fmt::format("{:.1f}", m.tries / 1e3))
      .raw("first_token_ms", m.first_token > 0 ? fmt::format("{:.1f}", m.first_token / 1e3) : "null")
      .raw("tokens_per_second", m.token_rate > 0 ? fmt::format("{:.1f}", m.token_rate / 1e3) : "null")
      .raw("speed", fmt::format("{:.4f}", t.speed))
      .raw("quality", fmt::format("{:.4f}", t.quality))
      .raw("quota_left", fmt::format("{:.4f}", m.headroom / 1e6))
      .raw("headroom", fmt::format("{:.4f}", t.headroom));
  if (t.explored) out.truth("explored", true);
  return out.take();
}

void add_name(JsonObject& out, const policy::Policy* policy, const routing::Recorded& recorded,
              const routing::Candidate& candidate) {
  if (policy != nullptr && candidate.model < policy->models.size()) {
    const policy::Model& model = policy->models[candidate.model];
    const bool keyed = candidate.key < policy->keys.size();
    out.text("provider", policy->providers[model.provider].id)
        .text("model", model.id.empty() ? recorded.target.passed_model : model.id)
        .text("key", keyed ? policy->keys[candidate.key].label : "");
  } else {
    out.count("model_index", candidate.model);
    if (candidate.key != policy::none) out.count("key_index", candidate.key);
  }
}

/// A candidate that was not looked at: who stood before it was enough.
std::string behind_json(const policy::Policy* policy, const routing::Recorded& recorded,
                        const routing::Considered& behind) {
  JsonObject out;
  add_name(out, policy, recorded, behind.candidate);
  const bool not_asked = behind.gate == Gate::passed;
  return out.text("gate", not_asked ? "not_needed" : routing::name(behind.gate))
      .text("reason", "")
      .raw("place", "null")
      .take();
}

/// `terms`: by place in `considered`, or empty.
std::string candidate_json(const policy::Policy* policy, const routing::Recorded& recorded,
                           std::span<const routing::Terms> terms, std::size_t index) {
  const routing::Recorded::Entry& e = recorded.considered[index];
  JsonObject out;
  const bool named = policy != nullptr && e.candidate.model < policy->models.size();
  add_name(out, policy, recorded, e.candidate);
  out.text("gate", routing::name(e.gate)).text("reason", e.reason);
  if (e.candidate.wait.count() > 0)
    out.count("wait_ms", static_cast<std::uint64_t>(e.candidate.wait.count()));
  if (e.gate == Gate::quota_full || e.gate == Gate::quota_never) {
    const policy::Rule* rule = named ? routing::rule_of(*policy, e) : nullptr;
    out.text("rule", rule ? rule->label : "")
        .count("used", e.used)
        .count("reserved", e.reserved)
        .count("limit", e.limit);
  }
  if (e.gate == Gate::quota_full || e.gate == Gate::benched) out.raw("back_at", json_time(e.free_at));
  if (recorded.target.strategy == policy::Strategy::expiring && e.gate == Gate::passed)
    out.count("pressure", e.pressure);
  if (e.measured && index < terms.size()) out.raw("terms", terms_json(terms[index]));
  const auto place = std::ranges::find(recorded.order, index);
  out.raw("place",
          place == recorded.order.end() ? "null" : std::to_string(place - recorded.order.begin() + 1));
  return out.take();
}

std::string target_text(const policy::Policy* policy, const routing::Target& target) {
  if (!target.automatic()) return "named";
  return policy != nullptr && target.chain < policy->chains.size() ? policy->chains[target.chain].name
                                                                   : std::to_string(target.chain);
}

void add_decision(JsonObject& out, const routing::Recorded& recorded, const policy::Policy* policy,
                  std::span<const routing::Terms> terms, std::span<const routing::Considered> behind) {
  std::string candidates;
  for (std::size_t i = 0; i < recorded.considered.size(); ++i)
    append_item(candidates, candidate_json(policy, recorded, terms, i));
  for (const routing::Considered& c : behind) append_item(candidates, behind_json(policy, recorded, c));
  out.raw("at", json_time_ms(recorded.at))
      .text("policy_version", recorded.policy_version)
      .text("chain", target_text(policy, recorded.target))
      .text("strategy", policy::name(recorded.target.strategy))
      .raw("features", features_json(recorded.features))
      .raw("seed", fmt::format("\"{:016x}\"", recorded.seed));
  if (recorded.pinned.model != policy::none && policy != nullptr &&
      recorded.pinned.model < policy->models.size()) {
    const policy::Model& model = policy->models[recorded.pinned.model];
    out.text("stays_with", policy->providers[model.provider].id + "/" + model.id);
  }
  if (!recorded.order.empty()) {
    out.raw("reserves", JsonObject()
                            .count("input_tokens", recorded.need.input_tokens)
                            .count("output_tokens", recorded.need.output_tokens)
                            .take());
    out.raw("chosen", candidate_json(policy, recorded, terms, recorded.order.front()));
  } else {
    out.raw("chosen", "null");
  }
  out.raw("candidates", "[" + candidates + "]");
}

std::string happened_json(const PastRequest& past) {
  const relay::Record& r = past.record;
  JsonObject out;
  out.raw("status", std::to_string(r.status))
      .text("code", r.code)
      .text("provider", r.provider)
      .text("model", r.model)
      .text("key", r.key)
      .count("attempts_before", r.attempts)
      .text("trail", r.trail)
      .truth("streamed", r.streamed)
      .count("input_tokens", r.input_tokens)
      .count("output_tokens", r.output_tokens)
      .raw("ended", json_time_ms(past.ended))
      .raw("total_ms", fmt::format("{:.3f}", static_cast<double>(past.total.count()) / 1e3));
  out.raw("first_token_ms",
          r.first_token ? fmt::format("{:.3f}", static_cast<double>(r.first_token->count()) / 1e3) : "null");
  return out.take();
}

routing::Replay replayed(const routing::Recorded& recorded,
                         const std::shared_ptr<const policy::Policy>& policy) {
  if (policy) return routing::replay(recorded, policy);
  return {false, "the policy of then, " + recorded.policy_version + ", is gone", {}, {}};
}

std::string replay_json(const routing::Replay& replay, bool done) {
  return JsonObject()
      .truth("done", done)
      .truth("same", replay.same)
      .text("sentence", replay.same
                            ? "replayed: same route"
                            : (done ? "replayed, and differs: " : "not replayed: ") + replay.difference)
      .take();
}

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<bool> truth(std::string_view text) {
  if (text == "1" || text == "true" || text.empty()) return true;
  if (text == "0" || text == "false") return false;
  return std::nullopt;
}

/// False: the value is not one that the parameter takes.
bool take(std::string_view name, const std::string& value, Question& out) {
  routing::Features& f = out.features;
  if (name == "model") {
    out.model = value;
    return !value.empty();
  }
  if (name == "tokens" || name == "output") {
    const auto n = number(value);
    if (n) (name == "tokens" ? f.input_tokens : f.output_tokens) = *n;
    return n.has_value();
  }
  if (name == "tools" || name == "vision") {
    const auto on = truth(value);
    if (on) (name == "tools" ? f.tools : f.images) = *on;
    return on.has_value();
  }
  if (name == "json") {
    f.json_object = value == "object";
    f.json_schema = value == "schema";
    return f.json_object || f.json_schema;
  }
  if (name == "at") {
    out.at = read_time(value);
    return out.at.has_value();
  }
  return false;
}

}  // namespace

std::optional<base::WallTime> read_time(std::string_view text) {
  if (text.ends_with('Z')) text.remove_suffix(1);
  constexpr std::string_view pattern = "dddd-dd-ddTdd:dd:dd.ddd";
  const bool length = text.size() == 10 || text.size() == 16 || text.size() == 19 || text.size() == 23;
  for (std::size_t i = 0; i < text.size() && length; ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (pattern[i] == 'd' ? !digit : text[i] != pattern[i]) return std::nullopt;
  }
  if (!length) return std::nullopt;
  const auto part = [&](std::size_t from, std::size_t size) {
    return from + size <= text.size() ? static_cast<int>(*number(text.substr(from, size))) : 0;
  };
  const std::chrono::year_month_day day{std::chrono::year{part(0, 4)},
                                        std::chrono::month{static_cast<unsigned>(part(5, 2))},
                                        std::chrono::day{static_cast<unsigned>(part(8, 2))}};
  if (!day.ok() || part(11, 2) > 23 || part(14, 2) > 59 || part(17, 2) > 59) return std::nullopt;
  return base::WallTime{std::chrono::sys_days{day}} + std::chrono::hours{part(11, 2)} +
         std::chrono::minutes{part(14, 2)} + std::chrono::seconds{part(17, 2)} +
         std::chrono::milliseconds{part(20, 3)};
}

base::Result<Question> read_question(std::string_view query) {
  Question out;
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const std::string name = base::percent_decoded(pair.substr(0, equals));
    const std::string value = base::percent_decoded(pair.substr(std::min(pair.size(), equals + 1)));
    if (!take(name, value, out)) {
      return base::Error{base::Errc::invalid_argument,
                         "the parameter '" + base::printable(name, 64) +
                             "' is none of model, tokens, output, tools, vision, json (object or schema) and "
                             "at (2026-11-22T18:00:00Z), or its value is not of its kind"};
    }
  }
  return out;
}

std::string query_of(const Question& question) {
  std::string out = "model=";
  for (const char c : question.model) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '/' || c == ':';
    out += plain ? std::string(1, c)
                 : fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
  }
  const routing::Features& f = question.features;
  out += fmt::format("&tokens={}&output={}", f.input_tokens, f.output_tokens);
  if (f.tools) out += "&tools=1";
  if (f.images) out += "&vision=1";
  if (f.json_schema || f.json_object) out += f.json_schema ? "&json=schema" : "&json=object";
  if (question.at) out += fmt::format("&at={:%FT%TZ}", *question.at);
  return out;
}

std::string explanation_of(const PastRequest& past, std::shared_ptr<const policy::Policy> policy) {
  JsonObject out;
  out.text("request_id", past.record.request_id)
      .text("surface", past.surface)
      .text("asked", past.record.asked);
  const auto recorded = routing::read_record(past.record.decision);
  if (recorded) {
    const bool known = policy && policy->version == recorded->policy_version;
    // The terms are made once more of what was measured then, like the order that they have to prove.
    const routing::Replay replay = replayed(*recorded, policy);
    add_decision(out, *recorded, known ? policy.get() : nullptr, replay.terms, replay.behind);
    out.raw("replay", replay_json(replay, known));
  } else {
    out.raw("candidates", "[]")
        .text("note", past.record.decision.empty() ? "nothing was decided: no candidate was looked for"
                                                   : recorded.error().message);
  }
  return out.raw("happened", happened_json(past)).take();
}

base::Result<std::string> answer(const Question& question, const quota::Plan& plan,
                                 const quota::Ledger& ledger, const routing::Statistics* statistics,
                                 quota::Now now) {
  if (question.at && *question.at > now.wall) {
    // The real windows must never see a reading of tomorrow.
    const auto ahead = ledger.image(plan, now);
    if (!ahead) return ahead.error();
    const quota::Now then{now.steady + (*question.at - now.wall), *question.at};
    Question at_that_time = question;
    at_that_time.at.reset();
    return answer(at_that_time, *ahead->plan, *ahead->ledger, statistics, then);
  }
  auto target = routing::resolve(plan.policy(), question.model);
  if (!target) return target.error();
  routing::Inputs inputs;
  inputs.plan = &plan;
  inputs.ledger = &ledger;
  inputs.target = &*target;
  inputs.features = question.features;
  inputs.now = now;
  inputs.statistics = statistics;
  routing::Decision decision;
  routing::decide(inputs, decision);
  std::string bytes;
  routing::write_record(inputs, decision, bytes);
  const auto recorded = routing::read_record(bytes);
  if (!recorded) return recorded.error();
  JsonObject out;
  out.raw("request_id", "null").text("asked", question.model).truth("hypothetical", true);
  add_decision(out, *recorded, &plan.policy(), decision.terms, {});
  return out.take();
}

}  // namespace freellmapi::surfaces
