// What is remembered of a request: sizes, timings and the route; never a prompt or an answer.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace freellmapi::relay {

/// Filled while the request runs, written once when it ends: one log line now, one row in the store.
struct Record {
  std::string request_id;
  bool id_is_ours = false;   ///< request_id is none of the client's making
  std::string_view surface;  ///< "openai.chat"; static storage
  int status = 0;            ///< as sent; 499 when the client left before an answer
  std::string code;          ///< of the error, or of what ended a stream early; "" when all went well
  std::string asked;         ///< the model name of the request
  std::string_view provider, model, key;  ///< who answered; key: its label. Of what `kept` keeps, as the next
  std::string_view routed;                ///< "provider/model"
  std::size_t attempts = 0;               ///< failed ones before the answer
  std::string trail;
  bool streamed = false;
  std::uint64_t input_tokens = 0, output_tokens = 0;
  std::uint64_t request_bytes = 0, response_bytes = 0;
  std::uint32_t surface_number = 0, provider_number = 0;  ///< relay::Meter's
  std::chrono::microseconds admitted{0};  ///< from the head's arrival to the end of the key's check
  std::optional<std::chrono::microseconds> first_token;  ///< from the head's arrival
  std::optional<std::chrono::microseconds> decided;  ///< the router's own time before the first attempt left
  std::string decision;                              ///< what `explain` replays, at most 64 KiB; bytes
  std::shared_ptr<const void> kept;                  ///< outlives the views
};

/// Where records go when their request has ended.
class RecordSink {
 public:
  virtual ~RecordSink() = default;
  /// On any core; never waits. `total` is from the head's arrival to the answer's end.
  virtual void keep(const Record& record, base::WallTime at, std::chrono::microseconds total) noexcept = 0;
};

}  // namespace freellmapi::relay
