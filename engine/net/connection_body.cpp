// Reading the body of a request.
#include <algorithm>

#include "net/connection.hpp"

namespace freellmapi::net {

namespace {
constexpr std::size_t spare = 64;               // what a vectorised reader may look at behind the end
constexpr std::size_t first_reserve = 1 << 20;  // a declared length is not believed beyond this
constexpr std::size_t least_room = 64 * 1024;
constexpr std::size_t inflate_piece = 16 * 1024;
constexpr std::string_view continue_line = "HTTP/1.1 100 Continue\r\n\r\n";
}  // namespace

void Connection::refuse_body(int status, std::string_view code, std::string_view message) {
  body_refusal_.status = status;
  body_refusal_.code = code;
  body_refusal_.message = message;
  last_ = true;
}

// What the head alone tells.
bool Connection::may_read_body() {
  const std::size_t limit = home_.shared.options.limits.body_bytes;
  const auto coding = parse_coding(head_.get("content-encoding"));
  if (!coding || head_.count("content-encoding") > 1) {
    refuse_body(415, "unsupported_encoding", "Content-Encoding must be gzip, deflate or identity");
    return false;
  }
  if (decoder_.announced() > limit) {
    refuse_body(413, "request_too_large", "the body is larger than this server accepts");
    return false;
  }
  if (*coding != Coding::identity && head_.has_body) inflator_ = std::make_unique<Inflator>(*coding);
  return true;
}

void Connection::body_deadline() {
  const std::chrono::milliseconds earned{body_received_ * 1000 / 1024};
  deadline_.set(body_started_ + home_.shared.options.limits.body_grace + earned);
}

bool Connection::append_body(std::string_view payload) {
  const std::size_t limit = home_.shared.options.limits.body_bytes;
  if (!inflator_) {
    if (payload.size() > limit - body_.size()) {
      refuse_body(413, "request_too_large", "the body is larger than this server accepts");
      return false;
    }
    body_.append(payload);
    return true;
  }
  std::array<char, inflate_piece> piece;
  for (;;) {
    const Inflator::Step step = inflator_->step(payload, piece);
    if (step.damaged) {
      refuse_body(415, "unsupported_encoding", "the compressed body is damaged");
      return false;
    }
    if (step.produced > limit - body_.size()) {
      refuse_body(413, "request_too_large", "the body is larger than this server accepts");
      return false;
    }
    body_.append(piece.data(), step.produced);
    payload.remove_prefix(step.consumed);
    if (step.consumed == 0 && step.produced == 0) return true;
  }
}

// Decodes what has arrived. False: the body was refused.
bool Connection::take_body(std::string_view in, std::size_t& consumed) {
  for (;;) {
    const BodyDecoder::Step step = decoder_.step(in.substr(consumed));
    consumed += step.consumed;
    if (step.state == BodyDecoder::State::bad) {
      refuse_body(400, "bad_framing", decoder_.fault());
      return false;
    }
    if (decoder_.announced() > home_.shared.options.limits.body_bytes) {
      refuse_body(413, "request_too_large", "the body is larger than this server accepts");
      return false;
    }
    if (step.state != BodyDecoder::State::payload) return true;
    if (!append_body(step.payload)) return false;
    if (decoder_.ended()) return true;
  }
}

bool Connection::take_what_came() {
  std::size_t consumed = 0;
  const bool good = take_body(in_.view(), consumed);
  in_.consume(consumed);
  return !good || decoder_.ended();
}

Task<void> Connection::fill_body() {
  const bool direct = !inflator_ && plan_.body.kind == BodyPlan::Kind::length;
  std::size_t held = body_.size();
  while (!take_what_came()) {
    body_deadline();
    ready_.suspect();
    std::size_t count = 0;
    if (direct) {
      // Straight into the body: nothing of the next request can be behind it. Room is made for as much again
      // as has come: memory follows what is sent, and not what was announced.
      if (held == body_.size())
        body_.resize(held + std::min<std::size_t>(std::max(least_room, held), decoder_.remaining()));
      count = co_await read_some(body_.data() + held, body_.size() - held);
      decoder_.step({body_.data() + held, count});
      held += count;
      if (decoder_.ended()) co_return;
    } else {
      const std::span<char> room = in_.prepare(inflate_piece);
      count = co_await read_some(room.data(), room.size());
      in_.commit(count);
    }
    body_received_ += count;
    if (count != 0) continue;
    if (timed_out_) {
      refuse_body(408, "request_timeout", "the body came too slowly");
    } else {
      refuse_body(400, "bad_framing", "the connection ended inside the body");
    }
    co_return;
  }
}

// Most bodies have come with their head.
Task<base::Result<std::string*>> Connection::read_body() {
  if (body_done_ || body_refusal_.status != 0 || !may_read_body()) return body_or_error();
  const std::size_t likely = std::min<std::size_t>(decoder_.announced(), first_reserve);
  body_.reserve(likely + spare);
  timed_out_ = false;
  const bool asked_for = plan_.expects_continue && in_.empty();
  if (asked_for || !take_what_came()) return await_body(asked_for);
  end_body();
  return body_or_error();
}

Task<base::Result<std::string*>> Connection::await_body(bool asked_for) {
  bool told = true;
  if (asked_for) {
    first_piece_ = piece_count_ = 0;
    add(continue_line);
    told = co_await send(nullptr);
    timed_out_ = false;
  }
  if (told) {
    wait_ = Wait::body;
    body_started_ = home_.local.clock().steady();
    body_received_ = 0;
    co_await fill_body();
    deadline_.clear();
    wait_ = Wait::nothing;
  } else {
    refuse_body(400, "bad_framing", "the client is gone");
  }
  end_body();
  co_return body_or_error();
}

void Connection::end_body() {
  if (body_refusal_.status == 0 && inflator_ && !inflator_->finished()) {
    refuse_body(415, "unsupported_encoding", "the compressed body is cut");
  }
  body_done_ = body_refusal_.status == 0;
  timed_out_ = false;
  inflator_.reset();
  if (body_done_ && watcher_ != nullptr) start_watching();
}

base::Result<std::string*> Connection::body_or_error() {
  if (body_refusal_.status != 0) {
    base::Errc code = base::Errc::protocol;
    if (body_refusal_.status == 413) code = base::Errc::limit;
    if (body_refusal_.status == 408) code = base::Errc::timeout;
    return base::Error(code, body_refusal_.message);
  }
  if (body_.capacity() - body_.size() < spare) body_.reserve(body_.size() + spare);
  return &body_;
}

// A handler may answer without having read the body. If the body is here already the connection can be kept.
void Connection::skip_buffered_body() {
  if (body_done_ || body_refusal_.status != 0) return;
  std::size_t consumed = 0;
  for (;;) {
    const BodyDecoder::Step step = decoder_.step(in_.view().substr(consumed));
    consumed += step.consumed;
    if (step.state == BodyDecoder::State::payload) continue;
    if (step.state == BodyDecoder::State::end) {
      body_done_ = true;
    } else {
      last_ = true;
    }
    break;
  }
  in_.consume(consumed);
}

}  // namespace freellmapi::net
