// One request to a provider over one connection, twice at most.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "net/body_decoder.hpp"
#include "net/byte_buffer.hpp"
#include "net/head_scan.hpp"
#include "net/kept_head.hpp"
#include "net/lifeline.hpp"
#include "net/pool.hpp"
#include "net/response_head.hpp"

namespace freellmapi::net {

class PooledCall final : public UpstreamCall {
 public:
  PooledCall(PooledClient& client, const Origin& origin, const Deadlines& deadlines, bool endless,
             Canceller& canceller, base::Instant now);
  ~PooledCall() override;

  // The steps to an answer. Each tells whether the next can be made; if not, error() says why.

  /// Takes a kept connection, if there is one.
  bool begin(const OutgoingRequest& request);
  /// Makes a connection.
  Task<bool> dial(const OutgoingRequest& request);
  /// Sends what can be sent. False: that was not all.
  Task<bool> send(const OutgoingRequest& request);
  bool await_answer(const OutgoingRequest& request, bool sent_all);
  /// Looks at what has come. Nothing: expect() more, and receive() it.
  std::optional<bool> look_for_head();
  /// Before a receive(): an end that was not told of is to be looked for.
  void expect();
  /// Nothing has come: more() is to be awaited before receive(), so that no memory waits.
  bool idles() const { return stream_->dry(); }
  Readiness::Wait more();
  /// One read. Nothing: nothing has come after all. False: the call has failed, or the peer ended legally.
  Task<std::optional<bool>> receive();
  /// After a receive() that gave nothing: says so.
  bool cut_in_head();
  /// After a failure: the kept connection was dead, which is nobody's failure, and a new one may do better.
  bool goes_on_fresh(const OutgoingRequest& request);

  int status() const noexcept override { return plan_.status; }
  std::span<const Field> fields() const noexcept override { return head_.fields(); }
  std::string_view get(std::string_view lower_name) const noexcept override;
  Task<std::optional<std::string_view>> read() override;
  bool at_hand() const noexcept override;
  bool ended() const noexcept override { return over_; }
  const CallError& error() const noexcept override { return error_; }
  void hurry(std::chrono::milliseconds idle) noexcept override { deadlines_.idle = idle; }
  void cancel() noexcept override;
  bool reused() const noexcept override { return reused_; }

 private:
  struct Inflating;

  void delayed(const OutgoingRequest& request);
  const Origin& origin() const noexcept { return place_.first; }
  bool through_plain_proxy(std::string& credentials) const;
  Task<bool> send_rest(const OutgoingRequest& request, std::unique_ptr<Sending> rest);
  /// What a write took. True: more is to be sent, and can be.
  bool goes_on(const IoResult& result, Sending& sending, const OutgoingRequest& request);
  std::span<char> room_to_read();
  void give_back_room() noexcept;
  Task<std::optional<bool>> receive_waiting();
  bool received(const IoResult& result);
  Task<std::optional<std::string_view>> read_on();
  /// Finds the end of the head and reads it. Nothing: it has not come.
  std::optional<bool> read_head();
  bool judge_head();
  void keep_head();
  std::optional<std::string_view> decode();
  std::optional<std::string_view> inflate(std::string_view payload);
  std::optional<std::string_view> end();
  void look_for_end();
  bool fail(Fault fault, std::string detail);
  void let_go() noexcept;

  PooledClient& client_;
  PooledClient::Place& place_;
  Deadlines deadlines_;
  Lifeline line_;
  std::unique_ptr<Stream> stream_;
  CallError error_;
  base::Instant now_;  ///< when it last went on after a wait

  ByteBuffer in_;
  HeadScan scan_;
  KeptHead head_;
  ResponsePlan plan_;
  BodyDecoder decoder_;
  std::unique_ptr<Inflating> inflating_;  // few bodies need one
  std::uint64_t body_ = 0;                // bytes given out
  std::size_t used_ = 0;                  // of in_, by what was given out last

  int interim_ = 0;  // heads that were none
  const bool endless_;
  bool to_head_ = false;
  bool failed_ = false, reused_ = false, sending_ = false, sent_all_ = false, answered_ = false,
       over_ = false;
  bool delayed_ = false;
};

}  // namespace freellmapi::net
