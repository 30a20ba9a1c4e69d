#include "policy/reader.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <unordered_map>

#include "base/text.hpp"
#include "policy/values.hpp"

namespace freellmapi::policy {
namespace {

// What people write one level too high: the key and where it lives.
constexpr std::array<std::pair<std::string_view, std::string_view>, 17> homes{{
    {"strategy", "routing"},
    {"sticky", "routing"},
    {"attempts", "routing"},
    {"enforce_json", "routing"},
    {"budget", "routing"},
    {"continue_streams", "routing"},
    {"on_content_filter", "routing"},
    {"handoff", "routing"},
    {"hedge", "routing"},
    {"conversations", "store"},
    {"listen", "server"},
    {"hosts", "server"},
    {"base_url", "providers.<name>"},
    {"keys", "providers.<name>"},
    {"timeouts", "providers.<name>"},
    {"proxy", "providers.<name>"},
    {"models", "providers.<name>"},
}};

std::string quoted(std::string_view text) { return "\"" + base::printable(text, 60) + "\""; }

// The keys and values of a mapping; the first of a duplicate key stands, the others are reported.
template <class Take>
void each_member(const Value& mapping, Take&& take) {
  std::unordered_map<std::string_view, const Element*> seen;
  const auto& items = mapping.node().items;
  for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
    const Element& key = items[i];
    if (key.kind == Element::Kind::refused) continue;
    if (key.kind != Element::Kind::scalar || key.text.empty() || key.text.size() > 128) {
      const Value place(key, mapping.source(), mapping.path());
      place.fault("a key must be a word of at most 128 bytes");
      continue;
    }
    const auto [first, fresh] = seen.emplace(key.text, &key);
    if (!fresh) {
      const Value twice(key, mapping.source(), member_path(mapping.path(), key.text));
      twice.fault("defined twice (first at line " + std::to_string(first->second->place.line) + ")");
      continue;
    }
    take(key, items[i + 1]);
  }
}

}  // namespace

std::string member_path(const std::string& path, std::string_view key) {
  const std::string name = base::printable(key, 128);
  return path.empty() ? name : path + "." + name;
}

void Value::fault(const std::string& message) const {
  source_->faults.error(node_->place, path_.empty() ? message : path_ + ": " + message);
}

void Value::warn(const std::string& message) const {
  source_->faults.warning(node_->place, path_.empty() ? message : path_ + ": " + message);
}

void Value::wrong(const std::string& what, const std::string& hint) const {
  std::string got;
  switch (node_->kind) {
    case Element::Kind::refused:
      return;
    case Element::Kind::null:
      got = "nothing";
      break;
    case Element::Kind::sequence:
      got = "a list";
      break;
    case Element::Kind::mapping:
      got = "a mapping";
      break;
    case Element::Kind::scalar:
      got = (node_->quoted ? "the text " : "") + quoted(node_->text);
      break;
  }
  fault("expected " + what + ", got " + got + hint);
}

std::optional<std::string> Value::text(std::size_t max) const {
  if (!is(Element::Kind::scalar)) {
    wrong("text");
    return std::nullopt;
  }
  const auto& text = node_->text;
  const bool control = std::any_of(text.begin(), text.end(),
                                   [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  if (text.empty() || control || text.size() > max) {
    fault(text.empty() ? "must not be empty"
          : control    ? "must not hold control characters"
                       : "longer than " + std::to_string(max) + " bytes");
    return std::nullopt;
  }
  return text;
}

std::optional<std::string> Value::name() const {
  auto text = this->text();
  if (text && !is_name(*text)) {
    wrong("a name of 1 to 64 characters a-z, 0-9 and '-'");
    return std::nullopt;
  }
  return text;
}

std::optional<std::uint64_t> Value::whole(std::uint64_t min, std::uint64_t max) const {
  const std::string what = "a whole number";
  if (!is(Element::Kind::scalar)) {
    wrong(what);
    return std::nullopt;
  }
  const std::string& text = node_->text;
  const bool digits = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
  if (node_->quoted || !digits || (text.size() > 1 && text.front() == '0')) {
    wrong(what, !digits                             ? ""
                : text.size() > 1 && text[0] == '0' ? " (leave out the leading zeros)"
                                                    : " (leave out the quotes)");
    return std::nullopt;
  }
  std::uint64_t number = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), number);
  if (end.ec != std::errc{} || number < min || number > max) {
    fault("must be between " + std::to_string(min) + " and " + std::to_string(max) + ", got " +
          base::printable(text, 40));
    return std::nullopt;
  }
  return number;
}

