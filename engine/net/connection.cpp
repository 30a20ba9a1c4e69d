#include "net/connection.hpp"

#include <sys/socket.h>

#include <cerrno>

#include "base/ids.hpp"
#include "base/text.hpp"
#include "net/grammar.hpp"
#include "net/head_lines.hpp"

namespace freellmapi::net {

namespace {
constexpr std::size_t read_size = 4096;
constexpr std::size_t kept_body = 16 * 1024;  // from one request to the next
constexpr std::size_t linger_bytes = 64 * 1024;
// See Readiness: an end of file that the kernel told of together with bytes.
constexpr std::chrono::milliseconds unseen_end{100};
constexpr std::chrono::milliseconds linger_time{1'000};
}  // namespace

Connection::Connection(ServerCore& home, Socket socket, std::string peer)
    : home_(home),
      socket_(std::move(socket)),
      peer_(std::move(peer)),
      ping_at_(home.local.sweeper(), this,
               [](void* self) noexcept { static_cast<Connection*>(self)->ping(); }),
      half_close_(home.local.sweeper(), this,
                  [](void* self) noexcept { static_cast<Connection*>(self)->check_half_closed(); }),
      deadline_(home.local.sweeper(), this,
                [](void* self) noexcept { static_cast<Connection*>(self)->deadline_passed(); }) {
  next_ = home_.first;
  if (next_ != nullptr) next_->before_ = this;
  home_.first = this;
  ready_.attach(socket_);
}

Connection::~Connection() {
  if (before_ != nullptr) before_->next_ = next_;
  if (next_ != nullptr) next_->before_ = before_;
  if (home_.first == this) home_.first = next_;
}

void Connection::close() noexcept {
  closed_ = true;
  deadline_.clear();
  half_close_.clear();
  ErrorCode ignored;
  socket_.close(ignored);
}

void Connection::close_if_idle() noexcept {
  if (exchanging_ || wait_ == Wait::linger || wait_ == Wait::head) return;
  if (in_.empty()) close();
}

void Connection::force_close() noexcept {
  mark_gone();
  close();
}

void Connection::deadline_passed() noexcept {
  if (wait_ == Wait::idle && !looked_) {
    looked_ = true;
    give_memory_back();
    deadline_.set_after(home_.shared.options.limits.idle);
    ready_.look();
    return;
  }
  timed_out_ = true;
  if (wait_ == Wait::write) mark_gone();
  ErrorCode ignored;
  socket_.cancel(ignored);
}

// Of a connection that waits for its next request, for as long as a busy client never waits.
void Connection::give_memory_back() noexcept {
  if (in_.empty()) in_.release();
  std::string().swap(body_);
  std::string().swap(head_out_);
  kept_head_.release();
}

// Nothing: it has to be waited for. Zero: the client ended.
std::optional<std::size_t> Connection::try_read(char* to, std::size_t room) noexcept {
  for (;;) {
    const ssize_t got = ::recv(socket_.native_handle(), to, room, MSG_DONTWAIT);
    if (got >= 0) {
      const auto count = static_cast<std::size_t>(got);
      if (got > 0 && count < room) ready_.drained();
      return count;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return 0;
    ready_.drained();
    return std::nullopt;
  }
}

// Zero: the client ended, or the deadline passed (timed_out_), or the connection was closed.
Task<std::size_t> Connection::read_some(char* to, std::size_t room) {
  while (!closed_ && !timed_out_) {
    if (!ready_.readable()) {
      co_await ready_.wait();
      continue;
    }
    if (const auto count = try_read(to, room)) co_return *count;
  }
  co_return 0;
}

// As read_some(), into in_, which has no memory while a client that has said nothing is waited for. Nothing:
// it has to be waited for.
std::optional<std::size_t> Connection::receive() {
  if (closed_ || timed_out_) return 0;
  if (!ready_.readable()) return std::nullopt;
  const std::span<char> room = in_.prepare(read_size);
  const auto count = try_read(room.data(), room.size());
  if (count) in_.commit(*count);
  if (in_.empty()) in_.release();
  return count;
}

Task<void> Connection::run(std::shared_ptr<Connection> self) {
  struct Counted {
    explicit Counted(ServerCore& home) : home_(home) {
      ++home_.open;
      home_.shared.connections.fetch_add(1, std::memory_order_relaxed);
    }
    ~Counted() {
      --home_.open;
      home_.shared.connections.fetch_sub(1, std::memory_order_relaxed);
    }
    ServerCore& home_;
  } counted(self->home_);
  co_await self->serve();
  self->close();
}

Task<void> Connection::serve() {
  for (;;) {
    begin_head();
    std::optional<HeadEnd> end;
    while (!(end = read_head())) co_await ready_.wait();
    if (end == HeadEnd::closed) co_return;
    if (end == HeadEnd::refused) {
      co_await refuse(*refusal_);
      co_await linger();
      co_return;
    }
    co_await answer_request();
    if (closed_ || answer_ == Answer::aborted || gone_) co_return;
    if (last_) {
      co_await linger();
      co_return;
    }
    served_before_ = true;
  }
}

// Looks at what has arrived. Nothing: more is needed.
std::optional<Connection::HeadEnd> Connection::look_for_head() {
  if (!skipped_line_ && in_.view().starts_with("\r\n")) {  // an old client's line end behind the last body
    in_.consume(2);
    skipped_line_ = true;
  }
  const std::string_view view = in_.view();
  if (view.empty() || (!skipped_line_ && view == "\r")) return std::nullopt;
  const ServerLimits& limits = home_.shared.options.limits;
  if (!is_token_byte(view.front())) {
    refusal_ = bad_framing("this is not an HTTP request");
    return HeadEnd::refused;
  }
  // Nearly every head comes whole and is sound: one walk over it. What else it may be is told below.
  if (scan_.fresh()) {
    refusal_ = parse_request_head(in_.bytes(), limits, home_.shared.hosts, head_, home_.fields, plan_);
    if (!refusal_ && plan_.head_size <= limits.head_bytes) {
      take_head();
      return HeadEnd::ready;
    }
  }
  const HeadScan::State state = scan_.look(view);
  if (state == HeadScan::State::bad) {
    refusal_ = bad_framing("the head is not valid HTTP/1.1");
    return HeadEnd::refused;
  }
  constexpr std::size_t around_target = 64;  // method, version, spaces
  if (!scan_.has_first_line() && view.size() > limits.target_bytes + around_target) {
    return refused(414, "uri_too_long", "the request target is too long");
  }
  const std::size_t size = state == HeadScan::State::whole ? scan_.length() : view.size();
  if (size > limits.head_bytes) {
    return refused(431, "header_too_large", "the head is too large");
  }
  if (state == HeadScan::State::more) return std::nullopt;
  refusal_ =
      parse_request_head(in_.bytes().first(size), limits, home_.shared.hosts, head_, home_.fields, plan_);
  plan_.head_size = size;
  take_head();
  return refusal_ ? HeadEnd::refused : HeadEnd::ready;
}

Connection::HeadEnd Connection::refused(int status, std::string_view code, std::string_view message) {
  refusal_ = std::make_unique<Refusal>();
  refusal_->status = status;
  refusal_->code = code;
  refusal_->message = message;
  return HeadEnd::refused;
}

// What was read of the head goes with its bytes.
void Connection::take_head() {
  const std::string_view bytes = in_.view().substr(0, plan_.head_size);
  kept_head_.keep(bytes, home_.fields);
  head_.fields = kept_head_.fields();
  const char *const from = bytes.data(), *const to = kept_head_.text();
  head_.method = moved(head_.method, from, to);
  head_.path = moved(head_.path, from, to);
  head_.query = moved(head_.query, from, to);
  in_.consume(bytes.size());
}

void Connection::begin_head() {
  scan_ = {};
  skipped_line_ = timed_out_ = false;
  head_ = {};
  const ServerLimits& limits = home_.shared.options.limits;
  wait_ = in_.empty() ? (served_before_ ? Wait::idle : Wait::first_head) : Wait::head;
  looked_ = limits.idle <= unseen_end;
  deadline_.set_after(wait_ != Wait::idle ? limits.head : looked_ ? limits.idle : unseen_end);
}

// What has come of a head. Nothing: more is to be waited for.
std::optional<Connection::HeadEnd> Connection::read_head() {
  for (;;) {
    if (const auto end = look_for_head()) {
      deadline_.clear();
      wait_ = Wait::nothing;
      return end;
    }
    if (!in_.empty() && wait_ != Wait::head) {
      // The time for a head counts from its first byte on a kept connection, from the accept on a new one.
      if (wait_ == Wait::idle) deadline_.set_after(home_.shared.options.limits.head);
      wait_ = Wait::head;
    }
    if (home_.draining && in_.empty()) return HeadEnd::closed;
    if (!in_.empty()) ready_.suspect();
    const std::optional<std::size_t> count = receive();
    if (!count) return std::nullopt;
    if (*count != 0) continue;
    if (!timed_out_ || in_.empty()) return HeadEnd::closed;
    return refused(408, "request_timeout", "the head of the request took too long");
  }
}

// An answer of our own, after which the connection ends.
Task<void> Connection::refuse(const Refusal& refusal) {
  timed_out_ = false;
  answer_ = Answer::none;
  last_ = true;
  const std::string id = base::make_id("req_");
  home_.log_refusal(refusal.code, peer_, refusal.message);
  const std::string body = error_body(refusal, id);
  AnswerFields fields;
  fields.add("Content-Type", "application/json");
  fields.add("X-Request-Id", id);
  if (refusal.allow) fields.add("Allow", allowed_methods);
  gone_ = false;
  exchanging_ = true;
  co_await respond(refusal.status, fields, body);
  exchanging_ = false;
}

Task<void> Connection::answer_request() {
  started_ = home_.local.clock().steady();
  answer_ = Answer::none;
  last_ = !plan_.keep_alive;
  head_sent_ = gone_ = false;
  decoder_.begin(plan_.body);
  inflator_.reset();
  body_.clear();
  body_refusal_ = {};
  body_done_ = !head_.has_body;
  ping_every_ = {};
  exchanging_ = true;
  home_.shared.requests.fetch_add(1, std::memory_order_relaxed);

  co_await home_.local.turn().at(Step::enter);
  std::exception_ptr failure;
  try {
    co_await home_.shared.handler.handle(*this, home_.local);
  } catch (...) {
    failure = std::current_exception();
  }
  watcher_ = nullptr;
  half_close_.clear();
  ready_.notify(nullptr, nullptr);
  exchanging_ = false;
  half_closed_ = probed_ = false;
  home_.shared.requests.fetch_sub(1, std::memory_order_relaxed);

  if (answer_ == Answer::done && !failure) {
    if (body_.capacity() > kept_body) std::string().swap(body_);
    co_return;
  }
  co_await give_up(std::move(failure));
}

// The handler threw, or gave no whole answer.
Task<void> Connection::give_up(std::exception_ptr failure) {
  const std::string id = base::make_id("req_");
  const std::string type = failure ? exception_type(failure) : "no answer was given";
  if (failure || (answer_ != Answer::aborted && !gone_)) {
    home_.shared.internal_errors.fetch_add(1, std::memory_order_relaxed);
    home_.local.log().error("handler_failed",
                            {{"request_id", id}, {"exception", type}, {"path", head_.path}});
  }
  if (answer_ != Answer::none || gone_ || closed_) {
    abort();
    co_return;
  }
  Refusal refusal;
  refusal.status = 500;
  refusal.code = "internal_error";
  refusal.message = "internal error";
  co_await refuse(refusal);
}

// Closing with unread bytes would make the kernel send a reset, which may overtake the answer: so we say that
// we are done, read a little of what still comes, and close then.
Task<void> Connection::linger() {
  if (closed_) co_return;
  ErrorCode ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
  in_.release();
  body_.clear();
  timed_out_ = false;
  wait_ = Wait::linger;
  ready_.suspect();
  deadline_.set_after(linger_time);
  const std::span<char> room = in_.prepare(read_size);
  for (std::size_t total = 0; total < linger_bytes;) {
    const std::size_t count = co_await read_some(room.data(), room.size());
    if (count == 0) break;
    total += count;
  }
}

}  // namespace freellmapi::net
