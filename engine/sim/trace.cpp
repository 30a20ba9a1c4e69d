#include "sim/trace.hpp"

#include <fmt/chrono.h>
#include <simdjson.h>

#include <charconv>

#include "base/json_object.hpp"

namespace freellmapi::sim {
namespace {

using simdjson::dom::element;

constexpr std::size_t line_most = 64 * 1024;

/// Milliseconds since 1970, or a time like 2026-11-22T18:00:00.123Z.
std::optional<base::WallTime> time_of(element value) {
  std::uint64_t ms = 0;
  if (value.get(ms) == simdjson::SUCCESS) return base::WallTime{std::chrono::milliseconds{ms}};
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS) return std::nullopt;
  if (text.ends_with('Z')) text.remove_suffix(1);
  constexpr std::string_view pattern = "dddd-dd-ddTdd:dd:dd.ddd";
  if (text.size() != 19 && text.size() != 23) return std::nullopt;
  int part[7] = {};
  std::size_t at = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (pattern[i] == 'd' ? !digit : text[i] != pattern[i]) return std::nullopt;
    if (digit) {
      part[at] = part[at] * 10 + (text[i] - '0');
    } else {
      ++at;
    }
  }
  const std::chrono::year_month_day day{std::chrono::year{part[0]},
                                        std::chrono::month{static_cast<unsigned>(part[1])},
                                        std::chrono::day{static_cast<unsigned>(part[2])}};
  if (!day.ok() || part[3] > 23 || part[4] > 59 || part[5] > 60) return std::nullopt;
  return base::WallTime{std::chrono::sys_days{day}} + std::chrono::hours{part[3]} +
         std::chrono::minutes{part[4]} + std::chrono::seconds{part[5]} + std::chrono::milliseconds{part[6]};
}

std::uint64_t hex(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return value;
}

/// Reads what is there; a member of another kind than it should be is an error.
class Members {
 public:
  explicit Members(element line) : line_(line) {}
  template <class T, class U>
  void read(const char* name, U& out) {
    element value;
    if (line_[name].get(value) != simdjson::SUCCESS || value.is_null()) return;
    T read{};
    if (value.get(read) != simdjson::SUCCESS) {
      wrong_ = name;
    } else {
      out = static_cast<U>(read);
    }
  }
  const char* wrong() const noexcept { return wrong_; }

 private:
  element line_;
  const char* wrong_ = nullptr;
};

}  // namespace

struct TraceArrivals::Parser {
  simdjson::dom::parser json;
};

std::string trace_line(const Arrival& a) {
  const routing::Features& f = a.features;
  base::JsonObject out;
  out.raw("at", fmt::format("\"{:%FT%TZ}\"", a.at))
      .text("model", a.model)
      .count("input", a.input)
      .count("output", a.output)
      .count("estimate", f.input_tokens)
      .count("cell", unsigned{f.input_cell})
      .count("max_output", f.output_tokens);
  if (f.tools) out.truth("tools", true);
  if (f.images) out.truth("vision", true);
  if (f.json_object || f.json_schema) out.text("json", f.json_schema ? "schema" : "object");
  if (f.stream) out.truth("stream", true);
  if (f.session != 0) out.raw("session", fmt::format("\"{:x}\"", f.session));
  if (a.follows) out.truth("follows", true);
  out.raw("seed", fmt::format("\"{:x}\"", a.seed));
  if (a.took.count() > 0) out.count("took_ms", static_cast<std::uint64_t>(a.took.count()));
  if (!a.route.empty()) out.text("route", a.route);
  return out.take();
}

Arrival arrival_of(const routing::Recorded& recorded, std::string_view asked) {
  Arrival out;
  out.at = recorded.at;
  out.model = asked;
  out.features = recorded.features;
  out.follows = recorded.pinned.model != policy::none;
  out.seed = recorded.seed;
  return out;
}

TraceArrivals::TraceArrivals(std::string file, std::function<std::optional<std::string>()> line,
                             std::function<double()> done)
    : file_(std::move(file)),
      line_(std::move(line)),
      done_(std::move(done)),
      parser_(std::make_unique<Parser>()) {}
TraceArrivals::~TraceArrivals() = default;

double TraceArrivals::done() const noexcept { return done_(); }

base::Result<std::optional<Arrival>> TraceArrivals::next() {
  std::optional<std::string> line;
  do {
    line = line_();
    ++number_;
  } while (line && line->empty());
  if (!line) return std::optional<Arrival>();
  const auto wrong = [this](const std::string& what) {
    return base::Error{base::Errc::invalid_argument, what, file_ + ":" + std::to_string(number_)};
  };
  element root, at;
  if (line->size() > line_most || parser_->json.parse(*line).get(root) != simdjson::SUCCESS ||
      !root.is_object())
    return wrong("a line of a trace is one JSON object");
  Arrival out;
  const auto time = root["at"].get(at) == simdjson::SUCCESS ? time_of(at) : std::nullopt;
  if (!time) return wrong("'at' is missing, or is no time like 2026-11-22T18:00:00.000Z");
  if (*time < last_) return wrong("the lines are not in the order of their times");
  out.at = last_ = *time;
  routing::Features& f = out.features;
  std::string_view mode, session, seed;
  std::uint64_t took = 0;
  Members members(root);
  members.read<std::string_view>("model", out.model);
  members.read<std::uint64_t>("input", out.input);
  members.read<std::uint64_t>("output", out.output);
  f.input_tokens = out.input;
  members.read<std::uint64_t>("estimate", f.input_tokens);
  members.read<std::uint64_t>("cell", f.input_cell);
  members.read<std::uint64_t>("max_output", f.output_tokens);
  members.read<bool>("tools", f.tools);
  members.read<bool>("vision", f.images);
  members.read<bool>("stream", f.stream);
  members.read<bool>("follows", out.follows);
  members.read<std::string_view>("json", mode);
  members.read<std::string_view>("session", session);
  members.read<std::string_view>("seed", seed);
  members.read<std::uint64_t>("took_ms", took);
  members.read<std::string_view>("route", out.route);
  if (members.wrong() != nullptr) return wrong(std::string("'") + members.wrong() + "' is not of its kind");
  if (f.input_cell >= chat::input_cells) f.input_cell = 0;
  f.json_object = mode == "object";
  f.json_schema = mode == "schema";
  f.session = hex(session);
  out.seed = seed.empty() ? number_ : hex(seed);
  out.took = std::chrono::milliseconds{std::min<std::uint64_t>(took, 86'400'000)};
  return std::optional(std::move(out));
}

}  // namespace freellmapi::sim
