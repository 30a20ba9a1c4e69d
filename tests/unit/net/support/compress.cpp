#include "support/compress.hpp"

#include <zlib.h>

namespace freellmapi::net::testing {

std::string compress(std::string_view text, Wrapper wrapper) {
  z_stream stream{};
  int window = -15;
  if (wrapper == Wrapper::gzip) window = 15 + 16;
  if (wrapper == Wrapper::zlib) window = 15;
  deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace freellmapi::net::testing
