// Bytes that arrived and are not used up yet.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace freellmapi::net {

/// A queue of bytes in one piece of memory. The owner bounds it: it grows only as far as prepare() asks.
class ByteBuffer {
 public:
  std::string_view view() const noexcept { return {data_.get() + begin_, end_ - begin_}; }
  std::span<char> bytes() noexcept { return {data_.get() + begin_, end_ - begin_}; }
  bool empty() const noexcept { return begin_ == end_; }
  std::size_t size() const noexcept { return end_ - begin_; }

  /// All the free space behind the bytes, at least `least`. Views taken before become invalid.
  std::span<char> prepare(std::size_t least);
  void commit(std::size_t count) noexcept { end_ += count; }
  void consume(std::size_t count) noexcept;
  std::size_t capacity() const noexcept { return capacity_; }
  /// Gives the memory back; the bytes are lost.
  void release() noexcept;

 private:
  std::unique_ptr<char[]> data_;
  std::size_t capacity_ = 0, begin_ = 0, end_ = 0;
};

}  // namespace freellmapi::net
