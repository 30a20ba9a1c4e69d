#include "net/byte_buffer.hpp"

#include <algorithm>
#include <cstring>

namespace freellmapi::net {

std::span<char> ByteBuffer::prepare(std::size_t least) {
  if (capacity_ - end_ < least) {
    const std::size_t held = size();
    if (capacity_ - held >= least) {
      std::memmove(data_.get(), data_.get() + begin_, held);
    } else {
      const std::size_t capacity = std::max(held + least, capacity_ * 2);
      auto bigger = std::make_unique_for_overwrite<char[]>(capacity);
      if (held != 0) std::memcpy(bigger.get(), data_.get() + begin_, held);
      data_ = std::move(bigger);
      capacity_ = capacity;
    }
    begin_ = 0;
    end_ = held;
  }
  return {data_.get() + end_, capacity_ - end_};
}

void ByteBuffer::consume(std::size_t count) noexcept {
  begin_ += count;
  if (begin_ == end_) begin_ = end_ = 0;
}

void ByteBuffer::release() noexcept {
  data_.reset();
  capacity_ = begin_ = end_ = 0;
}

}  // namespace freellmapi::net
