#include "kit/yaml.hpp"

#include <algorithm>

#include "kit/text.hpp"

namespace freellmapi::kit {
namespace {

bool digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
}

std::uint64_t number(std::string_view text) {
  std::uint64_t n = 0;
  for (const char c : text.substr(0, 18)) n = n * 10 + static_cast<std::uint64_t>(c - '0');
  return n;
}

}  // namespace

Place Place::member(const std::string& name) const {
  const YAML::Node found =
      node_.IsDefined() && node_.IsMap() ? node_[name] : YAML::Node(YAML::NodeType::Undefined);
  return {found, path_.empty() ? name : path_ + "." + name, judge_};
}

Place Place::item(std::size_t index) const {
  return {node_[index], path_ + "[" + std::to_string(index) + "]", judge_};
}

std::optional<std::string> Place::text(std::size_t most) const {
  if (!there()) return std::nullopt;
  if (!node_.IsScalar() || node_.Scalar().size() > most) {
    fail("should be a text of at most " + std::to_string(most) + " bytes");
    return std::nullopt;
  }
  return node_.Scalar();
}

std::optional<std::uint64_t> Place::whole(std::uint64_t least, std::uint64_t most) const {
  if (!there()) return std::nullopt;
  const bool good = node_.IsScalar() && digits(node_.Scalar()) && node_.Scalar().size() <= 18 &&
                    number(node_.Scalar()) >= least && number(node_.Scalar()) <= most;
  if (good) return number(node_.Scalar());
  fail("should be a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  return std::nullopt;
}

std::optional<bool> Place::truth() const {
  if (!there()) return std::nullopt;
  if (node_.IsScalar() && (node_.Scalar() == "true" || node_.Scalar() == "false"))
    return node_.Scalar() == "true";
  fail("should be true or false");
  return std::nullopt;
}

bool Place::one_of(std::span<const std::string_view> words) const {
  if (!there()) return false;
  if (node_.IsScalar() && std::find(words.begin(), words.end(), node_.Scalar()) != words.end()) return true;
  std::string all;
  for (const std::string_view w : words) all += (all.empty() ? "" : ", ") + std::string(w);
  fail("should be one of " + all);
  return false;
}

bool Place::url() const {
  const auto value = text(2'048);
  if (!value) return false;
  const bool scheme = value->starts_with("https://") || value->starts_with("http://");
  const std::size_t host = value->find("://") + 3;
  const bool good = scheme && value->size() > host && value->find_first_of("/?#", host) != host &&
                    printable(*value, value->size()) == *value && value->find(' ') == value->npos;
  if (!good) fail("\"" + printable(*value, 80) + "\" is no http(s) URL");
  return good;
}

bool Place::date() const {
  const auto value = text(10);
  if (!value) return false;
  const std::string_view v = *value;
  const bool good = v.size() == 10 && v[4] == '-' && v[7] == '-' && digits(v.substr(0, 4)) &&
                    digits(v.substr(5, 2)) && digits(v.substr(8)) && number(v.substr(0, 4)) >= 2000 &&
                    number(v.substr(5, 2)) >= 1 && number(v.substr(5, 2)) <= 12 && number(v.substr(8)) >= 1 &&
                    number(v.substr(8)) <= 31;
  if (!good) fail("\"" + *value + "\" is no date such as 2026-06-23");
  return good;
}

bool Place::map_of(std::span<const std::string_view> known) const {
  if (!is_map()) {
    if (there()) fail("should be a map");
    return false;
  }
  for (const auto& entry : node_) {
    const std::string name = entry.first.IsScalar() ? entry.first.Scalar() : "?";
    if (std::find(known.begin(), known.end(), name) == known.end())
      fail("has the unknown member '" + name + "'");
  }
  return true;
}

std::optional<Place> manifest_root(const Facts& facts, Judge& judge) {
  YAML::Node root;
  try {
    root = YAML::Load(std::string(view(facts.provider->manifest)));
  } catch (const YAML::Exception& e) {
    judge.fail(std::string("it is no YAML: ") + e.what());
    return std::nullopt;
  }
  if (root.IsMap()) return Place(root, "", judge);
  judge.fail("it is no map");
  return std::nullopt;
}

std::uint64_t duration_ms(std::string_view text) {
  struct Unit {
    std::string_view word;
    std::uint64_t ms;
  };
  constexpr Unit units[] = {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}};
  std::uint64_t total = 0;
  while (!text.empty()) {
    const std::size_t n = std::min(text.find_first_not_of("0123456789"), text.size());
    const std::string_view rest = text.substr(n);
    const std::string_view word = rest.substr(0, std::min(rest.find_first_of("0123456789"), rest.size()));
    const auto* const unit =
        std::find_if(std::begin(units), std::end(units), [&](const Unit& u) { return u.word == word; });
    if (n == 0 || n > 12 || unit == std::end(units)) return 0;
    total += number(text.substr(0, n)) * unit->ms;
    text = rest.substr(word.size());
  }
  return total;
}

bool is_duration(std::string_view text) { return duration_ms(text) > 0; }

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == text.npos;
}

}  // namespace freellmapi::kit
