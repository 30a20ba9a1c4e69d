// The side of a surface that the relay sees: events in, bytes of the surface's dialect out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "chat/event.hpp"
#include "net/answer_fields.hpp"

namespace freellmapi::relay {

/// What is known of the route when the answer begins. The texts are the request's record's and its policy's.
struct Route {
  std::string_view request_id;
  bool id_is_ours = false;           ///< no other request has it
  std::string_view provider, model;  ///< as the policy names them
  base::WallTime created{};
};

/// Why a candidate did not serve the request.
struct Detail {
  std::string provider, model, key;  ///< key: its label
  std::string reason;                ///< no_tools, rate_limited, quota_full, ...
  std::optional<base::WallTime> free_at;
  std::string rule{};  ///< for quota: "1000 requests per day"
};

/// Why there is no answer, or no end to one. Texts are redacted.
struct Failure {
  int status = 502;
  std::string type;  ///< OpenAI's error types
  std::string code;
  std::string message;
  std::optional<std::string> param;
  std::optional<std::uint64_t> retry_after_seconds;
  std::vector<Detail> details;  ///< at most 64
};

/// A finished head and body.
struct Reply {
  int status = 200;
  net::AnswerFields fields;  ///< content-type among them
  std::string body;
};

/// One per request; called on the request's core, in order: begin, event*, then finish or failed. For a
/// non-streamed request: whole() or failure() alone.
class Encoder {
 public:
  virtual ~Encoder() = default;

  // ---- not streamed
  virtual std::string_view whole_content_type() const noexcept = 0;
  /// Appends the body.
  virtual void whole(const Route& route, const chat::Answer& answer, std::string& out) = 0;
  /// Also for streams, before the commit point.
  virtual Reply failure(const std::string& request_id, const Failure& failure) = 0;

  // ---- streamed: each appends to `out`
  virtual std::string_view stream_content_type() const noexcept = 0;
  virtual void begin(const Route& route, std::string& out) = 0;
  virtual void event(const chat::Event& event, std::string& out) = 0;
  /// Another leg goes on with the answer from here: a note that no client takes for a piece of it, or
  /// nothing.
  virtual void continued(const Route& route, std::string& out) {
    static_cast<void>(route), static_cast<void>(out);
  }
  /// The legal end: one finish reason, usage when asked for, the end mark.
  virtual void finish(chat::Finish finish, const chat::Usage& usage, std::string& out) = 0;
  /// After the commit point: an error event; the stream then ends without its end mark.
  virtual void failed(const std::string& request_id, const Failure& failure, std::string& out) = 0;
  /// What keeps a waiting client alive between two events; static storage, at most 64 bytes.
  virtual std::string_view ping() const noexcept = 0;
};

}  // namespace freellmapi::relay
