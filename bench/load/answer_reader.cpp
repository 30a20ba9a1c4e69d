#include "answer_reader.hpp"

#include <algorithm>
#include <charconv>

#include "wire.hpp"

namespace freellmapi::bench {

namespace {
constexpr std::size_t line_most = 32 * 1024;
}

void AnswerReader::begin() {
  state_ = State::going;
  part_ = Part::head;
  line_.clear();
  digits_ = 0;
  hops_ = 0;
  done_mark_ = false;
}

bool AnswerReader::take_line(std::string_view& bytes) {
  const std::size_t end = bytes.find('\n');
  line_ += bytes.substr(0, end == std::string_view::npos ? end : end + 1);
  bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
  if (line_.size() > line_most) state_ = State::broken;
  return end != std::string_view::npos;
}

void AnswerReader::read_head() {
  status_ =
      line_.starts_with("HTTP/1.1 ") ? static_cast<int>(number_in(std::string_view(line_).substr(9, 3))) : 0;
  hops_ = static_cast<std::uint64_t>(
      std::max<std::int64_t>(number_in(field_of(line_, "x-fallback-attempts")), 0));
  const std::int64_t length = number_in(field_of(line_, "content-length"));
  if (status_ < 200) {
    state_ = State::broken;
  } else if (length >= 0) {
    left_ = static_cast<std::uint64_t>(length);
    part_ = Part::sized;
    if (left_ == 0) state_ = State::whole;
  } else {
    part_ = Part::chunk_size;
    if (field_of(line_, "transfer-encoding") != "chunked") state_ = State::broken;
  }
  line_.clear();
}

std::string_view AnswerReader::next(std::string_view& bytes) {
  switch (part_) {
    case Part::head:
      if (take_line(bytes) && line_.ends_with("\r\n\r\n")) read_head();
      return {};
    case Part::sized:
    case Part::chunk: {
      const std::string_view body = bytes.substr(0, left_);
      bytes.remove_prefix(body.size());
      left_ -= body.size();
      if (left_ == 0 && part_ == Part::sized) state_ = State::whole;
      if (left_ == 0 && part_ == Part::chunk) part_ = Part::chunk_end;
      return body;
    }
    case Part::chunk_size:
      if (!take_line(bytes)) return {};
      if (std::from_chars(line_.data(), line_.data() + line_.size(), left_, 16).ec != std::errc{})
        state_ = State::broken;
      part_ = left_ == 0 ? Part::trailer : Part::chunk;
      line_.clear();
      return {};
    case Part::chunk_end:
      if (take_line(bytes)) {
        line_.clear();
        part_ = Part::chunk_size;
      }
      return {};
    case Part::trailer:
      if (!take_line(bytes)) return {};
      if (line_ == "\r\n") state_ = State::whole;
      line_.clear();
      return {};
  }
  return {};
}

}  // namespace freellmapi::bench
