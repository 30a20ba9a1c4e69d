// Past requests, as `explain` asks for them.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "policy/policy.hpp"
#include "relay/record.hpp"

namespace freellmapi::surfaces {

struct PastRequest {
  relay::Record record;  ///< its `surface` is empty: that view would not last
  std::string surface;
  base::WallTime ended{};
  std::chrono::microseconds total{0};
};

/// Thread safety: every method from any core. May read a disk that is warm; never waits for a writer.
class History {
 public:
  virtual ~History() = default;
  /// The newest request of that name; nothing: it is not remembered (any more).
  virtual base::Result<std::optional<PastRequest>> find(std::string_view request_id) = 0;
  /// The policy of that version, when it is in force or was not long ago; else null.
  virtual std::shared_ptr<const policy::Policy> policy(std::string_view version) = 0;
};

}  // namespace freellmapi::surfaces
