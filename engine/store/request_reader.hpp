// Reading the request log.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "store/request_row.hpp"
#include "store/sqlite.hpp"

namespace freellmapi::store {

/// Through a connection of its own, so that a reader never holds up the writer. One thread at a time.
class RequestReader {
 public:
  static base::Result<std::unique_ptr<RequestReader>> open(const std::filesystem::path& file);
  /// Shows the newest of that name: clients choose names and may choose one twice. False: there is none.
  base::Result<bool> by_name(std::string_view request_id, const std::function<void(const RequestRow&)>& see);
  /// Gives every row from `from` to before `until`, oldest first, until `see` says false. A month is never in
  /// memory.
  base::Result<void> between(base::WallTime from, base::WallTime until,
                             const std::function<bool(const RequestRow&)>& see);

 private:
  explicit RequestReader(std::unique_ptr<Database> database) : database_(std::move(database)) {}
  std::unique_ptr<Database> database_;
};

}  // namespace freellmapi::store
