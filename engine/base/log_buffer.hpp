// Lines of the log on their way out.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace freellmapi::base {

/// Keeps lines until somebody flushes, so that a line costs its writer a copy and no system call. It never
/// waits for the descriptor: lines that do not fit in any more are left out and counted.
///
/// Thread safety: every method may be called from any thread. Lines go out in the order of add().
class LogBuffer {
 public:
  static constexpr std::size_t most = 1024 * 1024;  ///< bytes that wait
  static constexpr std::size_t piece = 32 * 1024;   ///< bytes that are worth a write of their own

  /// The descriptor must outlive the buffer.
  explicit LogBuffer(int descriptor) : descriptor_(descriptor) {}
  LogBuffer(const LogBuffer&) = delete;
  LogBuffer& operator=(const LogBuffer&) = delete;
  ~LogBuffer() { flush(); }

  /// `urgent`: everything is written before this returns.
  void add(std::string_view line, bool urgent);
  /// Writes what has come so far.
  void flush();
  /// Blocks until there is something, then at most `age` longer. False: the buffer has been stopped.
  template <class Duration>
  bool wait(Duration age) {
    std::unique_lock lock(mutex_);
    something_.wait(lock, [this] { return stopped_ || !lines_.empty(); });
    if (!stopped_) enough_.wait_for(lock, age, [this] { return stopped_ || lines_.size() >= piece; });
    return !stopped_;
  }
  /// Wakes who waits, for good.
  void stop();
  /// How many lines were left out since the last call.
  std::uint64_t take_lost() noexcept;

 private:
  const int descriptor_;
  std::mutex writing_;  // one writer at a time; taken before mutex_
  std::string out_;     // guarded by writing_
  std::mutex mutex_;    // guards what follows
  std::condition_variable something_, enough_;
  std::string lines_;
  std::uint64_t lost_ = 0;
  bool stopped_ = false;
};

/// All of it, in as many writes as the descriptor wants.
void write_all(int descriptor, std::string_view bytes) noexcept;

}  // namespace freellmapi::base
