#include "generation.hpp"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <charconv>
#include <cstdint>
#include <freellmapi/json.hpp>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "raw_json.hpp"
#include "schema.hpp"

namespace freellmapi::google {
namespace {

namespace json = boost::json;

constexpr std::size_t most_stops = 5;

struct Knob {
  std::string_view openai, gemini;
  double least, most;  // what Gemini takes; outside of it the nearest end is sent
};
constexpr std::array<Knob, 4> knobs{{{"temperature", "temperature", 0, 2},
                                     {"top_p", "topP", 0, 1},
                                     {"presence_penalty", "presencePenalty", -2, 2},
                                     {"frequency_penalty", "frequencyPenalty", -2, 2}}};

std::optional<double> as_double(std::string_view text) {
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc{} && stop == end ? std::optional(value) : std::nullopt;
}

std::optional<std::int64_t> as_whole(std::string_view text) {
  std::int64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc{} && stop == end ? std::optional(value) : std::nullopt;
}

/// generationConfig, opened with its first member and closed at the end.
class Config {
 public:
  explicit Config(Commas& members) : members_(members) {}
  Writer& member(std::string_view name) {
    if (writer_ == nullptr) {
      writer_ = &members_.next();
      writer_->put("\"generationConfig\":{\"");
    } else {
      writer_->put(",\"");
    }
    writer_->put(name);
    writer_->put("\":");
    return *writer_;
  }
  void close() {
    if (writer_ != nullptr) writer_->put("}");
  }

 private:
  Commas& members_;
  Writer* writer_ = nullptr;
};

void write_stops(const Raw& stop, Config& config) {
  std::array<Raw, most_stops> kept;
  std::size_t n = 0;
  const auto take = [&](Raw one) {
    if (n < most_stops && one.is_string() && !one.inner().empty()) kept[n++] = one;
  };
  take(stop);
  stop.each(take);
  if (n == 0) return;
  Writer& writer = config.member("stopSequences");
  for (std::size_t i = 0; i < n; ++i) {
    writer.put(i == 0 ? "[" : ",");
    writer.put(kept[i].text());
  }
  writer.put("]");
}

void write_format(const Raw& format, Config& config) {
  const Raw type = format.at("type");
  const bool with_schema = type.equals("json_schema");
  if (!with_schema && !type.equals("json_object")) return;
  config.member("responseMimeType").put("\"application/json\"");
  const Raw schema = format.at("json_schema").at("schema");
  if (!with_schema || !schema.is_object()) return;
  json::monotonic_resource arena;
  const json::storage_ptr storage(&arena);
  const auto parsed = sdk::parse_json(schema.text(), storage);
  if (!parsed) throw sdk::Failure{FREELLM_E_INVALID};
  const json::object converted = gemini_schema(*parsed, *parsed, storage);
  if (!takes_nothing(converted)) config.member("responseSchema").put(json::serialize(converted));
}

}  // namespace

void write_generation_config(const sdk::Call& call, const ModelTraits& traits, bool tools, Commas& members) {
  Config config(members);
  if (call.max_output_tokens() > 0)
    config.member("maxOutputTokens").put(std::to_string(call.max_output_tokens()));
  for (const Knob& knob : knobs) {
    const auto text = call.find(knob.openai);
    const auto value = text ? as_double(*text) : std::nullopt;
    // A penalty of nothing is the default, and models that know none refuse even that.
    if (!value || (*value == 0 && knob.openai.ends_with("_penalty"))) continue;
    if (*value < knob.least)
      config.member(knob.gemini).put(std::to_string(static_cast<int>(knob.least)));
    else if (*value > knob.most)
      config.member(knob.gemini).put(std::to_string(static_cast<int>(knob.most)));
    else
      config.member(knob.gemini).put(*text);
  }
  if (const auto k = as_whole(call.find("top_k").value_or("")); k && *k > 0)  // 0 and -1 say "all" elsewhere
    config.member("topK").put(std::to_string(std::min<std::int64_t>(*k, 1000)));
  if (const auto seed = as_whole(call.find("seed").value_or(""))) {
    constexpr std::int64_t most = std::numeric_limits<std::int32_t>::max();
    const bool fits = *seed >= std::numeric_limits<std::int32_t>::min() && *seed <= most;
    config.member("seed").put(std::to_string(fits ? *seed : *seed & most));
  }
  write_stops(Raw(call.find("stop").value_or("")), config);
  if (!tools) write_format(Raw(call.find("response_format").value_or("")), config);
  if (const Raw effort(call.find("reasoning_effort").value_or("")); effort.is_string())
    if (const auto thinking = thinking_config(traits, effort.unescaped()))
      config.member("thinkingConfig").put(*thinking);
  config.close();
}

}  // namespace freellmapi::google
