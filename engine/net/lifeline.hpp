// What may end a call from outside: its deadlines and its canceller.
#pragma once

#include <chrono>
#include <optional>

#include "net/deadline.hpp"
#include "net/local_core.hpp"
#include "net/upstream.hpp"

namespace freellmapi::net {

class Stream;

/// Core only. A call tells it what it is waiting in; when the time has come that thing is closed, and the
/// operation that waits in it ends. Once stopped it stays stopped. Before the first phase() nothing is waited
/// in, and no time passes.
class Lifeline {
 public:
  Lifeline(LocalCore& core, Canceller& canceller, std::chrono::milliseconds total, base::Instant now);
  ~Lifeline();
  Lifeline(const Lifeline&) = delete;
  Lifeline& operator=(const Lifeline&) = delete;

  /// The phase begins `now` and ends with `fault` after `limit` (zero: no limit of its own); replaces the
  /// phase before.
  void phase(Fault fault, std::chrono::milliseconds limit, base::Instant now);
  void no_phase();
  /// When the present phase ends, if it does.
  std::optional<base::Instant> phase_end() const noexcept;

  /// What stop() closes. Only one at a time; nullptr takes it away.
  void guard(Stream* stream) noexcept { stream_ = stream; }
  void guard(Event* event) noexcept { event_ = event; }

  void stop(Fault fault) noexcept;
  const std::optional<Fault>& stopped() const noexcept { return stopped_; }

 private:
  void look() noexcept;
  void rearm();

  Canceller& canceller_;
  Deadline deadline_;
  base::Instant total_at_, phase_at_;
  base::Instant look_at_;  // when the stream is asked for an end that it was not told of
  Fault phase_fault_ = Fault::timeout_total;
  Stream* stream_ = nullptr;
  Event* event_ = nullptr;
  std::optional<Fault> stopped_;
};

}  // namespace freellmapi::net
