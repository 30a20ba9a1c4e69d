// One request to a provider over one connection, twice at most.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/body_decoder.hpp"
#include "net/byte_buffer.hpp"
#include "net/inflator.hpp"
#include "net/lifeline.hpp"
#include "net/pool.hpp"
#include "net/response_head.hpp"

namespace freellmapi::net {

class PooledCall final : public UpstreamCall {
 public:
  PooledCall(PooledClient& client, const Origin& origin, const Deadlines& deadlines, bool endless,
             Canceller& canceller);
  ~PooledCall() override;

  /// Sends, and waits for the head. False: error() says why.
  Task<bool> begin(const OutgoingRequest& request);

  int status() const noexcept override { return plan_.status; }
  std::span<const Field> fields() const noexcept override { return fields_; }
  std::string_view get(std::string_view lower_name) const noexcept override;
  Task<std::optional<std::string_view>> read() override;
  const CallError& error() const noexcept override { return error_; }
  void hurry(std::chrono::milliseconds idle) noexcept override { deadlines_.idle = idle; }
  void cancel() noexcept override;
  bool reused() const noexcept override { return reused_; }

 private:
  Task<bool> attempt(const OutgoingRequest& request);
  void delayed(const OutgoingRequest& request);
  Task<bool> send(const OutgoingRequest& request);
  Task<bool> read_head(const OutgoingRequest& request);
  Task<bool> receive();
  bool take_head(bool to_head);
  std::optional<std::string_view> decode();
  std::optional<std::string_view> inflate(std::string_view payload);
  std::optional<std::string_view> end();
  bool fail(Fault fault, std::string detail);
  void let_go() noexcept;

  PooledClient& client_;
  const Origin origin_;
  Deadlines deadlines_;
  const bool endless_;
  Lifeline line_;
  std::unique_ptr<Stream> stream_;
  CallError error_;
  bool failed_ = false, reused_ = false, sending_ = false, sent_all_ = false, answered_ = false,
       over_ = false;
  bool delayed_ = false;

  ByteBuffer in_;
  std::string head_;
  std::vector<Field> fields_;
  ResponsePlan plan_;
  BodyDecoder decoder_;
  std::unique_ptr<Inflator> inflator_;  // few bodies need one
  std::unique_ptr<char[]> inflated_;
  std::string_view compressed_;  // of the present piece, not inflated yet
  bool inflate_more_ = false;
  std::uint64_t body_ = 0;  // bytes given out
  std::size_t used_ = 0;    // of in_, by what was given out last
};

}  // namespace freellmapi::net
