#include "net/answer_head.hpp"

#include "base/text.hpp"
#include "net/pen.hpp"

namespace freellmapi::net {

namespace {

void append_two(std::string& out, unsigned value) {
  out += static_cast<char>('0' + value / 10 % 10);
  out += static_cast<char>('0' + value % 10);
}

}  // namespace

std::string_view DateLine::at(base::WallTime now) {
  const auto second = std::chrono::floor<std::chrono::seconds>(now);
  if (second == second_ && !text_.empty()) return text_;
  second_ = second;
  const auto day = std::chrono::floor<std::chrono::days>(second);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{second - day};
  constexpr std::string_view days = "SunMonTueWedThuFriSat";
  constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
  text_.assign(days.substr(std::chrono::weekday{day}.c_encoding() * 3, 3));
  text_ += ", ";
  append_two(text_, static_cast<unsigned>(date.day()));
  text_ += ' ';
  text_ += months.substr((static_cast<unsigned>(date.month()) - 1) * 3, 3);
  text_ += ' ';
  text_ += std::to_string(static_cast<int>(date.year()));
  text_ += ' ';
  append_two(text_, static_cast<unsigned>(time.hours().count()));
  text_ += ':';
  append_two(text_, static_cast<unsigned>(time.minutes().count()));
  text_ += ':';
  append_two(text_, static_cast<unsigned>(time.seconds().count()));
  text_ += " GMT";
  return text_;
}

std::string_view reason_phrase(int status) noexcept {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 402:
      return "Payment Required";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Status";
  }
}

void append_answer_head(std::string& out, const AnswerShape& shape, std::string_view date,
                        const AnswerFields& fields) {
  constexpr std::size_t ours_most = 256;  // the status line, the date and what follows the fields
  const std::size_t begin = out.size();
  out.resize(begin + ours_most + fields.text().size());
  Pen pen(std::span<char>(out).subspan(begin));
  if (shape.status == 200) {
    pen.put("HTTP/1.1 200 OK\r\nDate: ");
  } else {
    pen.put("HTTP/1.1 ");
    pen.put(static_cast<std::uint64_t>(shape.status));
    pen.put(' ');
    pen.put(reason_phrase(shape.status));
    pen.put("\r\nDate: ");
  }
  pen.put(date);
  pen.put("\r\n");
  pen.put(fields.text());
  if (shape.chunked) {
    pen.put("Transfer-Encoding: chunked\r\n");
  } else if (shape.sized) {
    pen.put("Content-Length: ");
    pen.put(std::uint64_t{shape.size});
    pen.put("\r\n");
  }
  if (shape.close) pen.put("Connection: close\r\n");
  pen.put("\r\n");
  out.resize(begin + pen.size());
}

std::string error_body(const Refusal& refusal, std::string_view request_id) {
  std::string body = R"({"error":{"message":)";
  base::append_json_string(body, refusal.message);
  body += refusal.status >= 500 ? R"(,"type":"server_error","param":null,"code":)"
                                : R"(,"type":"invalid_request_error","param":null,"code":)";
  base::append_json_string(body, refusal.code);
  body += R"(},"request_id":)";
  base::append_json_string(body, request_id);
  body += '}';
  return body;
}

}  // namespace freellmapi::net
