#include "net/inflator.hpp"

#include <algorithm>
#include <limits>

#include "base/text.hpp"

namespace freellmapi::net {

namespace {
constexpr int gzip_window = 15 + 16, zlib_window = 15, raw_window = -15;
}

std::optional<Coding> parse_coding(std::string_view field) noexcept {
  field = base::trim(field);
  if (field.empty() || base::equal_ignoring_case(field, "identity")) return Coding::identity;
  if (base::equal_ignoring_case(field, "gzip") || base::equal_ignoring_case(field, "x-gzip"))
    return Coding::gzip;
  if (base::equal_ignoring_case(field, "deflate")) return Coding::deflate;
  return std::nullopt;
}

Inflator::~Inflator() {
  if (started_) inflateEnd(&stream_);
}

bool Inflator::start(char first) noexcept {
  int window = gzip_window;
  // "deflate" means the zlib format, and many senders leave its wrapper out; its first byte tells.
  if (coding_ == Coding::deflate) window = (first & 0x0f) == 8 ? zlib_window : raw_window;
  started_ = inflateInit2(&stream_, window) == Z_OK;
  return started_;
}

Inflator::Step Inflator::step(std::string_view in, std::span<char> out) noexcept {
  Step step;
  if (!started_) {
    if (in.empty()) return step;
    if (!start(in.front())) {
      step.damaged = true;
      return step;
    }
  }
  if (finished_) {
    if (in.empty()) return step;
    // A gzip body may be several members in a row; anything else after the end is damage.
    if (coding_ != Coding::gzip || inflateReset(&stream_) != Z_OK) {
      step.damaged = true;
      return step;
    }
    finished_ = false;
  }
  constexpr std::size_t most = std::numeric_limits<uInt>::max();
  const auto offered = static_cast<uInt>(std::min(in.size(), most));
  const auto room = static_cast<uInt>(std::min(out.size(), most));
  stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
  stream_.avail_in = offered;
  stream_.next_out = reinterpret_cast<Bytef*>(out.data());
  stream_.avail_out = room;
  const int code = inflate(&stream_, Z_NO_FLUSH);
  step.consumed = offered - stream_.avail_in;
  step.produced = room - stream_.avail_out;
  finished_ = code == Z_STREAM_END;
  step.damaged = code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR;
  return step;
}

}  // namespace freellmapi::net
