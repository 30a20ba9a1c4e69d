#include "base/log_buffer.hpp"

#include <unistd.h>

#include <cerrno>
#include <utility>

namespace freellmapi::base {

void write_all(int descriptor, std::string_view bytes) noexcept {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    // A log that cannot be written has nobody to tell.
    if (written <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void LogBuffer::add(std::string_view line, bool urgent) {
  bool first = false, enough = false;
  {
    const std::lock_guard lock(mutex_);
    if (lines_.size() + line.size() > most && !urgent) {
      ++lost_;
      return;
    }
    first = lines_.empty();
    const std::size_t before = lines_.size();
    lines_ += line;
    enough = before < piece && lines_.size() >= piece;
  }
  if (urgent) return flush();
  if (first) something_.notify_one();
  if (enough) enough_.notify_one();
}

void LogBuffer::flush() {
  const std::lock_guard writing(writing_);
  {
    const std::lock_guard lock(mutex_);
    std::swap(out_, lines_);
  }
  write_all(descriptor_, out_);
  out_.clear();
}

void LogBuffer::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  something_.notify_all();
  enough_.notify_all();
}

std::uint64_t LogBuffer::take_lost() noexcept {
  const std::lock_guard lock(mutex_);
  return std::exchange(lost_, 0);
}

}  // namespace freellmapi::base
