// Answers in the words of OpenAI's chat completions, whole and as a stream.
#pragma once

#include <string>
#include <string_view>

#include "relay/encoder.hpp"

namespace freellmapi::surfaces::openai {

/// Every event becomes one line of server-sent events, made anew: nothing of a provider's line is passed on
/// but texts, which are escaped, and JSON values that the assembler has checked.
class ChatEncoder final : public relay::Encoder {
 public:
  /// `include_usage`: the client asked for the frame with the usage at the end of the stream.
  explicit ChatEncoder(bool include_usage) : include_usage_(include_usage) {}

  std::string_view whole_content_type() const noexcept override { return "application/json"; }
  void whole(const relay::Route& route, const chat::Answer& answer, std::string& out) override;
  relay::Reply failure(const std::string& request_id, const relay::Failure& failure) override;

  std::string_view stream_content_type() const noexcept override {
    return "text/event-stream; charset=utf-8";
  }
  void begin(const relay::Route& route, std::string& out) override;
  void event(const chat::Event& event, std::string& out) override;
  void continued(const relay::Route& route, std::string& out) override;
  void finish(chat::Finish finish, const chat::Usage& usage, std::string& out) override;
  void failed(const std::string& request_id, const relay::Failure& failure, std::string& out) override;
  std::string_view ping() const noexcept override { return ": ping\n\n"; }

 private:
  void open_delta(std::string& out) const;
  void close_delta(std::string& out, std::string_view choice_rest = {},
                   std::string_view answer_rest = {}) const;
  void text_delta(std::string& out, std::string_view member_open, std::string_view text) const;

  const bool include_usage_;
  std::string head_;  // what every chunk begins with
  bool ended_ = false;
};

}  // namespace freellmapi::surfaces::openai
