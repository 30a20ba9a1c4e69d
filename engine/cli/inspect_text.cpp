#include "cli/inspect_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstdint>
#include <vector>

#include "base/text.hpp"

namespace freellmapi::cli {

namespace {

namespace json = boost::json;

/// A member as text: "" for null and for none; numbers as they are written.
std::string text(const json::object& of, std::string_view name) {
  const json::value* value = of.if_contains(name);
  if (value == nullptr || value->is_null()) return {};
  if (const json::string* string = value->if_string())
    return base::printable(std::string_view(string->data(), string->size()), 400);
  if (const double* number = value->if_double()) return fmt::format("{}", *number);
  return json::serialize(*value);
}

const json::object& object(const json::object& of, std::string_view name) {
  static const json::object none;
  const json::value* value = of.if_contains(name);
  return value != nullptr && value->is_object() ? value->get_object() : none;
}

const json::array& list(const json::object& of, std::string_view name) {
  static const json::array none;
  const json::value* value = of.if_contains(name);
  return value != nullptr && value->is_array() ? value->get_array() : none;
}

json::object parsed(const std::string& body) {
  boost::system::error_code error;
  json::value value = json::parse(body, error);
  return error || !value.is_object() ? json::object{} : std::move(value.get_object());
}

std::string name_of(const json::object& candidate) {
  const std::string provider = text(candidate, "provider");
  if (provider.empty()) return "model " + text(candidate, "model_index");
  const std::string key = text(candidate, "key");
  return provider + "/" + text(candidate, "model") + (key.empty() ? "" : " " + key);
}

std::string counted(const json::object& of) {
  std::string out = fmt::format("{} of {} used", text(of, "used"), text(of, "limit"));
  if (const std::string reserved = text(of, "reserved"); reserved != "0" && reserved != "0.000")
    out += fmt::format(", {} reserved", reserved);
  return out;
}

std::string terms_head() {
  return fmt::format("{:>3}  {:<52} {:<8}{:>7} {:>8} {:>6} {:>14} {:>9} {:>6} {:>8} {:>11}\n", "", "", "",
                     "score", "success", "tries", "first token ms", "tokens/s", "speed", "quality",
                     "quota left");
}

std::string terms_text(const json::object& t) {
  const auto or_dash = [](std::string value) { return value.empty() ? std::string("-") : value; };
  const auto short_number = [&](std::string_view name) { return or_dash(text(t, name)).substr(0, 6); };
  return fmt::format("{:>9} {:>8} {:>6} {:>14} {:>9} {:>6} {:>8} {:>11}", short_number("score"),
                     short_number("success"), short_number("tries"), or_dash(text(t, "first_token_ms")),
                     or_dash(text(t, "tokens_per_second")), short_number("speed"), short_number("quality"),
                     short_number("quota_left")) +
         (text(t, "explored") == "true" ? ", explored: one request in sixteen tries another first" : "");
}

std::string candidate_line(const json::object& c) {
  const std::string place = text(c, "place");
  std::string line =
      fmt::format("{:>3}  {:<52} {}", place.empty() ? "-" : place, name_of(c), text(c, "gate"));
  if (c.contains("terms")) line += terms_text(object(c, "terms"));
  if (const std::string reason = text(c, "reason"); !reason.empty()) line += " " + reason;
  if (const std::string rule = text(c, "rule"); !rule.empty())
    line += fmt::format(": {} ({})", rule, counted(c));
  if (const std::string back = text(c, "back_at"); !back.empty()) line += ", back " + back;
  if (const std::string pressure = text(c, "pressure"); !pressure.empty())
    line += ", expires unused with pressure " + pressure;
  if (const std::string wait = text(c, "wait_ms"); !wait.empty())
    line += fmt::format(", may wait {} ms", wait);
  return line + "\n";
}

std::string features_line(const json::object& f) {
  std::string out = fmt::format("{} input tokens", text(f, "input_tokens"));
  if (const std::string output = text(f, "output_tokens"); !output.empty())
    out += ", at most " + output + " output";
  for (const std::string_view flag : {"tools", "vision", "stream", "conversation"})
    if (text(f, flag) == "true") out += fmt::format(", {}", flag);
  if (const std::string mode = text(f, "json"); !mode.empty()) out += ", json " + mode;
  return out;
}

std::string stated_text(const json::object& stated) {
  const std::string age = text(stated, "age_seconds"), others = text(stated, "others_spent");
  std::string out = age.empty() ? "" : fmt::format(", the provider spoke of it {} s ago", age);
  if (!others.empty() && others != "0") out += fmt::format(", {} spent by others", others);
  return out;
}

std::string happened_text(const json::object& h) {
  std::string out = fmt::format("then:      status {}", text(h, "status"));
  if (const std::string code = text(h, "code"); !code.empty()) out += " " + code;
  if (!text(h, "provider").empty()) out += " from " + name_of(h);
  out += fmt::format(", {} ms, {} + {} tokens\n", text(h, "total_ms"), text(h, "input_tokens"),
                     text(h, "output_tokens"));
  if (const std::string trail = text(h, "trail"); !trail.empty()) out += "before:    " + trail + "\n";
  return out;
}

}  // namespace

std::string explanation_text(const std::string& body) {
  const json::object root = parsed(body);
  const std::string id = text(root, "request_id");
  std::string out = id.empty() ? "a request that nobody has made\n" : "request    " + id + "\n";
  out += "asked for: " + text(root, "asked") + "\n";
  if (root.contains("features")) {
    out += fmt::format("decided:   {} under policy {}, chain {}, strategy {}\n", text(root, "at"),
                       text(root, "policy_version"), text(root, "chain"), text(root, "strategy"));
    out += "features:  " + features_line(object(root, "features")) + "\n";
    if (const std::string stays = text(root, "stays_with"); !stays.empty())
      out += "stays with " + stays + " if it can\n";
    const json::array& candidates = list(root, "candidates");
    const bool scored = std::ranges::any_of(
        candidates, [](const json::value& c) { return c.is_object() && c.as_object().contains("terms"); });
    if (scored) out += terms_head();
    for (const json::value& candidate : candidates) out += candidate_line(candidate.as_object());
    const json::object& chosen = object(root, "chosen");
    const json::object& reserves = object(root, "reserves");
    out += chosen.empty()
               ? "chosen:    none\n"
               : fmt::format("chosen:    {}, holding {} input and {} output tokens\n", name_of(chosen),
                             text(reserves, "input_tokens"), text(reserves, "output_tokens"));
  }
  if (const std::string note = text(root, "note"); !note.empty()) out += note + "\n";
  if (root.contains("happened")) out += happened_text(object(root, "happened"));
  if (root.contains("replay")) out += text(object(root, "replay"), "sentence") + "\n";
  return out;
}

std::string quota_text(const std::string& body) {
  const json::object root = parsed(body);
  std::string out = fmt::format("{:<14} {:<8} {:<40} {:<34} {:>12} {:>10} {:>12}  {:<21} {}\n", "provider",
                                "key", "model", "rule", "used", "reserved", "limit", "resets at", "source");
  for (const json::value& each : list(root, "counters")) {
    const json::object& row = each.as_object();
    const std::string as_of = text(row, "as_of");
    out += fmt::format(
        "{:<14} {:<8} {:<40} {:<34} {:>12} {:>10} {:>12}  {:<21} {}\n", text(row, "provider"),
        text(row, "key"), text(row, "model"), text(row, "rule"), text(row, "used"), text(row, "reserved"),
        text(row, "limit"), text(row, "resets_at"),
        text(row, "source") + (as_of.empty() ? "" : " " + as_of) + stated_text(object(row, "stated")));
  }
  for (const json::value& each : list(root, "cooldowns")) {
    const json::object& bench = each.as_object();
    out += fmt::format("benched: {} {} {}: {} until {}\n", text(bench, "provider"), text(bench, "key"),
                       text(bench, "model"), text(bench, "reason"), text(bench, "until"));
  }
  const json::object& month = object(root, "month");
  out +=
      fmt::format("the chain's month: at most {} tokens, and {} requests where no tokens are counted ({})\n",
                  text(month, "tokens"), text(month, "uncounted_requests"), text(month, "note"));
  return out;
}

namespace {

std::string moment_text(const json::object& moment) {
  const std::string middle = text(moment, "middle"), early = text(moment, "early"),
                    late = text(moment, "late");
  if (middle.empty() && early.empty()) return "beyond the horizon";
  return fmt::format("{} (80 %: {} to {})", middle.empty() ? "beyond the horizon" : middle, early,
                     late.empty() ? "beyond the horizon" : late);
}

std::string totals_text(const json::object& total) {
  std::string out =
      fmt::format("{} requests: {} served ({} after waiting), {} refused\n", text(total, "arrived"),
                  text(total, "served"), text(total, "waited"), text(total, "refused"));
  for (const std::string_view group : {"providers", "tiers"}) {
    out += fmt::format("  {}:", group);
    for (const auto& [name, count] : object(total, group))
      out += fmt::format(" {} {}", std::string_view(name), json::serialize(count));
    out += "\n";
  }
  return out;
}

/// One line a day: the hours are in the JSON.
std::string days_text(const json::array& hours) {
  struct Day {
    std::string day;
    std::int64_t arrived = 0, served = 0, waited = 0, refused = 0;
  };
  std::vector<Day> days;
  for (const json::value& each : hours) {
    const json::object& hour = each.as_object();
    const std::string day = text(hour, "start").substr(0, 10);
    if (days.empty() || days.back().day != day) days.push_back({day, 0, 0, 0, 0});
    days.back().arrived += hour.at("arrived").to_number<std::int64_t>();
    days.back().served += hour.at("served").to_number<std::int64_t>();
    days.back().waited += hour.at("waited").to_number<std::int64_t>();
    days.back().refused += hour.at("refused").to_number<std::int64_t>();
  }
  std::string out =
      fmt::format("{:<12} {:>9} {:>9} {:>9} {:>9}\n", "day", "arrived", "served", "waited", "refused");
  for (const Day& d : days)
    out += fmt::format("{:<12} {:>9} {:>9} {:>9} {:>9}\n", d.day, d.arrived, d.served, d.waited, d.refused);
  return out;
}

}  // namespace

std::string forecast_text(const std::string& body) {
  const json::object root = parsed(body);
  if (text(root, "rests_on_requests") == "0")
    return "no request is remembered: nothing can be said of those to come\n";
  std::string out = fmt::format("the chain lasts until {}\n", moment_text(object(root, "lasts_until")));
  out += fmt::format("rests on {} requests; {} are expected in the next 24 h; horizon {}\n",
                     text(root, "rests_on_requests"), text(root, "expected_next_24h"), text(root, "horizon"));
  for (const json::value& each : list(root, "windows")) {
    const json::object& w = each.as_object();
    out += fmt::format("  {:<52} {:<32} full {}, back {}\n", name_of(w), text(w, "rule"),
                       moment_text(object(w, "full")), text(w, "back_at"));
  }
  return out;
}

std::string simulation_text(const std::string& body) {
  const json::object root = parsed(body);
  std::string out = totals_text(object(root, "total"));
  const std::string refused = text(root, "first_refusal");
  out += refused.empty() ? "nobody was refused for want of quota\n"
                         : "first refused for want of quota at " + refused + "\n";
  if (root.contains("recorded"))
    out += fmt::format("of {} recorded routes {} are the same\n", text(object(root, "recorded"), "routes"),
                       text(object(root, "recorded"), "same"));
  for (const json::value& each : list(root, "exhaustions")) {
    const json::object& e = each.as_object();
    out += fmt::format("  {} {}: first full {}, back {}; {} requests found it full\n", name_of(e),
                       text(e, "rule"), text(e, "at"), text(e, "back_at"), text(e, "requests"));
  }
  out += days_text(list(root, "hours"));
  if (root.contains("difference")) {
    const json::object& difference = object(root, "difference");
    out += "the old policy: " + totals_text(object(object(root, "old"), "total"));
    out +=
        fmt::format("against the old one: served {}, waited {}, refused {}; {} requests take another route\n",
                    text(difference, "served"), text(difference, "waited"), text(difference, "refused"),
                    text(difference, "other_routes"));
  }
  return out + "digest " + text(root, "digest") + "\n";
}

std::optional<std::string> message_of(const std::string& body) {
  const json::object root = parsed(body);
  std::string message = text(object(root, "error"), "message");
  if (message.empty()) return std::nullopt;
  return message;
}

std::string percent_encoded(std::string_view plain) {
  std::string out;
  for (const char c : plain) {
    const bool safe = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '-' || c == '_' || c == '.';
    out += safe ? std::string(1, c)
                : fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
  }
  return out;
}

}  // namespace freellmapi::cli
