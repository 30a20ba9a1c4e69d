// Quota rules as they are written: full rules in a list, or the shorthand {rpm: 30, tpd: 100000}. One reader
// for policy.yaml and for manifests.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "policy/policy.hpp"
#include "policy/reader.hpp"
#include "policy/values.hpp"

namespace freellmapi::policy {

/// Who owns the counters that the shorthand names, and how each starts anew. What is not said is rolling: the
/// one reading that keeps inside the limit whatever the provider's calendar is.
struct Counters {
  Scope scope = Scope::key;
  Unit tokens = Unit::tokens;
  std::array<ResetAt, 6> resets;  ///< by Per: second, minute, hour, day, week, month
};

/// What a `quota:` says. A list is the whole truth; the shorthand changes the rules it names and leaves the
/// others.
struct QuotaSettings {
  struct Where {
    std::string path;
    Place place;
  };
  bool whole = false;
  std::vector<Rule> rules;
  std::vector<Where> where;                   ///< each of `rules`
  std::vector<std::pair<Unit, Per>> dropped;  ///< shorthand `rpd: none`
  std::vector<Where> where_dropped;           ///< each of `dropped`
};

/// What a rule reader must know about its provider.
struct RuleContext {
  Counters counters;
  std::vector<std::string> own_units;  ///< allowed units of the provider's own
  bool any_own_unit = false;           ///< a manifest names its units by using them
  std::string source, as_of;           ///< of rules that do not say their own
  bool liftable = false;               ///< as of Rule
};

std::optional<Counters> read_counters(const Value& value);
std::optional<QuotaSettings> read_quota(const Value& value, const RuleContext& context);

/// True of two limits on the same thing over the same time.
bool counts_the_same(const Rule& a, const Rule& b);

/// `rules` as `settings` changes them.
void apply(const QuotaSettings& settings, std::vector<Rule>& rules);

std::string_view name(Per per) noexcept;
std::string_view name(Scope scope) noexcept;
/// "requests", or the provider's own unit.
std::string unit_text(const Rule& rule);
/// "30 requests per minute"
std::string label_of(const Rule& rule);

}  // namespace freellmapi::policy
