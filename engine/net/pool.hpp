// A core's client: idle connections, and calls over them.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "net/byte_buffer.hpp"
#include "net/deadline.hpp"
#include "net/dial.hpp"
#include "net/kept_head.hpp"
#include "net/outgoing_head.hpp"
#include "net/sending.hpp"
#include "net/stream.hpp"
#include "net/upstream.hpp"

namespace freellmapi::net {

/// Core only. Reuse is last in, first out, so that what is not needed grows old and is closed.
class PooledClient final : public UpstreamClient {
 public:
  PooledClient(LocalCore& core, const UpstreamOptions& options, TlsStore& tls);

  Task<std::unique_ptr<UpstreamCall>> call(const Origin& origin, const OutgoingRequest& request,
                                           const Deadlines& deadlines, bool stream, Canceller& canceller,
                                           CallError& error) override;
  void drop_idle() noexcept override;
  std::size_t idle() const noexcept override { return idle_; }
  UpstreamLoad load() const noexcept override;
  /// Before the loop goes: closes everything, and keeps nothing from now on.
  void close() noexcept;

  struct Idle {
    std::unique_ptr<Stream> stream;
    base::Instant since;
  };
  /// The connections to an origin that nobody uses, and how many calls hold the place.
  struct Kept {
    explicit Kept(OriginLines its) : lines(std::move(its)) {}
    const OriginLines lines;
    std::vector<Idle> idle;
    std::size_t calls = 0;
  };
  using Place = std::pair<const Origin, Kept>;

  /// Where an origin's connections are kept. Stays there until leave().
  Place& enter(const Origin& origin);
  void leave(Place& place) noexcept;
  /// A connection that was used before and can be again, or null.
  std::unique_ptr<Stream> take(Place& place, base::Instant now);
  void give_back(Place& place, std::unique_ptr<Stream> stream);
  /// A new connection has been made.
  void dialled(Stream& stream) noexcept;

  /// Memory in which a call writes what it sends, and reads. One that needs it beyond a wait takes it for so
  /// long by exchanging it for none.
  struct Room {
    std::unique_ptr<Sending> sending;
    ByteBuffer in;
    std::vector<Field> fields;  ///< of a head that is being read
    KeptHead head;
  };
  Room& room() noexcept { return room_; }

  LocalCore& core() noexcept { return core_; }
  Dialler& dialler() noexcept { return dialler_; }
  const UpstreamOptions& options() const noexcept { return options_; }

 private:
  struct OriginHash {
    std::size_t operator()(const Origin& origin) const noexcept;
  };
  void drop_oldest();
  void drop_aged() noexcept;
  void drop_empty() noexcept;

  LocalCore& core_;
  const UpstreamOptions options_;
  // What other threads may look at; only this core writes.
  std::atomic<std::size_t> open_{0}, idle_{0};
  std::atomic<std::uint64_t> reused_{0}, dialled_{0};
  Dialler dialler_;
  // One without a connection that no call holds stays until the next look for aged ones.
  std::unordered_map<Origin, Kept, OriginHash> places_;
  Place* last_ = nullptr;  // that was entered; most calls go where the one before went
  Room room_;
  bool closed_ = false;
  Deadline aging_;
};

}  // namespace freellmapi::net
