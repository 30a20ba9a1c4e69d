// freellmapi/sse.hpp - cuts server-sent events out of a byte stream that may be cut anywhere.
#pragma once

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace freellmapi::sdk {

/// One event. Valid during the callback alone.
struct SseEvent {
  std::string_view name;  ///< of its `event:` line; empty when it had none
  std::string_view data;  ///< its data lines, joined with a line feed
};

/// Accepts lines ended by LF, CRLF or CR, `data:` with or without a space after it, comments, several data
/// lines and a byte order mark. The events do not depend on how the bytes are cut. An event that lies in one
/// piece is handed out where it lies. Holds one unfinished event of at most `max_event` bytes. No I/O; not
/// thread-safe.
class SseSplitter {
 public:
  static constexpr std::size_t max_event = std::size_t{1} << 20;  // the largest seen: 212 KiB, a tool call

  /// Calls on_event(const SseEvent&) for each event that `bytes` completes. False: a line or an event is over
  /// the bound, and the stream must be given up. An exception of the callback passes through; then too.
  template <class OnEvent>
  bool feed(std::string_view bytes, OnEvent&& on_event) {
    skip_mark(bytes);
    const char* at = bytes.data();
    const char* const end = at + bytes.size();
    if (at != end && after_cr_) {
      after_cr_ = false;
      if (*at == '\n') ++at;
    }
    // The next of each line end is looked for once, not once a line: a stream with one kind alone stays
    // linear.
    const char* lf = find(at, end, '\n');
    const char* cr = find(at, end, '\r');
    while (at != end) {
      if (lf < at) lf = find(at, end, '\n');
      if (cr < at) cr = find(at, end, '\r');
      const char* const stop = lf < cr ? lf : cr;
      const std::string_view part(at, static_cast<std::size_t>(stop - at));
      if (line_.size() + part.size() > max_event) return false;
      if (stop == end) {
        line_.append(part);
        break;
      }
      at = stop + 1;
      if (*stop == '\r') {
        if (at == end) {
          after_cr_ = true;
        } else if (*at == '\n') {
          ++at;
        }
      }
      if (line_.empty()) {
        if (!line(part, true, on_event)) return false;
      } else {
        line_.append(part);
        const bool fits = line(line_, false, on_event);
        line_.clear();
        if (!fits) return false;
      }
    }
    keep();
    return true;
  }

  /// The stream has ended: hands out an event that only lacks its blank line, even its last line end. The
  /// standard throws it away; providers do forget it. False: as feed.
  template <class OnEvent>
  bool finish(OnEvent&& on_event) {
    if (!line_.empty()) {
      const std::string last = std::move(line_);
      line_.clear();
      if (!line(last, true, on_event)) return false;
      keep();
    }
    return line({}, true, on_event);
  }

 private:
  static const char* find(const char* at, const char* end, char c) noexcept {
    if (at == end) return end;
    const void* hit = std::memchr(at, c, static_cast<std::size_t>(end - at));
    return hit == nullptr ? end : static_cast<const char*>(hit);
  }

  // A byte order mark counts only as the very first bytes; it may be cut too.
  void skip_mark(std::string_view& bytes) {
    constexpr std::string_view mark = "\xEF\xBB\xBF";
    while (mark_ < mark.size() && !bytes.empty()) {
      if (bytes.front() != mark[mark_]) {
        line_.assign(mark.substr(0, mark_));
        mark_ = mark.size();
        return;
      }
      bytes.remove_prefix(1);
      ++mark_;
    }
  }

  // `stays`: the line's bytes live at least until the end of this feed.
  template <class OnEvent>
  bool line(std::string_view text, bool stays, OnEvent& on_event) {
    if (text.empty()) return dispatch(on_event);
    const std::size_t colon = text.find(':');
    if (colon == 0) return true;
    const std::string_view field = text.substr(0, colon);
    std::string_view value = colon == text.npos ? std::string_view{} : text.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (field == "event") {
      name_.assign(value.substr(0, 64));
      return true;
    }
    if (field != "data") return true;
    if (!has_data_) {
      has_data_ = true;
      if (stays) {
        here_ = value;
      } else {
        data_.assign(value);
      }
      return true;
    }
    keep();
    if (data_.size() + value.size() + 1 > max_event) return false;
    data_ += '\n';
    data_.append(value);
    return true;
  }

  template <class OnEvent>
  bool dispatch(OnEvent& on_event) {
    if (has_data_) {
      const SseEvent event{name_, here_.data() != nullptr ? here_ : std::string_view(data_)};
      on_event(event);
    }
    has_data_ = false;
    here_ = {};
    data_.clear();
    name_.clear();
    return true;
  }

  // What lies in the caller's bytes must not be pointed to after the feed.
  void keep() {
    if (here_.data() == nullptr) return;
    data_.assign(here_);
    here_ = {};
  }

  std::string line_;  // an unfinished line
  std::string data_;  // an unfinished event's data, unless here_ has it
  std::string name_;
  std::string_view here_;  // the same, inside the bytes being fed
  std::size_t mark_ = 0;
  bool has_data_ = false;
  bool after_cr_ = false;
};

}  // namespace freellmapi::sdk
