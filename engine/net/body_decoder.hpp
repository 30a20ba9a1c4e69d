// Takes the framing off a body: Content-Length, chunked, or up to the end of the connection. Both directions
// use it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace freellmapi::net {

/// How a body ends, as the head says.
struct BodyPlan {
  enum class Kind { none, length, chunked, until_close };
  Kind kind = Kind::none;
  std::uint64_t length = 0;  ///< for Kind::length
};

/// A strict decoder that can be fed bytes cut anywhere and keeps none of them. It is ours and not Beast's
/// because Beast 1.81 bounds neither the chunk line nor the trailers and merges trailers into the fields;
/// here a chunk line is at most 1 KiB, trailers are at most 8 KiB, checked for grammar, and dropped.
class BodyDecoder {
 public:
  enum class State { payload, hungry, end, bad };
  struct Step {
    State state = State::hungry;
    std::string_view payload;  ///< lies inside what was fed
    std::size_t consumed = 0;
  };

  void begin(BodyPlan plan) noexcept;
  /// Takes the next piece. `payload`: use it and call again; `hungry`: everything was consumed, more is
  /// needed.
  Step step(std::string_view in) noexcept;
  /// The connection ended. True when that is the legal end of the body.
  bool finish() noexcept;

  bool ended() const noexcept { return state_ == At::done; }
  /// The bytes of the body that are known to come or have come: what a limit is compared with.
  std::uint64_t announced() const noexcept { return announced_; }
  /// Bytes still to come of the present piece (of the whole body for Content-Length).
  std::uint64_t remaining() const noexcept { return remaining_; }
  /// What was wrong after `bad`. Static storage.
  std::string_view fault() const noexcept { return fault_; }

 private:
  enum class At {
    length,
    until_close,
    size_first,
    size,
    extension,
    size_lf,
    data,
    data_cr,
    data_lf,
    trailer_first,
    trailer_name,
    trailer_value,
    trailer_lf,
    last_lf,
    done,
    bad
  };
  std::size_t usual_line(std::string_view in) noexcept;
  At line_byte(char c) noexcept;
  At fail(std::string_view what) noexcept;

  At state_ = At::done;
  std::uint64_t remaining_ = 0, announced_ = 0;
  std::size_t line_ = 0, trailers_ = 0;
  std::string_view fault_;
};

}  // namespace freellmapi::net
