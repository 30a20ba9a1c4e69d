// One process per data directory.
#pragma once

#include <filesystem>
#include <utility>

#include "base/result.hpp"
#include "store/descriptor.hpp"

namespace freellmapi::store {

/// Holds the file `lock` in the directory until it is destroyed or the process ends, however it ends.
class InstanceLock {
 public:
  /// Errors: already_exists (another process holds it; the sentence names it), io.
  static base::Result<InstanceLock> take(const std::filesystem::path& directory);
  /// Whether a process holds it now. Looks without taking: nobody who wants it is in the way of whoever
  /// looks.
  static bool is_held(const std::filesystem::path& directory);

 private:
  explicit InstanceLock(Descriptor fd) : fd_(std::move(fd)) {}
  Descriptor fd_;
};

}  // namespace freellmapi::store
