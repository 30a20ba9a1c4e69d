#include "net/sending.hpp"

namespace freellmapi::net {

namespace {
// What the next one finds.
constexpr std::size_t kept_head = 4 * 1024, kept_pieces = 64;
}  // namespace

void Sending::begin(const OriginLines& origin, const OutgoingRequest& request, bool absolute,
                    std::string_view proxy_credentials) {
  const bool whole = head_.write(origin, request, absolute, proxy_credentials);
  pieces_.clear();
  first_ = 0;
  const auto add = [this](std::string_view bytes) {
    if (bytes.empty()) return;
    iovec piece{};
    piece.iov_base = const_cast<char*>(bytes.data());
    piece.iov_len = bytes.size();
    pieces_.push_back(piece);
  };
  add(head_.text());
  if (whole) return;
  for (const std::string_view piece : request.body) add(piece);
}

void Sending::sent(std::size_t count) noexcept {
  while (first_ < pieces_.size() && count >= pieces_[first_].iov_len) count -= pieces_[first_++].iov_len;
  if (count == 0) return;
  pieces_[first_].iov_base = static_cast<char*>(pieces_[first_].iov_base) + count;
  pieces_[first_].iov_len -= count;
}

void Sending::end() noexcept {
  if (head_.capacity() > kept_head) {
    head_.release();
  } else {
    head_.wipe();
  }
  if (pieces_.capacity() > kept_pieces) std::vector<iovec>().swap(pieces_);
}

}  // namespace freellmapi::net
