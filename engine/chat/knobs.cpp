#include "chat/knobs.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <utility>

#include "chat/names.hpp"

namespace freellmapi::chat {

namespace {

using Type = Knob::Type;

constexpr double big = 9007199254740992.0;  // 2^53: every integer below it is itself as a double
constexpr std::size_t most_stops_read = 64, most_stops = 4;

constexpr std::array knobs{
    Knob{"audio", Type::refused},
    Knob{"frequency_penalty", Type::number, Field::plain, -2, 2},
    Knob{"function_call", Type::special, Field::function_call},
    Knob{"functions", Type::special, Field::functions},
    Knob{"logit_bias", Type::logit_bias},
    Knob{"logprobs", Type::boolean},
    Knob{"max_completion_tokens", Type::special, Field::max_completion_tokens},
    Knob{"max_tokens", Type::special, Field::max_tokens},
    Knob{"messages", Type::special, Field::messages},
    Knob{"metadata", Type::object},
    Knob{"min_p", Type::number, Field::plain, 0, 1},
    Knob{"modalities", Type::text_only},
    Knob{"model", Type::special, Field::model},
    Knob{"n", Type::one},
    Knob{"parallel_tool_calls", Type::boolean, Field::parallel_tool_calls},
    Knob{"prediction", Type::object},
    Knob{"presence_penalty", Type::number, Field::plain, -2, 2},
    Knob{"prompt_cache_key", Type::text},
    Knob{"prompt_cache_retention", Type::text},
    Knob{"reasoning", Type::special, Field::reasoning},
    Knob{"reasoning_effort", Type::special, Field::reasoning_effort},
    Knob{"repetition_penalty", Type::number, Field::plain, 0, 10},
    Knob{"response_format", Type::special, Field::response_format},
    Knob{"safety_identifier", Type::text},
    Knob{"seed", Type::integer, Field::plain, -9.3e18, 9.3e18},
    Knob{"service_tier", Type::text},
    Knob{"stop", Type::special, Field::stop},
    Knob{"store", Type::boolean},
    Knob{"stream", Type::special, Field::stream},
    Knob{"stream_options", Type::special, Field::stream_options},
    Knob{"temperature", Type::number, Field::plain, 0, 2},
    Knob{"tool_choice", Type::special, Field::tool_choice},
    Knob{"tools", Type::special, Field::tools},
    Knob{"top_k", Type::integer, Field::plain, -1, 1'000'000},
    Knob{"top_logprobs", Type::integer, Field::plain, 0, 20},
    Knob{"top_p", Type::number, Field::plain, 0, 1},
    Knob{"user", Type::text, Field::user},
    Knob{"verbosity", Type::text},
    Knob{"web_search_options", Type::refused},
};
constexpr Names<knobs.size()> knob_names{[] {
  std::array<std::string_view, knobs.size()> names;
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = knobs[i].name;
  return names;
}()};

/// A number that is spelled with few digits and no exponent, as nearly all are: `digits` divided by ten to
/// the `places`.
struct ShortNumber {
  std::int64_t digits = 0;
  std::size_t places = 0;
  bool point = false;
};

// Of JSON text. So many digits are themselves as a double, and so is the power of ten; their quotient is then
// rounded as it should.
std::optional<ShortNumber> short_number(std::string_view number) noexcept {
  constexpr std::size_t most = 15;
  if (number.size() > most) return std::nullopt;
  ShortNumber out;
  const bool negative = number.front() == '-';
  for (const char c : number.substr(negative ? 1 : 0)) {
    if (c >= '0' && c <= '9') {
      out.digits = out.digits * 10 + (c - '0');
      out.places += out.point ? 1 : 0;
    } else if (c == '.') {
      out.point = true;
    } else {
      return std::nullopt;
    }
  }
  if (negative) out.digits = -out.digits;
  return out;
}

std::optional<double> as_double(std::string_view number) noexcept {
  static constexpr std::array powers{1e0, 1e1, 1e2, 1e3,  1e4,  1e5,  1e6,
                                     1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13};
  if (const auto few = short_number(number)) return static_cast<double>(few->digits) / powers[few->places];
  double value = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  // 1e999 and 1e-999 are numbers that nobody means.
  if (error == std::errc::result_out_of_range) return std::nullopt;
  return end == number.data() + number.size() ? std::optional{value} : std::nullopt;
}

std::string spelled(double value) {
  std::array<char, 32> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value);
  return {text.data(), end};
}

bool out_of_range(Pass& pass, std::string_view param, double low, double high) {
  return pass.wrong("invalid_value", param, "must be between " + spelled(low) + " and " + spelled(high));
}

bool read_number(Pass& pass, std::string_view param, double low, double high) {
  if (pass.scan.peek() != JsonType::number) return pass.wrong_type(param, "a number");
  std::string_view number;
  if (!pass.scan.number(number)) return false;
  const auto value = as_double(number);
  return (value && *value >= low && *value <= high) || out_of_range(pass, param, low, high);
}

bool read_logit_bias(Pass& pass) {
  if (pass.scan.peek() != JsonType::object) return pass.wrong_type("", "an object");
  Members members(pass.scan);
  while (members.next())
    if (!read_number(pass, members.name().substr(0, 64), -100, 100)) return false;
  return !pass.scan.failed();
}

bool read_modalities(Pass& pass) {
  if (pass.scan.peek() != JsonType::array) return pass.wrong_type("", "an array");
  std::size_t comma = 0;
  pass.scan.enter();
  for (std::size_t i = 0; pass.scan.next_item(comma); ++i) {
    JsonText text;
    const std::string place = "[" + std::to_string(i) + "]";
    if (!pass.text(place, text)) return false;
    if (!text.is("text"))
      return pass.wrong("unsupported_value", place, "must be text: only text can be answered");
  }
  return !pass.scan.failed();
}

}  // namespace

