// Reads answers off a connection: where one ends, and the sending times inside its events.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace freellmapi::bench {

/// Reads one answer after another. Feed bytes as they come.
class AnswerReader {
 public:
  enum class State {
    going,
    whole,   ///< the answer has ended; the next feed begins a new one
    broken,  ///< not HTTP/1.1 as the bench knows it
  };

  /// `at`: when the bytes came. `on_stamp(lag_ns)` is called for each sending time in the body.
  template <class OnStamp>
  State feed(std::string_view bytes, std::uint64_t at, OnStamp&& on_stamp) {
    if (state_ != State::going) begin();
    while (!bytes.empty() && state_ == State::going) {
      if (const std::string_view body = next(bytes); !body.empty()) find_stamps(body, at, on_stamp);
    }
    if (!bytes.empty()) state_ = State::broken;  // nobody asked for more
    return state_;
  }

  int status() const noexcept { return status_; }
  bool done_mark() const noexcept { return done_mark_; }  ///< data: [DONE] has been seen
  std::uint64_t hops() const noexcept { return hops_; }   ///< X-Fallback-Attempts

 private:
  enum class Part { head, sized, chunk_size, chunk, chunk_end, trailer };

  void begin();
  /// Takes bytes off the front; what was payload is returned.
  std::string_view next(std::string_view& bytes);
  void read_head();
  /// Adds to line_; true when a line is whole.
  bool take_line(std::string_view& bytes);

  template <class OnStamp>
  void find_stamps(std::string_view body, std::uint64_t at, OnStamp&& on_stamp) {
    if (body.find("[DONE]") != std::string_view::npos) done_mark_ = true;
    for (const char c : body) {
      if (c == '@') {
        stamp_ = 0;
        digits_ = 1;
      } else if (digits_ > 0 && c >= '0' && c <= '9' && digits_ <= 20) {
        stamp_ = stamp_ * 10 + static_cast<std::uint64_t>(c - '0');
        ++digits_;
      } else {
        if (digits_ == 21 && c == ';') on_stamp(at > stamp_ ? at - stamp_ : 0);
        digits_ = 0;
      }
    }
  }

  State state_ = State::whole;
  Part part_ = Part::head;
  std::string line_;
  std::uint64_t left_ = 0, stamp_ = 0, hops_ = 0;
  unsigned digits_ = 0;  // of a stamp, and one for its mark; 0: outside of one
  int status_ = 0;
  bool done_mark_ = false;
};

}  // namespace freellmapi::bench
