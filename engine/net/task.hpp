// The coroutine type of the engine.
#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>
#include <optional>
#include <utility>

#include "net/frames.hpp"

namespace freellmapi::net {

/// What every coroutine of the engine has, whatever it gives.
class TaskPromise {
 public:
  static void* operator new(std::size_t size) { return Frames::take(size); }
  static void operator delete(void* at, std::size_t size) noexcept { Frames::give(at, size); }

  std::suspend_always initial_suspend() const noexcept { return {}; }
  auto final_suspend() const noexcept { return GoOn(); }
  void unhandled_exception() noexcept { failure_ = std::current_exception(); }

  void awaited_by(std::coroutine_handle<> awaiter) noexcept { awaiter_ = awaiter; }
  void rethrow() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  struct GoOn {
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> ended) const noexcept {
      const std::coroutine_handle<> awaiter = ended.promise().awaiter_;
      return awaiter ? awaiter : std::noop_coroutine();
    }
    void await_resume() const noexcept {}
  };

  std::coroutine_handle<> awaiter_;  // null until there is something to wait for
  std::exception_ptr failure_;
};

template <class T>
class ValuePromise : public TaskPromise {
 public:
  template <class U>
  void return_value(U&& value) {
    value_.emplace(std::forward<U>(value));
  }
  T take() {
    rethrow();
    return std::move(*value_);
  }

 private:
  std::optional<T> value_;
};

template <>
class ValuePromise<void> : public TaskPromise {
 public:
  void return_void() const noexcept {}
  void take() const { rethrow(); }
};

/// A coroutine that runs on one core, and what it gives. It begins when it is awaited, once, and gives its
/// value or throws what escaped from it there. Takes values, or references to things that outlive it.
/// Destroyed with the Task; one that waits for something is destroyed only when its core's loop has ended.
///
/// A function that can often tell its answer at once is no coroutine itself: it returns the value, which is
/// a Task without a frame, or else the coroutine that finds it out.
template <class T>
class [[nodiscard]] Task {
 public:
  class promise_type : public ValuePromise<T> {
   public:
    Task get_return_object() noexcept {
      return Task(std::coroutine_handle<promise_type>::from_promise(*this));
    }
  };

  Task(T value) : value_(std::move(value)) {}
  Task(Task&& other) noexcept
      : frame_(std::exchange(other.frame_, nullptr)), value_(std::move(other.value_)) {}
  Task& operator=(Task&&) = delete;
  ~Task() {
    if (frame_) frame_.destroy();
  }

  bool await_ready() const {
    if (!frame_) return true;
    frame_.resume();
    return frame_.done();
  }
  void await_suspend(std::coroutine_handle<> awaiter) const noexcept { frame_.promise().awaited_by(awaiter); }
  T await_resume() {
    if (!frame_) return std::move(*value_);
    return frame_.promise().take();
  }

 private:
  explicit Task(std::coroutine_handle<promise_type> frame) noexcept : frame_(frame) {}

  std::coroutine_handle<promise_type> frame_;
  std::optional<T> value_;
};

template <>
class [[nodiscard]] Task<void> {
 public:
  class promise_type : public ValuePromise<void> {
   public:
    Task get_return_object() noexcept {
      return Task(std::coroutine_handle<promise_type>::from_promise(*this));
    }
  };

  /// Nothing is left to do.
  Task() = default;
  Task(Task&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    std::swap(frame_, other.frame_);
    return *this;
  }
  ~Task() {
    if (frame_) frame_.destroy();
  }

  /// Runs it, instead of awaiting it, until it waits for something. Whoever keeps the Task lives longer.
  void start() const {
    if (frame_) frame_.resume();
  }

  bool await_ready() const {
    if (!frame_) return true;
    frame_.resume();
    return frame_.done();
  }
  void await_suspend(std::coroutine_handle<> awaiter) const noexcept { frame_.promise().awaited_by(awaiter); }
  void await_resume() const {
    if (frame_) frame_.promise().take();
  }

 private:
  explicit Task(std::coroutine_handle<promise_type> frame) noexcept : frame_(frame) {}

  std::coroutine_handle<promise_type> frame_;
};

}  // namespace freellmapi::net
