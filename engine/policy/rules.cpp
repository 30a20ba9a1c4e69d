#include "policy/rules.hpp"

#include <algorithm>

namespace freellmapi::policy {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t largest_limit = 1'000'000'000'000'000;
constexpr std::array<std::string_view, 5> unit_words{"requests", "tokens", "input_tokens", "output_tokens",
                                                     "concurrency"};
constexpr std::array<std::string_view, 5> scope_words{"key", "account", "ip", "model", "pool"};
constexpr std::array<std::string_view, 6> per_words{"second", "minute", "hour", "day", "week", "month"};
constexpr std::array<std::chrono::seconds, 6> lengths{1s, 60s, 3'600s, 86'400s, 604'800s, 2'592'000s};

struct Shorthand {
  std::string_view key;
  bool tokens;
  Per per;
};
constexpr std::array<Shorthand, 12> shorthands{{
    {"rps", false, Per::second},
    {"rpm", false, Per::minute},
    {"rph", false, Per::hour},
    {"rpd", false, Per::day},
    {"rpw", false, Per::week},
    {"rpmo", false, Per::month},
    {"tps", true, Per::second},
    {"tpm", true, Per::minute},
    {"tph", true, Per::hour},
    {"tpd", true, Per::day},
    {"tpw", true, Per::week},
    {"tpmo", true, Per::month},
}};

constexpr bool has_calendar(Per per) noexcept {
  return per == Per::day || per == Per::week || per == Per::month;
}

void set_reset(Rule& rule, const ResetAt& reset) {
  rule.reset = reset.kind;
  rule.zone = reset.zone;
  rule.at = reset.at;
}

std::optional<ResetAt> read_reset(const Value& value, Per per) {
  const auto text = value.text();
  if (!text) return std::nullopt;
  auto reset = parse_reset(*text);
  if (!reset) {
    value.fault(reset.error().message + ", got \"" + *text + "\"");
    return std::nullopt;
  }
  if (reset->kind == Reset::wall_clock && !has_calendar(per)) {
    value.fault("a wall-clock reset goes with day, week or month");
    return std::nullopt;
  }
  return *reset;
}

std::optional<Scope> read_scope(const Value& value) {
  const auto index = value.one_of(scope_words);
  if (!index) return std::nullopt;
  return static_cast<Scope>(*index);
}

bool read_unit(const Value& value, const RuleContext& context, Rule& rule) {
  const auto text = value.text(32);
  if (!text) return false;
  const auto known = std::find(unit_words.begin(), unit_words.end(), *text);
  if (known != unit_words.end()) {
    rule.of = static_cast<Unit>(known - unit_words.begin());
    return true;
  }
  const auto& own = context.own_units;
  if (!context.any_own_unit && std::find(own.begin(), own.end(), *text) == own.end()) {
    std::vector<std::string> all(unit_words.begin(), unit_words.end());
    all.insert(all.end(), own.begin(), own.end());
    std::string what;
    for (const auto& word : all) what += (what.empty() ? "" : ", ") + word;
    value.wrong("a unit (" + what + ")", did_you_mean(*text, all));
    return false;
  }
  rule.of = Unit::own;
  rule.own_unit = *text;
  return true;
}

bool read_per(const Value& value, Rule& rule) {
  const auto text = value.text();
  if (!text) return false;
  const auto word = std::find(per_words.begin(), per_words.end(), *text);
  if (word != per_words.end()) {
    const auto index = static_cast<std::size_t>(word - per_words.begin());
    rule.per = static_cast<Per>(index);
    rule.length = lengths[index];
    return true;
  }
  constexpr std::string_view prefix = "rolling ";
  if (text->starts_with(prefix)) {
    const auto length = parse_duration(std::string_view(*text).substr(prefix.size()));
    if (length && *length >= 1s && *length <= 8'784h && *length % 1s == 0ms) {
      rule.per = Per::rolling;
      rule.length = std::chrono::duration_cast<std::chrono::seconds>(*length);
      return true;
    }
  }
  value.wrong("second, minute, hour, day, week, month or a length such as \"rolling 5h\"",
              did_you_mean(*text, {per_words.begin(), per_words.end()}));
  return false;
}

std::optional<Rule> read_rule(const Value& value, const RuleContext& context) {
  Fields fields(value);
  if (!fields.readable()) return std::nullopt;
  Rule rule;
  bool good = true;
  if (const auto limit = fields.get("limit")) {
    const auto number = limit->whole(1, largest_limit);
    good = number.has_value();
    rule.limit = number.value_or(1);
  } else {
    value.fault("the rule needs a 'limit'");
    good = false;
  }
  if (const auto of = fields.get("of")) {
    good = read_unit(*of, context, rule) && good;
  } else {
    value.fault("the rule needs 'of': what it counts");
    good = false;
  }
  const bool slots = rule.of == Unit::concurrency;
  const auto per = fields.get("per");
  const auto resets = fields.get("resets");
  rule.scope = context.counters.scope;
  if (slots) {
    if (per) per->fault("concurrency has no window: leave out 'per'");
    if (resets) resets->fault("concurrency has no window: leave out 'resets'");
    good = good && !per && !resets;
  } else if (!per) {
    value.fault("the rule needs 'per': the length of its window");
    good = false;
  } else if (!read_per(*per, rule)) {
    good = false;
  } else if (resets) {
    const auto reset = read_reset(*resets, rule.per);
    good = good && reset.has_value();
    set_reset(rule, reset.value_or(ResetAt{}));
  } else if (rule.per != Per::rolling) {
    set_reset(rule, context.counters.resets[static_cast<std::size_t>(rule.per)]);
  }
  const auto scope = fields.get("scope");
  if (scope) {
    const auto read = read_scope(*scope);
    good = good && read.has_value();
    rule.scope = read.value_or(Scope::key);
  }
  const auto pool = fields.get("pool");
  if (pool) {
    const auto read = pool->text(64);
    good = good && read.has_value();
    rule.pool = read.value_or("");
    if (scope && rule.scope != Scope::pool) {
      pool->fault("a rule with a pool has 'scope: pool'");
      good = false;
    }
    rule.scope = Scope::pool;
  } else if (rule.scope == Scope::pool && scope) {
    scope->fault("the rule needs 'pool': the pool's name");
    good = false;
  }
  rule.source = context.source;
  rule.as_of = context.as_of;
  rule.liftable = context.liftable;
  fields.read("source", rule.source, read_source);
  fields.read("as_of", rule.as_of, read_date);
  std::optional<std::string> note;
  fields.text("note", note);
  fields.close();
  if (!good) return std::nullopt;
  rule.label = label_of(rule);
  if (note) rule.label += " (" + *note + ")";
  return rule;
}

QuotaSettings read_shorthand(const Value& value, const RuleContext& context) {
  QuotaSettings out;
  Fields fields(value);
  const auto take = [&](const Value& found, Rule rule) {
    if (found.is(Element::Kind::scalar) && found.node().text == "none") {
      out.dropped.emplace_back(rule.of, rule.per);
      out.where_dropped.push_back({found.path(), found.place()});
    } else if (const auto limit = found.whole(1, largest_limit)) {
      rule.limit = *limit;
      rule.scope = context.counters.scope;
      rule.label = label_of(rule);
      rule.source = context.source;
      rule.as_of = context.as_of;
      rule.liftable = context.liftable;
      out.rules.push_back(std::move(rule));
      out.where.push_back({found.path(), found.place()});
    }
  };
  for (const Shorthand& shorthand : shorthands) {
    const auto found = fields.get(shorthand.key);
    if (!found) continue;
    Rule rule;
    rule.of = shorthand.tokens ? context.counters.tokens : Unit::requests;
    rule.per = shorthand.per;
    rule.length = lengths[static_cast<std::size_t>(shorthand.per)];
    set_reset(rule, context.counters.resets[static_cast<std::size_t>(shorthand.per)]);
    take(*found, std::move(rule));
  }
  if (const auto found = fields.get("concurrency")) {
    Rule rule;
    rule.of = Unit::concurrency;
    take(*found, std::move(rule));
  }
  fields.close();
  return out;
}

}  // namespace

bool counts_the_same(const Rule& a, const Rule& b) {
  if (a.of != b.of || a.own_unit != b.own_unit) return false;
  return a.of == Unit::concurrency || (a.per == b.per && a.length == b.length);
}

std::optional<Counters> read_counters(const Value& value) {
  constexpr std::array<std::string_view, 3> scopes{"key", "account", "ip"};
  constexpr std::array<std::string_view, 2> tokens{"tokens", "input_tokens"};
  Fields fields(value);
  if (!fields.readable()) return std::nullopt;
  Counters out;
  if (const auto scope = fields.get("scope")) {
    if (const auto index = scope->one_of(scopes)) out.scope = static_cast<Scope>(*index);
  }
  if (const auto unit = fields.get("tokens")) {
    if (const auto index = unit->one_of(tokens)) out.tokens = *index == 0 ? Unit::tokens : Unit::input_tokens;
  }
  for (std::size_t i = 0; i < per_words.size(); ++i) {
    fields.read(per_words[i], out.resets[i],
                [i](const Value& v) { return read_reset(v, static_cast<Per>(i)); });
  }
  fields.close();
  return out;
}

std::optional<QuotaSettings> read_quota(const Value& value, const RuleContext& context) {
  if (value.is(Element::Kind::mapping)) return read_shorthand(value, context);
  if (!value.is(Element::Kind::sequence)) {
    value.wrong("a list of rules or a shorthand such as {rpm: 30}");
    return std::nullopt;
  }
  QuotaSettings out;
  out.whole = true;
  for (const Value& item : value.list(64)) {
    auto rule = read_rule(item, context);
    if (!rule) continue;
    out.rules.push_back(std::move(*rule));
    out.where.push_back({item.path(), item.place()});
  }
  return out;
}

void apply(const QuotaSettings& settings, std::vector<Rule>& rules) {
  if (settings.whole) {
    rules = settings.rules;
    return;
  }
  for (const auto& [of, per] : settings.dropped) {
    rules.erase(std::remove_if(rules.begin(), rules.end(),
                               [of = of, per = per](const Rule& rule) {
                                 return rule.of == of && (of == Unit::concurrency || rule.per == per);
                               }),
                rules.end());
  }
  for (const Rule& rule : settings.rules) {
    const auto same =
        std::find_if(rules.begin(), rules.end(), [&](const Rule& r) { return counts_the_same(r, rule); });
    if (same == rules.end()) {
      rules.push_back(rule);
    } else {
      same->limit = rule.limit;  // who owns the counter and when it resets stays as the provider says
      same->label = label_of(*same);
      same->source = rule.source;
      same->as_of = rule.as_of;
      same->liftable = rule.liftable;
    }
  }
}

std::string_view name(Per per) noexcept {
  return per == Per::rolling ? "rolling" : per_words[static_cast<std::size_t>(per)];
}

std::string_view name(Scope scope) noexcept { return scope_words[static_cast<std::size_t>(scope)]; }

std::string unit_text(const Rule& rule) {
  return rule.of == Unit::own ? rule.own_unit : std::string(unit_words[static_cast<std::size_t>(rule.of)]);
}

std::string label_of(const Rule& rule) {
  const std::string limit = std::to_string(rule.limit) + " ";
  if (rule.of == Unit::concurrency)
    return limit + (rule.limit == 1 ? "request at a time" : "requests at a time");
  std::string unit = unit_text(rule);
  if (rule.limit == 1 && unit.ends_with('s')) unit.pop_back();
  std::replace(unit.begin(), unit.end(), '_', ' ');
  if (rule.per == Per::rolling) return limit + unit + " in any " + duration_text(rule.length);
  return limit + unit + " per " + std::string(name(rule.per));
}

}  // namespace freellmapi::policy
