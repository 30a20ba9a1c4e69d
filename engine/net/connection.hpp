// One client connection: requests in, answers out, one after another.
#pragma once

#include <sys/uio.h>

#include <array>
#include <exception>
#include <memory>
#include <optional>
#include <string>

#include "net/asio.hpp"
#include "net/body_decoder.hpp"
#include "net/byte_buffer.hpp"
#include "net/deadline.hpp"
#include "net/head_scan.hpp"
#include "net/inflator.hpp"
#include "net/kept_head.hpp"
#include "net/readiness.hpp"
#include "net/request_head.hpp"
#include "net/server_core.hpp"

namespace freellmapi::net {

/// Lives on its core, kept alive by its own coroutine.
///
/// Whether the client is still there while an answer is being made: the socket's readiness is listened to
/// beside the handler. A reset is certain. An end of file is not: it may be half a close by a client that
/// still reads. So after a short grace the server sends something that means nothing (100 Continue before the
/// head, a leading zero of the next chunk size within a stream): a client that is gone answers with a reset.
class Connection final : public Exchange {
 public:
  Connection(ServerCore& home, Socket socket, std::string peer);
  ~Connection() override;

  /// Serves until the connection is over.
  static Task<void> run(std::shared_ptr<Connection> self);
  /// A drain has begun: nothing more is awaited from an idle client.
  void close_if_idle() noexcept;
  /// Ends whatever goes on.
  void force_close() noexcept;
  /// The next open connection of the core.
  Connection* next() const noexcept { return next_; }

  const RequestHead& head() const noexcept override { return head_; }
  base::Instant started() const noexcept override { return started_; }
  std::string_view peer() const noexcept override { return peer_; }
  Task<base::Result<std::string*>> read_body() override;
  const BodyRefusal& refusal() const noexcept override { return body_refusal_; }
  Task<bool> respond(int status, const AnswerFields& fields, std::string_view body) override;
  void start_stream(int status, const AnswerFields& fields) override;
  Task<bool> write(std::string_view bytes) override;
  Task<bool> end_stream() override;
  void keep_alive(std::string_view comment, std::chrono::milliseconds every) noexcept override;
  void abort() noexcept override;
  bool gone() const noexcept override { return gone_; }
  void watch(GoneWatcher* watcher) noexcept override;

 private:
  enum class Wait : std::uint8_t { nothing, first_head, head, idle, body, write, linger };
  enum class HeadEnd { ready, closed, refused };
  enum class Answer : std::uint8_t { none, started, streaming, done, aborted };

  // connection.cpp
  Task<void> serve();
  void begin_head();
  std::optional<HeadEnd> read_head();
  std::optional<HeadEnd> look_for_head();
  HeadEnd refused(int status, std::string_view code, std::string_view message);
  void take_head();
  Task<void> answer_request();
  Task<void> give_up(std::exception_ptr failure);
  Task<void> refuse(const Refusal& refusal);
  Task<void> linger();
  Task<std::size_t> read_some(char* to, std::size_t room);
  std::optional<std::size_t> receive();
  std::optional<std::size_t> try_read(char* to, std::size_t room) noexcept;
  void give_memory_back() noexcept;
  void deadline_passed() noexcept;
  void close() noexcept;

  // connection_body.cpp
  bool may_read_body();
  /// Takes what has come of the body. True: it is whole, or was refused.
  bool take_what_came();
  Task<void> fill_body();
  Task<base::Result<std::string*>> await_body(bool asked_for);
  void end_body();
  base::Result<std::string*> body_or_error();
  bool take_body(std::string_view in, std::size_t& consumed);
  bool append_body(std::string_view payload);
  void refuse_body(int status, std::string_view code, std::string_view message);
  void body_deadline();
  void skip_buffered_body();

  // connection_write.cpp
  bool begin_answer();
  bool closes() const noexcept;
  void add(std::string_view piece) noexcept;
  /// What the kernel takes now. False: it takes no more, and something is left.
  bool send_now() noexcept;
  using Then = void (Connection::*)(bool sent) noexcept;
  Task<bool> send(Then then);
  Task<bool> send_in_turn(Then then);
  Task<bool> send_rest(Then then);
  bool sent(Then then) noexcept;
  void piece_sent(bool sent) noexcept;
  void answer_sent(bool sent) noexcept;
  void add_chunk(std::string_view bytes, std::string_view after);
  void mark_gone() noexcept;
  void start_watching() noexcept;
  void listen_on() noexcept;
  void readable() noexcept;
  void check_half_closed() noexcept;
  void probe() noexcept;
  void ping() noexcept;

  ServerCore& home_;
  Socket socket_;
  Readiness ready_;
  const std::string peer_;
  Connection *before_ = nullptr, *next_ = nullptr;

  // reading
  ByteBuffer in_;
  HeadScan scan_;
  KeptHead kept_head_;
  RequestHead head_;
  RequestPlan plan_;
  std::unique_ptr<Refusal> refusal_;  // of the head
  base::Instant started_{};

  // the body
  BodyDecoder decoder_;
  std::unique_ptr<Inflator> inflator_;  // few bodies need one
  std::string body_;
  BodyRefusal body_refusal_;
  base::Instant body_started_{};
  std::uint64_t body_received_ = 0;

  // the answer
  std::string head_out_;
  std::array<iovec, 5> pieces_{};
  std::string_view ping_;
  std::chrono::milliseconds ping_every_{0};
  std::string ping_rest_;  // of a ping the kernel took in part
  Deadline ping_at_;

  // the client
  GoneWatcher* watcher_ = nullptr;
  Deadline half_close_;

  Deadline deadline_;
  // What takes little room stands together.
  std::array<char, 20> chunk_line_{};
  std::uint8_t first_piece_ = 0, piece_count_ = 0;
  Wait wait_ = Wait::nothing;
  Answer answer_ = Answer::none;
  bool served_before_ = false, skipped_line_ = false;
  bool body_done_ = false;
  bool chunked_ = false, head_only_ = false, last_ = false;
  bool head_sent_ = false, sending_ = false;
  bool exchanging_ = false, gone_ = false, half_closed_ = false, probed_ = false;
  bool timed_out_ = false, closed_ = false;
  bool looked_ = false;  // of an idle connection: for an end that came together with its last request
};

}  // namespace freellmapi::net
