// Writes the heads of answers, flat, and the answers that net gives itself.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "net/answer_fields.hpp"
#include "net/request_head.hpp"

namespace freellmapi::net {

/// The Date field's value, made anew once a second.
class DateLine {
 public:
  std::string_view at(base::WallTime now);

 private:
  std::chrono::sys_seconds second_{};
  std::string text_;
};

std::string_view reason_phrase(int status) noexcept;

struct AnswerShape {
  int status = 200;
  bool close = false;
  bool chunked = false;
  bool sized = true;  ///< say Content-Length
  std::size_t size = 0;
};

/// Appends status line, Date, the handler's fields, framing and the empty line.
void append_answer_head(std::string& out, const AnswerShape& shape, std::string_view date,
                        const AnswerFields& fields);

/// The JSON body of an answer that net gives itself.
std::string error_body(const Refusal& refusal, std::string_view request_id);

}  // namespace freellmapi::net
