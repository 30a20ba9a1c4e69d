#include "base/log.hpp"

#include <fmt/compile.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <iterator>
#include <utility>

#include "base/text.hpp"

namespace freellmapi::base {

namespace {

constexpr std::size_t line_max = 8192;
constexpr std::size_t value_max = 1024;
constexpr std::string_view quoted = "\"\\";  // what a backslash protects between quotes, in both formats

std::string_view name_of(Level level) noexcept {
  switch (level) {
    case Level::debug:
      return "debug";
    case Level::info:
      return "info";
    case Level::warn:
      return "warn";
    case Level::error:
      break;
  }
  return "error";
}

void append_time(std::string& out, WallTime now) {
  using namespace std::chrono;
  const auto day = floor<days>(now);
  const year_month_day date{day};
  const hh_mm_ss time{now - day};
  fmt::format_to(std::back_inserter(out), FMT_COMPILE("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z"),
                 static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                 static_cast<unsigned>(date.day()), time.hours().count(), time.minutes().count(),
                 time.seconds().count(), time.subseconds().count());
}

bool needs_quotes(std::string_view text) noexcept {
  if (text.empty()) return true;
  for (const char c : text) {
    if (c <= ' ' || c >= 0x7F || c == '"' || c == '\\' || c == '=') return true;
  }
  return false;
}

void append_text(std::string& out, std::string_view text, bool quotes) {
  if (quotes) out += '"';
  append_printable(out, text, value_max, quotes ? quoted : std::string_view{});
  if (quotes) out += '"';
}

struct ValueWriter {
  std::string& out;
  LogFormat format;
  const Redactor& redactor;

  void operator()(std::string_view text) const {
    // Taken out before it is cut, so that no half of a key is left at the end. What is far beyond the cut is
    // not read.
    const std::string clean = redactor.redact(text.substr(0, line_max));
    append_text(out, clean, format == LogFormat::json || needs_quotes(clean));
  }
  void operator()(std::int64_t number) const {
    fmt::format_to(std::back_inserter(out), FMT_COMPILE("{}"), number);
  }
  void operator()(double number) const {
    if (format == LogFormat::json && !std::isfinite(number)) {
      out += "null";
    } else {
      fmt::format_to(std::back_inserter(out), FMT_COMPILE("{}"), number);
    }
  }
  void operator()(bool yes) const { out += yes ? "true" : "false"; }
};

void begin_line(std::string& line, LogFormat format, WallTime now, Level level, std::string_view event) {
  if (format == LogFormat::json) {
    line += "{\"time\":\"";
    append_time(line, now);
    line += "\",\"level\":\"";
    line += name_of(level);
    line += "\",\"event\":";
    append_text(line, event, true);
  } else {
    append_time(line, now);
    line += fmt::format(FMT_COMPILE(" {:<5} "), name_of(level));
    append_text(line, event, needs_quotes(event));
  }
}

void append_key(std::string& line, LogFormat format, std::string_view key) {
  if (format == LogFormat::json) {
    line += ',';
    append_text(line, key, true);
    line += ':';
  } else {
    line += ' ';
    append_text(line, key, needs_quotes(key));
    line += '=';
  }
}

}  // namespace

Log::Log(const Clock& clock, LogFormat format, Level level, int descriptor)
    : clock_(clock),
      format_(format),
      level_(level),
      descriptor_(descriptor),
      redactor_(std::make_shared<const Redactor>()) {}

void Log::write(Level level, std::string_view event, std::initializer_list<Field> fields) const {
  if (!enabled(level)) return;
  const std::shared_ptr<const Redactor> in_force = redactor();
  constexpr std::size_t ending = 16;  // room for "cut" and the end of the line
  std::string line;
  line.reserve(512);
  begin_line(line, format_, clock_.wall(), level, event);
  for (const Field& field : fields) {
    const std::size_t before = line.size();
    append_key(line, format_, field.key);
    std::visit(ValueWriter{line, format_, *in_force}, field.value);
    if (line.size() + ending <= line_max) continue;
    // A whole field is left out, never half a one: the line stays readable by programs.
    line.resize(before);
    append_key(line, format_, "cut");
    line += "true";
    break;
  }
  line += format_ == LogFormat::json ? "}\n" : "\n";
  ssize_t written = 0;
  do written = ::write(descriptor_, line.data(), line.size());
  while (written < 0 && errno == EINTR);
  // A log that cannot be written has nobody to tell.
}

void Log::set_redactor(std::shared_ptr<const Redactor> redactor) {
  if (!redactor) return;
  const std::scoped_lock lock{mutex_};
  redactor_ = std::move(redactor);
}

std::shared_ptr<const Redactor> Log::redactor() const {
  const std::scoped_lock lock{mutex_};
  return redactor_;
}

}  // namespace freellmapi::base
