// One client request and its answer, as the rest of the engine sees them.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "net/answer_fields.hpp"
#include "net/task.hpp"

namespace freellmapi::net {

/// A header field; in what net gives out, `name` is lower case and both views live as long as the exchange.
struct Field {
  std::string_view name, value;
};

/// A mark for each name of a head's fields, of its size and its first byte: most fields that are asked for
/// did not come, and most of those are told by this alone. Names in lower case, none of them empty.
class NameMarks {
 public:
  void add(std::string_view name) noexcept { marks_ |= mark(name); }
  bool may_hold(std::string_view name) const noexcept { return (marks_ & mark(name)) != 0; }

 private:
  static std::uint64_t mark(std::string_view name) noexcept {
    return std::uint64_t{1} << ((5 * name.size() + static_cast<unsigned char>(name.front())) % 64);
  }
  std::uint64_t marks_ = 0;
};

/// The parsed, judged head of a request: framing, Host and target have passed before anyone sees it.
struct RequestHead {
  std::string_view method;  ///< a token, as sent
  std::string_view path;    ///< begins with '/', without query; no control, no '\', no %00, no dot segments;
                            ///< still percent-encoded: %2F is data inside a segment
  std::string_view query;   ///< without '?'
  unsigned version = 11;    ///< 10 or 11
  std::span<const Field> fields;  ///< at most 100
  NameMarks marks;                ///< of `fields`
  bool has_body = false;          ///< a Content-Length above zero, or chunked

  /// The first field of that (lower case) name, or an empty view.
  std::string_view get(std::string_view lower_name) const noexcept {
    return marks.may_hold(lower_name) ? find(lower_name) : std::string_view{};
  }
  /// How many fields of that name came.
  std::size_t count(std::string_view lower_name) const noexcept;

 private:
  std::string_view find(std::string_view lower_name) const noexcept;
};

/// Why a body could not be had; the status to answer with. The connection closes after such an answer.
struct BodyRefusal {
  int status = 0;  ///< 400, 408, 413, 415; 0: there was none
  std::string_view
      code;  ///< static storage: bad_framing, request_timeout, request_too_large, unsupported_encoding
  std::string message;
};

/// Called once, on the exchange's core, when the client has gone while the exchange runs.
class GoneWatcher {
 public:
  virtual void client_gone() noexcept = 0;

 protected:
  ~GoneWatcher() = default;
};

/// One request. Lives on its connection's core; every method is called there. Exactly one answer is given:
/// respond(), or start_stream() followed by write()s and end_stream() or abort(). A handler that answers
/// nothing makes net answer 500. `false` from a writing method means that the client is gone: stop.
class Exchange {
 public:
  virtual ~Exchange() = default;

  virtual const RequestHead& head() const noexcept = 0;
  /// When the head was complete.
  virtual base::Instant started() const noexcept = 0;
  /// Numeric address of the peer, for logs.
  virtual std::string_view peer() const noexcept = 0;

  /// Reads the whole body under the limit: Content-Length and chunked, 100-continue, gzip inflated while it
  /// arrives. The string belongs to the exchange, lives as long as it, and has 64 bytes of spare capacity
  /// behind its size.
  virtual Task<base::Result<std::string*>> read_body() = 0;
  /// After read_body() failed: what to answer.
  virtual const BodyRefusal& refusal() const noexcept = 0;

  /// The whole answer in one gather write. For HEAD the body is counted and not sent. Adds Date,
  /// Content-Length, Connection. The fields are read before this returns; the body outlives the answer.
  virtual Task<bool> respond(int status, const AnswerFields& fields, std::string_view body) = 0;

  /// Sends nothing yet: the head goes out with the first write.
  virtual void start_stream(int status, const AnswerFields& fields) = 0;
  /// One piece of the stream; returns when the kernel has taken it (that is the back-pressure).
  virtual Task<bool> write(std::string_view bytes) = 0;
  virtual Task<bool> end_stream() = 0;
  /// Of an open stream: sends `comment` by itself whenever nothing has been written for `every`. It never
  /// waits: a client that does not read gets none. Zero: never. `comment` has static storage and at most 64
  /// bytes.
  virtual void keep_alive(std::string_view comment, std::chrono::milliseconds every) noexcept = 0;
  /// Ends the connection without a legal end, so that the client cannot take a cut answer for a whole one.
  virtual void abort() noexcept = 0;

  virtual bool gone() const noexcept = 0;
  /// At most one watcher; nullptr takes it away. If the client has gone already, it is called at once.
  virtual void watch(GoneWatcher* watcher) noexcept = 0;
};

}  // namespace freellmapi::net
