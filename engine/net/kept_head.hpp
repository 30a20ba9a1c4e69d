// A head that was read, for as long as somebody looks at it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "net/exchange.hpp"

namespace freellmapi::net {

/// The bytes of a head and its fields, in one piece of memory of their size, which can serve the next.
class KeptHead {
 public:
  KeptHead() = default;
  KeptHead(const KeptHead&) = delete;
  KeptHead& operator=(const KeptHead&) = delete;

  /// Copies both. The views of `fields` are into `bytes`, those of the copy into its own.
  void keep(std::string_view bytes, std::span<const Field> fields);
  std::span<const Field> fields() const noexcept {
    return {reinterpret_cast<const Field*>(memory_.get()), count_};
  }
  /// Where the copied bytes begin.
  const char* text() const noexcept { return memory_.get() + count_ * sizeof(Field); }

  std::size_t capacity() const noexcept { return capacity_; }
  void swap(KeptHead& other) noexcept;
  void release() noexcept;

 private:
  std::unique_ptr<char[]> memory_;  // the fields, and behind them the bytes
  std::uint32_t capacity_ = 0, count_ = 0;
};

/// A view of what lies at `from`, once that has been copied to `to`.
inline std::string_view moved(std::string_view view, const char* from, const char* to) noexcept {
  return view.data() == nullptr ? view : std::string_view(to + (view.data() - from), view.size());
}

}  // namespace freellmapi::net
