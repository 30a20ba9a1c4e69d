// A sequence of which there are mostly few.
#pragma once

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace freellmapi::base {

/// Plain values in a row; the first `Inline` of them lie in the object itself and cost no allocation. What
/// has grown keeps its room. References go with a growth, a move and a copy. One thread.
template <class T, std::size_t Inline>
class Few {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T> && Inline > 0);

 public:
  using value_type = T;
  using size_type = std::size_t;
  using difference_type = std::ptrdiff_t;
  using reference = T&;
  using const_reference = const T&;
  using iterator = T*;
  using const_iterator = const T*;

  Few() noexcept {}
  Few(std::initializer_list<T> items) { append(items.begin(), items.end()); }
  Few(const Few& other) { append(other.begin(), other.end()); }
  Few(Few&& other) noexcept { take(other); }
  Few& operator=(const Few& other) {
    if (this == &other) return *this;
    clear();
    append(other.begin(), other.end());
    return *this;
  }
  Few& operator=(Few&& other) noexcept {
    if (this != &other) take(other);
    return *this;
  }
  ~Few() = default;

  T& emplace_back() {
    if (size_ == room_) grow();
    return *::new (&items_[size_++]) T();
  }
  void push_back(const T& item) {
    const T kept = item;  // may be one of ours
    if (size_ == room_) grow();
    ::new (&items_[size_++]) T(kept);
  }
  template <class Iterator>
  void append(Iterator from, Iterator to) {
    for (; from != to; ++from) push_back(*from);
  }
  void resize(std::size_t size, const T& item) {
    while (size_ < size) push_back(item);
    size_ = size;
  }
  /// Those behind it move up.
  void erase(T* at) noexcept {
    std::copy(at + 1, end(), at);
    --size_;
  }
  void clear() noexcept { size_ = 0; }

  bool empty() const noexcept { return size_ == 0; }
  std::size_t size() const noexcept { return size_; }
  T* data() noexcept { return items_; }
  const T* data() const noexcept { return items_; }
  T* begin() noexcept { return data(); }
  T* end() noexcept { return data() + size_; }
  const T* begin() const noexcept { return data(); }
  const T* end() const noexcept { return data() + size_; }
  T& operator[](std::size_t i) noexcept { return data()[i]; }
  const T& operator[](std::size_t i) const noexcept { return data()[i]; }
  T& front() noexcept { return data()[0]; }
  const T& front() const noexcept { return data()[0]; }
  T& back() noexcept { return data()[size_ - 1]; }
  const T& back() const noexcept { return data()[size_ - 1]; }

 private:
  union First {
    First() noexcept {}
    T items[Inline];
  };

  void grow() {
    auto more = std::make_unique<T[]>(room_ * 2);
    std::copy_n(data(), size_, more.get());
    more_ = std::move(more);
    items_ = more_.get();
    room_ *= 2;
  }
  void take(Few& other) noexcept {
    if (other.more_) {
      more_ = std::move(other.more_);
      items_ = std::exchange(other.items_, other.first_.items);
      room_ = std::exchange(other.room_, Inline);
    } else {
      std::copy_n(other.items_, other.size_, items_);  // never less room than theirs
    }
    size_ = std::exchange(other.size_, 0);
  }

  T* items_ = first_.items;
  std::size_t size_ = 0, room_ = Inline;
  std::unique_ptr<T[]> more_;
  First first_;
};

}  // namespace freellmapi::base