std::optional<bool> Value::truth() const {
  if (is(Element::Kind::scalar) && !node_->quoted) {
    if (node_->text == "true") return true;
    if (node_->text == "false") return false;
  }
  wrong("true or false");
  return std::nullopt;
}

std::optional<std::chrono::milliseconds> Value::duration(std::chrono::milliseconds min,
                                                         std::chrono::milliseconds max) const {
  const auto length = is(Element::Kind::scalar) ? parse_duration(node_->text) : std::nullopt;
  if (!length) {
    wrong("a duration such as 450ms, 8s or 1h30m");
    return std::nullopt;
  }
  if (*length < min || *length > max) {
    fault("must be between " + duration_text(min) + " and " + duration_text(max) + ", got " + node_->text);
    return std::nullopt;
  }
  return length;
}

std::optional<std::size_t> Value::one_of(std::span<const std::string_view> words) const {
  if (is(Element::Kind::scalar)) {
    const auto found = std::find(words.begin(), words.end(), node_->text);
    if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  }
  std::string what;
  for (std::size_t i = 0; i < words.size(); ++i) {
    what += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + std::string(words[i]);
  }
  wrong(what, did_you_mean(node_->text, {words.begin(), words.end()}));
  return std::nullopt;
}

std::vector<Value> Value::list(std::size_t max) const {
  std::vector<Value> out;
  if (!is(Element::Kind::sequence)) {
    wrong("a list");
    return out;
  }
  if (node_->items.size() > max) {
    fault("at most " + std::to_string(max) + " entries are allowed, got " +
          std::to_string(node_->items.size()));
    return out;
  }
  for (std::size_t i = 0; i < node_->items.size(); ++i) {
    out.emplace_back(node_->items[i], *source_, path_ + "[" + std::to_string(i) + "]", shape_ + "[]");
  }
  return out;
}

std::vector<std::pair<Value, Value>> Value::entries(std::size_t max) const {
  std::vector<std::pair<Value, Value>> out;
  if (is(Element::Kind::null)) return out;
  if (!is(Element::Kind::mapping)) {
    wrong("a mapping");
    return out;
  }
  if (node_->items.size() / 2 > max) {
    fault("at most " + std::to_string(max) + " entries are allowed, got " +
          std::to_string(node_->items.size() / 2));
    return out;
  }
  each_member(*this, [&](const Element& key, const Element& value) {
    const std::string path = member_path(path_, key.text);
    source_->found.emplace(path, key.place);
    out.emplace_back(Value(key, *source_, path), Value(value, *source_, path, member_path(shape_, "*")));
  });
  return out;
}

std::optional<std::string> read_date(const Value& value) {
  if (value.is(Element::Kind::scalar) && is_date(value.node().text)) return value.node().text;
  value.wrong("a date such as 2026-06-23");
  return std::nullopt;
}

std::optional<std::string> read_source(const Value& value) { return value.text(512); }

Fields::Fields(const Value& value) : value_(value) {
  if (value.is(Element::Kind::null)) {
    readable_ = true;
    return;
  }
  if (!value.is(Element::Kind::mapping)) {
    value.wrong("a mapping");
    return;
  }
  readable_ = true;
  each_member(value_, [&](const Element& key, const Element& member) {
    entries_.push_back({key.text, &key, &member});
  });
}

std::optional<Value> Fields::get(std::string_view key) {
  asked_.emplace_back(key);
  const std::string shape = member_path(value_.shape(), key);
  value_.source().known.insert(shape);
  for (const Entry& entry : entries_) {
    if (entry.key != key) continue;
    std::string path = member_path(value_.path(), key);
    value_.source().found.emplace(path, entry.name->place);
    return Value(*entry.value, value_.source(), std::move(path), shape);
  }
  return std::nullopt;
}

void Fields::close() {
  for (const Entry& entry : entries_) {
    if (std::find(asked_.begin(), asked_.end(), entry.key) != asked_.end()) continue;
    const auto home =
        std::find_if(homes.begin(), homes.end(), [&](const auto& h) { return h.first == entry.key; });
    std::string hint = did_you_mean(entry.key, asked_);
    if (home != homes.end()) hint = " (it belongs under '" + std::string(home->second) + "')";
    Value(*entry.name, value_.source(), member_path(value_.path(), entry.key)).fault("unknown key" + hint);
  }
}

}  // namespace freellmapi::policy
