// A plugin, loaded as the raw tables it is made of.
#pragma once

#include <freellmapi/abi.h>

#include <cstdint>
#include <string>
#include <vector>

namespace freellmapi::kit {

/// The host as a plugin sees it. What is logged is kept: at most 1000 lines of 4 KiB. Not movable.
class LoggingHost {
 public:
  LoggingHost();
  LoggingHost(const LoggingHost&) = delete;
  LoggingHost& operator=(const LoggingHost&) = delete;

  const freellm_host* get() const { return &table_.host; }
  freellm_host& table() { return table_.host; }
  struct Line {
    std::int32_t level = 0;
    std::string text;
  };
  const std::vector<Line>& lines() const { return lines_; }
  std::size_t line_count() const { return line_count_; }
  /// False: the plugin wrote into the host's table or behind it.
  bool intact() const;

 private:
  static constexpr std::size_t room_behind = 64;
  struct Table {
    freellm_host host;
    unsigned char behind[room_behind];  // what a newer host would have there
  };
  Table table_{};
  std::vector<Line> lines_;
  std::size_t line_count_ = 0;
};

/// Stays mapped for the life of the process: the same file loaded again is the same code.
class Plugin {
 public:
  /// Loads and starts it. Throws std::runtime_error with one sentence.
  explicit Plugin(const std::string& file);

  /// The descriptor without starting anything; nullptr with `why` when the file cannot be loaded.
  static const freellm_plugin* load(const std::string& file, std::string& why);

  const freellm_plugin& table() const { return *table_; }
  /// At most 64.
  const std::vector<const freellm_provider*>& providers() const { return providers_; }
  const LoggingHost& host() const;

 private:
  const freellm_plugin* table_ = nullptr;
  std::vector<const freellm_provider*> providers_;
};

}  // namespace freellmapi::kit
