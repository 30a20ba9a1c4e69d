#include "base/log.hpp"

#include <fmt/compile.h>
#include <fmt/format.h>

#include <array>
#include <atomic>
#include <charconv>
#include <cmath>
#include <cstring>
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

/// Leading zeros where there are fewer digits.
void write_digits(char* to, std::uint64_t value, int digits) noexcept {
  for (int i = digits; i > 0; --i, value /= 10) to[i - 1] = static_cast<char>('0' + value % 10);
}

/// One line under way, at most line_max bytes with its end.
class Line {
 public:
  static constexpr std::size_t ending = 16;  // room for "cut" and the end of the line

  void begin() noexcept { size_ = 0, most_ = line_max - ending, full_ = false; }
  void put(char c) noexcept {
    if (char* const to = take(1)) *to = c;
  }
  void put(std::string_view text) noexcept {
    if (char* const to = take(text.size())) std::memcpy(to, text.data(), text.size());
  }
  void put(std::int64_t number) noexcept {
    std::array<char, 24> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    put({digits.data(), end});
  }
  void put(std::uint64_t value, int digits, char behind) noexcept {
    char* const to = take(static_cast<std::size_t>(digits) + 1);
    if (to == nullptr) return;
    write_digits(to, value, digits);
    to[digits] = behind;
  }
  bool full() const noexcept { return full_; }
  std::size_t size() const noexcept { return size_; }
  /// Takes back what came behind `size`; the end of the line may follow.
  void cut(std::size_t size) noexcept { size_ = size, most_ = line_max, full_ = false; }
  void end() noexcept { most_ = line_max; }
  std::string_view text() const noexcept { return {bytes_.data(), size_}; }

 private:
  char* take(std::size_t count) noexcept {
    if (count > most_ - size_) {
      full_ = true;
      return nullptr;
    }
    return bytes_.data() + std::exchange(size_, size_ + count);
  }

  std::array<char, line_max> bytes_;
  std::size_t size_ = 0, most_ = line_max;
  bool full_ = false;
};

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
    const auto put = [&out](auto number, int digits, char behind) {
      write_digits(out, static_cast<std::uint64_t>(number), digits);
      out[digits] = behind;
      out += digits + 1;
    };
    put(static_cast<int>(date.year()), 4, '-');
    put(static_cast<unsigned>(date.month()), 2, '-');
    put(static_cast<unsigned>(date.day()), 2, 'T');
    put(time.hours().count(), 2, ':');
    put(time.minutes().count(), 2, ':');
    put(time.seconds().count(), 2, '.');
  }
};

void put_time(Line& line, WallTime now) {
  thread_local Second second;
  const auto whole = std::chrono::floor<std::chrono::seconds>(now);
  if (whole != second.at) second.write(whole);
  line.put({second.text.data(), second.text.size()});
  line.put(static_cast<std::uint64_t>((now - whole).count()), 3, 'Z');
}

// To be written as it is between quotes.
bool is_plain(std::string_view text) noexcept {
  bool plain = true;
  for (const char c : text) plain = plain && c >= ' ' && c < 0x7F && c != '"' && c != '\\';
  return plain;
}

bool needs_quotes(std::string_view text) noexcept {
  if (text.empty()) return true;
  for (const char c : text) {
    if (c <= ' ' || c >= 0x7F || c == '"' || c == '\\' || c == '=') return true;
  }
  return false;
}

/// A text that was written a moment ago at the same place of a line and needed nothing: most do again.
struct Seen {
  static constexpr std::size_t longest = 40;
  std::uint64_t redactor = 0;  // under which
  std::uint8_t size = 0;
  bool quotes = false;
  std::array<char, longest> text{};

  bool is(std::string_view other, std::uint64_t now) const noexcept {
    return redactor == now && size == other.size() && std::memcmp(text.data(), other.data(), size) == 0;
  }
};
/// Of one place of the lines that this thread writes.
Seen& seen_at(std::size_t place) noexcept {
  constexpr std::size_t places = 32;
  thread_local std::array<Seen, places> all;
  return all[place % places];
}

struct ValueWriter {
  Line& line;
  LogFormat format;
  const Redactor& redactor;
  std::uint64_t redactor_is;
  Seen& seen;

