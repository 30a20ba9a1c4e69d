#include "net/upstream_call.hpp"

#include <array>
#include <utility>

#include "net/inflator.hpp"
#include "net/tunnel.hpp"

namespace freellmapi::net {

namespace {
constexpr std::size_t read_size = 8 * 1024;
constexpr std::size_t inflate_size = 16 * 1024;
constexpr int most_interim = 16;
constexpr std::size_t kept_head = 1024;  // what a call leaves to the next
}  // namespace

struct PooledCall::Inflating {
  explicit Inflating(Coding coding) : inflator(coding) {}

  Inflator inflator;
  std::string_view compressed;  // of the present piece, not inflated yet
  bool more = false;            // may be held by the inflator
  std::array<char, inflate_size> out;
};

std::string_view name(Fault fault) noexcept {
  switch (fault) {
    case Fault::resolve:
      return "resolve";
    case Fault::forbidden_address:
      return "forbidden_address";
    case Fault::connect:
      return "connect";
    case Fault::proxy:
      return "proxy";
    case Fault::tls:
      return "tls";
    case Fault::reset:
      return "reset";
    case Fault::truncated:
      return "truncated";
    case Fault::bad_response:
      return "bad_response";
    case Fault::too_large:
      return "too_large";
    case Fault::timeout_connect:
      return "timeout_connect";
    case Fault::timeout_first_byte:
      return "timeout_first_byte";
    case Fault::timeout_idle:
      return "timeout_idle";
    case Fault::timeout_total:
      return "timeout_total";
    case Fault::cancelled:
      return "cancelled";
  }
  return "unknown";
}

PooledCall::PooledCall(PooledClient& client, const Origin& origin, const Deadlines& deadlines, bool endless,
                       Canceller& canceller, base::Instant now)
    : client_(client),
      place_(client.enter(origin)),
      deadlines_(deadlines),
      line_(client.core(), canceller, deadlines.total, now),
      now_(now),
      endless_(endless) {}

PooledCall::~PooledCall() {
  give_back_room();
  if (head_.capacity() <= kept_head) head_.swap(client_.room().head);
  client_.leave(place_);
}

bool PooledCall::fail(Fault fault, std::string detail) {
  if (failed_) return false;
  failed_ = true;
  error_.fault = line_.stopped().value_or(fault);
  error_.detail = std::move(detail);
  error_.unsent = !sending_;
  let_go();
  return false;
}

void PooledCall::let_go() noexcept {
  line_.no_phase();
  line_.guard(static_cast<Stream*>(nullptr));
  stream_.reset();
}

void PooledCall::cancel() noexcept { line_.stop(Fault::cancelled); }

std::string_view PooledCall::get(std::string_view lower_name) const noexcept {
  for (const Field& field : head_.fields()) {
    if (field.name == lower_name) return field.value;
  }
  return {};
}

bool PooledCall::begin(const OutgoingRequest& request) {
  if (line_.stopped() || request.over == Over::fresh) return false;
  stream_ = client_.take(place_, now_);
  if (!stream_) return false;
  reused_ = true;
  line_.guard(stream_.get());
  return true;
}

Task<bool> PooledCall::dial(const OutgoingRequest& request) {
  if (line_.stopped()) co_return fail(Fault::cancelled, "cancelled before it began");
  line_.phase(Fault::timeout_connect, deadlines_.connect, now_);
  delayed(request);
  CallError dialled;
  stream_ = co_await client_.dialler().dial(origin(), line_, dialled);
  if (!stream_) co_return fail(dialled.fault, std::move(dialled.detail));
  now_ = client_.core().clock().steady();
  client_.dialled(*stream_);
  line_.guard(stream_.get());
  co_return true;
}

bool PooledCall::goes_on_fresh(const OutgoingRequest& request) {
  if (!reused_ || error_.fault != Fault::reset || line_.stopped()) return false;
  error_.kept = request.over == Over::kept_once;
  if (error_.kept) return false;
  reused_ = failed_ = sent_all_ = false;
  error_ = CallError();
  in_.release();
  now_ = client_.core().clock().steady();
  return true;
}

void PooledCall::delayed(const OutgoingRequest& request) {
  if (request.departure == nullptr || delayed_) return;
  delayed_ = true;
  request.departure->delayed();
}

bool PooledCall::await_answer(const OutgoingRequest& request, bool sent_all) {
  sent_all_ = sent_all;
  to_head_ = request.method == "HEAD";
  scan_ = {};
  interim_ = 0;
  if (delayed_) request.departure->sent();
  if (line_.stopped()) return fail(*line_.stopped(), "while sending");
  line_.phase(Fault::timeout_first_byte, deadlines_.first_byte, now_);
  return true;
}

// Whether the proxy wants the whole address in the request, and what it wants to see of us.
bool PooledCall::through_plain_proxy(std::string& credentials) const {
  const auto proxy = parse_proxy_url(origin().proxy);
  if (!proxy || proxy->kind != ProxyUrl::Kind::http || origin().tls) return false;
  if (proxy->has_user) credentials = basic_credentials(*proxy);
  return true;
}

Task<bool> PooledCall::send(const OutgoingRequest& request) {
  if (line_.stopped()) return false;
  std::string credentials;
  const bool absolute = !origin().proxy.empty() && through_plain_proxy(credentials);
  std::unique_ptr<Sending>& sending = client_.room().sending;
  if (!sending) sending = std::make_unique<Sending>();
  sending->begin(place_.second.lines, request, absolute, credentials);
  sending_ = true;
  const std::optional<IoResult> now = stream_->write_now(sending->left());
  if (!now || goes_on(*now, *sending, request)) return send_rest(request, std::move(sending));
  sending->end();
  return now->end == IoEnd::good;
}

Task<bool> PooledCall::send_rest(const OutgoingRequest& request, std::unique_ptr<Sending> rest) {
  IoEnd end = IoEnd::good;
  bool on = true;
  while (on) {
    line_.phase(Fault::timeout_idle, deadlines_.idle, now_);
    const IoResult result = co_await stream_->write_some(rest->left());
    now_ = client_.core().clock().steady();
    on = goes_on(result, *rest, request);
    end = result.end;
  }
  rest->end();
  if (!client_.room().sending) client_.room().sending = std::move(rest);
  co_return end == IoEnd::good;
}

bool PooledCall::goes_on(const IoResult& result, Sending& sending, const OutgoingRequest& request) {
  sending.sent(result.count);
  if (sending.left().empty()) return false;
  delayed(request);
  return result.end == IoEnd::good;
}

void PooledCall::expect() {
  const bool by_end = answered_ && plan_.body.kind == BodyPlan::Kind::until_close;
  if (by_end || (!answered_ && !in_.empty())) stream_->suspect();
}

Readiness::Wait PooledCall::more() {
  if (in_.empty()) give_back_room();  // a provider may think for minutes
  return stream_->more();
}

std::span<char> PooledCall::room_to_read() {
  if (in_.capacity() == 0) std::swap(in_, client_.room().in);
  return in_.prepare(read_size);
}

void PooledCall::give_back_room() noexcept {
  in_.consume(in_.size());
  if (in_.capacity() == 0) return;
  if (in_.capacity() <= read_size && client_.room().in.capacity() == 0) std::swap(in_, client_.room().in);
  in_.release();
}

Task<std::optional<bool>> PooledCall::receive() {
  const std::span<char> room = room_to_read();
  const std::optional<IoResult> got = stream_->try_read(room.data(), room.size());
  if (got) return std::optional(received(*got));
  if (!stream_->dry()) return receive_waiting();
  return std::optional<bool>();
}

// TLS has something to say before it reads on.
Task<std::optional<bool>> PooledCall::receive_waiting() {
  const std::span<char> room = room_to_read();
  const IoResult result = co_await stream_->read_some(room.data(), room.size());
  co_return received(result);
}

// False: see receive(). A peer that ended legally has not failed_.
bool PooledCall::received(const IoResult& result) {
  in_.commit(result.count);
  if (line_.stopped()) return fail(*line_.stopped(), "while waiting for the answer");
  if (result.end == IoEnd::good) return true;
  if (result.end == IoEnd::broken) {
    const bool untouched = !answered_ && in_.empty() && interim_ == 0;
    std::string reason = stream_->reason();
    fail(untouched ? Fault::reset : Fault::truncated, std::move(reason));
  }
  return false;
}

std::optional<bool> PooledCall::look_for_head() {
  for (; interim_ <= most_interim; ++interim_) {
    if (in_.empty()) return std::nullopt;
    std::vector<Field>& fields = client_.room().fields;
    // Nearly every head comes whole and is sound: one walk over it. What else it may be is told otherwise.
    const bool whole = scan_.fresh() && parse_response_head(in_.bytes(), to_head_, fields, plan_).empty() &&
                       plan_.head_size <= client_.options().head_bytes;
    if (!whole) {
      const std::optional<bool> read = read_head();
      if (!read || !*read) return read;
    }
    scan_ = {};
    keep_head();
    if (!judge_head()) return false;
    if (plan_.status < 200) continue;
    answered_ = true;
    line_.no_phase();
    return true;
  }
  return fail(Fault::bad_response, "too many interim answers");
}

bool PooledCall::cut_in_head() {
  const bool untouched = in_.empty() && interim_ == 0;
  return fail(untouched ? Fault::reset : Fault::truncated, "closed before the end of the head");
}

std::optional<bool> PooledCall::read_head() {
  const HeadScan::State state = scan_.look(in_.view());
  if (state == HeadScan::State::bad) return fail(Fault::bad_response, "the head is not valid HTTP/1.1");
  const std::size_t size = state == HeadScan::State::whole ? scan_.length() : in_.size();
  if (size > client_.options().head_bytes) return fail(Fault::too_large, "the head is too large");
  if (state == HeadScan::State::more) return std::nullopt;
  const std::string_view fault =
      parse_response_head(in_.bytes().first(size), to_head_, client_.room().fields, plan_);
  if (!fault.empty()) return fail(Fault::bad_response, std::string(fault));
  return true;
}

// What was read of the head goes with its bytes.
void PooledCall::keep_head() {
  if (head_.capacity() == 0) head_.swap(client_.room().head);
  head_.keep(in_.view().substr(0, plan_.head_size), client_.room().fields);
  in_.consume(plan_.head_size);
}

bool PooledCall::judge_head() {
  if (plan_.status == 101) return fail(Fault::bad_response, "it switched protocols, which nobody asked for");
  if (plan_.status == 407 && !origin().proxy.empty())
    return fail(Fault::proxy, "the proxy wants authentication");
  if (plan_.status < 200) return true;
  if (!endless_ && plan_.body.length > client_.options().body_bytes) {
    return fail(Fault::too_large, "the body is too large");
  }
  decoder_.begin(plan_.body);
  if (plan_.coding != Coding::identity) inflating_ = std::make_unique<Inflating>(plan_.coding);
  return true;
}

// The body is whole: the connection goes back if nothing speaks against it.
std::optional<std::string_view> PooledCall::end() {
  if (inflating_ && decoder_.announced() != 0 && !inflating_->inflator.finished()) {
    fail(Fault::truncated, "the compressed body is cut");
    return std::nullopt;
  }
  over_ = true;
  line_.no_phase();
  line_.guard(static_cast<Stream*>(nullptr));
  if (plan_.keep_alive && sent_all_ && in_.empty() && !line_.stopped()) {
    ++stream_->uses;
    client_.give_back(place_, std::move(stream_));
  }
  stream_.reset();
  return std::string_view{};
}

// Some of `payload`, or nothing when it is used up or damaged (failed_).
std::optional<std::string_view> PooledCall::inflate(std::string_view payload) {
  Inflating& its = *inflating_;
  const Inflator::Step step = its.inflator.step(payload, its.out);
  its.compressed = payload.substr(step.consumed);
  its.more = step.produced == its.out.size();  // zlib may hold more than fitted
  if (step.damaged) {
    fail(Fault::bad_response, "the compressed body is damaged");
    return std::nullopt;
  }
  if (step.produced == 0) {
    its.compressed = {};
    return std::nullopt;
  }
  return std::string_view(its.out.data(), step.produced);
}

// What can be given out of the bytes at hand; nothing: more are needed, or the call has failed.
std::optional<std::string_view> PooledCall::decode() {
  for (;;) {
    std::optional<std::string_view> out;
    if (inflating_ && (inflating_->more || !inflating_->compressed.empty())) {
      out = inflate(inflating_->compressed);
    } else {
      in_.consume(std::exchange(used_, 0));
      const BodyDecoder::Step step = decoder_.step(in_.view());
      if (step.state == BodyDecoder::State::payload) {
        used_ = step.consumed;
        out = inflating_ ? inflate(step.payload) : step.payload;
      } else {
        in_.consume(step.consumed);
        if (step.state == BodyDecoder::State::end) return end();
        if (step.state == BodyDecoder::State::bad) fail(Fault::bad_response, std::string(decoder_.fault()));
        return std::nullopt;
      }
    }
    if (failed_) return std::nullopt;
    if (!out) continue;
    body_ += out->size();
    if (!endless_ && body_ > client_.options().body_bytes) {
      fail(Fault::too_large, "the body is too large");
      return std::nullopt;
    }
    return out;
  }
}

// An end that has come with the last of the body counts at once: the connection need not wait for whoever
// reads, who may leave at the end that he knows. What was given out last stays where it is.
void PooledCall::look_for_end() {
  if (inflating_ || (!decoder_.ended() && in_.size() == used_)) return;
  BodyDecoder next = decoder_;
  const BodyDecoder::Step step = next.step(in_.view().substr(used_));
  if (step.state != BodyDecoder::State::end) return;
  in_.consume(std::exchange(used_, 0) + step.consumed);
  end();
}

bool PooledCall::at_hand() const noexcept {
  // What compressed bytes will give cannot be told before.
  if (failed_ || inflating_) return false;
  if (over_) return true;
  // What is here may be framing alone.
  BodyDecoder next = decoder_;
  const BodyDecoder::State state = next.step(in_.view().substr(used_)).state;
  return state == BodyDecoder::State::payload || state == BodyDecoder::State::end;
}

Task<std::optional<std::string_view>> PooledCall::read() {
  if (over_) return std::optional(std::string_view());
  if (!failed_ && line_.stopped()) fail(*line_.stopped(), "while reading the body");
  if (failed_) return std::optional<std::string_view>();
  std::optional<std::string_view> piece = decode();
  if (!piece && !failed_) return read_on();
  if (piece && !over_) look_for_end();
  return piece;
}

Task<std::optional<std::string_view>> PooledCall::read_on() {
  std::optional<std::string_view> piece;
  while (!piece && !failed_) {
    line_.phase(Fault::timeout_idle, deadlines_.idle, client_.core().clock().steady());
    expect();
    std::optional<bool> come;
    while (!come) {
      while (idles()) co_await more();
      come = co_await receive();
    }
    line_.no_phase();
    if (*come) {
      piece = decode();
      if (piece && !over_) look_for_end();
    } else if (!failed_ && decoder_.finish()) {
      piece = end();
    } else if (!failed_) {
      fail(Fault::truncated, "closed inside the body");
    }
  }
  co_return piece;
}

}  // namespace freellmapi::net
