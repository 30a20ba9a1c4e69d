#include "net/kept_head.hpp"

#include <cstring>
#include <new>
#include <utility>

namespace freellmapi::net {

namespace {
constexpr std::size_t step = 64;  // so that heads of one kind, which differ by a few bytes, fit
}

void KeptHead::keep(std::string_view bytes, std::span<const Field> fields) {
  const std::size_t before = fields.size_bytes();
  if (before + bytes.size() > capacity_) {
    release();
    const std::size_t room = (before + bytes.size() + step - 1) / step * step;
    memory_ = std::make_unique_for_overwrite<char[]>(room);
    capacity_ = static_cast<std::uint32_t>(room);
  }
  char* to = memory_.get();
  char* const text = to + before;
  for (const Field& field : fields) {
    new (to) Field{moved(field.name, bytes.data(), text), moved(field.value, bytes.data(), text)};
    to += sizeof(Field);
  }
  std::memcpy(text, bytes.data(), bytes.size());
  count_ = static_cast<std::uint32_t>(fields.size());
}

void KeptHead::swap(KeptHead& other) noexcept {
  std::swap(memory_, other.memory_);
  std::swap(capacity_, other.capacity_);
  std::swap(count_, other.count_);
}

void KeptHead::release() noexcept {
  memory_.reset();
  capacity_ = count_ = 0;
}

}  // namespace freellmapi::net