const Knob* knob_of(const Element& member) noexcept {
  const std::size_t place = knob_names.find(member.name, member.key);
  return place < knobs.size() ? &knobs[place] : nullptr;
}

bool read_integer(Pass& pass, std::string_view param, std::int64_t& out) {
  if (pass.scan.peek() != JsonType::number) return pass.wrong_type(param, "an integer");
  const std::size_t begin = pass.scan.offset();
  std::string_view number;
  if (!pass.scan.number(number)) return false;
  if (const auto few = short_number(number); few && !few->point) {
    out = few->digits;
    return true;
  }
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), out);
  if (error == std::errc{} && end == number.data() + number.size()) return true;
  const auto value = as_double(number);
  if (!value || std::abs(*value) > big) return pass.wrong("invalid_value", param, "is out of range");
  if (std::trunc(*value) != *value) return pass.wrong_type(param, "an integer");
  out = static_cast<std::int64_t>(*value);
  pass.edits.replace({begin, pass.scan.offset()}, std::to_string(out));
  return true;
}

bool read_knob(Pass& pass, const Knob& knob, Element& element) {
  std::int64_t integer = 0;
  bool flag = false;
  JsonText text;
  switch (knob.type) {
    case Type::special:
      return pass.scan.skip();
    case Type::number:
      return read_number(pass, "", knob.low, knob.high);
    case Type::integer: {
      if (!read_integer(pass, "", integer)) return false;
      const auto value = static_cast<double>(integer);
      return (value >= knob.low && value <= knob.high) || out_of_range(pass, "", knob.low, knob.high);
    }
    case Type::boolean:
      if (pass.scan.peek() != JsonType::boolean) return pass.wrong_type("", "a boolean");
      return pass.scan.boolean(flag);
    case Type::text:
      return pass.text("", text);
    case Type::object:
      if (pass.scan.peek() != JsonType::object) return pass.wrong_type("", "an object");
      return pass.scan.skip();
    case Type::logit_bias:
      return read_logit_bias(pass);
    case Type::one:
      element.drop = true;
      if (!read_integer(pass, "", integer)) return false;
      return integer == 1 ||
             pass.wrong("unsupported_value", "", "must be 1: one answer is given per request");
    case Type::text_only:
      element.drop = true;
      return read_modalities(pass);
    case Type::refused:
      return pass.wrong("unsupported_parameter", "", "is not supported");
  }
  return false;
}

bool read_stop(Pass& pass, Element& element) {
  JsonText text;
  if (pass.scan.peek() == JsonType::string) {
    if (!pass.scan.string(text)) return false;
    element.drop = text.raw.empty();
    return true;
  }
  if (pass.scan.peek() != JsonType::array) return pass.wrong_type("", "a string or an array of strings");
  Items items(pass.scan);
  std::size_t kept = 0;
  while (items.next()) {
    if (items.index() >= most_stops_read) return pass.wrong("invalid_value", "", "has more than 64 items");
    if (!pass.text("[" + std::to_string(items.index()) + "]", text)) return false;
    items.here().drop = text.raw.empty() || kept == most_stops;
    if (!items.here().drop) ++kept;
  }
  if (pass.scan.failed()) return false;
  element.drop = kept == 0;
  pass.edits.drop(items.all());
  return true;
}

bool read_effort(Pass& pass, std::string_view param, std::string_view& effort, bool& respelled) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 16> words{{
      {"none", "none"},
      {"minimal", "minimal"},
      {"low", "low"},
      {"medium", "medium"},
      {"high", "high"},
      {"off", "none"},
      {"disable", "none"},
      {"disabled", "none"},
      {"min", "minimal"},
      {"xhigh", "high"},
      {"max", "high"},
      {"maximum", "high"},
      {"ultra", "high"},
      {"", ""},
      {"auto", ""},
      {"default", ""},
  }};
  JsonText text;
  if (!pass.text(param, text)) return false;
  for (const auto& [said, meant] : words) {
    if (!text.is(said)) continue;
    effort = meant;
    respelled = text.escaped || said != meant;
    return true;
  }
  return pass.wrong("invalid_value", param, "must be none, minimal, low, medium or high");
}

}  // namespace freellmapi::chat
