#include "net/body_decoder.hpp"

#include <algorithm>

#include "net/grammar.hpp"

namespace freellmapi::net {

namespace {
constexpr std::size_t longest_chunk_line = 1024;
constexpr std::size_t largest_trailers = 8 * 1024;
constexpr std::uint64_t largest_size = std::uint64_t{1} << 60;
}  // namespace

void BodyDecoder::begin(BodyPlan plan) noexcept {
  *this = BodyDecoder{};
  switch (plan.kind) {
    case BodyPlan::Kind::none:
      break;
    case BodyPlan::Kind::length:
      remaining_ = announced_ = plan.length;
      state_ = plan.length == 0 ? At::done : At::length;
      break;
    case BodyPlan::Kind::chunked:
      state_ = At::size_first;
      break;
    case BodyPlan::Kind::until_close:
      state_ = At::until_close;
      break;
  }
}

BodyDecoder::At BodyDecoder::fail(std::string_view what) noexcept {
  fault_ = what;
  return At::bad;
}

// One byte of the chunked framing, outside of chunk data.
BodyDecoder::At BodyDecoder::line_byte(char c) noexcept {
  switch (state_) {
    case At::size_first:
    case At::size: {
      if (++line_ > longest_chunk_line) return fail("a chunk line is too long");
      const int digit = hex_value(c);
      if (digit >= 0) {
        if (remaining_ >= largest_size / 16) return fail("a chunk size is too large");
        remaining_ = remaining_ * 16 + static_cast<unsigned>(digit);
        return At::size;
      }
      if (state_ == At::size && c == ';') return At::extension;
      if (state_ == At::size && c == '\r') return At::size_lf;
      return fail("a chunk size is not a hexadecimal number");
    }
    case At::extension:
      if (++line_ > longest_chunk_line) return fail("a chunk line is too long");
      if (c == '\r') return At::size_lf;
      return is_field_byte(c) ? At::extension : fail("a control byte in a chunk extension");
    case At::size_lf:
      if (c != '\n') return fail("a chunk line does not end in CR LF");
      line_ = 0;
      if (remaining_ == 0) return At::trailer_first;
      announced_ += remaining_;
      return announced_ < largest_size ? At::data : fail("a chunk size is too large");
    case At::data_cr:
      return c == '\r' ? At::data_lf : fail("chunk data is longer than its size");
    case At::data_lf:
      return c == '\n' ? At::size_first : fail("chunk data does not end in CR LF");
    case At::trailer_first:
      if (c == '\r') return At::last_lf;
      [[fallthrough]];
    case At::trailer_name:
      if (++trailers_ > largest_trailers) return fail("trailers are too large");
      if (state_ == At::trailer_name && c == ':') return At::trailer_value;
      return is_token_byte(c) ? At::trailer_name : fail("a trailer is not a field");
    case At::trailer_value:
      if (++trailers_ > largest_trailers) return fail("trailers are too large");
      if (c == '\r') return At::trailer_lf;
      return is_field_byte(c) ? At::trailer_value : fail("a control byte in a trailer");
    case At::trailer_lf:
      return c == '\n' ? At::trailer_first : fail("a trailer does not end in CR LF");
    case At::last_lf:
      return c == '\n' ? At::done : fail("the last chunk does not end in CR LF");
    default:
      return state_;
  }
}

// What stands around chunk data, taken at once where it is here as nearly all write it. 0: byte by byte.
std::size_t BodyDecoder::usual_line(std::string_view in) noexcept {
  constexpr std::string_view line_end = "\r\n";
  constexpr std::size_t most_digits = 7;
  std::size_t at = 0;
  if (state_ == At::data_cr && in.starts_with(line_end)) {
    at = line_end.size();
    state_ = At::size_first;
  }
  if (state_ != At::size_first) return at;
  std::uint64_t size = 0;
  std::size_t end = at;
  for (; end < in.size() && end - at < most_digits; ++end) {
    const int digit = hex_value(in[end]);
    if (digit < 0) break;
    size = size * 16 + static_cast<unsigned>(digit);
  }
  // No digits, and the last chunk, are not the usual.
  if (size == 0 || !in.substr(end).starts_with(line_end) || announced_ + size >= largest_size) return at;
  remaining_ = size;
  announced_ += size;
  state_ = At::data;
  return end + line_end.size();
}

BodyDecoder::Step BodyDecoder::step(std::string_view in) noexcept {
  Step step;
  for (;;) {
    if (state_ == At::done || state_ == At::bad) {
      step.state = state_ == At::done ? State::end : State::bad;
      return step;
    }
    if (step.consumed == in.size()) return step;
    if (state_ == At::data || state_ == At::length || state_ == At::until_close) {
      std::size_t take = in.size() - step.consumed;
      if (state_ != At::until_close)
        take = static_cast<std::size_t>(std::min<std::uint64_t>(take, remaining_));
      step.payload = in.substr(step.consumed, take);
      step.consumed += take;
      step.state = State::payload;
      if (state_ == At::until_close) {
        announced_ += take;
      } else if ((remaining_ -= take) == 0) {
        state_ = state_ == At::length ? At::done : At::data_cr;
      }
      return step;
    }
    if (const std::size_t line = usual_line(in.substr(step.consumed)); line != 0) {
      step.consumed += line;
      continue;
    }
    state_ = line_byte(in[step.consumed++]);
  }
}

bool BodyDecoder::finish() noexcept {
  if (state_ == At::until_close) state_ = At::done;
  return state_ == At::done;
}

}  // namespace freellmapi::net
