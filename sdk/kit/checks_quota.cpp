// Limits, counters and billing of the manifest.
#include "kit/checks.hpp"
#include "kit/text.hpp"
#include "kit/yaml.hpp"

namespace freellmapi::kit {
namespace {

constexpr std::string_view windows[] = {"second", "minute", "hour", "day", "week", "month"};
constexpr std::string_view shorthand[] = {"rps", "rpm", "rph", "rpd", "rpw",  "rpmo",       "tps",
                                          "tpm", "tph", "tpd", "tpw", "tpmo", "concurrency"};
constexpr std::uint64_t largest_limit = 1'000'000'000'000'000;

/// Every rule of every list of rules, wherever it stands.
void for_each_rule(const Place& root, Judge& judge, const std::function<void(const Place&)>& body) {
  const auto list = [&](const Place& quota) {
    if (quota.is_list())
      for (std::size_t i = 0; i < quota.node().size() && !judge.enough(); ++i) body(quota.item(i));
  };
  list(root.member("quota"));
  const Place models = root.member("models");
  if (models.is_map())
    for (const auto& entry : models.node())
      list(Place(entry.second, "models." + entry.first.Scalar(), judge).member("quota"));
}

void judge_reset(const Place& reset, std::string_view per) {
  const auto text = reset.text(64);
  if (!text || *text == "rolling" || *text == "token-bucket" || *text == "first-use") return;
  const std::string_view t = *text;
  const auto digit = [&](std::size_t i) { return t[i] >= '0' && t[i] <= '9'; };
  const bool clock = t.size() > 6 && digit(0) && digit(1) && t[2] == ':' && digit(3) && digit(4) &&
                     t[5] == ' ' && t[6] != ' ' && t.substr(0, 2) < "24" && t.substr(3, 2) < "60";
  if (!clock)
    return reset.fail("\"" + printable(t, 40) +
                      "\" is not rolling, token-bucket, first-use or a time with a zone");
  if (per != "day" && per != "week" && per != "month")
    reset.fail("a wall-clock reset goes with day, week or month");
}

bool is_per(std::string_view per) {
  constexpr std::string_view prefix = "rolling ";
  if (std::find(std::begin(windows), std::end(windows), per) != std::end(windows)) return true;
  return per.starts_with(prefix) && is_duration(per.substr(prefix.size()));
}

std::string said(const Place& rule, const char* name) {
  const Place member = rule.member(name);
  return member.there() && member.node().IsScalar() ? member.node().Scalar() : "";
}

void judge_rule_members(const Place& rule) {
  constexpr std::string_view members[] = {"limit",  "of",     "per",   "scope", "pool",
                                          "resets", "source", "as_of", "note"};
  if (!rule.map_of(members)) return rule.is_map() ? void() : rule.fail("should be a map");
  rule.member("note").text(512);
  rule.member("source").text(512);
  rule.member("as_of").date();
}

void judge_rule_amount(const Place& rule) {
  if (!rule.member("limit").there()) return rule.fail("needs a limit");
  rule.member("limit").whole(1, largest_limit);
  const auto of = rule.member("of").text(32);
  if (!of || of->empty() || of->find_first_not_of("abcdefghijklmnopqrstuvwxyz_") != of->npos)
    rule.fail("needs `of`: requests, tokens, input_tokens, output_tokens, concurrency or a unit of its own");
}

void judge_rule_window(const Place& rule) {
  const std::string per = said(rule, "per");
  if (said(rule, "of") == "concurrency") {
    if (rule.member("per").there() || rule.member("resets").there()) rule.fail("concurrency has no window");
    return;
  }
  if (!is_per(per)) return rule.fail("needs `per`: second, minute, hour, day, week, month or \"rolling 5h\"");
  judge_reset(rule.member("resets"), per);
}

void judge_rule_scope(const Place& rule) {
  constexpr std::string_view scopes[] = {"key", "account", "ip", "model", "pool"};
  if (rule.member("scope").there()) rule.member("scope").one_of(scopes);
  rule.member("pool").text(64);
  const std::string scope = said(rule, "scope");
  if (scope == "pool" && !rule.member("pool").there()) rule.fail("scope pool needs the pool's name");
  if (rule.member("pool").there() && !scope.empty() && scope != "pool")
    rule.fail("a rule with a pool has scope pool");
}

void judge_shorthand(const Place& root, Judge& judge) {
  const Place models = root.member("models");
  if (!models.is_map()) return;
  for (const auto& entry : models.node()) {
    const Place quota = Place(entry.second, "models." + entry.first.Scalar(), judge).member("quota");
    if (!quota.there() || quota.is_list()) continue;
    if (!quota.map_of(shorthand)) continue;
    for (const auto& limit : quota.node())
      if (limit.second.IsScalar() && limit.second.Scalar() != "none")
        quota.member(limit.first.Scalar()).whole(1, largest_limit);
  }
}

void judge_counters(const Place& root) {
  constexpr std::string_view members[] = {"scope", "tokens", "second", "minute",
                                          "hour",  "day",    "week",   "month"};
  constexpr std::string_view scopes[] = {"key", "account", "ip"};
  constexpr std::string_view units[] = {"tokens", "input_tokens"};
  const Place counters = root.member("counters");
  if (!counters.map_of(members)) return;
  if (counters.member("scope").there()) counters.member("scope").one_of(scopes);
  if (counters.member("tokens").there()) counters.member("tokens").one_of(units);
  for (const std::string_view window : windows) judge_reset(counters.member(std::string(window)), window);
}

void judge_billing(const Place& root) {
  constexpr std::string_view members[] = {"failed", "cancelled", "cut"};
  constexpr std::string_view failed[] = {"none", "requests"};
  constexpr std::string_view made[] = {"all", "input", "none"};
  const Place billing = root.member("billing");
  if (!billing.map_of(members)) return;
  if (billing.member("failed").there()) billing.member("failed").one_of(failed);
  for (const char* const name : {"cancelled", "cut"})
    if (billing.member(name).there()) billing.member(name).one_of(made);
}

}  // namespace

void add_quota_checks(std::vector<Check>& checks) {
  Group group(checks, "quota");
  const auto look = [&](std::string name, std::string title, std::function<void(const Place&, Judge&)> body) {
    group.each(std::move(name), std::move(title), [body = std::move(body)](const Facts& facts, Judge& judge) {
      if (const auto root = manifest_root(facts, judge)) body(*root, judge);
    });
  };
  look("list", "the account's rules are a list of at most 64", [](const Place& root, Judge&) {
    const Place quota = root.member("quota");
    if (quota.there() && (!quota.is_list() || quota.node().size() > 64))
      quota.fail("should be a list of at most 64 rules");
  });
  look("rule-members", "rules have no unknown member",
       [](const Place& root, Judge& j) { for_each_rule(root, j, judge_rule_members); });
  look("rule-amount", "every rule says how much of what",
       [](const Place& root, Judge& j) { for_each_rule(root, j, judge_rule_amount); });
  look("rule-window", "every rule has its window and a reset that goes with it",
       [](const Place& root, Judge& j) { for_each_rule(root, j, judge_rule_window); });
  look("rule-scope", "scopes and pools fit together",
       [](const Place& root, Judge& j) { for_each_rule(root, j, judge_rule_scope); });
  look("shorthand", "shorthand limits are whole numbers under known names", judge_shorthand);
  look("counters", "counters are said in the right words",
       [](const Place& root, Judge&) { judge_counters(root); });
  look("billing", "billing is said in the right words",
       [](const Place& root, Judge&) { judge_billing(root); });
}

}  // namespace freellmapi::kit
