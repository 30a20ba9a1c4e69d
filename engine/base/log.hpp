// Structured log: an event name, then fields; one line per event, on standard error.
#pragma once

#include <atomic>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <variant>

#include "base/clock.hpp"
#include "base/log_buffer.hpp"
#include "base/redact.hpp"

namespace freellmapi::base {

enum class Level { debug, info, warn, error };

/// Letters, digits and marks of our own making, one at least: it needs no quoting and can hold no secret.
struct Plain {
  std::string_view text;
};

/// One key, which is a literal of at most 28 characters, and its value. Values are text, integers, decimals,
/// durations (written in milliseconds) or booleans; text is escaped and cut when written.
struct Field {
  std::string_view key;
  std::variant<std::string_view, std::int64_t, double, bool, std::chrono::microseconds, Plain> value;

  Field(std::string_view k, std::string_view v) : key(k), value(v) {}
  Field(std::string_view k, const char* v) : key(k), value(std::string_view{v}) {}
  Field(std::string_view k, const std::string& v) : key(k), value(std::string_view{v}) {}
  Field(std::string_view k, Plain v) : key(k), value(v) {}
  Field(std::string_view k, bool v) : key(k), value(v) {}
  Field(std::string_view k, double v) : key(k), value(v) {}
  Field(std::string_view k, std::chrono::microseconds v) : key(k), value(v) {}
  template <class Int>
  requires std::integral<Int> Field(std::string_view k, Int v)
      : key(k), value(static_cast<std::int64_t>(v)) {}
};

enum class LogFormat { text, json };

/// Text: `2026-11-22T18:00:00.123Z info  event key=value key="quoted value"`. JSON: one object with time,
/// level, event and the fields. Event names and keys are our own words and go out as they are.
///
/// Thread safety: every method may be called from any thread. A line is one write; a
/// record may wait in a buffer until there is more to write. A value is cut at 1 KiB; the fields that would
/// make a line longer than 8 KiB are left out and `cut=true` says so.
class Log {
 public:
  Log(const Clock& clock, LogFormat format, Level level, int descriptor = 2);

  bool enabled(Level level) const noexcept { return level >= level_; }
  enum class Hurry { usual, none };
  void write(Level level, std::string_view event, std::initializer_list<Field> fields,
             Hurry hurry = Hurry::usual) const;
  void info(std::string_view event, std::initializer_list<Field> fields = {}) const {
    write(Level::info, event, fields);
  }
  void warn(std::string_view event, std::initializer_list<Field> fields = {}) const {
    write(Level::warn, event, fields);
  }
  void error(std::string_view event, std::initializer_list<Field> fields = {}) const {
    write(Level::error, event, fields);
  }
  void debug(std::string_view event, std::initializer_list<Field> fields = {}) const {
    write(Level::debug, event, fields);
  }
  /// An info of which a busy program writes thousands: it may wait for company.
  void record(std::string_view event, std::initializer_list<Field> fields = {}) const {
    write(Level::info, event, fields, Hurry::none);
  }

  /// The clock the lines are stamped with, for those who bound how often they write.
  const Clock& clock() const noexcept { return clock_; }

  /// From now on records wait in the buffer, which outlives the log's use; other lines go out at once, behind
  /// those that wait. Before other threads write.
  void write_through(LogBuffer* buffer) noexcept { buffer_ = buffer; }

  /// Replaces what is taken out of every line from now on; null changes nothing.
  void set_redactor(std::shared_ptr<const Redactor> redactor);
  /// The redactor in force; never null.
  std::shared_ptr<const Redactor> redactor() const;

 private:
  const Clock& clock_;
  const LogFormat format_;
  const Level level_;
  const int descriptor_;
  LogBuffer* buffer_ = nullptr;
  mutable std::mutex mutex_;  // guards redactor_
  std::shared_ptr<const Redactor> redactor_;
  std::atomic<std::uint64_t> version_;  // of redactor_, unlike that of any other; changed under mutex_
};

}  // namespace freellmapi::base
