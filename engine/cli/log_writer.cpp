#include "cli/log_writer.hpp"

#include <chrono>

namespace freellmapi::cli {

namespace {
constexpr std::chrono::milliseconds age{100};
}  // namespace

LogWriter::LogWriter(base::Log& log, int descriptor) : log_(log), buffer_(descriptor) {
  log_.write_through(&buffer_);
  thread_ = std::thread([this] { run(); });
}

LogWriter::~LogWriter() {
  buffer_.stop();
  thread_.join();
  note_lost();
  log_.write_through(nullptr);
}

void LogWriter::note_lost() {
  if (const std::uint64_t lost = buffer_.take_lost(); lost > 0) log_.warn("log.lost", {{"lines", lost}});
}

void LogWriter::run() {
  while (buffer_.wait(age)) {
    buffer_.flush();
    note_lost();
  }
}

}  // namespace freellmapi::cli
