#include "routing/gates.hpp"

#include <algorithm>
#include <limits>

namespace freellmapi::routing {
namespace {

constexpr std::uint64_t usual_output = 4096;  // of a model whose manifest does not say
// Where the client sets no bound, an answer is asked to keep to this share of a token window, so that others
// run beside it. Of a small window it may have more: an answer that is cut serves nobody.
constexpr std::uint64_t open_ended_share = 4;
constexpr std::uint64_t open_ended_least = 4096;
constexpr std::uint64_t least_of_use =
    1024;  // in the rest of a window, before it is left to smaller requests

bool is_output(const policy::Rule& rule) noexcept {
  return rule.of == policy::Unit::tokens || rule.of == policy::Unit::output_tokens;
}

std::uint64_t open_ended_output(std::uint64_t input_tokens, const policy::Model& model,
                                const policy::Provider& provider) noexcept {
  std::uint64_t output = model.max_output > 0 ? model.max_output : usual_output;
  for (const auto* rules : {&model.quota, &provider.quota}) {
    for (const policy::Rule& rule : *rules) {
      if (!is_output(rule)) continue;
      const std::uint64_t input = rule.of == policy::Unit::tokens ? input_tokens : 0;
      if (input >= rule.limit) continue;  // does not fit anyway
      const std::uint64_t share = std::max(rule.limit / open_ended_share, open_ended_least);
      output = std::min({output, share, rule.limit - input});
    }
  }
  return output;
}

std::uint64_t plus(std::uint64_t a, std::uint64_t b) noexcept {
  return a > std::numeric_limits<std::uint64_t>::max() - b ? std::numeric_limits<std::uint64_t>::max()
                                                           : a + b;
}

}  // namespace

std::string_view name(Gate gate) noexcept {
  switch (gate) {
    case Gate::passed:
      return "passed";
    case Gate::provider_off:
      return "provider_off";
    case Gate::model_off:
      return "model_off";
    case Gate::other_kind:
      return "other_kind";
    case Gate::no_key:
      return "no_key";
    case Gate::no_tools:
      return "no_tools";
    case Gate::no_vision:
      return "no_vision";
    case Gate::no_json:
      return "no_json";
    case Gate::context_too_small:
      return "context_too_small";
    case Gate::quota_full:
      return "quota_full";
    case Gate::quota_never:
      return "quota_never";
    case Gate::benched:
      return "benched";
  }
  return "passed";
}

Gate capability_gate(const policy::Policy& policy, const policy::Model& model, const Target& target,
                     const Features& features) noexcept {
  const policy::Provider& provider = policy.providers[model.provider];
  if (!provider.enabled) return Gate::provider_off;
  const bool named = !model.id.empty() || !target.passed_model.empty();
  if (!named || (!model.enabled && !model.id.empty())) return Gate::model_off;
  if (model.kind != features.kind) return Gate::other_kind;
  if (provider.keys.empty() && !provider.keyless) return Gate::no_key;
  if (features.tools && !model.tools) return Gate::no_tools;
  if (features.images && !model.vision) return Gate::no_vision;
  // A schema is accepted where there is only an object mode: the answer is JSON, and the schema goes into the
  // prompt.
  if ((features.json_object || features.json_schema) && model.json == policy::Json::text)
    return Gate::no_json;
  // Providers cut the output to what fits; the input must fit, with room for one token.
  if (model.context > 0 && plus(features.input_tokens, 1) > model.context) return Gate::context_too_small;
  return Gate::passed;
}

quota::Need need_of(const Features& features, const policy::Model& model, const policy::Provider& provider,
                    const chat::Calibration* calibration) noexcept {
  quota::Need need;
  need.input_tokens = calibration == nullptr
                          ? features.input_tokens
                          : calibration->bound(model.tokenizer, {features.input_tokens, features.input_cell});
  need.output_tokens = features.output_tokens > 0 ? features.output_tokens
                                                  : open_ended_output(need.input_tokens, model, provider);
  if (model.max_output > 0) need.output_tokens = std::min(need.output_tokens, model.max_output);
  if (model.price) need.own_units = model.price->of(need.input_tokens, need.output_tokens);
  return need;
}

std::optional<std::uint64_t> output_that_fits(const quota::Need& need,
                                              const quota::Verdict& verdict) noexcept {
  if (verdict.state != quota::Verdict::State::full || verdict.rule == nullptr || !is_output(*verdict.rule))
    return std::nullopt;
  const std::uint64_t input = verdict.rule->of == policy::Unit::tokens ? need.input_tokens : 0;
  const std::uint64_t taken = plus(plus(verdict.used, verdict.reserved), input);
  const std::uint64_t least = std::max<std::uint64_t>(std::min(least_of_use, need.output_tokens / 4), 1);
  if (taken >= verdict.limit || verdict.limit - taken < least) return std::nullopt;
  return std::min(need.output_tokens, verdict.limit - taken);
}

bool counts_own_units(const policy::Model& model, const policy::Provider& provider) noexcept {
  const auto is_own = [](const policy::Rule& rule) { return rule.of == policy::Unit::own; };
  return std::ranges::any_of(model.quota, is_own) || std::ranges::any_of(provider.quota, is_own);
}

bool counts_output(const policy::Model& model, const policy::Provider& provider) noexcept {
  return std::ranges::any_of(model.quota, is_output) || std::ranges::any_of(provider.quota, is_output);
}

std::uint64_t most_output(const policy::Model& model, std::uint64_t input_tokens) noexcept {
  if (model.max_output > 0) return model.max_output;
  return model.context > input_tokens ? model.context - input_tokens : usual_output;
}

}  // namespace freellmapi::routing
