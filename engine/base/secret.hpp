// A value that must not be seen: no operator<<, no implicit conversion, wiped when it dies.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace freellmapi::base {

/// Holds a provider key or the unified key. Values; copying copies the secret, every copy wipes itself.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  Secret(const Secret&) = default;
  // Copies and wipes: moving a short string would leave its bytes where they were.
  Secret(Secret&& other) noexcept : value_(other.value_) {  // NOLINT(performance-move-constructor-init)
    other.wipe();
  }
  Secret& operator=(const Secret& other);
  Secret& operator=(Secret&& other) noexcept;
  ~Secret() { wipe(); }

  /// The secret itself. Only the room that writes it to a wire or a digest calls this.
  std::string_view reveal() const noexcept { return value_; }
  bool empty() const noexcept { return value_.empty(); }
  std::size_t size() const noexcept { return value_.size(); }
  /// At most the last four characters, and never more than a quarter of the secret.
  std::string last_four() const;

 private:
  void wipe() noexcept;
  std::string value_;
};

/// Equal in time that depends on the lengths alone.
bool equal_constant_time(std::string_view a, std::string_view b) noexcept;

}  // namespace freellmapi::base
