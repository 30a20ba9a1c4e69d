// Writing the answer, and noticing that nobody waits for it.
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>

#include "net/connection.hpp"
#include "net/pieces.hpp"

namespace freellmapi::net {

namespace {
constexpr std::size_t read_ahead = 16 * 1024;
constexpr std::chrono::milliseconds half_close_grace{300};
constexpr std::chrono::milliseconds half_close_check{50};

bool has_no_body(int status) noexcept { return status < 200 || status == 204 || status == 304; }
}  // namespace

bool Connection::closes() const noexcept { return last_ || home_.draining; }

// Everything that is decided when an answer begins. False: an answer was given already, or nobody is there.
bool Connection::begin_answer() {
  if (answer_ != Answer::none) return false;
  answer_ = Answer::started;
  skip_buffered_body();
  last_ = closes();
  head_only_ = head_.method == "HEAD";
  head_out_.clear();
  first_piece_ = piece_count_ = 0;
  return !gone_;
}

void Connection::add(std::string_view piece) noexcept {
  if (piece.empty()) return;
  pieces_[piece_count_].iov_base = const_cast<char*>(piece.data());
  pieces_[piece_count_].iov_len = piece.size();
  ++piece_count_;
}

bool Connection::send_now() noexcept {
  while (first_piece_ < piece_count_ && !gone_ && !closed_) {
    const std::span<const iovec> unsent(pieces_.data() + first_piece_, pieces_.data() + piece_count_);
    const ssize_t sent = send_together(socket_.native_handle(), unsent);
    if (sent >= 0) {
      auto left = static_cast<std::size_t>(sent);
      while (first_piece_ < piece_count_ && left >= pieces_[first_piece_].iov_len) {
        left -= pieces_[first_piece_++].iov_len;
      }
      if (left != 0) {
        iovec& piece = pieces_[first_piece_];
        piece.iov_base = static_cast<char*>(piece.iov_base) + left;
        piece.iov_len -= left;
      }
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return false;
    } else if (errno != EINTR) {
      mark_gone();
    }
  }
  return true;
}

// Sends the pieces, and then does what follows.
Task<bool> Connection::send(Then then) {
  sending_ = true;
  if (!send_now()) return send_rest(then);
  return sent(then);
}

// Behind what else has come: a whole answer, but not a stream's piece, which somebody reads as it is written.
Task<bool> Connection::send_in_turn(Then then) {
  sending_ = true;
  co_await home_.local.turn().at(Step::answer);
  co_return co_await send(then);
}

// The kernel takes no more for now.
Task<bool> Connection::send_rest(Then then) {
  do {
    wait_ = Wait::write;
    deadline_.set_after(home_.shared.options.limits.write_stall);
    co_await socket_.async_wait(Socket::wait_write, awaiting);
    deadline_.clear();
    wait_ = Wait::nothing;
  } while (!send_now());
  co_return sent(then);
}

bool Connection::sent(Then then) noexcept {
  sending_ = false;
  const bool good = !gone_ && !closed_;
  if (then != nullptr) (this->*then)(good);
  return good;
}

void Connection::piece_sent(bool sent) noexcept {
  ping_rest_.clear();
  if (sent && ping_every_.count() > 0) ping_at_.set_after(ping_every_);
}

void Connection::answer_sent(bool) noexcept {
  ping_rest_.clear();
  answer_ = Answer::done;
}

Task<bool> Connection::respond(int status, const AnswerFields& fields, std::string_view body) {
  if (!begin_answer()) return false;
  AnswerShape shape;
  shape.status = status;
  shape.close = last_;
  shape.sized = !has_no_body(status);
  shape.size = body.size();
  append_answer_head(head_out_, shape, home_.date.at(home_.local.clock().wall()), fields);
  head_sent_ = true;
  add(head_out_);
  if (!head_only_ && shape.sized) add(body);
  if (home_.local.turn().alone()) return send(&Connection::answer_sent);
  return send_in_turn(&Connection::answer_sent);
}

void Connection::start_stream(int status, const AnswerFields& fields) {
  if (!begin_answer() && answer_ != Answer::started) return;
  chunked_ = head_.version >= 11;
  if (!chunked_) last_ = true;
  AnswerShape shape;
  shape.status = status;
  shape.close = last_;
  shape.chunked = chunked_;
  shape.sized = false;
  append_answer_head(head_out_, shape, home_.date.at(home_.local.clock().wall()), fields);
  answer_ = Answer::streaming;
}

void Connection::add_chunk(std::string_view bytes, std::string_view after) {
  first_piece_ = piece_count_ = 0;
  ping_at_.clear();
  if (!head_sent_) {
    head_sent_ = true;
    add(head_out_);
  } else if (!head_out_.empty()) {
    std::string().swap(head_out_);  // sent with the first piece
  }
  add(ping_rest_);
  if (!head_only_) {
    if (chunked_ && !bytes.empty()) {
      char* end = std::to_chars(chunk_line_.data(), chunk_line_.data() + 16, bytes.size(), 16).ptr;
      *end++ = '\r';
      *end++ = '\n';
      const std::string_view line(chunk_line_.data(), static_cast<std::size_t>(end - chunk_line_.data()));
      add(line);
    }
    add(bytes);
    if (chunked_) add(after);
  }
}

Task<bool> Connection::write(std::string_view bytes) {
  if (answer_ != Answer::streaming || gone_) return false;
  if (bytes.empty()) return true;
  add_chunk(bytes, "\r\n");
  return send(&Connection::piece_sent);
}

void Connection::keep_alive(std::string_view comment, std::chrono::milliseconds every) noexcept {
  ping_ = comment;
  ping_every_ = every;
}

// Between two writes of a stream, so nothing of ours is half sent but an earlier ping.
void Connection::ping() noexcept {
  if (answer_ != Answer::streaming || sending_ || gone_ || closed_ || !head_sent_ || head_only_ ||
      !ping_rest_.empty())
    return;
  std::array<char, 96> line;
  const int size = chunked_ ? std::snprintf(line.data(), line.size(), "%zx\r\n%.*s\r\n", ping_.size(),
                                            static_cast<int>(ping_.size()), ping_.data())
                            : std::snprintf(line.data(), line.size(), "%.*s", static_cast<int>(ping_.size()),
                                            ping_.data());
  const std::string_view all(line.data(), static_cast<std::size_t>(size));
  const ssize_t sent = ::send(socket_.native_handle(), all.data(), all.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent > 0 && static_cast<std::size_t>(sent) < all.size())
    ping_rest_ = all.substr(static_cast<std::size_t>(sent));
  if (sent < 0 && errno != EAGAIN && errno != EINTR) {
    mark_gone();
    return;
  }
  ping_at_.set_after(ping_every_);
}

Task<bool> Connection::end_stream() {
  if (answer_ != Answer::streaming || gone_) return false;
  add_chunk({}, "0\r\n\r\n");
  return send(&Connection::answer_sent);
}

void Connection::abort() noexcept {
  // Without chunks the end of the connection is the end of the answer, so only a reset tells that it was cut.
  if (answer_ == Answer::streaming && !chunked_ && !closed_) {
    ErrorCode ignored;
    socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  }
  answer_ = Answer::aborted;
  close();
}

void Connection::mark_gone() noexcept {
  if (!exchanging_ || gone_) return;
  gone_ = true;
  half_close_.clear();
  if (GoneWatcher* watcher = std::exchange(watcher_, nullptr)) watcher->client_gone();
}

void Connection::watch(GoneWatcher* watcher) noexcept {
  watcher_ = watcher;
  if (watcher == nullptr) return;
  if (gone_ || closed_) {
    watcher_ = nullptr;
    watcher->client_gone();
  } else if (body_done_) {
    start_watching();
  }
}

void Connection::start_watching() noexcept {
  if (half_closed_ || closed_ || gone_) return;
  listen_on();
  // An end that came together with the request is looked for a little later.
  half_close_.set(started_ + half_close_check);
}

void Connection::listen_on() noexcept {
  ready_.notify([](void* self) noexcept { static_cast<Connection*>(self)->readable(); }, this);
}

void Connection::readable() noexcept {
  if (!exchanging_ || closed_ || gone_ || !body_done_) return;
  // The next request of a client that does not wait is taken in, up to a bound, so that the end behind it is
  // seen.
  if (in_.size() >= read_ahead) return;
  if (in_.empty()) in_.release();  // the answer may take minutes
  std::array<char, read_ahead / 4> come;
  const ssize_t count = ::recv(socket_.native_handle(), come.data(), come.size(), MSG_DONTWAIT);
  if (count > 0) {
    const auto size = static_cast<std::size_t>(count);
    std::memcpy(in_.prepare(size).data(), come.data(), size);
    in_.commit(size);
    if (size < come.size()) ready_.drained();
    listen_on();
    half_close_.set_after(half_close_check);
  } else if (count == 0) {
    half_closed_ = true;
    half_close_.set_after(half_close_grace);
  } else if (errno == EAGAIN || errno == EINTR) {
    ready_.drained();
    listen_on();
  } else {
    mark_gone();
  }
}

void Connection::check_half_closed() noexcept {
  if (!exchanging_ || gone_ || closed_) return;
  if (!half_closed_) return readable();
  if (!probed_) {
    probed_ = true;
    probe();
  } else {
    pollfd state{};
    state.fd = socket_.native_handle();
    if (::poll(&state, 1, 0) == 1 && (state.revents & (POLLERR | POLLHUP)) != 0) mark_gone();
  }
  if (!gone_) half_close_.set_after(half_close_check);
}

void Connection::probe() noexcept {
  if (sending_ || !ping_rest_.empty()) return;  // what is being sent is probe enough
  std::string_view nothing;
  if (!head_sent_ && head_.version >= 11) {
    nothing = "HTTP/1.1 100 Continue\r\n\r\n";
  } else if (head_sent_ && answer_ == Answer::streaming && chunked_ && !head_only_) {
    nothing = "0";
  } else {
    mark_gone();  // nothing can be said that means nothing: an end of file is an end
    return;
  }
  const ssize_t sent =
      ::send(socket_.native_handle(), nothing.data(), nothing.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent == static_cast<ssize_t>(nothing.size()) || (sent < 0 && errno == EAGAIN)) return;
  mark_gone();
}

}  // namespace freellmapi::net
