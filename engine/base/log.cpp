#include "base/log.hpp"

#include <fmt/compile.h>
#include <fmt/format.h>

#include <array>
#include <charconv>
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

void append_digits(char*& out, std::uint64_t value, int digits) noexcept {
  for (int i = digits; i > 0; --i, value /= 10) out[i - 1] = static_cast<char>('0' + value % 10);
  out += digits;
}

void append_number(std::string& out, std::int64_t number) {
  std::array<char, 24> digits;
  out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr);
}

/// "2026-11-22T18:00:00." of one second; years have four digits.
struct Second {
  std::chrono::sys_seconds at = std::chrono::sys_seconds::max();
  std::array<char, 20> text{};

  void write(std::chrono::sys_seconds now) noexcept {
    using namespace std::chrono;
    at = now;
    const auto day = floor<days>(now);
    const year_month_day date{day};
    const hh_mm_ss time{now - day};
    char* out = text.data();
    const auto put = [&out](auto value, int digits, char behind) {
      append_digits(out, static_cast<std::uint64_t>(value), digits);
      *out++ = behind;
    };
    put(static_cast<int>(date.year()), 4, '-');
    put(static_cast<unsigned>(date.month()), 2, '-');
    put(static_cast<unsigned>(date.day()), 2, 'T');
    put(time.hours().count(), 2, ':');
    put(time.minutes().count(), 2, ':');
    put(time.seconds().count(), 2, '.');
  }
};

void append_time(std::string& out, WallTime now) {
  thread_local Second second;
  const auto whole = std::chrono::floor<std::chrono::seconds>(now);
  if (whole != second.at) second.write(whole);
  out.append(second.text.data(), second.text.size());
  std::array<char, 4> rest{'0', '0', '0', 'Z'};
  char* end = rest.data();
  append_digits(end, static_cast<std::uint64_t>((now - whole).count()), 3);
  out.append(rest.data(), rest.size());
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
    const std::string_view near = text.substr(0, line_max);
    if (redactor.clean(near)) return put(near);
    put(redactor.redact(near));
  }
  void put(std::string_view clean) const {
    append_text(out, clean, format == LogFormat::json || needs_quotes(clean));
  }
  void operator()(std::int64_t number) const { append_number(out, number); }
  void operator()(std::chrono::microseconds time) const {
    const auto micros = static_cast<std::uint64_t>(time.count() < 0 ? -time.count() : time.count());
    if (time.count() < 0) out += '-';
    append_number(out, static_cast<std::int64_t>(micros / 1000));
    std::array<char, 4> rest{'.'};
    char* end = rest.data() + 1;
    append_digits(end, micros % 1000, 3);
    while (end[-1] == '0') --end;
    if (end[-1] != '.') out.append(rest.data(), end);
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
    line += "\",\"event\":\"";
    line += event;
    line += '"';
  } else {
    append_time(line, now);
    line += ' ';
    line += name_of(level);
    line.append(6 - name_of(level).size(), ' ');
    line += event;
  }
}

void append_key(std::string& line, LogFormat format, std::string_view key) {
  if (format == LogFormat::json) {
    line += ",\"";
    line += key;
    line += "\":";
  } else {
    line += ' ';
    line += key;
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

void Log::write(Level level, std::string_view event, std::initializer_list<Field> fields, Hurry hurry) const {
  if (!enabled(level)) return;
  const std::shared_ptr<const Redactor> in_force = redactor();
  constexpr std::size_t ending = 16;  // room for "cut" and the end of the line
  thread_local std::string line;
  line.clear();
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
  if (buffer_ == nullptr) return write_all(descriptor_, line);
  buffer_->add(line, hurry == Hurry::usual);
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
