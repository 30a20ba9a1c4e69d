#include "kit/report.hpp"

#include <boost/json.hpp>

namespace freellmapi::kit {
namespace {

namespace json = boost::json;

void add_sentences(std::string& out, const char* label, const std::vector<std::string>& sentences) {
  for (const std::string& sentence : sentences)
    out.append("      ").append(label).append(sentence).append("\n");
}

std::string summary(const std::string& group, const Counts& counts) {
  std::string line = group + std::string(group.size() < 12 ? 12 - group.size() : 1, ' ') +
                     std::to_string(counts.passed) + " passed";
  if (counts.failed > 0) line += ", " + std::to_string(counts.failed) + " failed";
  if (counts.skipped > 0) line += ", " + std::to_string(counts.skipped) + " skipped";
  return line + "\n";
}

json::array sentences(const std::vector<std::string>& all) { return json::array(all.begin(), all.end()); }

}  // namespace

Counts count(const std::vector<Result>& results) {
  Counts counts;
  for (const Result& result : results)
    ++(result.verdict == Verdict::passed   ? counts.passed
       : result.verdict == Verdict::failed ? counts.failed
                                           : counts.skipped);
  return counts;
}

std::string as_text(const std::string& file, const std::vector<Result>& results, bool colours) {
  const std::string red = colours ? "\x1b[31m" : "", yellow = colours ? "\x1b[33m" : "",
                    plain = colours ? "\x1b[0m" : "";
  std::string out = file + "\n";
  for (std::size_t i = 0; i < results.size();) {
    std::vector<Result> group;
    const std::string name = results[i].group;
    for (; i < results.size() && results[i].group == name; ++i) group.push_back(results[i]);
    out += summary(name, count(group));
    for (const Result& result : group) {
      if (result.verdict == Verdict::failed) {
        out += red + "  FAILED" + plain + " " + result.id + ": " + result.title + "\n";
        add_sentences(out, "", result.seen);
        out += "      see it again: " + result.again + "\n";
      }
      if (result.advice.empty()) continue;
      out += yellow + "  advice" + plain + " " + result.id + "\n";
      add_sentences(out, "", result.advice);
    }
  }
  const Counts counts = count(results);
  return out + std::to_string(counts.passed) + " checks passed, " + std::to_string(counts.failed) +
         " failed\n";
}

std::string as_json(const std::string& file, const std::vector<Result>& results) {
  const Counts counts = count(results);
  json::array checks;
  for (const Result& result : results) {
    json::object one{{"id", result.id},
                     {"group", result.group},
                     {"title", result.title},
                     {"verdict", word(result.verdict)}};
    if (!result.seen.empty()) one["seen"] = sentences(result.seen);
    if (!result.advice.empty()) one["advice"] = sentences(result.advice);
    if (!result.again.empty()) one["again"] = result.again;
    checks.push_back(std::move(one));
  }
  return json::serialize(json::object{{"file", file},
                                      {"passed", counts.passed},
                                      {"failed", counts.failed},
                                      {"skipped", counts.skipped},
                                      {"checks", std::move(checks)}}) +
         "\n";
}

}  // namespace freellmapi::kit