  void operator()(std::string_view text) const {
    if (seen.is(text, redactor_is)) return put_plain(text, seen.quotes);
    // Taken out before it is cut, so that no half of a key is left at the end. What is far beyond the cut is
    // not read.
    const std::string_view near = text.substr(0, line_max);
    if (!redactor.clean(near)) return put(redactor.redact(near));
    if (near.size() > value_max || !is_plain(near)) return put(near);
    const bool quotes = format == LogFormat::json || needs_quotes(near);
    put_plain(near, quotes);
    if (near.size() > Seen::longest) return;
    seen.redactor = redactor_is;
    seen.size = static_cast<std::uint8_t>(near.size());
    seen.quotes = quotes;
    near.copy(seen.text.data(), near.size());
  }
  void put_plain(std::string_view text, bool quotes) const {
    if (quotes) line.put('"');
    line.put(text);
    if (quotes) line.put('"');
  }
  void put(std::string_view clean) const {
    const bool quotes = format == LogFormat::json || needs_quotes(clean);
    std::string printable;
    append_printable(printable, clean, value_max, quotes ? quoted : std::string_view{});
    put_plain(printable, quotes);
  }
  void operator()(std::int64_t number) const { line.put(number); }
  void operator()(std::chrono::microseconds time) const {
    const auto micros = static_cast<std::uint64_t>(time.count() < 0 ? -time.count() : time.count());
    if (time.count() < 0) line.put('-');
    line.put(static_cast<std::int64_t>(micros / 1000));
    std::uint64_t rest = micros % 1000;
    if (rest == 0) return;
    std::array<char, 4> digits{'.', static_cast<char>('0' + rest / 100),
                               static_cast<char>('0' + rest / 10 % 10), static_cast<char>('0' + rest % 10)};
    std::size_t size = digits.size();
    while (digits[size - 1] == '0') --size;
    line.put({digits.data(), size});
  }
  void operator()(double number) const {
    if (format == LogFormat::json && !std::isfinite(number)) return line.put("null");
    std::string text;
    fmt::format_to(std::back_inserter(text), FMT_COMPILE("{}"), number);
    line.put(text);
  }
  void operator()(bool yes) const { line.put(std::string_view(yes ? "true" : "false")); }
};

void begin_line(Line& line, LogFormat format, WallTime now, Level level, std::string_view event) {
  line.begin();
  if (format == LogFormat::json) {
    line.put("{\"time\":\"");
    put_time(line, now);
    line.put("\",\"level\":\"");
    line.put(name_of(level));
    line.put("\",\"event\":\"");
    line.put(event);
    line.put('"');
  } else {
    put_time(line, now);
    line.put(' ');
    line.put(name_of(level));
    line.put(std::string_view("      ").substr(name_of(level).size()));
    line.put(event);
  }
}

void put_key(Line& line, LogFormat format, std::string_view key) {
  if (format == LogFormat::json) {
    line.put(",\"");
    line.put(key);
    line.put("\":");
  } else {
    line.put(' ');
    line.put(key);
    line.put('=');
  }
}

/// What is to be taken out, as this thread knows it: asking for it costs a lock.
struct Known {
  std::uint64_t version = 0;
  std::shared_ptr<const Redactor> redactor;
};

/// Of any log in the process: a number is never given twice.
std::uint64_t next_version() noexcept {
  static std::atomic<std::uint64_t> given{0};
  return given.fetch_add(1, std::memory_order_relaxed) + 1;
}

}  // namespace

Log::Log(const Clock& clock, LogFormat format, Level level, int descriptor)
    : clock_(clock),
      format_(format),
      level_(level),
      descriptor_(descriptor),
      redactor_(std::make_shared<const Redactor>()),
      version_(next_version()) {}

void Log::write(Level level, std::string_view event, std::initializer_list<Field> fields, Hurry hurry) const {
  if (!enabled(level)) return;
  thread_local Known known;
  if (const std::uint64_t now = version_.load(std::memory_order_acquire); now != known.version) {
    const std::scoped_lock lock{mutex_};
    known = {version_.load(std::memory_order_relaxed), redactor_};
  }
  thread_local Line line;
  begin_line(line, format_, clock_.wall(), level, event);
  std::size_t place = 0;
  for (const Field& field : fields) {
    const std::size_t before = line.size();
    put_key(line, format_, field.key);
    std::visit(ValueWriter{line, format_, *known.redactor, known.version, seen_at(place++)}, field.value);
    if (!line.full()) continue;
    // A whole field is left out, never half a one: the line stays readable by programs.
    line.cut(before);
    put_key(line, format_, "cut");
    line.put("true");
    break;
  }
  line.end();
  line.put(std::string_view(format_ == LogFormat::json ? "}\n" : "\n"));
  if (buffer_ == nullptr) return write_all(descriptor_, line.text());
  buffer_->add(line.text(), hurry == Hurry::usual);
}

void Log::set_redactor(std::shared_ptr<const Redactor> redactor) {
  if (!redactor) return;
  const std::scoped_lock lock{mutex_};
  redactor_ = std::move(redactor);
  version_.store(next_version(), std::memory_order_release);
}

std::shared_ptr<const Redactor> Log::redactor() const {
  const std::scoped_lock lock{mutex_};
  return redactor_;
}

}  // namespace freellmapi::base
