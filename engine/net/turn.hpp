// Takes the requests of a core step by step, and not one after the other.
#pragma once

#include <array>
#include <coroutine>
#include <cstdint>
#include <memory>

namespace boost::asio {
class io_context;
}

namespace freellmapi::net {

/// The steps of a request, in the order in which a turn takes them.
enum class Step : std::uint8_t {
  enter,    ///< its head is judged
  read,     ///< its body is read
  choose,   ///< a chain is decided
  attempt,  ///< a candidate is asked: reservation, the provider's request
  ask,      ///< that request is made out
  send,     ///< and sent
  hear,     ///< the provider's answer is read
  settle,   ///< it is accounted for and made out
  answer,   ///< and sent
  account,  ///< log and counters
};

/// A turn of the loop: one question to the kernel, and what it told of. What a request needs of code is more
/// than the first cache holds, so all that have come take a step together, then the next: the code of each
/// step is fetched once, sends that follow each other find the peer awake, and one that sleeps is woken once.
/// With a single request in a turn that would only be a detour, so a core whose turns hold no more goes
/// straight on, and looks again now and then.
///
/// Core only. Must not outlive the loop.
class Turn {
 public:
  /// co_await turn.at(step): goes on when what else has come has taken the steps before it.
  class Place {
   public:
    bool await_ready() const noexcept { return turn_.goes_straight_on(); }
    void await_suspend(std::coroutine_handle<> waiter) noexcept;
    void await_resume() const noexcept {}

   private:
    friend class Turn;
    Place(Turn& turn, Step step) noexcept : turn_(turn), step_(step) {}

    Turn& turn_;
    std::coroutine_handle<> waiter_;
    Place* next_ = nullptr;
    const Step step_;
  };

  explicit Turn(boost::asio::io_context& io);
  ~Turn();
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  Place at(Step step) noexcept { return {*this, step}; }
  /// Nothing would wait at any step now.
  bool alone() const noexcept { return straight_on_ != 0; }

 private:
  struct Op;  // in the loop's queue while somebody waits
  struct Queue {
    Place *first = nullptr, *last = nullptr;
  };
  static constexpr std::size_t steps = 10;

  bool goes_straight_on() noexcept { return straight_on_ != 0 && straight_on_-- != 0; }
  void take();

  std::unique_ptr<Op> op_;
  std::array<Queue, steps> queues_;
  bool under_way_ = false;
  unsigned lone_ = 0;         // turns without company, one after another
  unsigned straight_on_ = 0;  // steps that wait for nobody
};

}  // namespace freellmapi::net
