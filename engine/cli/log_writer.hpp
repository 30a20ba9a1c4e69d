// The thread that writes the log.
#pragma once

#include <thread>

#include "base/log.hpp"

namespace freellmapi::cli {

/// From its construction to its destruction a log's records wait for company: at most a tenth of a
/// second, or until 32 KiB are there. While the threads that write to the log do not run yet, or no more.
class LogWriter {
 public:
  LogWriter(base::Log& log, int descriptor);
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;
  ~LogWriter();

 private:
  void run();
  void note_lost();

  base::Log& log_;
  base::LogBuffer buffer_;
  std::thread thread_;
};

}  // namespace freellmapi::cli
