#include "base/log.hpp"

#include <fmt/compile.h>
#include <fmt/format.h>

#include <array>
#include <atomic>
#include <charconv>
#include <cmath>
#include <cstring>
#include <iterator>

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
char* write_digits(char* to, std::uint64_t value, int digits) noexcept {
  for (int i = digits; i > 0; --i, value /= 10) to[i - 1] = static_cast<char>('0' + value % 10);
  return to + digits;
}

// A line is written from left to right into room for line_max bytes with its end and, behind those, the
// slack: whoever finds that there is room for its text may write so much more, which is overwritten or cut
// off. A number needs no asking for more.
constexpr std::size_t ending = 16;  // room for "cut" and the end of the line
constexpr std::size_t slack = 64;
using Line = std::array<char, line_max + slack>;

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
      out = write_digits(out, static_cast<std::uint64_t>(number), digits);
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

char* write_time(char* to, WallTime now) noexcept {
  thread_local Second second;
  const auto whole = std::chrono::floor<std::chrono::seconds>(now);
  if (whole != second.at) second.write(whole);
  std::memcpy(to, second.text.data(), second.text.size());
  to = write_three_digits(to + second.text.size(), static_cast<std::uint32_t>((now - whole).count()));
  *to = 'Z';
  return to + 1;
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

template <class Word>
Word word_at(const char* bytes) noexcept {
  Word word;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}
/// Of texts of some bytes: a call to the library costs as much as they do.
bool same(const char* a, const char* b, std::size_t size) noexcept {
  const auto ends_are = [&]<class Word>(Word) {
    return word_at<Word>(a + size - sizeof(Word)) == word_at<Word>(b + size - sizeof(Word));
  };
  std::size_t i = 0;
  for (; i + 8 <= size; i += 8)
    if (word_at<std::uint64_t>(a + i) != word_at<std::uint64_t>(b + i)) return false;
  if (size >= 8) return ends_are(std::uint64_t{});
  if (size >= 4) return word_at<std::uint32_t>(a) == word_at<std::uint32_t>(b) && ends_are(std::uint32_t{});
  for (; i < size; ++i)
    if (a[i] != b[i]) return false;
  return true;
}

/// How the field began that stood at one place of the lines of this thread, and all of it when it was a text
/// that needed nothing: most lines say the same there again.
struct Place {
  static constexpr std::size_t most = 64, key_most = 28, head_most = 32;
  static_assert(most <= slack && key_most + 4 <= head_most);
  const char* key = nullptr;
  std::uint8_t head = 0;                 // bytes before the value, its quote apart
  std::uint8_t value = 0, value_at = 0;  // of the text, and where it stands
  std::uint8_t size = 0;                 // of the whole field; 0: no text is known
  std::array<char, most> text{};

  bool says(std::string_view other) const noexcept {
    return size > 0 && value == other.size() && same(&text[value_at], other.data(), value);
  }
};

/// Writes the fields of a line.
class FieldWriter {
 public:
  FieldWriter(char* most, LogFormat format, const Redactor& redactor)
      : most_(most), json_(format == LogFormat::json), redactor_(redactor) {}

  /// Where the field that begins at `to` ends. Null: it does not fit.
  char* write(char* to, const Field& field, Place& place) const {
    if (place.key != field.key.data()) begin_with(field.key, place);
    switch (field.value.index()) {
      case 0:
        return write_text_field(to, *std::get_if<0>(&field.value), place);
      case 1:
        return write_made(to, place, [&](char* at) { return number(at, *std::get_if<1>(&field.value)); });
      case 2:
        return write_decimal_field(to, *std::get_if<2>(&field.value), place);
      case 3:
        return write_made(to, place, [&](char* at) {
          return *std::get_if<3>(&field.value) ? write_text(at, "true") : write_text(at, "false");
        });
      case 4:
        return write_made(to, place,
                          [&](char* at) { return milliseconds(at, *std::get_if<4>(&field.value)); });
      default:
        return write_plain(to, std::get_if<5>(&field.value)->text, json_, place);
    }
  }

 private:
  __attribute__((noinline)) void begin_with(std::string_view key, Place& place) const noexcept {
    place.key = key.data();
    place.size = 0;
    char* to = write_text(place.text.data(), json_ ? ",\"" : " ");
    to = write_text(to, key.substr(0, Place::key_most));
    to = write_text(to, json_ ? "\":" : "=");
    place.head = static_cast<std::uint8_t>(to - place.text.data());
  }
  static char* write_head(char* to, const Place& place) noexcept {
    std::memcpy(to, place.text.data(), Place::head_most);
    return to + place.head;
  }
  bool is_room(const char* to, std::size_t count) const noexcept {
    return static_cast<std::size_t>(most_ - to) >= count;
  }
  /// `make` writes at most half of the slack.
  template <class Make>
  char* write_made(char* to, const Place& place, Make make) const {
    if (!is_room(to, place.head)) return nullptr;
    char* const end = make(write_head(to, place));
    return end <= most_ ? end : nullptr;
  }
  char* write_plain(char* to, std::string_view text, bool quotes, const Place& place) const {
    if (!is_room(to, place.head + text.size() + (quotes ? 2 : 0))) return nullptr;
    to = write_head(to, place);
    if (quotes) *to++ = '"';
    to = write_text(to, text);
    if (quotes) *to++ = '"';
    return to;
  }

  char* write_text_field(char* to, std::string_view text, Place& place) const {
    if (!place.says(text)) return write_other_text(to, text, place);
    if (!is_room(to, place.size)) return nullptr;
    std::memcpy(to, place.text.data(), Place::most);
    return to + place.size;
  }
  __attribute__((noinline)) char* write_other_text(char* to, std::string_view text, Place& place) const {
    // Taken out before it is cut, so that no half of a key is left at the end. What is far beyond the cut is
    // not read.
    const std::string_view near = text.substr(0, line_max);
    if (!redactor_.clean(near)) return write_escaped(to, redactor_.redact(near), place);
    if (near.size() > value_max || !is_plain(near)) return write_escaped(to, near, place);
    const bool quotes = json_ || needs_quotes(near);
    keep(near, quotes, place);
    return write_plain(to, near, quotes, place);
  }
  static void keep(std::string_view text, bool quotes, Place& place) noexcept {
    const std::size_t size = place.head + text.size() + (quotes ? 2 : 0);
    if (size > Place::most) return;
    char* to = place.text.data() + place.head;
    if (quotes) *to++ = '"';
    place.value_at = static_cast<std::uint8_t>(to - place.text.data());
    to = write_text(to, text);
    if (quotes) *to = '"';
    place.value = static_cast<std::uint8_t>(text.size());
    place.size = static_cast<std::uint8_t>(size);
  }
  char* write_escaped(char* to, std::string_view clean, const Place& place) const {
    const bool quotes = json_ || needs_quotes(clean);
    std::string printable;
    append_printable(printable, clean, value_max, quotes ? quoted : std::string_view{});
    return write_plain(to, printable, quotes, place);
  }
  __attribute__((noinline)) char* write_decimal_field(char* to, double number, const Place& place) const {
    if (json_ && !std::isfinite(number)) return write_plain(to, "null", false, place);
    std::string text;
    fmt::format_to(std::back_inserter(text), FMT_COMPILE("{}"), number);
    return write_plain(to, text, false, place);
  }

  static char* number(char* to, std::int64_t value) noexcept {
    if (value >= 0) return write_decimal(to, static_cast<std::uint64_t>(value));
    return std::to_chars(to, to + decimal_most, value).ptr;
  }
  static char* milliseconds(char* to, std::chrono::microseconds time) noexcept {
    const auto micros = static_cast<std::uint64_t>(time.count() < 0 ? -time.count() : time.count());
    if (time.count() < 0) *to++ = '-';
    to = write_decimal(to, micros / 1000);
    const auto rest = static_cast<std::uint32_t>(micros % 1000);
    if (rest == 0) return to;
    *to = '.';
    write_three_digits(to + 1, rest);
    return to + (rest % 10 != 0 ? 4 : rest % 100 != 0 ? 3 : 2);
  }

  char* const most_;
  const bool json_;
  const Redactor& redactor_;
};

/// Where the fields begin. Events are short, as our own words are.
char* begin_line(char* to, LogFormat format, WallTime now, Level level, std::string_view event) {
  constexpr std::size_t event_most = 200;
  event = event.substr(0, event_most);
  if (format == LogFormat::json) {
    to = write_text(to, "{\"time\":\"");
    to = write_time(to, now);
    to = write_text(to, "\",\"level\":\"");
    to = write_text(to, name_of(level));
    to = write_text(to, "\",\"event\":\"");
    to = write_text(to, event);
    return write_text(to, "\"");
  }
  to = write_time(to, now);
  *to++ = ' ';
  to = write_text(to, name_of(level));
  to = write_text(to, std::string_view("      ").substr(name_of(level).size()));
  return write_text(to, event);
}

/// A log as this thread knows it: asking what is to be taken out costs a lock.
struct Known {
  static constexpr std::size_t places_most = 32;
  std::uint64_t version = 0;
  std::shared_ptr<const Redactor> redactor;
  std::array<Place, places_most> places;  // as that redactor left them
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
    known = {version_.load(std::memory_order_relaxed), redactor_, {}};
  }
  thread_local Line line;
  const bool json = format_ == LogFormat::json;
  char* to = begin_line(line.data(), format_, clock_.wall(), level, event);
  const FieldWriter writer(line.data() + line_max - ending, format_, *known.redactor);
  Place* place = known.places.data();
  for (const Field& field : fields) {
    char* const end = writer.write(to, field, *place);
    if (place != &known.places.back()) ++place;
    if (end == nullptr) {
      // A whole field is left out, never half a one: the line stays readable by programs.
      to = write_text(to, json ? ",\"cut\":true" : " cut=true");
      break;
    }
    to = end;
  }
  to = write_text(to, json ? "}\n" : "\n");
  const std::string_view text(line.data(), static_cast<std::size_t>(to - line.data()));
  if (buffer_ == nullptr) return write_all(descriptor_, text);
  buffer_->add(text, hurry == Hurry::usual);
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
